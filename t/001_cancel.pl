
# A backend that waits for a connector can be cancelled, timed out, terminated
# and shut down at every instant: it ends its wait, closes the connection, and
# (where it goes on) works as before.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Compress::Zlib ();
use Config;
use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my %skipped;

# ---- a resolver that never answers -----------------------------------------

# There is no way to make the system's resolver hang without a network and
# without being root.  So getaddrinfo is replaced in the server, for one name.
my %environment;
{
	my $directory = PostgreSQL::Test::Utils::tempdir();
	my $compiler = $ENV{CC} // $Config{cc} // 'cc';

	append_to_file("$directory/resolver.c", <<'END');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
			struct addrinfo **result)
{
	int (*original) (const char *, const char *, const struct addrinfo *,
					 struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");

	while (node && strcmp(node, "never-resolved.test") == 0)
		pause();
	return original(node, service, hints, result);
}
END
	my $output = `$compiler -shared -fPIC -o $directory/resolver.so $directory/resolver.c -ldl 2>&1`;

	if ($? == 0)
	{
		$environment{LD_PRELOAD} = "$directory/resolver.so";
	}
	else
	{
		$skipped{resolving} = 'no C compiler to replace the resolver with one that hangs';
	}
}

my $node = new_node('cancel', environment => \%environment);

# ---- the instants ----------------------------------------------------------

# A stub that reads a request, does something, says "reached", and waits until
# the other side has closed, which it notes, too
sub stalled
{
	my ($function) = @_;

	return stub(
		sub {
			my ($c) = @_;

			$c->request or return;
			$function->($c);
			$c->log('reached');
			$c->wait_closed;
		});
}

my $packed = Compress::Zlib::memGzip('[["ID"]' . join('', map { ",[$_]" } 1 .. 20_000) . ']');

