
# Scans under an Append: their requests are under way at the same time, no more of them
# than "concurrency" says; and they do not disturb each other.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = new_node('async', conf => "log_min_messages = warning\n");

plan skip_all => 'PostgreSQL 13 has no asynchronous scans'
  if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;

# Answers a request when as many have come as make a round of so many, or when the test
# says that there will not be as many any more.  Nothing else makes it answer.
sub together
{
	my ($count) = @_;

	return sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($come, $own, $wanted) = (0, 0);

			foreach ($c->{stub}->events)
			{
				next if !/^(\d+) request/;
				$come++;
				$own = $come if $1 == $c->{number};
			}
			$wanted = $count * int(($own + $count - 1) / $count);
			sleep 0.01
			  until -e "$c->{stub}{directory}/last" || $c->{stub}->count('request.*') >= $wanted;
			$c->log('answered');
			$c->answer('[["ID"],[1],[2],[3]]');
		}
	};
}

# How many requests were under way at the same time, at most
sub most_under_way
{
	my ($stub) = @_;
	my ($now, $most) = (0, 0);

	foreach ($stub->events)
	{
		$now++ if /^\d+ request/;
		$now-- if /^\d+ answered/;
		$most = $now if $most < $now;
	}
	return $most;
}

# A server with so many tables, t1 and so on
sub create_tables
{
	my ($name, $url, $count, %options) = @_;

	create_server($node, $name, $url, async_capable => 'on', settings => {}, %options);
	create_table($node, "$name.t$_", $name, 'id bigint') foreach 1 .. $count;
	return;
}

sub union_all
{
	my ($name, @tables) = @_;

	return join ' UNION ALL ', map { "SELECT id FROM $name.$_" } @tables;
}

# ---- at the same time ------------------------------------------------------

my $eight = stub(together(8));
create_tables('eight', $eight->url, 8);
my $query = 'SELECT count(*), sum(id) FROM (' . union_all('eight', map { "t$_" } 1 .. 8) . ') AS x';
my $plan = $node->safe_psql('postgres', "EXPLAIN (COSTS OFF) $query");
is(() = $plan =~ /Async Foreign Scan/g, 8, 'eight asynchronous scans');
my ($out, $err) = run_session($node, $query);
is($out, '24|48', 'eight requests are answered which have to be under way together');
is($err, '', '... without an error');

# a partitioned table
$node->safe_psql('postgres', <<'END');
CREATE TABLE parts (id bigint, part int DEFAULT 0) PARTITION BY LIST (part);
END
foreach my $part (1 .. 8)
{
	$node->safe_psql('postgres', <<"END");
CREATE FOREIGN TABLE part$part PARTITION OF parts FOR VALUES IN ($part) SERVER eight OPTIONS (table_name 't');
ALTER FOREIGN TABLE part$part ALTER id OPTIONS (column_name 'ID'), ALTER part OPTIONS (column_name 'ID');
END
}
($out, $err) = run_session($node, 'SELECT count(*), sum(id) FROM parts');
is($out, '24|48', 'the partitions of a table are asked for together');

# and over again, for each row of a nested loop: all that may be kept are
($out, $err) = run_session($node, <<"END");
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT n, (SELECT sum(id) FROM parts WHERE id < n OFFSET 0) FROM generate_series(1, 3) AS n;
END
is($out, "1|\n2|8\n3|24", 'and again, when the scans start over');

# ---- not more than that ----------------------------------------------------

my $four = stub(together(4));
create_tables('four', $four->url, 10, concurrency => '4');
$query = 'SELECT count(*), sum(id) FROM (' . union_all('four', map { "t$_" } 1 .. 10) . ') AS x';
my $session = start_session($node, $query);
# the last two are not enough for a round
ok($four->wait_for('answered', 8), 'eight of ten are answered by fours');
append_to_file("$four->{directory}/last", '');
($out, $err) = $session->finish;
is($out, '30|60', 'ten scans of which four may run at the same time');
is(most_under_way($four), 4, 'and four is the most there were');

# a cursor that rests holds some; another query does not wait for these
my $resting = stub(
	sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			$c->chunked_head;
			$c->chunk('[["ID"],[1]');
			$c->chunk(',[2]' x 100000) foreach 1 .. 4;
			$c->chunk(']');
			$c->send("0\r\n\r\n");
		}
	});
