
# Nothing is left of scans that have ended, whatever way they ended: a backend
# that has made thousands has no more descriptors, threads and memory than after
# the first hundred, and at its end there is no connection left.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use IPC::Run ();
use List::Util qw(min shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

if (!-r '/proc/self/status' || slurp_file('/proc/self/status') !~ /^RssAnon:/m)
{
	plan skip_all => 'there is no /proc that tells the memory of processes';
}

# How many scans, and after how many of them we look for the first time
use constant SCANS => 2000;
use constant FIRST_SCANS => 100;

# What the allocator keeps goes up and down by thousands of kB otherwise, depending on
# what lies where; glibc's gives larger pieces back with these
local @ENV{qw(MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_ MALLOC_TOP_PAD_)} = (65536, 65536, 0);

my $node = new_node('nothing_left');

# ---- connectors ------------------------------------------------------------

my $long = ',[1],[2],[3]' . ',[4]' x 100_000;
my %answers = (
	good => sub { $_[0]->answer('[["ID"],[1],[2]]') },
	long => sub { $_[0]->answer("[[\"ID\"]$long]") },
	busy => sub { $_[0]->answer('busy', status => 503, headers => ['Retry-After: 0']) },
	reset => sub { $_[0]->reset; return },
	closed => sub { return },
	half => sub {
		my ($c) = @_;

		$c->chunked_head;
		$c->chunk('[["ID"],[1],[2],[');
		return;
	},
	no_http => sub { $_[0]->send("[[\"ID\"],[1]]\n"); return },
	silent => sub { $_[0]->wait_closed; return },
	stalled => sub {
		my ($c) = @_;

		$c->chunked_head;
		$c->chunk('[["ID"],[1],[2],[');
		$c->wait_closed;
		return;
	},
);
# It keeps its connections if there is no reason to close them
my $stub = stub(
	sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($kind) = $c->{body} =~ /table=(\w+)/;
			if (!$kind)
			{
				# the list of tables: of them, the first is never described
				$c->answer('[' . join(',', map { qq({"code": "$_", "title": ""}) } 'silent',
						grep { $_ ne 'silent' } sort keys %answers) . ']');
				next;
			}
			$answers{$kind}->($c) or return;
		}
	});
my $reference = reference_url();
my @ports = ($stub->port, $reference =~ /:(\d+)/);

# The reference connector, with TLS
my $tls_connector;
my $directory = PostgreSQL::Test::Utils::tempdir();
sub make_certificate
{
	my ($name) = @_;

	return system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$name "
		. "-addext subjectAltName=IP:127.0.0.1 -keyout $directory/$name.key "
		. "-out $directory/$name.crt >/dev/null 2>&1") == 0;
}
if (make_certificate('connector') && make_certificate('other'))
{
	my $python = $ENV{PYTHON} // 'python3';
	my $home = "$FindBin::RealBin/../test/connector";
	my $out = '';

	system($python, '-B', "$home/fixture.py", "$directory/db") == 0 or die 'no database';
	$tls_connector = IPC::Run::start(
		[ $python, '-B', "$home/connector.py", '--database', "$directory/db",
			'--port-file', "$directory/port", '--tls-cert', "$directory/connector.crt",
			'--tls-key', "$directory/connector.key" ],
		'<', \undef, '>', \$out, '2>&1');
	eventually('a connector with TLS', sub { -s "$directory/port" }) or die $out;
}

END
{
	my $status = $?;

	if ($tls_connector)
	{
		$tls_connector->signal('TERM');
		$tls_connector->finish;
	}
	$? = $status;
}

# ---- servers and tables ----------------------------------------------------

my $item = 'id int, name text, qty bigint';
my %login = (login => 'anna', password => 's3cret word');

create_server($node, 'reference', $reference);
create_table($node, 'reference.items', 'reference', $item, table_name => 'items');
create_table($node, 'reference.doubted', 'reference', $item, table_name => 'items');
create_table($node, 'reference.refused', 'reference', $item, table_name => 'items+filter_500');
create_table($node, 'reference.wanting', 'reference', $item, table_name => 'items+filter_loses_all');
create_table($node, 'reference.big', 'reference', 'id int, name text',
	table_name => 'big', row_limit => 20_000);
create_table($node, 'reference.limited', 'reference', $item, table_name => 'items', row_limit => 100);
create_table($node, 'reference.strange', 'reference', 'id int, strange text', table_name => 'items');
create_table($node, 'reference.elsewhere', 'reference', $item,
	table_name => 'items+redirect:http://127.0.0.1:1/data');