# Each has a server of its own: where a backend waits => how it gets there
my %servers = (
	'before the TLS handshake' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->read_some;
				$c->log('reached');
				$c->wait_closed;
			}),
		scheme => 'https' },

	'inside the TLS handshake' => {
		stub => stub(
			sub {
				my ($c) = @_;

				# the beginning of a ServerHello of 122 bytes
				$c->read_some;
				$c->send("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03");
				$c->log('reached');
				$c->wait_closed;
			}),
		scheme => 'https' },

	'for a proxy to connect' => {
		# there is no answer to CONNECT
		stub => stalled(sub { }),
		proxy => 1 },

	'while the request is sent' => {
		stub => stub(
			sub {
				my ($c) = @_;

				# the buffers between us are full after a while
				$c->is_readable(undef);
				sleep 0.2;
				$c->log('reached');
				$c->wait_released;
				$c->wait_closed;
			}),
		settings => 'repeat(\'x\', 12 * 1024 * 1024)' },

	'before the answer' => { stub => stalled(sub { }) },

	'inside the header of the answer' =>
	  { stub => stalled(sub { $_[0]->send("HTTP/1.1 200 OK\r\nContent-Ty") }) },

	'between header and answer' => { stub => stalled(sub { $_[0]->chunked_head }) },

	'inside a row' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->chunked_head;
				$c->chunk('[["ID"],[1],[2],[3],[');
			}) },

	'between two rows' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->chunked_head;
				$c->chunk('[["ID"],[1],[2],[3]');
			}) },

	'after all rows, for the end' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->chunked_head;
				$c->chunk('[["ID"],[1],[2],[3]]');
			}) },

	'inside a compressed answer' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->head(200, 'Content-Encoding: gzip', 'Content-Length: ' . length $packed);
				$c->send(substr $packed, 0, length($packed) / 2);
			}) },

	'inside the text of an error' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->head(500, 'Content-Length: 100');
				$c->send('something');
			}) },

	'inside a trickle' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->chunked_head;
				$c->chunk('[["ID"]');
				for (1 .. 20)
				{
					$c->chunk(',[1]');
				}
				$c->log('reached');
				while ($c->chunk(',[2]'))
				{
					sleep 0.01;
				}
			}) },

	'inside a flood' => {
		stub => stub(
			sub {
				my ($c) = @_;
				my $rows = ',[1]' x 10000;

				$c->request or return;
				$c->chunked_head;
				$c->chunk('[["ID"]');
				$c->log('reached');
				while ($c->chunk($rows))
				{
				}
			}),
		flood => 1 },

	# These have answered, so their connections may be kept
	'until it may ask again after 503' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->{keep_alive} = 1;
				$c->answer('busy', status => 503, headers => ['Retry-After: 59']);
			}),
		answered => 1 },

	'until it may ask again after 429' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->{keep_alive} = 1;
				$c->answer('busy', status => 429, headers => ['Retry-After: 59']);
			}),
		answered => 1 },

	'for rows to analyze' => {
		stub => stalled(
			sub {
				my ($c) = @_;

				$c->chunked_head;
				$c->chunk('[["ID"],[1],[2],[3],[');
			}),
		analyze => 1 },

	'inside a flood of rows to analyze' => {
		stub => stub(
			sub {
				my ($c) = @_;
				my $rows = ',[1]' x 10000;

				$c->request or return;
				$c->chunked_head;
				$c->chunk('[["ID"]');
				$c->log('reached');
				while ($c->chunk($rows))
				{
				}
			}),
		flood => 1,
		analyze => 1 },

	'for the list of tables' => { stub => stalled(sub { }), import => 1 },

	'for the description of a table' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->{keep_alive} = 1;
				while ($c->request)
				{
					if ($c->{line} =~ /table_list/)
					{
						$c->answer('[{"code": "t", "title": "T"}]');
						next;
					}
					$c->head(200, 'Content-Length: 100');
					$c->send('[{"code": "ID",');
					$c->log('reached');
					return $c->wait_closed;
				}
			}),
		import => 1 },

	'for the sample of a probe' => { stub => stalled(sub { }), probe => 1 },

	'for a sample while importing' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->{keep_alive} = 1;
				while ($c->request)
				{
					if ($c->{line} =~ /table_list/)
					{
						$c->answer('[{"code": "t", "title": "T"}]');
						next;
					}
					if ($c->{line} =~ /table_description/)
					{
						$c->answer('[{"code": "ID", "name": "ID", "type": "INT"}]');
						next;
					}
					$c->head(200, 'Content-Length: 100');
					$c->send('[["ID"],');
					$c->log('reached');
					return $c->wait_closed;
				}
			}),
		import => 1 },
);

my ($deaf_port, @deaf_sockets) = deaf_listener();
if ($deaf_port)
{
	$servers{'to connect'} = { url => "http://127.0.0.1:$deaf_port", port => $deaf_port };
}
else
{
	$skipped{'connecting'} = 'connections to a full queue do not hang on this system';
}
$servers{'for a name'} = { url => 'http://never-resolved.test' } if %environment;

# The same where PostgreSQL waits for two scans at once
foreach my $instant (
	'before the TLS handshake', 'before the answer', 'between header and answer', 'inside a row',
	'inside a trickle', 'inside a flood', 'until it may ask again after 503', 'to connect', 'for a name')
{
	my $server = $servers{$instant} or next;

	$servers{"$instant, with another scan"} = {
		%$server, async => 1, $server->{stub} ? (stub => stub($server->{stub}{handler})) : () };
}

my %patient = (connect_timeout => '600', read_timeout => '600', row_limit => '1000000000',
	analyze_limit => '1000000000');