create_tables('resting', $resting->url, 3, concurrency => '2');
$query = union_all('resting', qw(t1 t2 t3));
($out, $err) = run_session($node, <<"END");
BEGIN;
DECLARE a CURSOR FOR $query;
DECLARE b CURSOR FOR $query;
FETCH 1 FROM a;
FETCH 1 FROM b;
SELECT count(*) FROM ($query) AS x;
MOVE FORWARD ALL IN a;
MOVE FORWARD ALL IN b;
COMMIT;
END
is($out, "1\n1\n1200003", 'cursors that rest do not count');
is($err, '', '... and go on');

# ---- silence ---------------------------------------------------------------

# One says nothing for longer than it may, while others go on
my $silent = stub(
	sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($table) = $c->{body} =~ /table=(\w+)/;

			if ($table eq 'silent')
			{
				$c->log('silent');
				return $c->wait_closed;
			}
			$c->chunked_head;
			$c->chunk('[["ID"]');
			for (1 .. 40)
			{
				sleep 0.1;
				$c->chunk(",[$_]") or return;
			}
			$c->chunk(']');
			$c->send("0\r\n\r\n");
		}
	});
create_server($node, 'silent', $silent->url,
	async_capable => 'on', read_timeout => '1', settings => {});
create_table($node, "silent.$_", 'silent', 'id bigint', table_name => $_) foreach qw(silent slow slower);
$query = 'SELECT count(*) FROM (' . union_all('silent', qw(slow slower)) . ') AS x';
($out, $err) = run_session($node, $query);
is($out, '80', 'scans that take longer than read_timeout, but are never silent so long');
is($err, '', '... are no error');
$query = 'SELECT count(*) FROM (' . union_all('silent', qw(slow silent slower)) . ') AS x';
($out, $err) = run_session($node, $query);
is_error($err, '08006', 'sent nothing for 1 seconds', 'one that is silent is an error');
like($err, qr/foreign table "silent" to server "silent"/, 'and the error says which');
ok($silent->wait_for('closed', 3), 'the connections of the others are closed then');

# A query that is not read for a while does not make a silent one of a busy server
($out, $err) = run_session($node, <<"END");
BEGIN;
DECLARE c CURSOR FOR @{[ union_all('silent', qw(slow slower)) ]};
FETCH 1 FROM c;
SELECT pg_sleep(2.5);
MOVE FORWARD ALL IN c;
COMMIT;
SELECT 'done';
END
like($out, qr/done$/, 'a cursor may rest for longer than read_timeout');
is($err, '', '... without an error');

# ---- what is not to be had at once -----------------------------------------

# Asked to come again later, a scan waits for that while others are read
my $busy = stub(
	sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($table) = $c->{body} =~ /table=(\w+)/;

			if ($table eq 'busy' && $c->{stub}->count('sent away') == 0)
			{
				$c->log('sent away');
				$c->answer('busy', status => 503, headers => ['Retry-After: 2']);
				next;
			}
			$c->log("answered $table");
			$c->answer('[["ID"],[1]]');
		}
	});
create_server($node, 'busy', $busy->url, async_capable => 'on', concurrency => '2', settings => {});
create_table($node, "busy.$_", 'busy', 'id bigint', table_name => $_) foreach qw(busy a b c d);
($out, $err) = run_session($node, union_all('busy', qw(busy a b c d)));
is($out, "1\n1\n1\n1\n1", 'a scan that is sent away');
is((join ' ', map { /answered (\w+)/ ? $1 : () } $busy->events),
	'a b c d busy', 'the others do not wait for it');

# Scans of more servers than there may be descriptors are an error, not a hang
my $held = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->wait_closed;
	});
create_tables("held$_", $held->url, 64, concurrency => '64') foreach 1 .. 5;
$query = join ' UNION ALL ', map { union_all("held$_", map { "t$_" } 1 .. 64) } 1 .. 5;
($out, $err) = run_session($node, $query);
is_error($err, '53000', 'too many open descriptors', 'as many scans as descriptors allow');
($out, $err) = run_session($node, 'SELECT count(*) FROM parts');
is($out, '24', 'and it works as before');

$node->stop;
done_testing();
