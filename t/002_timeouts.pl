
# connect_timeout limits how long it takes to get a connection, read_timeout how
# long the other side may be silent while we wait for it: not while nobody reads.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = new_node('timeouts');
my ($out, $err);

# What an error must not have happened for: the fuse is longer than the timeouts
# under test and shorter than the others
my %patient = (connect_timeout => '600s', read_timeout => '10min');

# ---- connect_timeout -------------------------------------------------------

my $silent = stub(
	sub {
		my ($c) = @_;

		$c->wait_closed;
	});
my ($deaf_port, @deaf_sockets) = deaf_listener();

SKIP:
{
	skip 'connections to a full queue do not hang on this system', 4 if !$deaf_port;

	create_server($node, 'deaf', "http://127.0.0.1:$deaf_port",
		%patient, connect_timeout => '500ms');
	create_table($node, 'deaf.t', 'deaf', 'id bigint');
	($out, $err) = run_session($node, 'SELECT * FROM deaf.t');
	is_error($err, '08001', "could not connect to \"http://127.0.0.1:$deaf_port/data\" in time",
		'connect_timeout ends connecting');
	like($err, qr/^HINT:  The server option "connect_timeout" sets/m, '... with a hint');
	like($err, qr/^CONTEXT:  request for foreign table "t" to server "deaf"/m,
		'... and says what for');

	($out, $err) = run_session($node, 'IMPORT FOREIGN SCHEMA connector FROM SERVER deaf INTO deaf');
	is_error($err, '08001', 'could not connect to', 'connect_timeout holds for an import');
}

create_server($node, 'silent_tls', 'https://127.0.0.1:' . $silent->port,
	%patient, connect_timeout => '0.5');
create_table($node, 'silent_tls.t', 'silent_tls', 'id bigint');
($out, $err) = run_session($node, 'SELECT * FROM silent_tls.t');
is_error($err, '08001', 'could not connect to', 'connect_timeout ends the TLS handshake');

my $silent_proxy = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->wait_closed;
	});
create_server($node, 'silent_proxy', 'https://connector.test',
	%patient, connect_timeout => '0.5', proxy => $silent_proxy->url);
create_table($node, 'silent_proxy.t', 'silent_proxy', 'id bigint');
($out, $err) = run_session($node, 'SELECT * FROM silent_proxy.t');
is_error($err, '08001', 'could not connect to', 'connect_timeout ends the wait for a proxy');

# ---- read_timeout ----------------------------------------------------------

create_server($node, 'silent', $silent->url, %patient, read_timeout => '500ms');
create_table($node, 'silent.t', 'silent', 'id bigint');
($out, $err) = run_session($node, 'SELECT * FROM silent.t');
is_error($err, '08006', '"' . $silent->url . '/data" sent nothing for 0.5 seconds',
	'read_timeout ends the wait for an answer');
like($err, qr/^HINT:  The server option "read_timeout" sets/m, '... with a hint');
like($err, qr/^CONTEXT:  request for foreign table "t" to server "silent"/m,
	'... and says what for');
ok($silent->wait_for('closed', 1), '... and closes the connection');

($out, $err) = run_session($node, 'IMPORT FOREIGN SCHEMA connector FROM SERVER silent INTO silent');
is_error($err, '08006', '"' . $silent->url . '/table_list" sent nothing for 0.5 seconds',
	'read_timeout holds for an import');

my $inside = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID"],[1],[2],[3]');
		$c->wait_closed;
	});
create_server($node, 'inside', $inside->url, %patient, read_timeout => '500ms');
create_table($node, 'inside.t', 'inside', 'id bigint');
($out, $err) = run_session($node, 'SELECT * FROM inside.t');
is_error($err, '08006', '"' . $inside->url . '/data" sent nothing for 0.5 seconds',
	'read_timeout ends the wait inside an answer');
ok($inside->wait_for('closed', 1), '... and closes the connection');
is($out, '', '... and the rows before are not a result');

($out, $err) = run_session($node, <<'END');
BEGIN;
DECLARE c CURSOR FOR SELECT * FROM inside.t;
FETCH 3 FROM c;
FETCH 1 FROM c;
END
is($out, "1\n2\n3", 'rows are handed out before the silence');
is_error($err, '08006', '"', '... which is an error when the next one is asked for');

# A server that takes its time between rows, but less than the limit at a time
my $slow = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID"]');
		for my $row (1 .. 10)
		{
			sleep 0.2;
			$c->chunk(",[$row]");
		}
		$c->chunk(']');
		$c->chunk('');
	});
create_server($node, 'slow', $slow->url, %patient, read_timeout => '1500ms');
create_table($node, 'slow.t', 'slow', 'id bigint');
($out, $err) = run_session($node, 'SELECT sum(id) FROM slow.t');
is($out, '55', 'read_timeout does not limit how long an answer takes');
is($err, '', '... if no silence is that long');