my $number = 0;
foreach my $instant (sort keys %servers)
{
	my $server = $servers{$instant};
	my $stub = $server->{stub};
	my $name = 's' . ++$number;
	my %options = %patient;
	my $url = $server->{url} // ($server->{scheme} // 'http') . '://127.0.0.1:' . $stub->port;

	if ($server->{proxy})
	{
		$options{proxy} = $stub->url;
		$url = 'https://connector.test';
	}
	$options{async_capable} = 'on' if $server->{async};
	create_server($node, $name, $url, %options, settings => {});
	create_table($node, "$name.$_", $name, 'id bigint') foreach 't', 'u';
	$node->safe_psql('postgres', <<"END") if $server->{settings};
DO \$\$
BEGIN
	EXECUTE format('ALTER USER MAPPING FOR PUBLIC SERVER $name OPTIONS (ADD long %L)',
				   $server->{settings});
END \$\$
END
	$server->{name} = $name;
	$server->{port} //= $stub->port if $stub;
	$server->{statement} = $server->{import}
	  ? "IMPORT FOREIGN SCHEMA connector FROM SERVER $name INTO $name"
	  : $server->{analyze} ? "ANALYZE $name.t"
	  : $server->{probe} ? "SELECT count(*) FROM biconnector_probe('$name.t')"
	  : $server->{async} ? "SELECT count(*) FROM (SELECT FROM $name.t UNION ALL SELECT FROM $name.u) AS both_of_them"
	  : "SELECT count(*) FROM $name.t";
}

# One that answers, to see that the backend works afterwards
my $good = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->answer('[["ID"],[1],[2]]');
	});
create_server($node, 'good', $good->url, settings => {});
create_table($node, 'good.t', 'good', 'id bigint');

# One whose answer has no end: a cursor that rests leaves it waiting
my $endless = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID"],[1],[2],[3]');
		$c->log('reached');
		while ($c->chunk(',[4]' x 10000))
		{
		}
	});
create_server($node, 'endless', $endless->url, %patient, settings => {});
create_table($node, 'endless.t', 'endless', 'id bigint');

# ---- the ways to stop it ---------------------------------------------------

my $waiting = "SELECT %s(pid) FROM pg_stat_activity WHERE application_name ~ '^(s\\d+|resting) \\d+\$'";
my @ways = (
	{
		name => 'pg_cancel_backend',
		stop => sub { $node->safe_psql('postgres', sprintf $waiting, 'pg_cancel_backend') },
		sqlstate => '57014',
		goes_on => 1 },
	{
		name => 'statement_timeout',
		before => 'SET statement_timeout = \'2s\';',
		sqlstate => '57014',
		goes_on => 1 },
	{
		name => 'pg_terminate_backend',
		stop => sub { $node->safe_psql('postgres', sprintf $waiting, 'pg_terminate_backend') },
		sqlstate => '57P01' },
	{
		name => 'a fast shutdown',
		stop => sub {
			local $ENV{PGCTLTIMEOUT} = FUSE;

			ok($node->stop('fast', fail_ok => 1), 'the server shuts down fast');
			},
		sqlstate => '57P01' },
);

# ---- each instant, each way ------------------------------------------------

