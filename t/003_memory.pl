
# What a backend needs does not grow with the answer, and nothing is left behind
# by scans that have ended, well or badly.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Compress::Zlib ();
use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

if (!-r '/proc/self/status' || slurp_file('/proc/self/status') !~ /^RssAnon:/m)
{
	plan skip_all => 'there is no /proc that tells the memory of processes';
}

# What a scan may need, in kB
use constant ALLOWED => 16 * 1024;

# Memory of a process in kB that is its own: shared memory counts with each
# page that is touched, and that is another matter
sub memory
{
	my ($pid) = @_;
	my $status = slurp_if_there("/proc/$pid/status");

	return $status =~ /^RssAnon:\s+(\d+) kB/m ? $1 : 0;
}

# Its peak since the last reset, all of it; undef if it cannot be reset
sub reset_peak
{
	my ($pid) = @_;

	open my $file, '>', "/proc/$pid/clear_refs" or return;
	return syswrite($file, '5') && close $file;
}

sub peak
{
	my ($pid) = @_;

	return slurp_if_there("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 : 0;
}

sub resident
{
	my ($pid) = @_;

	return slurp_if_there("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m ? $1 : 0;
}

# A session that says its process's number, has done everything once, and waits
# until it is looked at
my $warm_up = <<'END';
SELECT 'pid ' || pg_backend_pid();
%s;
SELECT pg_sleep(0.3);
SELECT 'warm';
SELECT pg_advisory_lock_shared(1) \g /dev/null
END

my $node = new_node('memory');
$node->safe_psql('postgres', 'CREATE TABLE hold (x int)');

# Run a statement and return how much more memory it has used at most than there
# was in use before; and what it returned
sub growth
{
	my ($before, $statement) = @_;
	my $gate = start_session($node, <<'END');
SELECT pg_advisory_lock(1);
SELECT 'closed';
SELECT pg_sleep(100);
END
	eventually('the gate', sub { $gate->pump =~ /closed/ });
	my $session = start_session($node, sprintf($warm_up, $before) . "$statement;\nSELECT pg_sleep(0.2) \\g /dev/null\n", fuse => 100);
	my $pid = eventually('the session', sub { $session->pump =~ /^pid (\d+)\n(?:.*\n)*warm/m ? $1 : 0 });
	my $own = memory($pid);
	my $all = resident($pid);
	my $resets = reset_peak($pid);
	my $most = 0;

	# the gate opens
	$node->safe_psql('postgres',
		"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
	$gate->finish;
	while ($session->running)
	{
		my $now = memory($pid);
		my $peak = $resets ? peak($pid) : 0;

		$most = $now - $own if $now - $own > $most;
		# the peak includes what is shared, but misses nothing
		$session->{peak} = $peak - $all if $peak;
		sleep 0.02;
	}
	my ($out, $err) = $session->finish;

	$out =~ s/\A.*^warm\n?//ms;
	return ($most, $session->{peak}, $out, $err);
}

sub is_bounded
{
	my ($name, $expected, @growth) = @_;
	my ($most, $peak, $out, $err) = @growth;

	is("$out$err", $expected, "$name: the result is right");
	cmp_ok($most, '>', 0, '... and was looked at');
	cmp_ok($most, '<', ALLOWED, '... in little memory');
	# 4 MB of shared buffers may be touched for the first time
	cmp_ok($peak, '<', ALLOWED + 4096, '... at its peak') if defined $peak;
	note "$name: $most kB, peak " . ($peak // '?');
	return;
}

# ---- a million rows --------------------------------------------------------

my $columns = 'id bigint, name text, city text, note text, price float8, amount numeric, '
  . 'born date, created timestamp';
my $sums = 'SELECT count(*), sum(id), sum(length(name)), sum(length(city)), sum(length(note)), '
  . 'sum(price)::numeric(20, 2), sum(amount), max(born), max(created) FROM';

create_server($node, 'reference', reference_url(), row_limit => 2_000_000);
create_table($node, 'reference.big', 'reference', $columns, table_name => 'big');
create_table($node, 'reference.few', 'reference', 'id bigint', table_name => 'single');

# The database of the cluster may count bytes or characters; so do not compare
# the length of cities
my $right = qr/\A1000000\|500000500000\|10888896\|\d+\|\d+\|4459536000\.00\|1588410000\.00\|[\d-]+\|[\d :-]+\z/;

my @growth = growth('SELECT id FROM reference.few', "$sums reference.big");
like($growth[2], $right, 'the result of a million rows is right');
is_bounded('a million rows, packed', $growth[2], @growth);
my ($request) = grep { /"table": "big"/ } split /\n/, slurp_file($ENV{BICONNECTOR_LOG});
like($request, qr/"accept-encoding": "[^"]*gzip/, '... which was asked for');

# The same thousand rows a thousand times, as they are
my $thousand = join '', map {
	",[$_,\"Name $_\",\"City\",\"note on row $_\",$_.25,$_.5,\"2024-01-31\",\"2024-01-31 12:34:56\"]"
} 1 .. 1000;
my $plain = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID","NAME","CITY","NOTE","PRICE","AMOUNT","BORN","CREATED"]');
		$c->chunk($thousand) for 1 .. 1000;
		$c->chunk(']');
		$c->send("0\r\n\r\n");
		$c->wait_closed;
	});
create_server($node, 'plain', $plain->url, row_limit => 2_000_000, compression => 'off');
create_table($node, 'plain.big', 'plain', $columns, table_name => 'big');
is_bounded('a million rows, as they are',
	'1000000|500500000|7893000|4000000|14893000|500750000.00|501000000.0|2024-01-31|2024-01-31 12:34:56',
	growth('SELECT id FROM reference.few', "$sums plain.big"));

# The same kept for a second pass: beyond work_mem, in a file
is_bounded('a million rows twice',
	'2000000|1501500000|29786000',
	growth(<<'END', <<'END'));
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SET work_mem = '1MB';
SET jit = off;
SELECT g, id FROM generate_series(1, 2) AS g LEFT JOIN reference.few ON true
END
SELECT count(*), sum(id * g), sum(length(note)) FROM generate_series(1, 2) AS g LEFT JOIN plain.big ON true
END
is($plain->count('request.*'), 2, '... with one request');

# A sample of a million rows is as small as one of fewer
is_bounded(
	'a million rows to analyze',
	"1000000|8",
	growth('SELECT id FROM reference.few', <<'END'));
SET default_statistics_target = 1;
ALTER FOREIGN TABLE plain.big OPTIONS (ADD analyze_limit '2000000');
ANALYZE plain.big;
SELECT reltuples::bigint, (SELECT count(*) FROM pg_stats WHERE tablename = 'big')
FROM pg_class WHERE oid = 'plain.big'::regclass
END

# ---- a slow consumer -------------------------------------------------------

# 64 MB, which a sender that is not slowed down would have sent while the
# cursor rests
my $piece = join '', map { ",[$_,\"" . 'x' x 1000 . '"]' } 1 .. 64;
my $fast = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID","NAME"]');
		for (1 .. 1024)
		{
			$c->chunk($piece) or return;
		}
		$c->log('sent');
		$c->chunk(']');
		$c->send("0\r\n\r\n");
		$c->wait_closed;
	});
