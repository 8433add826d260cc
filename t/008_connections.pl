
# Connections: kept where that is safe and wanted, closed where it is not, and what
# one server sends is never taken for the answer to something else.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Compress::Zlib ();
use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More;
use Time::HiRes qw(sleep);

# ---- a server that keeps its connections -----------------------------------

my $json = 'Content-Type: application/json';
my $rows = '[["ID"],[1],[2],[3]]';
my $others = '[["ID"],[100],[200],[300]]';
my $begun = '[["ID"],[1],[2],[3]';
my $many = '[["ID"]' . (join '', map { +",[$_]" } 1 .. 500) . ']';

# A whole answer as bytes, to be sent in one piece with others
sub whole
{
	my ($body, @lines) = @_;

	return join "\r\n", 'HTTP/1.1 200 OK', $json, 'Content-Length: ' . length $body, @lines, '',
	  $body;
}

# What comes after an answer, when the test has said that it was read.  Then "idle"
# in the log says that the other side can see it.
sub idle
{
	my ($c, $function) = @_;

	$c->wait_released;
	$function->();
	$c->log('idle');
	return 1;
}

# The first answer on a connection is all right, the others are not
sub later
{
	my ($function) = @_;

	return sub {
		my ($c) = @_;

		return $c->{answered}++ ? $function->($c) : $c->answer($rows);
	};
}

# What the server does, by the code of the table: it answers a request; false ends
# the connection
my %tables = (
	# ways to answer
	length => sub { $_[0]->answer($rows) },
	chunks => sub { $_[0]->chunked_head; $_[0]->chunk($rows); $_[0]->send("0\r\n\r\n") },
	trailers => sub {
		$_[0]->chunked_head('Trailer: X-Sum');
		$_[0]->chunk($rows);
		$_[0]->send("0\r\nX-Sum: 6\r\nContent-Length: 1\r\n\r\n");
	},
	interim => sub {
		$_[0]->send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
		$_[0]->answer($rows);
	},
	kept_1_0 => sub {
		$_[0]->send("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
			  . "Content-Length: @{[ length $rows ]}\r\n\r\n$rows");
	},
	missing => sub { $_[0]->answer('there is no such table', status => 404) },
	moved => sub {
		return $_[0]->answer($rows) if $_[0]{line} =~ /elsewhere/;
		$_[0]->answer('', status => 307, headers => ['Location: /elsewhere']);
	},
	busy => sub {
		return $_[0]->answer($rows) if $_[0]{answered}++;
		$_[0]->answer('', status => 503, headers => ['Retry-After: 0']);
	},
	without_length => sub { $_[0]{keep_alive} = 0; $_[0]->head(200, $json); $_[0]->send($rows); 0 },
	closed => sub { $_[0]{keep_alive} = 0; $_[0]->answer($rows) },
	closed_1_0 => sub {
		$_[0]->send("HTTP/1.0 200 OK\r\nContent-Length: @{[ length $rows ]}\r\n\r\n$rows");
	},

	# not read to the end
	open => sub { $_[0]->chunked_head; $_[0]->chunk($begun); $_[0]->wait_closed; 0 },
	bad => sub { $_[0]->chunked_head; $_[0]->chunk('[["ID"],[1],["x"]'); $_[0]->wait_closed; 0 },
	large => sub {
		$_[0]->chunked_head;
		$_[0]->chunk('[["ID"]');
		1 while $_[0]->chunk(',[1]' x 10_000);
		0;
	},
	packed => sub {
		my ($deflate) = Compress::Zlib::deflateInit(-WindowBits => -Compress::Zlib::MAX_WBITS());
		my $pack = sub {
			return $deflate->deflate($_[0]) . $deflate->flush(Compress::Zlib::Z_FULL_FLUSH());
		};

		# a block stands for itself, however often it is sent: 160 MB in 160 kB
		$_[0]->chunked_head('Content-Encoding: gzip');
		$_[0]->chunk(pack('CCCx5Cx', 31, 139, 8, 0) . $pack->('[["ID"]')
			  . $pack->(',[12345]' x 100_000) x 200);
		$_[0]->wait_closed;
		0;
	},
	rest => sub { $_[0]->send(whole($many)) },
	rest_in_chunks => sub {
		$_[0]->send("HTTP/1.1 200 OK\r\n$json\r\nTransfer-Encoding: chunked\r\n\r\n"
			  . chunked($begun, ',[4]' x 500, ']'));
	},
	held => sub {
		$_[0]->chunked_head;
		$_[0]->chunk($begun);
		# until the test says so, or the other side closes
		1 until -e "$_[0]{stub}{directory}/released" || $_[0]->is_readable(0.03);
		$_[0]->send(chunked(']'));
	},

	# what nobody has asked for
	second => sub {
		my ($c) = @_;

		$c->answer($rows);
		idle($c, sub { $c->send(whole($others)) });
	},
	second_at_once => sub { $_[0]->send(whole($rows) . whole($others)) },
	second_in_two => sub {
		my ($c) = @_;
		my $second = whole($others);

		$c->send(whole($rows) . substr $second, 0, 20);
		idle($c, sub { $c->send(substr $second, 20) });
	},
	second_begun => sub {
		my ($c) = @_;
		my $second = whole($others);

		# the rest is there as soon as somebody has asked for it
		return $c->send(substr $second, 20) if $c->{answered}++;
		$c->answer($rows);
		idle($c, sub { $c->send(substr $second, 0, 20) });
	},
	garbage => sub {
		my ($c) = @_;

		$c->answer($rows);
		idle($c, sub { $c->send("\r\n") });
	},
	timeout => sub {
		my ($c) = @_;

		$c->answer($rows);
		$c->{keep_alive} = 0;
		idle($c, sub { $c->answer('too late', status => 408); close delete $c->{socket} });
	},
	ended => sub {
		my ($c) = @_;

		$c->answer($rows);
		idle($c, sub { close delete $c->{socket} });
	},
	reset => sub {
		my ($c) = @_;

		$c->answer($rows);
		idle($c, sub { $c->reset });
	},
	busy_second => sub {
		return $_[0]->answer($rows) if $_[0]{stub}->count('asked busy_second') > 1;
		$_[0]->answer('', status => 503, headers => ['Retry-After: 2']);
		# let that be read, and be there before the two seconds are over
		sleep 1;
		$_[0]->answer($others);
	},

	# the end just when a request comes
	ended_later => later(sub { 0 }),
	reset_later => later(sub { $_[0]->reset; 0 }),
	ended_in_head => later(sub { $_[0]->send("HTTP/1.1 200 OK\r\nContent-Le"); 0 }),
	ended_after_head => later(sub { $_[0]->head(200, $json, 'Content-Length: 1000'); 0 }),
	ended_in_rows => later(sub { $_[0]->chunked_head; $_[0]->chunk($begun); 0 }),
	ended_unread => sub {
		$_[0]->answer($rows);
		# closed with a request unread, which resets it
		$_[0]->is_readable(undef);
		0;
	},
);