# Silence while the cursor rests is not held against the connector, silence
# afterwards is
my $resting = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID"],[1]');
		$c->wait_released;
		$c->chunk(',[2]]');
		$c->chunk('');
		$c->wait_closed;
	});
create_server($node, 'resting', $resting->url, %patient, read_timeout => '1s');
create_table($node, 'resting.t', 'resting', 'id bigint');
my $resting_session = start_session($node, <<'END');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM resting.t;
FETCH 1 FROM c;
SELECT 'resting';
SELECT pg_sleep(2);
FETCH 1 FROM c;
FETCH 1 FROM c;
END
# The answer to this one does not fit between us: when the reader rests, the
# connector has to
my $rows = 200_000;
my $large = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->chunked_head;
		$c->chunk('[["ID","NAME"]');
		for (my $row = 1; $row <= $rows; $row += 1000)
		{
			$c->chunk(join '', map { +",[$_,\"" . 'x' x 100 . '"]' } $row .. $row + 999) or return;
		}
		$c->chunk(']');
		$c->send("0\r\n\r\n");
		$c->log('sent');
		$c->wait_closed;
	});
create_server($node, 'large', $large->url, %patient, read_timeout => '1s');
create_table($node, 'large.t', 'large', 'id bigint, name text');
my $session = start_session($node, <<'END');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM large.t;
FETCH 1 FROM c;
SELECT pg_sleep(2.5);
FETCH 1 FROM c;
SELECT 'rested';
MOVE FORWARD 199997 FROM c;
FETCH ALL FROM c;
END
ok( eventually('the first rest ends', sub { $session->pump =~ /rested/ }),
	'a cursor can rest for longer than read_timeout');
$resting->release;
is($large->count('sent'), 0, '... while the connector has to wait');
($out, $err) = $session->finish;
is($out, "1\n\n2\nrested\n200000", '... and goes on to the right end');
is($err, '', '... without an error');

($out, $err) = $resting_session->finish;
is("$out$err", "1\nresting\n\n2", 'silence while a cursor rests does not count');

# ---- a server that does not wait for a cursor -------------------------------

# What has come by then is more than is read ahead.  Whether the connection is
# closed or reset: nobody notices before the cursor goes on.
my $part = join '', map { ",[$_,\"" . 'x' x 100 . '"]' } 1 .. 10_000;
my %ends = (
	closed => sub { $_[0]->chunked_head; $_[0]->chunk("[[\"ID\",\"NAME\"]$part") },
	reset => sub {
		$_[0]->chunked_head;
		$_[0]->chunk("[[\"ID\",\"NAME\"]$part");
		# not before it has arrived: what is under way would be lost
		sleep 0.2;
		$_[0]->reset;
	},
	unlimited => sub {
		$_[0]->head(200, 'Content-Type: application/json', 'Connection: close');
		$_[0]->send("[[\"ID\",\"NAME\"]$part");
	},
);
my $impatient = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($end) = $c->{body} =~ /table=(\w+)/;
		$ends{$end}->($c);
		$c->log('gone');
	});
create_server($node, 'impatient', $impatient->url, %patient);
create_table($node, "impatient.$_", 'impatient', 'id bigint, name text', table_name => $_)
  for keys %ends;
my %sessions = map {
	$_ => start_session($node, <<"END") } keys %ends;
SELECT count(*) FROM impatient.$_;
\\warn [rest]
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM impatient.$_;
FETCH 1 FROM c;
SELECT pg_sleep(1.5);
FETCH 1 FROM c;
MOVE ALL FROM c;
END
foreach my $end (sort keys %ends)
{
	my ($sqlstate, $message) = $end eq 'unlimited'
	  ? ('08P01', 'the answer of server "impatient" ends before it is complete')
	  : ('08006', 'the connection to "' . $impatient->url . '/data" broke off');
	my $before;

	($out, $err) = $sessions{$end}->finish;
	($before, $err) = split /^\[rest\]\n/m, $err;
	is_error($before, $sqlstate, $message, "a connection that ends early is an error ($end)");
	unlike($before, qr/WITH HOLD/, '... whose reason is not that nobody read the answer');
	is($out, "1\n\n2", '... also if it ends while a cursor rests');
	is_error($err, $sqlstate, $message, '... once the cursor has come to what is missing');
	like($err, qr/^HINT:  .*WITH HOLD/m, '... with a hint what to do about it');
}

# ... which helps
($out, $err) = run_session($node, <<'END');
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM resting.t;
FETCH 1 FROM c;
COMMIT;
SELECT pg_sleep(1.2);
FETCH ALL FROM c;
END
is("$out$err", "1\n\n2", 'a cursor WITH HOLD has all rows when its transaction has ended');

done_testing();