my @misbehaviours = qw(status:500 status:401 error_200 html_warning trailing_garbage truncated
  truncated_chunked truncated_length gzip_lie wrong_types bad_utf8 short_row empty_lie
  redirect_same lone_surrogate);
create_table($node, "reference.\"$_\"", 'reference', $item, table_name => "items+$_")
  for @misbehaviours;

create_server($node, 'plain', $reference, compression => 'off', request_format => 'json');
create_table($node, 'plain.items', 'plain', $item, table_name => 'items');
create_server($node, 'by_name', $reference =~ s/127\.0\.0\.1/localhost/r);
create_table($node, 'by_name.items', 'by_name', $item, table_name => 'items');
create_server($node, 'small', $reference, max_row_size => '64kB');
create_table($node, 'small.items', 'small', $item, table_name => 'items+huge_row:1000000');
create_server($node, 'no_list', $reference, settings => { %login, misbehave => 'list_error_200' });
create_server($node, 'no_description', $reference,
	settings => { %login, misbehave => 'table_description/status:500' });
create_server($node, 'passing', $reference, keep_connections => 'off');
create_table($node, 'passing.items', 'passing', $item, table_name => 'items');

create_server($node, 'stub', $stub->url);
create_table($node, "stub.$_", 'stub', 'id int', table_name => $_) for keys %answers;
create_server($node, 'impatient', $stub->url, read_timeout => '20ms');
create_table($node, "impatient.$_", 'impatient', 'id int', table_name => $_) for qw(silent stalled);
create_server($node, 'altered', $stub->url, row_limit => 1_000_000);
create_table($node, 'altered.long', 'altered', 'id int', table_name => 'long');
create_server($node, 'nowhere', 'http://127.0.0.1:1');
create_table($node, 'nowhere.t', 'nowhere', 'id int');
if ($tls_connector)
{
	chomp(my $port = slurp_file("$directory/port"));
	push @ports, $port;

	# a handshake each time
	create_server($node, 'tls', "https://127.0.0.1:$port",
		ssl_ca_file => "$directory/connector.crt", keep_connections => 'off');
	create_table($node, 'tls.items', 'tls', $item, table_name => 'items');
	# one that fails
	create_server($node, 'strangers', "https://127.0.0.1:$port",
		ssl_ca_file => "$directory/other.crt");
	create_table($node, 'strangers.items', 'strangers', $item, table_name => 'items');
	create_server($node, 'no_tls', $reference =~ s/http:/https:/r,
		ssl_ca_file => "$directory/other.crt");
	create_table($node, 'no_tls.items', 'no_tls', $item, table_name => 'items');
}

$node->safe_psql('postgres', <<'END');
CREATE FUNCTION caught() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	row record;
BEGIN
	FOR row IN SELECT id FROM stub.long LOOP
		IF row.id = 2 THEN
			PERFORM id FROM reference."status:500";
		END IF;
	END LOOP;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END;
$$;
CREATE FUNCTION explained(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE) ' || query LOOP
		IF line ~ 'Requests:' THEN RETURN trim(line); END IF;
	END LOOP;
END;
$$;
END

# ---- scans -----------------------------------------------------------------