create_server($node, 'fast', $fast->url, row_limit => 2_000_000);
create_table($node, 'fast.t', 'fast', 'id bigint, name text');

@growth = growth('SELECT id FROM reference.few', <<'END');
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM fast.t;
MOVE 1 FROM c;
SELECT pg_sleep(1) \g /dev/null
MOVE 1000 FROM c;
SELECT pg_sleep(0.5) \g /dev/null
SELECT 'rested';
COMMIT
END
is_bounded('a resting cursor', 'rested', @growth);
is($fast->count('sent'), 0, '... and the sender is slowed down');
is_bounded('a long answer', '65536|65536000',
	growth('SELECT id FROM reference.few', 'SELECT count(*), sum(length(name)) FROM fast.t'));

# ---- what compresses a thousand times --------------------------------------

my $packed;
{
	my $row = ',[1,"' . 'a' x 1000 . '"]';

	$packed = Compress::Zlib::memGzip('[["ID","NAME"]' . $row x 100_000 . ']');
}
my $dense = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->answer($packed, headers => ['Content-Encoding: gzip']);
		$c->wait_closed;
	});
create_server($node, 'dense', $dense->url, row_limit => 2_000_000);
create_table($node, 'dense.t', 'dense', 'id bigint, name text');
is_bounded('100 MB in ' . int(length($packed) / 1024) . ' kB', '100000|100000000',
	growth('SELECT id FROM reference.few', 'SELECT count(*), sum(length(name)) FROM dense.t'));

# ---- what has no end, or takes much more room than bytes -------------------