# Start a session at each instant, and wait until all have got there.
sub start_all
{
	my ($way, $gate) = @_;
	my $before = $way->{before} // '';
	my $round = ++$number;
	my %sessions;

	foreach my $instant (sort keys %servers)
	{
		my $server = $servers{$instant};

		$server->{stub}->hold if $server->{stub};
		$server->{reached} = $server->{stub} ? $server->{stub}->count('reached') : 0;
		$server->{closed} = $server->{stub} ? $server->{stub}->count('closed') : 0;
		$sessions{$instant} = start_session($node, <<"END" . $gate->psql);
SELECT 'pid ' || pg_backend_pid() FROM good.t LIMIT 1;
SET application_name = '$server->{name} $round';
$before
$server->{statement};
RESET statement_timeout;
SET application_name = 'done';
SELECT 'usable ' || count(*) FROM good.t;
END
	}
	foreach my $instant (sort keys %servers)
	{
		my $stub = $servers{$instant}{stub} or next;

		ok($stub->wait_for('reached', $servers{$instant}{reached} + 1),
			"there is a backend that waits $instant");
	}

	# A session that is to be timed out may be by now; the flood never waits long
	my $count = grep { !$_->{flood} } values %servers;

	ok( eventually(
			'waits in pg_stat_activity',
			sub {
				$node->safe_psql('postgres',
					"SELECT count(*) FROM pg_stat_activity
					 WHERE application_name ~ '^s\\d+ $round\$'
					 AND state = 'active' AND wait_event_type IN ('Extension', 'IPC')") >= $count;
			}),
		'pg_stat_activity shows that they wait') if $before eq '';
	return \%sessions;
}

# Wait for the end of the statements and look at it.
sub end_all
{
	my ($way, $gate, $sessions) = @_;

	$_->{stub}->release foreach grep { $_->{stub} } values %servers;

	# the session goes on, and so only the statement's end can have done this
	foreach my $instant ($way->{goes_on} ? sort keys %servers : ())
	{
		my $server = $servers{$instant};
		my $session = $sessions->{$instant};

		ok($session->wait_for(qr/^usable 2$/m),
			"waiting $instant: the backend is usable after $way->{name}");
		next if !$server->{port} || $server->{answered};

		my ($pid) = $session->pump =~ /^pid (\d+)$/m;
		is($pid && sockets_to($pid, $server->{port}),
			0, "waiting $instant: the backend lets the connection go after $way->{name}");
		ok($server->{stub}->wait_for('closed', $server->{closed} + 1),
			"waiting $instant: the server sees that after $way->{name}")
		  if $server->{stub};
	}
	$gate->open;
	foreach my $instant (sort keys %servers)
	{
		my $server = $servers{$instant};
		my ($out, $err) = $sessions->{$instant}->finish;

		is_error($err, $way->{sqlstate}, '', "waiting $instant: $way->{name} ends it");
		ok($server->{stub}->wait_for('closed', $server->{closed} + 1),
			"waiting $instant: the connection is closed after $way->{name}")
		  if $server->{stub};
	}
	return;
}

# A cursor that rests in a transaction, while nobody reads the answer.
sub start_resting
{
	my ($before, $gate) = @_;
	my $reached = $endless->count('reached');
	my $session = start_session($node, <<"END" . $gate->psql . <<'END');
SET application_name = 'resting @{[ ++$number ]}';
$before
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM endless.t;
FETCH 3 FROM c;
END
FETCH 1 FROM c;
END

	$session->{closed} = $endless->count('closed');
	ok($endless->wait_for('reached', $reached + 1) && $session->wait_for(qr/^1\n2\n3$/m),
		'there is a cursor that rests');
	return $session;
}

foreach my $way (@ways)
{
	my $gate = gate();
	my $resting_gate = gate();
	my $sessions = start_all($way, $gate);
	my $resting = start_resting($way->{before} // '', $resting_gate);

	$way->{stop}->() if $way->{stop};
	if ($way->{goes_on})
	{
		end_all($way, $gate, $sessions);

		# there was no statement that could have been stopped
		is($endless->count('closed'), $resting->{closed},
			"a cursor that rests is none the worse for $way->{name}");
		$resting_gate->open;
		my ($out, $err) = $resting->finish;
		is("$out$err", "1\n2\n3\n4", '... and goes on');
		ok($endless->wait_for('closed', $resting->{closed} + 1),
			'... until its session ends');
	}
	else
	{
		ok($endless->wait_for('closed', $resting->{closed} + 1),
			"the connection of a cursor that rests is closed after $way->{name}");
		$resting_gate->open;
		my ($out, $err) = $resting->finish;
		is($out, "1\n2\n3", '... so that there are no more rows');
		is_error($err, $way->{sqlstate}, '', '... and the session says why');
		end_all($way, $gate, $sessions);
	}
}

# ---- other ways to end -----------------------------------------------------

{
	local %ENV = (%ENV, %environment);
	$node->start;
}

my $before_answer = $servers{'before the answer'}{stub};
my $before_answer_table = "$servers{'before the answer'}{name}.t";

# A session that waits for the answer of a stub that counts from now on.
sub start_waiting
{
	my ($script) = @_;
	my $reached = $before_answer->count('reached');
	my $session = start_session($node, "SELECT 'pid ' || pg_backend_pid();\n$script");

	$session->{closed} = $before_answer->count('closed');
	ok($before_answer->wait_for('reached', $reached + 1), 'there is a backend that waits');
	$session->wait_for(qr/^pid \d+$/m);
	($session->{pid}) = $session->pump =~ /^pid (\d+)$/m;
	return $session;
}

sub activity_of
{
	my ($condition) = @_;

	return $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE $condition");
}

# idle_in_transaction_session_timeout
{
	my $gate = gate();
	my $session = start_resting("SET idle_in_transaction_session_timeout = '200ms';", $gate);

	ok($endless->wait_for('closed', $session->{closed} + 1),
		'the connection of a cursor that rests is closed after idle_in_transaction_session_timeout');
	$gate->open;
	my ($out, $err) = $session->finish;
	is_error($err, '25P03', '', '... which ends the session');
}

# The leader of a parallel query waits, and its workers wait until it takes what
# they have got
$node->safe_psql('postgres', <<'END');
CREATE TABLE local AS SELECT i AS id, repeat('x', 100) AS filler FROM generate_series(1, 100000) AS i;
ANALYZE local;
END
foreach my $stop ([ 'pg_cancel_backend', '57014' ], [ 'pg_terminate_backend', '57P01' ])
{
	my ($function, $sqlstate) = @$stop;
	my $session = start_waiting(<<"END");
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT count(filler) FROM local LEFT JOIN $before_answer_table USING (id);
SELECT 'usable ' || count(*) FROM good.t;
END

	ok( eventually(
			'workers',
			sub { activity_of("leader_pid = $session->{pid}") == 2 }),
		'... and two parallel workers');
	$node->safe_psql('postgres', "SELECT $function($session->{pid})");
	my ($out, $err) = $session->finish;
	is_error($err, $sqlstate, '', "$function ends a parallel query whose leader waits");
	like($out, qr/^usable 2$/m, '... and the backend is usable') if $sqlstate eq '57014';
	ok(eventually('the end of workers', sub { activity_of("leader_pid = $session->{pid}") == 0 }),
		'... and its workers end');
	ok($before_answer->wait_for('closed', $session->{closed} + 1),
		'... and the connection is closed');
}

# The client is gone
SKIP:
{
	skip 'this server does not look whether the client is still there', 4
	  if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;

	my $session = start_waiting(<<"END");
SET client_connection_check_interval = '200ms';
SELECT count(*) FROM $before_answer_table;
END
	$session->kill;
	ok($before_answer->wait_for('closed', $session->{closed} + 1),
		'client_connection_check_interval: the connection is closed when the client is killed');
	ok(eventually('its end', sub { activity_of("pid = $session->{pid}") == 0 }),
		'... and the backend ends');
}
{
	my $slow = stub(
		sub {
			my ($c) = @_;

			$c->request or return;
			$c->log('reached');
			$c->wait_released;
			$c->answer('[["ID"],[1],[2]]');
			$c->wait_closed;
		});
	create_server($node, 'slow', $slow->url, %patient, settings => {});
	create_table($node, 'slow.t', 'slow', 'id bigint');
	my $session = start_session($node, <<'END');
SET application_name = 'killed';
SELECT id FROM slow.t;
END

	ok($slow->wait_for('reached', 1), 'there is a backend that waits');
	$session->kill;
	sleep 0.5;
	is(activity_of("application_name = 'killed'"), 1, 'without that, the backend goes on');
	$slow->release;
	ok($slow->wait_for('closed', 1), '... and its connection is closed');
	ok(eventually('its end', sub { activity_of("application_name = 'killed'") == 0 }),
		'... when the query has come to its end');
}
{
	my $session = start_resting('', gate());

	$session->kill;
	ok($endless->wait_for('closed', $session->{closed} + 1),
		'the connection of a cursor that rests is closed when the client is killed');
}

my $log = slurp_file($node->logfile);
unlike($log, qr/PANIC|terminated by signal|leak|TRAP/, 'the server\'s log has no crash and no leak');

foreach my $instant (sort keys %skipped)
{
  SKIP:
	{
		skip "$instant: $skipped{$instant}", 1;
	}
}

done_testing();