# What is done, a statement a line => what psql shows of it.  Of an error that is
# an exclamation mark and its SQLSTATE.
my @scans = (
	# ... to the end
	'SELECT count(*), sum(id) FROM reference.items;' => '250|31375',
	'SELECT count(*), sum(id) FROM plain.items;' => '250|31375',
	'SELECT count(*), sum(id) FROM by_name.items;' => '250|31375',
	'SELECT count(*), sum(id) FROM passing.items;' => '250|31375',
	'SELECT count(*), sum(id) FROM reference."redirect_same";' => '250|31375',
	'SELECT count(*) FROM stub.good;' => '2',
	'SELECT count(*) FROM reference.items WHERE id IN (3, 5) AND name <> \'\';' => '2',
	'SELECT count(*) FROM reference.items AS a JOIN reference.items AS b USING (id);' => '250',
	'EXECUTE one (7);' => '7',
	'SELECT explained(\'SELECT id FROM reference.items\');' => 'Requests: 1',

	# ... and again
	'SELECT sum(x.id) FROM generate_series(1, 3) AS g, '
	  . 'LATERAL (SELECT id FROM reference.items WHERE id = g OFFSET 0) AS x;' => '6',
	'SELECT sum(x.id) FROM generate_series(1, 3) AS g, '
	  . 'LATERAL (SELECT id FROM stub.long WHERE g > 0 LIMIT 2) AS x;' => '9',

	# ... not to the end
	'SELECT id FROM reference.items LIMIT 1;' => '1',
	'SELECT id FROM reference.big WHERE name LIKE \'%7\' LIMIT 1;' => '7',
	'SELECT EXISTS (SELECT FROM reference.big WHERE id % 10 = 9);' => 't',
	"BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM stub.long;\nFETCH 2 FROM c;\nCLOSE c;\nCOMMIT;" => '1 2',
	"BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM stub.long;\nFETCH 2 FROM c;\nCOMMIT;" => '1 2',
	"BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM stub.long;\nFETCH 2 FROM c;\nROLLBACK;" => '1 2',
	"BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM reference.big;\nFETCH 1 FROM c;\n"
	  . "DECLARE d CURSOR FOR SELECT id FROM stub.long;\nFETCH 1 FROM d;\nFETCH 1 FROM c;\nCOMMIT;" => '1 1 2',
	"BEGIN;\nDECLARE c CURSOR WITH HOLD FOR SELECT id FROM reference.items;\nFETCH 1 FROM c;\nCOMMIT;\n"
	  . "FETCH 1 FROM c;\nCLOSE c;" => '1 2',
	"BEGIN;\nSAVEPOINT a;\nDECLARE c CURSOR FOR SELECT id FROM stub.long;\nFETCH 2 FROM c;\nROLLBACK TO a;\n"
	  . "FETCH 1 FROM c;\nROLLBACK TO a;\nSELECT count(*) FROM stub.good;\nCOMMIT;" => '1 2 !34000 2',
	"BEGIN;\nSAVEPOINT a;\nDECLARE c CURSOR FOR SELECT id FROM stub.long;\nFETCH 2 FROM c;\n"
	  . "SELECT id FROM stub.half;\nROLLBACK TO a;\nSELECT count(*) FROM stub.good;\nCOMMIT;" => '1 2 !08006 2',

	# ... while an option is altered
	"BEGIN;\nDECLARE c CURSOR FOR SELECT id FROM altered.long;\nFETCH 1 FROM c;\n"
	  . "ALTER SERVER altered OPTIONS (SET row_limit '1000000');\nFETCH 1 FROM c;\nCOMMIT;" => '1 2',

	# ... with a filter that is put to the test
	"ALTER FOREIGN TABLE reference.doubted OPTIONS (SET table_name 'items');\n"
	  . 'SELECT count(*) FROM reference.doubted WHERE id = 1000;' => '0',
	"ALTER FOREIGN TABLE reference.refused OPTIONS (SET table_name 'items+filter_500');\n"
	  . 'SELECT count(*) FROM reference.refused WHERE id = 5;' => '1',
	"ALTER FOREIGN TABLE reference.wanting OPTIONS (SET table_name 'items+filter_loses_all');\n"
	  . 'SELECT count(*) FROM reference.wanting WHERE id = 5;' => '1',

	# ... of lists
	"CREATE SCHEMA import;\nIMPORT FOREIGN SCHEMA x LIMIT TO (single, wide) FROM SERVER reference INTO import;\n"
	  . "SELECT count(*) FROM import.single;\nDROP SCHEMA import CASCADE;" => '1',
	'IMPORT FOREIGN SCHEMA x FROM SERVER no_list INTO no_list;' => '!HV00M',
	'IMPORT FOREIGN SCHEMA x FROM SERVER no_description INTO no_description;' => '!HV00M',

	"CREATE SCHEMA import;\nIMPORT FOREIGN SCHEMA x FROM SERVER reference INTO import OPTIONS (probe 'off');\n"
	  . "SELECT count(*) FROM import.single;\nDROP SCHEMA import CASCADE;" => '1',
	'IMPORT FOREIGN SCHEMA x EXCEPT (silent) FROM SERVER stub INTO stub OPTIONS (probe \'off\');' => '!53000',

	# ... without a connection
	'SELECT id FROM nowhere.t;' => '!08001',
	'SELECT id FROM stub.reset;' => '!08006',
	'SELECT id FROM stub.closed;' => '!08006',
	'SELECT id FROM stub.half;' => '!08006',
	'SELECT id FROM stub.no_http;' => '!08006',
	'SELECT id FROM impatient.silent;' => '!08006',
	'SELECT id FROM impatient.stalled;' => '!08006',
	'SELECT id FROM reference.truncated_chunked;' => '!08006',
	'SELECT id FROM reference.truncated_length;' => '!08006',

	# ... that get a wrong answer
	'SELECT id FROM stub.busy;' => '!53000',
	'SELECT id FROM reference."status:500";' => '!HV00M',
	'SELECT id FROM reference."status:401";' => '!28000',
	'SELECT id FROM reference.elsewhere;' => '!HV00M',
	'SELECT id FROM reference.error_200;' => '!HV00M',
	'SELECT id FROM reference.html_warning;' => '!HV00M',
	'SELECT id FROM reference.trailing_garbage;' => '!22032',
	'SELECT id FROM reference.truncated;' => '!08P01',
	'SELECT id FROM reference.gzip_lie;' => '!08P01',
	'SELECT id FROM reference.empty_lie;' => '!08P01',
	'SELECT id FROM reference.short_row;' => '!08P01',
	'SELECT strange FROM reference.strange;' => '!HV00M',
	'SELECT count(qty) FROM reference.wrong_types;' => '!22P02',
	'SELECT count(name) FROM reference.bad_utf8;' => '!22021',
	'SELECT count(name) FROM reference.lone_surrogate;' => '!22P05',
	'SELECT count(id) FROM reference.limited;' => '!54000',
	'SELECT count(name) FROM small.items;' => '!54000',

	# ... that are stopped
	'SELECT 1 / (id - 50) FROM reference.items;' => '!22012',
	'SELECT 1 / (id - 3) FROM stub.long;' => '!22012',
	'SELECT caught();' => 'HV00M',
	'SELECT pg_cancel_backend(pg_backend_pid()) FROM stub.long;' => '!57014',
	"BEGIN;\nSET LOCAL statement_timeout = '20ms';\nSELECT id FROM stub.silent;\nROLLBACK;" => '!57014',
	"BEGIN;\nSET LOCAL statement_timeout = '20ms';\nIMPORT FOREIGN SCHEMA x FROM SERVER stub INTO stub;\nROLLBACK;" => '!57014',
	"BEGIN;\nSET LOCAL statement_timeout = '40ms';\nSELECT count(*) FROM biconnector_probe('reference.items');\n"
	  . 'ROLLBACK;' => '!57014',
	"BEGIN;\nSET LOCAL statement_timeout = '20ms';\nSELECT id FROM stub.stalled;\nROLLBACK;" => '!57014',
);
push @scans,
  'SELECT count(*), sum(id) FROM tls.items;' => '250|31375',
  'SELECT id FROM strangers.items;' => '!08001',
  'SELECT id FROM no_tls.items;' => '!08001'
  if $tls_connector;