sub is_refused
{
	my ($name, $sqlstate, $message, @growth) = @_;
	my ($most, $peak, $out, $err) = @growth;

	is_error($err, $sqlstate, $message, "$name: an error");
	cmp_ok($most, '<', ALLOWED, '... in little memory');
	note "$name: $most kB, peak " . ($peak // '?');
	return;
}

# What a body is to be: text of a few bytes, many times
my %hostile = (
	entries => sub { $_[0]->answer('[' . '{},' x 500_000 . '{}]') },
	entry => sub { $_[0]->answer('[{"code": "t", "more": [' . '{},' x 500_000 . '{}]}]') },
	header => sub { $_[0]->answer('[["",' . '"",' x 2_000_000 . '"ID"],[1]]') },
	trailers => sub {
		my ($c) = @_;

		$c->chunked_head;
		$c->chunk('[["ID"],[1]]');
		$c->send("0\r\n");
		while ($c->send("X-Trailer: " . 'y' x 1000 . "\r\n"))
		{
		}
	},
	twice => sub {
		my $once = Compress::Zlib::memGzip('[["ID"]' . ',[1]' x 2_000_000 . ']');

		$_[0]->answer(Compress::Zlib::memGzip($once), headers => ['Content-Encoding: gzip, gzip']);
	},
	again => sub {
		my $once = Compress::Zlib::memGzip('[["ID"],[1]]');

		$_[0]->answer(Compress::Zlib::memGzip($once),
			headers => ['Content-Encoding: gzip', 'Content-Encoding: gzip']);
	},
	long => sub { $_[0]->answer('[["ID","NAME"]' . (',[1,"' . 'x' x 262_144 . '"]') x 100 . ']') },
);
my $hostile = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($kind) = $c->{line} =~ m{/(\w+)/};
		$hostile{$kind}->($c);
		$c->wait_closed;
	});
foreach my $kind (keys %hostile)
{
	create_server($node, $kind, $hostile->url . "/$kind");
	create_table($node, "$kind.t", $kind, 'id bigint, name text');
}
my $warm = 'SELECT id FROM reference.few';
is_refused('half a million entries', '54000', 'the list of tables of server "entries" has more than 50000 entries',
	growth($warm, 'IMPORT FOREIGN SCHEMA x FROM SERVER entries INTO entries'));
is_refused('a large entry', '22032', 'the answer of server "entry" is not valid JSON',
	growth($warm, 'IMPORT FOREIGN SCHEMA x FROM SERVER entry INTO entry'));
is_refused('a wide header', '54000', 'the header of the answer of server "header" has more than 16384 fields',
	growth($warm, 'SELECT id FROM header.t'));
is_refused('headers behind the answer', '08P01', '.*are larger than 256 kB',
	growth($warm, 'SELECT count(id) FROM trailers.t'));
is_refused('an answer packed twice', '08P01', '.*is packed in a way that was not asked for',
	growth($warm, 'SELECT count(id) FROM twice.t'));
is_refused('the same in two lines', '08P01', '.*is packed in a way that was not asked for',
	growth($warm, 'SELECT count(id) FROM again.t'));
# the filter is ignored here, so it is put to the test with values like these
is_bounded('large values that a filter is tested with', '0',
	growth($warm, q{SELECT count(*) FROM long.t WHERE name = 'y'}));

# ---- rows that are too large -----------------------------------------------

my $huge = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID","NAME"],[1,"');
		# without end
		while ($c->chunk('x' x 65536))
		{
		}
	});
create_server($node, 'huge', $huge->url, max_row_size => '2MB');
create_table($node, 'huge.t', 'huge', 'id bigint, name text');
{
	my ($most, $peak, $out, $err) =
	  growth('SELECT id FROM reference.few', 'SELECT count(*), sum(length(name)) FROM huge.t');

	is_error($err, '54000', 'a row of the answer of server "huge" is larger than 2048 kB',
		'a row without end is an error');
	like($err, qr/^HINT:  The server option "max_row_size" sets/m, '... with a hint');
	is($out, '', '... and no result');
	cmp_ok($most, '<', ALLOWED, '... in little memory');
	ok($huge->wait_for('closed', 1), '... and the connection is closed');
}

# Exactly as large as allowed, and larger than all buffers
my $large = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->answer('[["ID","NAME"],[1,"' . 'x' x 1_900_000 . '"],[2,"y"]]');
	});