sub serve
{
	my ($c) = @_;

	# pieces of an answer need not wait for each other
	setsockopt $c->{socket}, IPPROTO_TCP, TCP_NODELAY, 1;
	$c->{keep_alive} = 1;
	while ($c->{socket} && $c->request)
	{
		my ($table) = $c->{body} =~ /\btable=(\w+)/;

		$table //= '';
		$c->log("asked $table");
		($tables{$table} // $tables{length})->($c) or last;
	}
	close $c->{socket} if $c->{socket};
	delete $c->{socket};
	$c->log('over');
	return;
}

my $stub = stub(\&serve);
my $node = new_node('connections', conf => "max_prepared_transactions = 1\n");
my ($out, $err, $asked);

create_server($node, 's', $stub->url);
$node->safe_psql('postgres', join "\n",
	map { +"CREATE FOREIGN TABLE s.$_ (id bigint OPTIONS (column_name 'ID')) SERVER s;" }
	  sort keys %tables);

# A line of psql that waits until this has happened at the server so often since
# the script began
sub wait_line
{
	my ($event, $count, $server) = @_;
	$server //= $stub;
	my $since = 1 + scalar $server->events;

	return "\\! for i in \$(seq 700); do "
	  . "[ \$(tail -n +$since $server->{log} | grep -cE '^[0-9]+ $event\$') -ge $count ] && exit; "
	  . "sleep 0.03; done; echo waited in vain for $count x $event";
}

# Run a script in a session.  $asked tells which requests came on which connection,
# which are numbered from 1: "1:a 1:b 2:a".
sub look_at
{
	my ($script, %options) = @_;
	my $server = delete $options{server} // $stub;
	my $session_node = delete $options{node} // $node;
	my $since = $server->events;
	my @events;
	my %numbers;

	($out, $err) = run_session($session_node, $script, %options);
	# that each of its connections is closed at its end is tested with every script
	my $over = eventually('the end of the connections',
		sub {
			@events = $server->events;
			splice @events, 0, $since;
			return (grep { /accepted$/ } @events) == (grep { /over$/ } @events);
		});
	fail('the connections of a session end with it') if !$over;
	$numbers{$_} = 1 + keys %numbers for map { /^(\d+) accepted$/ ? $1 : () } @events;
	$asked = join ' ', map { /^(\d+) asked (.*)$/ ? "$numbers{$1}:$2" : () } @events;
	return;
}

my $connections = 'SELECT server_name, valid, in_use FROM biconnector_connections()';

# ---- kept ------------------------------------------------------------------

look_at("SELECT sum(id) FROM s.length; SELECT sum(id) FROM s.length; $connections;");
is("$out$err", "6\n6\ns|t|f", 'queries of a session');
is($asked, '1:length 1:length', '... share a connection');

foreach my $table (qw(chunks trailers interim kept_1_0))
{
	look_at("SELECT sum(id) FROM s.$table; SELECT sum(id) FROM s.$table; SELECT sum(id) FROM s.length");
	is("$out$err", "6\n6\n6", "a connection is kept after an answer ($table)");
	is($asked, "1:$table 1:$table 1:length", '... and used again');
}
look_at('SELECT sum(id) FROM s.missing; SELECT sum(id) FROM s.length');
is($asked, '1:missing 1:length', '... also after one that says no');
is_error($err, 'HV00M', 'server "s" answered with HTTP status 404', '... which is an error');
look_at('SELECT sum(id) FROM s.moved; SELECT sum(id) FROM s.length');
is("$out$err", "6\n6", '... also after a redirect');
is($asked, '1:moved 1:moved 1:length', '... which is followed on the same');
look_at('SELECT sum(id) FROM s.busy; SELECT sum(id) FROM s.length');
is("$out$err", "6\n6", '... also after one that says to come again');
is($asked, '1:busy 1:busy 1:length', '... on the same');
foreach my $table (qw(without_length closed closed_1_0))
{
	look_at("SELECT sum(id) FROM s.$table; $connections; SELECT sum(id) FROM s.length");
	is("$out$err", "6\n6", "a connection is not kept if the server says so ($table)");
	is($asked, "1:$table 2:length", '... but another one made');
}

# ---- what nobody has asked for ---------------------------------------------

foreach my $table (qw(second second_in_two second_begun garbage timeout ended reset))
{
	look_at(join "\n", "SELECT sum(id) FROM s.$table;",
		"\\! touch $stub->{directory}/released", wait_line('idle', 1),
		'SELECT sum(id) FROM s.length; SELECT sum(id) FROM s.length;');
	$stub->hold;
	is("$out$err", "6\n6\n6", "what comes while a connection is idle is no answer ($table)");
	is($asked, "1:$table 2:length 2:length", '... and there is a new connection');
}
look_at('SELECT sum(id) FROM s.second_at_once; SELECT sum(id) FROM s.length');
is("$out$err", "6\n6", 'a second answer right behind the first one is no answer');
look_at('SELECT sum(id) FROM s.busy_second; SELECT sum(id) FROM s.length');
is("$out$err", "6\n6", 'what comes before a request is repeated is no answer to it');
is($asked, '1:busy_second 2:busy_second 2:length', '... and there is a new connection');

# ---- the end just when a request comes -------------------------------------

foreach my $table (qw(ended_later reset_later))
{
	look_at("SELECT sum(id) FROM s.$table; SELECT sum(id) FROM s.$table; SELECT sum(id) FROM s.length");
	is("$out$err", "6\n6\n6", "a request is sent again if a kept connection is lost ($table)");
	is($asked, "1:$table 1:$table 2:$table 2:length", '... on another one');
}
look_at('SELECT sum(id) FROM s.ended_unread; SELECT sum(id) FROM s.length; SELECT sum(id) FROM s.length');
is("$out$err", "6\n6\n6", '... also if the request was not even read');
is($asked, '1:ended_unread 2:length 2:length', '... on another one');
foreach my $table (qw(ended_in_head ended_after_head ended_in_rows))
{
	look_at("SELECT sum(id) FROM s.$table; SELECT sum(id) FROM s.$table; SELECT sum(id) FROM s.length");
	is($out, "6\n6", "a request is not sent again once there is something of an answer ($table)");
	is_error($err, '08006', 'the connection to', '... that is an error');
	is($asked, "1:$table 1:$table 2:length", '... and there is a new connection');
}

# A request that does not fit between us is still being sent when the end comes
my $long = stub(
	sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		for (1 .. 2)
		{
			# the end of the first connection comes while a second request is sent
			if ($_ == 2 && $c->{number} == 1)
			{
				$c->is_readable(undef);
				close delete $c->{socket};
				last;
			}
			1 until $c->{buffer} =~ /^content-length: (\d+).*?\r\n\r\n/msig || !$c->read_some;
			my $length = pos($c->{buffer}) + ($1 // 0);

			1 until length $c->{buffer} >= $length || !$c->read_some;
			$c->{buffer} = '';
			$c->log('asked t');
			$c->answer($rows);
		}
		$c->log('over');
	});
create_server($node, 'long', $long->url, settings => { long => 'x' x 2_000_000 });
create_table($node, 'long.t', 'long', 'id bigint');
look_at('SELECT sum(id) FROM long.t; SELECT sum(id) FROM long.t; SELECT sum(id) FROM long.t', server => $long);
is("$out$err", "6\n6\n6", '... also if it was still being sent');
is($asked, '1:t 2:t 2:t', '... on another one');

# ---- whose they are --------------------------------------------------------

my $lists = stub(
	sub {
		my ($c) = @_;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($table) = $c->{body} =~ /\btable=(\w+)/;

			$c->log('asked ' . ($table // 'list'));
			$c->answer($table
				? '[{"code": "ID", "name": "Id", "type": "int"}]'
				: '[' . (join ', ', map { +"{\"code\": \"t$_\", \"title\": \"T\"}" } 1 .. ($c->{body} =~ /many/ ? 50 : 5)) . ']');
		}
		$c->log('over');
	});
create_server($node, 'lists', $lists->url);
look_at("IMPORT FOREIGN SCHEMA connector FROM SERVER lists INTO lists OPTIONS (probe 'off', concurrency '1'); $connections;",
	server => $lists);
is("$out$err", 'lists|t|f', 'an import that asks for one after the other');
is($asked, '1:list 1:t1 1:t2 1:t3 1:t4 1:t5', '... makes one connection');

create_server($node, 'other', $stub->url);
create_table($node, 'other.t', 'other', 'id bigint', table_name => 'chunks');
look_at(<<"END");
SELECT sum(id) FROM s.length; SELECT sum(id) FROM other.t;
SELECT sum(id) FROM s.length; SELECT sum(id) FROM other.t;
$connections;
END
is("$out$err", "6\n6\n6\n6\ns|t|f\nother|t|f", 'servers at the same address');
is($asked, '1:length 2:chunks 1:length 2:chunks', '... have a connection each');

$node->safe_psql('postgres', <<'END');
CREATE ROLE anna;
CREATE ROLE bert;
GRANT USAGE ON SCHEMA s TO anna, bert;
GRANT SELECT ON s.length TO anna, bert;
CREATE VIEW s.of_anna AS SELECT * FROM s.length;
ALTER VIEW s.of_anna OWNER TO anna;
GRANT SELECT ON s.of_anna TO bert;
END
look_at(<<'END');
SET ROLE anna;
SELECT sum(id) FROM s.length;
SET ROLE bert;
SELECT sum(id) FROM s.length;
RESET ROLE;
SELECT sum(id) FROM s.length;
SET ROLE anna;
SELECT sum(id) FROM s.length;
SET ROLE bert;
SELECT sum(id) FROM s.of_anna;
RESET ROLE;
SELECT server_name, user_name FROM biconnector_connections() WHERE user_name IN ('anna', 'bert');
END
is("$out$err", "6\n6\n6\n6\n6\ns|bert\ns|anna", 'users of one mapping');
is($asked, '1:length 2:length 3:length 1:length 1:length',
	'... have a connection each, which views use as their owner');

look_at(<<'END');
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM s.held;
DECLARE b CURSOR FOR SELECT id FROM s.held;
FETCH 1 FROM a; FETCH 2 FROM b; FETCH 1 FROM a; FETCH 1 FROM b;
COMMIT;
END
is("$out$err", "1\n1\n2\n2\n3", 'scans at the same time');
is($asked, '1:held 2:held', '... have a connection each');

# ---- not beyond the transaction --------------------------------------------

create_server($node, 'brief', $stub->url, keep_connections => 'off');
create_table($node, "brief.$_", 'brief', 'id bigint', table_name => $_) for qw(length chunks);
my $two = 'SELECT sum(id) FROM brief.length; SELECT sum(id) FROM brief.chunks;';
foreach my $end ('COMMIT', 'ROLLBACK', 'SELECT 1/0; ROLLBACK', 'PREPARE TRANSACTION \'p\'')
{
	my $over = wait_line('over', 1);

	look_at(<<"END");
BEGIN;
SAVEPOINT s;
$two
ROLLBACK TO s;
$connections;
$end;
$over
$connections;
SELECT sum(id) FROM brief.length;
END
	is($out, "6\n6\nbrief|t|f\n6", "keep_connections off: closed by $end");
	is($asked, '1:length 1:chunks 2:length', '... not before, and then there is a new one');
	$node->safe_psql('postgres', 'ROLLBACK PREPARED \'p\'') if $end =~ /PREPARE/;
}
look_at("$two $connections;");
is("$out$err", "6\n6", 'keep_connections off: closed by the end of the statement');
is($asked, '1:length 2:chunks', '... each of which makes a new one');
look_at(<<"END");
BEGIN; SELECT sum(id) FROM s.length; ROLLBACK;
BEGIN; SELECT sum(id) FROM s.length; COMMIT;
$connections;
END
is("$out$err", "6\n6\ns|t|f", 'otherwise, a connection outlives transactions');
is($asked, '1:length 1:length', '... that end in either way');

# ---- altered ---------------------------------------------------------------

my $query = 'SELECT sum(id) FROM s.length;';
foreach my $change (
	'ALTER SERVER s OPTIONS (ADD row_limit \'1000\')',
	'ALTER SERVER s OPTIONS (DROP row_limit)',
	'ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET login \'bert\')',
	'ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET login \'anna\')',
	'CREATE USER MAPPING FOR CURRENT_USER SERVER s',
	'DROP USER MAPPING FOR CURRENT_USER SERVER s')
{
	my $over = wait_line('over', 1);

	look_at("$query $query\n$change;\n$over\n$connections; $query $query");
	is("$out$err", "6\n6\n6\n6", "a connection is closed by $change");
	is($asked, '1:length 1:length 2:length 2:length', '... and there is a new one');
}
{
	my $over = wait_line('over', 1);

	look_at(<<"END");
CREATE SERVER dropped FOREIGN DATA WRAPPER biconnector_fdw
	OPTIONS (url_data '@{[ $stub->url ]}/data');
CREATE FOREIGN TABLE dropped (id bigint OPTIONS (column_name 'ID')) SERVER dropped;
$query SELECT sum(id) FROM dropped;
DROP SERVER dropped CASCADE;
$over
$connections;
$query
END
	like($out, qr/\A6\n6\ns\|t\|f\n6\z/, 'a connection is closed when its server is dropped');
	is($asked, '1:length 2:dropped 1:length', '... and no other');
}
{
	my $other_session = 'psql --no-psqlrc --quiet --dbname "'
	  . $node->connstr('postgres') . '" --command';

	look_at(<<"END");
$query
\\! $other_session "ALTER SERVER s OPTIONS (ADD row_limit '1000')"
$connections;
$query
\\! $other_session "ALTER SERVER s OPTIONS (DROP row_limit)"
$connections;
END
	is("$out$err", "6\n6", 'a connection is closed when another session alters the server');
}

# Not under a scan, which goes on as it began
foreach my $change (
	'ALTER SERVER s OPTIONS (ADD user_agent \'x\')',
	'ALTER SERVER s OPTIONS (DROP user_agent)',
	'ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET login \'anna\')')
{
	my $over = wait_line('over', 1);

	look_at(<<"END");
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM s.held;
FETCH 1 FROM c;
$change;
$connections;
$query
FETCH 1 FROM c;
\\! touch $stub->{directory}/released
FETCH 3 FROM c;
$over
$connections;
COMMIT;
END
	is("$out$err", "1\ns|f|t\n6\n2\n3\ns|t|f", "a scan goes on after $change");
	is($asked, '1:held 2:length', '... on its own connection, which is then closed');
	$stub->hold;
}

# ---- not read to the end ---------------------------------------------------

# How a scan may end early => what is said then
my %early = (
	'LIMIT' => [ 'SELECT id FROM s.open LIMIT 2;', "1\n2" ],
	'a closed cursor' =>
	  [ 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM s.open; FETCH 1 FROM c; CLOSE c;', '1' ],
	'the end of a transaction' =>
	  [ 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM s.open; FETCH 1 FROM c; COMMIT;', '1' ],
	'a bad value' => [ 'SELECT id FROM s.bad;', '', '22P02' ],
	'an error elsewhere' => [ 'SELECT 1/(id - 2) FROM s.open;', '', '22012' ],
	'an error in a transaction' => [ 'BEGIN; SELECT 1/(id - 2) FROM s.open;', '', '22012' ],
	'an error that is caught' => [ <<'END', 'caught' ],
DO $$
BEGIN
	PERFORM 1/(id - 2) FROM s.open;
EXCEPTION WHEN division_by_zero THEN
	RAISE INFO 'caught';
END $$;
END
	'statement_timeout' => [ 'SET statement_timeout = 500; SELECT sum(id) FROM s.open;', '', '57014' ],
	'an endless answer and LIMIT' => [ 'SELECT id FROM s.large LIMIT 2;', "1\n1" ],
);
foreach my $end (sort keys %early)
{
	my ($script, $result, $error) = @{ $early{$end} };
	my $over = wait_line('over', 1);

	look_at("$script\n$over\nROLLBACK; RESET statement_timeout; $connections; $query");
	if ($result eq 'caught')
	{
		like($err, qr/^(?:psql:\S* )?INFO:  00000: caught$/m, "a scan that is ended by $end");
		is($out, '6', '... does no harm');
	}
	else
	{
		is($out, join("\n", grep { $_ ne '' } $result, '6'), "a scan that is ended by $end");
	}
	is_error($err, $error, '', '... is an error') if $error;
	like($asked, qr/^1:\w+ 2:length$/, '... closes its connection at once');
}
foreach my $table (qw(rest rest_in_chunks))
{
	look_at("SELECT id FROM s.$table LIMIT 2; SELECT sum(id) FROM s.length");
	is("$out$err", "1\n2\n6", "a small rest that has come already is dropped ($table)");
	is($asked, "1:$table 1:length", '... and the connection kept');
}

# A large one is not, however well it is packed
{
	my $peak = "SELECT 'peak ' || substring(pg_read_file('/proc/self/status', 0, 10000) "
	  . "FROM 'VmHWM:\\s+(\\d+)');";

  SKIP:
	{
		skip 'there is no /proc that tells the memory of processes', 3
		  if slurp_if_there('/proc/self/status') !~ /^VmHWM:/m;
		look_at("$query $peak SELECT id FROM s.packed LIMIT 1; $peak $query");
		my ($before, $after) = $out =~ /^peak (\d+)$/mg;
		is($out =~ s/^peak .*\n//mgr . $err, "6\n12345\n6", 'a large rest is not wanted');
		is($asked, '1:length 1:packed 2:length', '... the connection is closed');
		cmp_ok($after - $before, '<', 20 * 1024, '... and memory does not depend on its size');
	}
}

# ---- how many --------------------------------------------------------------

{
	my @cursors = map { +"c$_" } 1 .. 20;
	my $over = wait_line('over', 4);

	look_at(join "\n", 'BEGIN;',
		(map { +"DECLARE $_ CURSOR FOR SELECT id FROM s.held; FETCH 1 FROM $_;" } @cursors),
		'SELECT count(*), bool_and(in_use) FROM biconnector_connections();',
		"\\! touch $stub->{directory}/released",
		(map { +"MOVE ALL FROM $_;" } @cursors),
		'COMMIT;', $over,
		'SELECT count(*), bool_or(in_use) FROM biconnector_connections();', $query);
	$stub->hold;
	is("$out$err", join("\n", (1) x 20, '20|t', '16|f', 6), 'of twenty connections, sixteen are kept');
	is($asked =~ s/ \d+:length//r, join(' ', map { +"$_:held" } 1 .. 20), '... of as many scans');
	# the first to become idle were the first to go
	like($asked, qr/ 20:length$/, '... and the one that was used last is used again');
}

# ---- closed by functions ---------------------------------------------------

{
	my $over = wait_line('over', 1);
	my $all_over = wait_line('over', 3);

	look_at(<<"END");
$query SELECT sum(id) FROM other.t;
SELECT biconnector_disconnect('other');
$over
SELECT biconnector_disconnect('other');
$connections;
SELECT sum(id) FROM other.t;
SELECT biconnector_disconnect_all();
$all_over
SELECT biconnector_disconnect_all();
$connections;
$query
END
	is("$out$err", "6\n6\nt\nf\ns|t|f\n6\nt\nf\n6", 'functions close connections');
	is($asked, '1:length 2:chunks 3:chunks 4:length', '... and then there are new ones');

	look_at(<<"END");
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM s.held;
FETCH 1 FROM c;
SELECT sum(id) FROM other.t;
SELECT biconnector_disconnect_all();
SELECT biconnector_disconnect('s');
\\! touch $stub->{directory}/released
FETCH 3 FROM c;
END
	$stub->hold;
	is($out, "1\n6\nt\nf\n2\n3", '... but none that is in use');
	my @warnings = $err =~ /^(?:psql:\S+ )?WARNING:  01000: (.*)$/mg;
	is(join("\n", @warnings),
		join("\n", ('cannot close connection for server "s" because it is still in use') x 2),
		'... and warn of that');
}

# ---- proxies ---------------------------------------------------------------

create_server($node, 'through', 'http://connector.test', proxy => $stub->url);
create_table($node, 'through.t', 'through', 'id bigint', table_name => 'chunks');
look_at("SELECT sum(id) FROM through.t; SELECT sum(id) FROM through.t; $connections");
is("$out$err", "6\n6\nthrough|t|f", 'queries through a proxy');
is($asked, '1:chunks 1:chunks', '... share a connection');
like(($stub->requests)[-1]{head}, qr{^POST http://connector\.test/data HTTP}, '... to the proxy');

# ---- few descriptors -------------------------------------------------------

{
	my $few = new_node('few_descriptors', conf => "max_files_per_process = 100\n");
	my @servers = map { +"s$_" } 1 .. 12;

	$few->safe_psql('postgres', join "\n", map { +<<"END" } @servers);
CREATE SERVER $_ FOREIGN DATA WRAPPER biconnector_fdw
	OPTIONS (url_data '@{[ $stub->url ]}/data');
CREATE FOREIGN TABLE $_ (id bigint OPTIONS (column_name 'ID')) SERVER $_
	OPTIONS (table_name 'length');
CREATE FOREIGN TABLE open_$_ (id bigint OPTIONS (column_name 'ID')) SERVER $_
	OPTIONS (table_name 'open');
END
	look_at(join("\n",
			(map { +"SELECT sum(id) FROM $_;" } @servers, @servers),
			'SELECT count(*) BETWEEN 1 AND 11 FROM biconnector_connections();'),
		node => $few);
	is("$out$err", join("\n", (6) x 24, 't'),
		'where descriptors are few, idle connections make room for others');
	look_at(join("\n",
			(map { +"SELECT sum(id) FROM $_;" } @servers), 'BEGIN;',
			(map { +"DECLARE c_$_ CURSOR FOR SELECT id FROM open_$_; FETCH 1 FROM c_$_;" } @servers),
			'ROLLBACK;',
			(map { +"SELECT sum(id) FROM $_;" } @servers)),
		node => $few);
	like($out, qr/\A(?:6\n){12}(?:1\n)+(?:6\n){11}6\z/, '... those in use do not');
	is_error($err, '53000', 'too many open descriptors for another request',
		'... which in the end is an error');

	# A table whose rows cannot be read is no error of an import that probes it, and
	# its answer is let go before the next table is asked for
	my $unreadable = stub(
		sub {
			my ($c) = @_;

			while ($c->request)
			{
				if ($c->{body} !~ /\btable=/)
				{
					$c->answer('[' . (join ', ', map { +"{\"code\": \"t$_\", \"title\": \"T\"}" } 1 .. 20) . ']');
				}
				elsif ($c->{body} !~ /\blimit=/)
				{
					$c->answer('[{"code": "ID", "name": "Id", "type": "int"}]');
				}
				else
				{
					$c->chunked_head;
					$c->chunk('[["ID"], ["abc"], ["def"], ');
					$c->wait_closed;
					return;
				}
			}
		});
	create_server($few, 'unreadable', $unreadable->url);
	look_at("IMPORT FOREIGN SCHEMA connector FROM SERVER unreadable INTO unreadable;\n"
		. "SELECT count(*) FROM pg_foreign_table AS f JOIN pg_foreign_server AS s ON s.oid = ftserver "
		. "WHERE srvname = 'unreadable';", node => $few);
	is($out, '20', '... and a probe that fails holds none');

	# What can wait does so if there are few descriptors
	create_server($few, 'lists', $lists->url, settings => { many => 'yes' });
	look_at("IMPORT FOREIGN SCHEMA connector FROM SERVER lists INTO lists OPTIONS (probe 'off', concurrency '64');\n"
		  . "SELECT count(*) FROM pg_class WHERE relnamespace = 'lists'::regnamespace;", node => $few);
	is("$out$err", '50', '... and an import asks for no more at the same time than there is room for');
	$few->stop;
}

# ---- the name of the session -----------------------------------------------

create_server($node, 'named', $stub->url, user_agent => 'of/the server');
create_table($node, 'named.t', 'named', 'id bigint', table_name => 'length');
{
	my $start = 'to_hex(trunc(extract(epoch FROM backend_start))::bigint)';
	# what is set => what the server sees, as SQL
	my @names = (
		[ '\'\'', '\'of/the server\'' ],
		[ '\'mine\'', '\'mine\'' ],
		[ '\'a=%a c=%c\'', "'a=the tests c=' || $start || '.' || to_hex(pid)" ],
		[ '\'C=%C d=%d\'', '\'C=\' || current_setting(\'cluster_name\') || \' d=postgres\'' ],
		[ '\'p=%p u=%u%%%a\'', '\'p=\' || pid || \' u=\' || usename || \'%the tests\'' ],
		[ '\'%z %5a 100%\'', '\'%z %5a 100%\'' ],
		[ '\'%%a\'', '\'%a\'' ],
		[ 'E\'x\r\nX-Injected: 1\r\n\r\ny\'', '\'x??X-Injected: 1????y\'' ],
		[ 'E\'\t\x7f\'', '\'??\'' ],
		[ "'caf\xc3\xa9'", '\'caf??\'' ],
		[ '\'%a\'', '\'the tests\'' ],
	);
	my $before = $stub->requests;

	$node->safe_psql('postgres', <<'END');
GRANT pg_monitor TO anna;
GRANT USAGE ON SCHEMA named TO anna;
GRANT SELECT ON named.t TO anna;
END
	look_at(join "\n", 'SET application_name = \'the tests\';', 'SET ROLE anna;',
		map {
			+"SET biconnector_fdw.application_name = $_->[0];\nSELECT sum(id) FROM named.t;\n"
			  . "SELECT $_->[1] FROM pg_stat_activity WHERE pid = pg_backend_pid();"
		} @names);
	my @requests = $stub->requests;
	my @seen = map { $_->{head} =~ /^user-agent: (.*?)\r?$/mi ? $1 : 'none' }
	  @requests[ $before .. $#requests ];

	is("$out$err", join("\n", map { +"6\n$_" } @seen),
		'biconnector_fdw.application_name is what servers see');
	is($asked, join(' ', ('1:length') x @names), '... on the same connection');
	unlike(join('', map { $_->{head} } @requests), qr/^X-Injected/mi, '... and adds no header');
}
look_at('SELECT sum(id) FROM s.length; SELECT sum(id) FROM named.t');
my ($unnamed, $named) = ($stub->requests)[ -2, -1 ];
like($unnamed->{head}, qr{^user-agent: biconnector_fdw/\d[\d.]*\r?$}mi, 'without it they see what we are');
like($named->{head}, qr{^user-agent: of/the server\r?$}mi, '... or what the option user_agent says');
look_at(<<'END');
SET application_name = '';
SET biconnector_fdw.application_name = '%a';
SELECT sum(id) FROM named.t
END
like(($stub->requests)[-1]{head}, qr{^user-agent: of/the server\r?$}mi,
	'... also if the name turns out empty');

# ---- what is waited for ----------------------------------------------------

{
	my %waits = (
		BiconnectorConnect => sub { $_[0]->wait_closed },
		BiconnectorAnswer => sub { $_[0]->request; $_[0]->wait_closed },
		BiconnectorReceive => sub {
			$_[0]->request;
			$_[0]->chunked_head;
			$_[0]->chunk($begun);
			$_[0]->wait_closed;
		},
		BiconnectorRepeat => sub {
			$_[0]->request;
			$_[0]->answer('busy', status => 429, headers => ['Retry-After: 59']);
			$_[0]->wait_closed;
		},
	);
	# before 17, extensions have no names of their own for what they wait for
	my $named = $node->safe_psql('postgres', 'SHOW server_version_num') >= 170000;
	my $expected = join "\n",
	  map { +"$_|active|Extension|" . ($named ? $_ : 'Extension') } sort keys %waits;
	my $seen = '';
	my @sessions;

	foreach my $wait (sort keys %waits)
	{
		my $waiting = stub($waits{$wait});
		my $name = lc $wait;

		# a handshake that never ends is part of connecting
		my $url = $wait =~ /Connect/ ? $waiting->url =~ s/^http:/https:/r : $waiting->url;

		create_server($node, $name, $url, connect_timeout => '600s', read_timeout => '600s');
		create_table($node, "$name.t", $name, 'id bigint');
		push @sessions,
		  start_session($node, "SET application_name = '$wait'; SELECT sum(id) FROM $name.t");
	}
	eventually('wait events',
		sub {
			$seen = $node->safe_psql('postgres', <<'END');
SELECT application_name, state, wait_event_type, wait_event FROM pg_stat_activity
WHERE application_name ~ '^Biconnector' ORDER BY 1
END
			return $seen eq $expected;
		});
	is($seen, $expected, 'pg_stat_activity shows what is waited for');
	$node->safe_psql('postgres', <<'END');
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^Biconnector'
END
	foreach my $session (@sessions)
	{
		($out, $err) = $session->finish;
		is_error($err, '57014', '', '... until it is cancelled');
	}
}

done_testing();