my @names = map { $scans[ 2 * $_ ] } 0 .. $#scans / 2;
my %expected = @scans;
my $rounds = int(SCANS / @names) + 1;
my $first_rounds = int(FIRST_SCANS / @names) + 1;
my $failures = grep { $expected{$_} =~ /!/ } @names;
cmp_ok($failures * 3, '>=', scalar @names, 'a third of the scans fails');

# What psql is told for a round of scans; each has them in another order
srand 1;
sub script
{
	my ($round) = @_;
	my $script = '';

	for my $number (shuffle 0 .. $#names)
	{
		$script .= "\\echo [$number]\n";
		$script .= "$_\n\\if :ERROR\n\\echo !:LAST_ERROR_SQLSTATE\n\\endif\n"
		  for split /\n/, $names[$number];
	}
	return "$script\\echo [round $round]\n";
}

# ---- what there is ---------------------------------------------------------

# Let idle connections go, and say what there is in memory contexts: the number
# of ours, their size, and what all have in use
my $contexts = <<'END';
\echo [contexts]
SELECT to_regprocedure('biconnector_disconnect_all()') IS NOT NULL AS can_disconnect \gset
\if :can_disconnect
SELECT biconnector_disconnect_all() IS NULL \g /dev/null
\else
ALTER USER MAPPING FOR PUBLIC SERVER reference OPTIONS (SET login 'anna');
\endif
SELECT current_setting('server_version_num')::int >= 140000 AS has_contexts \gset
\if :has_contexts
SELECT count(*) FILTER (WHERE name ~ 'biconnector'), sum(total_bytes) FILTER (WHERE name ~ 'biconnector'),
	sum(used_bytes) FROM pg_backend_memory_contexts;
\else
\echo 0|0|0
\endif
END

# Connections that the backend has not closed, seen from that side whose port it
# is: that has not closed them either (01), or has (05)
sub open_connections
{
	my ($port) = @_;

	# number, own address, remote address, state: established, or closed over there
	return scalar grep { /^\s*\d+: [[:xdigit:]]+:([[:xdigit:]]{4}) \S+ 0[15] / && hex $1 == $port }
	  split /\n/, slurp_if_there('/proc/self/net/tcp') . slurp_if_there('/proc/self/net/tcp6');
}

sub look_at
{
	my ($pid) = @_;
	my $status = slurp_if_there("/proc/$pid/status");
	my %found = (connections => 0);

	($found{memory}) = $status =~ /^RssAnon:\s+(\d+) kB/m;
	($found{threads}) = $status =~ /^Threads:\s+(\d+)/m;
	# without the files of tables, which are opened when they are needed
	my %descriptors;
	$descriptors{ /^(socket|anon_inode|pipe):/ ? $1 : $_ }++
	  for grep { !m{^\Q@{[ $node->data_dir ]}\E/} } map { readlink($_) // () } glob "/proc/$pid/fd/*";
	$found{descriptors} = join ', ', map { "$descriptors{$_} x $_" } sort keys %descriptors;
	$found{connections} += sockets_to($pid, $_) foreach @ports;
	return \%found;
}

# ---- the same backend for all ----------------------------------------------

my @gates = map { gate() } 1 .. 3;
my $session = start_session($node,
	"PREPARE one (int) AS SELECT id FROM reference.items WHERE id = \$1;\n"
	  . "SET plan_cache_mode = force_generic_plan;\n"
	  . "SET client_min_messages = error;\n"
	  . "SELECT 'pid ' || pg_backend_pid();\n"
	  . join('', map { script($_) } 1 .. $first_rounds)
	  . "$contexts\\echo [first]\n"
	  . $gates[0]->psql
	  . join('', map { script($_) } $first_rounds + 1 .. $rounds)
	  . "\\echo [idle]\n"
	  . $gates[1]->psql
	  . "$contexts\\echo [last]\n"
	  . $gates[2]->psql,
	fuse => 200);

ok($session->wait_for(qr/^\[first\]$/m), 'the first scans come to their end');
my ($pid) = $session->pump =~ /^pid (\d+)$/m;
my $first = look_at($pid);
$gates[0]->open;
my @memory;
foreach my $round ($first_rounds + 1 .. $rounds)
{
	$session->wait_for(qr/^\[round $round\]$/m) or last;
	push @memory, look_at($pid)->{memory};
}
ok($session->wait_for(qr/^\[idle\]$/m), '... and so do thousands of others');
my $idle = look_at($pid);
$gates[1]->open;
ok($session->wait_for(qr/^\[last\]$/m), '... and idle connections are let go');
my $last = look_at($pid);
is(open_connections($_), 0, '... so that a connector has none') foreach @ports;
$gates[2]->open;
my ($out, $err) = $session->finish;

# Each kind of scan has come to the same end every time
my %got;
$got{$1}{ $2 =~ s/\n\z//r =~ s/\n/ /gr }++ while $out =~ /^\[(\d+)\]\n(.*?)(?=^\[)/msg;
for my $number (0 .. $#names)
{
	is(join(' or ', map { "$got{$number}{$_} x $_" } sort keys %{ $got{$number} }),
		"$rounds x $expected{ $names[$number] }", $names[$number] =~ s/\n/ /gr);
}

cmp_ok($first->{threads}, '>', 0, 'the backend was looked at');
is($last->{threads}, $first->{threads}, '... and has no other threads afterwards');
is($last->{descriptors}, $first->{descriptors}, '... no other descriptors');
is($last->{connections}, 0, '... no connections');
cmp_ok($idle->{connections}, '<=', 16, '... and few that were idle');

# What is left behind with every scan grows in the last third of the rounds as it does in
# the one before, while what the allocator keeps may grow by some hundred kB at any time.  The
# limit is two kilobytes a scan, which is less than what any request has outside of memory
# contexts.
my $third = int(@memory / 3);
my @least = map { min(@memory[ $_ * $third .. ($_ + 1) * $third - 1 ]) } 0 .. 2;
my $more = min($least[1] - $least[0], $least[2] - $least[1]);
cmp_ok($more, '<', 2 * $third * @names, '... and not much more memory');
my ($before, $after) = $out =~ /^\[contexts\]\n([\d|]+)/mg;
my @before = split /\|/, $before;
my @after = split /\|/, $after;
is("@after[0, 1]", "@before[0, 1]", '... none of it in memory contexts of the extension');
cmp_ok($after[2] - $before[2], '<', ($rounds - $first_rounds) * @names / 10 * 1024,
	'... and little in others');
note "idle connections: $idle->{connections}; memory: @memory kB, in contexts ",
  $after[2] - $before[2], ' bytes';

ok(eventually('the end of connections', sub { !grep { open_connections($_) } @ports }),
	'a connector has no connection when the session has ended');

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|leak|TRAP/, 'the server\'s log has no crash and no leak');

done_testing();