create_server($node, 'large', $large->url, max_row_size => '2MB');
create_table($node, 'large.t', 'large', 'id bigint, name text');
my ($out, $err) = run_session($node, 'SELECT id, length(name) FROM large.t');
is("$out$err", "1|1900000\n2|1", 'a large row below that is read');

# A document without end, in an import
my $endless = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[');
		while ($c->chunk('{"code": "t", "title": "t"},' x 1000))
		{
		}
	});
create_server($node, 'endless', $endless->url, max_row_size => '2MB');
($out, $err) = run_session($node, 'IMPORT FOREIGN SCHEMA connector FROM SERVER endless INTO endless');
is_error($err, '54000', 'the answer of server "endless" is larger than 2048 kB',
	'a list of tables without end is an error');

# ---- many scans ------------------------------------------------------------

# Some that end well, some badly, some that nobody reads to the end
my $mixed = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($kind) = $c->{body} =~ /table=(\w+)/;
		return $c->reset if $kind eq 'reset';
		return $c->answer('no', status => 500) if $kind eq 'status';
		return $c->answer('[["ID"],[1],[' . '2' x 1000) if $kind eq 'truncated';
		return $c->answer('[["ID"],["x"]]') if $kind eq 'value';
		return $c->answer('[["ID"]' . ',[1]' x 100_000 . ']') if $kind eq 'long';
		return $c->answer('[["ID"],[1],[2]]');
	});
create_server($node, 'mixed', $mixed->url);
create_table($node, "mixed.$_", 'mixed', 'id int', table_name => $_)
  for qw(good reset status truncated value long);
$node->safe_psql('postgres', <<'END');
CREATE FUNCTION scan(relation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	c refcursor;
	result bigint;
BEGIN
	IF relation = 'long' THEN
		OPEN c FOR EXECUTE 'SELECT id FROM mixed.long';
		FETCH c INTO result;
		CLOSE c;
	ELSE
		EXECUTE format('SELECT sum(id) FROM mixed.%I', relation) INTO result;
	END IF;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END;
$$;
END
# One after the other in a query, each lets its connection go
($out, $err) = run_session($node, 'SELECT count(*), sum(id) FROM ('
	  . join(' UNION ALL ', ('SELECT id FROM mixed.good') x 300) . ') AS all_of_them');
is("$out$err", '600|900', 'hundreds of scans in one query need one connection at a time');

my $kinds = "ARRAY['good', 'reset', 'status', 'truncated', 'value', 'long']";
my $shows_contexts = $node->safe_psql('postgres', 'SHOW server_version_num') >= 140000;
my $contexts = $shows_contexts ? <<'END' : '';
SELECT 'answers ' || count(*) FROM pg_backend_memory_contexts WHERE name ~ 'biconnector' AND name !~ 'filters|connections';
END
my $session = start_session($node, <<"END");
SELECT 'pid ' || pg_backend_pid();
SELECT scan(($kinds)[i % 6 + 1]) FROM generate_series(1, 50) AS i \\g /dev/null
SELECT 'first';
SELECT pg_sleep(1);
SELECT string_agg(DISTINCT scan(($kinds)[i % 6 + 1]), ' ') FROM generate_series(1, 300) AS i;
SELECT 'second';
SELECT pg_sleep(1);
$contexts
END
my $pid = eventually('the first scans', sub { $session->pump =~ /^pid (\d+)\nfirst/m ? $1 : 0 });
# Sockets and the like: the server opens files as it needs them
sub descriptors
{
	return scalar grep { (readlink($_) // '') =~ /^(?:socket|anon_inode|pipe):/ } glob "/proc/$_[0]/fd/*";
}
my $descriptors = descriptors($pid);
my $memory = memory($pid);

eventually('the other scans', sub { $session->pump =~ /^second/m });
cmp_ok($descriptors, '>', 0, 'a backend has descriptors');
is(descriptors($pid), $descriptors, '... and scans leave no others');
my $more = memory($pid) - $memory;
cmp_ok($more, '<', 1024, '... and no memory');
note "300 scans: $more kB";
($out, $err) = $session->finish;
like($out, qr/^08006 08P01 1 22P02 3 HV00M$/m, '... neither good ones nor bad ones');
SKIP:
{
	skip 'PostgreSQL 13 does not show its memory contexts', 1 if !$shows_contexts;
	like($out, qr/^answers 0$/m, '... nor memory contexts');
}
is($err, '', '... nor complaints');

done_testing();
