
# What goes wrong between a connector and us is an error that says so, and never
# fewer rows; what is merely unusual HTTP is read right.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use Encode qw(encode);
use POSIX qw(strftime);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $node = new_node('faults');
my ($out, $err);

# ---- connections that break, and unusual answers ---------------------------

my $rows = '[["ID"],[1],[2],[3]]';
my $half = '[["ID"],[1],[2],[';
my $json = 'Content-Type: application/json';
my $length = 'Content-Length: ' . length $rows;

# What the connector does after the request => what the query makes of it: the
# sum of the ids, or an error
my @answers = (
	[ 'is closed without a byte', sub { }, '08006', 'the connection to' ],
	[ 'is reset without a byte', sub { $_[0]->reset }, '08006', 'the connection to' ],
	[ 'is reset in the middle of the header',
		sub { $_[0]->send("HTTP/1.1 200 OK\r\nContent-"); sleep 0.1; $_[0]->reset },
		'08006', 'the connection to' ],
	[ 'is closed in the middle of the header',
		sub { $_[0]->send("HTTP/1.1 200 OK\r\nContent-") }, '08006', 'the connection to' ],
	[ 'is reset before the first chunk',
		sub { $_[0]->chunked_head; sleep 0.1; $_[0]->reset }, '08006', 'the connection to' ],
	[ 'is reset in the middle of a chunk',
		sub { $_[0]->chunked_head; $_[0]->send("ff\r\n$half"); sleep 0.1; $_[0]->reset },
		'08006', 'the connection to' ],
	[ 'is reset between chunks',
		sub { $_[0]->chunked_head; $_[0]->chunk($half); sleep 0.1; $_[0]->reset },
		'08006', 'the connection to' ],
	[ 'is closed between chunks',
		sub { $_[0]->chunked_head; $_[0]->chunk($half) }, '08006', 'the connection to' ],
	[ 'is closed between chunks that hold all of the rows',
		sub { $_[0]->chunked_head; $_[0]->chunk($rows) }, '08006', 'the connection to' ],
	[ 'is closed before the length that was promised',
		sub { $_[0]->head(200, $json, 'Content-Length: 1000'); $_[0]->send($rows) },
		'08006', 'the connection to' ],
	[ 'has a chunk without a length',
		sub { $_[0]->chunked_head; $_[0]->send("zz\r\n$rows\r\n0\r\n\r\n") },
		'08006', 'the connection to' ],
	[ 'has garbage instead of HTTP',
		sub { $_[0]->send("\x00\xff\x01" x 100); $_[0]->wait_closed },
		'08006', 'the connection to' ],
	[ 'has a page instead of HTTP', sub { $_[0]->send("<html>$rows</html>\n") },
		'08006', 'the connection to' ],
	[ 'has rows instead of HTTP', sub { $_[0]->send($rows) }, '08006', 'the connection to' ],
	[ 'is compressed in an unknown way',
		sub { $_[0]->answer($rows, headers => ['Content-Encoding: rot13']) },
		'08P01', '.*is packed in a way that was not asked for' ],
	[ 'is not compressed as it says',
		sub { $_[0]->answer($rows, headers => ['Content-Encoding: gzip']) },
		'08P01', 'could not decompress' ],
	[ 'ends properly before the rows do', sub { $_[0]->answer($half) },
		'08P01', 'the answer of server "faults" ends before it is complete' ],
	[ 'ends properly before the rows do, in HTTP/1.0',
		sub { $_[0]->send("HTTP/1.0 200 OK\r\n$json\r\n\r\n$half") },
		'08P01', 'the answer of server "faults" ends before it is complete' ],
	[ 'has nothing in it', sub { $_[0]->answer('') },
		'08P01', 'the answer of server "faults" ends before it is complete' ],
	[ 'has another status', sub { $_[0]->answer('no such thing', status => 404) },
		'HV00M', 'server "faults" answered with HTTP status 404' ],
	[ 'has status 204', sub { $_[0]->head(204) },
		'HV00M', 'server "faults" answered with HTTP status 204' ],
	[ 'has status 206', sub { $_[0]->answer($rows, status => 206) },
		'HV00M', 'server "faults" answered with HTTP status 206' ],
	[ 'redirects without saying where', sub { $_[0]->answer('', status => 302) },
		'HV00M', 'server "faults" answered with HTTP status 302' ],

	[ 'is HTTP/1.0 without a length',
		sub { $_[0]->send("HTTP/1.0 200 OK\r\n$json\r\n\r\n$rows") }, 6 ],
	[ 'is HTTP/1.1 without a length',
		sub { $_[0]->head(200, $json, 'Connection: close'); $_[0]->send($rows) }, 6 ],
	[ 'has trailers',
		sub {
			$_[0]->chunked_head('Trailer: X-Sum');
			$_[0]->chunk($rows);
			$_[0]->send("0\r\nX-Sum: 6\r\nLocation: http://elsewhere.test/\r\n\r\n");
		},
		6 ],
	[ 'has chunks with extensions',
		sub { $_[0]->chunked_head; $_[0]->send("14;a=b\r\n$rows\r\n0;c\r\n\r\n") }, 6 ],
	[ 'comes after interim ones',
		sub {
			$_[0]->send("HTTP/1.1 100 Continue\r\n\r\n");
			sleep 0.05;
			$_[0]->send("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n");
			sleep 0.05;
			$_[0]->answer($rows);
		},
		6 ],
	[ 'is followed by more than its length',
		sub { $_[0]->answer("$rows"); $_[0]->send('[[1],[2]]') }, 6 ],
	[ 'leaves the connection open', sub { $_[0]->answer($rows); $_[0]->wait_closed }, 6 ],
	[ 'has header lines without end',
		sub { $_[0]->answer($rows, headers => [ map { "X-$_: " . 'y' x 1000 } 1 .. 50 ]) }, 6 ],
	[ 'comes byte by byte, in chunks',
		sub {
			$_[0]->chunked_head;
			$_[0]->chunk($_) for split //, $rows;
			$_[0]->send("0\r\n\r\n");
		},
		6 ],
	[ 'comes byte by byte, in packets',
		sub {
			my $answer = "HTTP/1.1 200 OK\r\n$json\r\n$length\r\n\r\n$rows";
			for my $byte (split //, $answer)
			{
				$_[0]->send($byte);
				sleep 0.001;
			}
		},
		6 ],
);

# The number of the answer is in the code of the table
my $stub = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($number) = $c->{body} =~ /table=a(\d+)/;
		$answers[$number][1]->($c);
	});
create_server($node, 'faults', $stub->url);
$node->safe_psql('postgres', join "\n",
	map { +"CREATE FOREIGN TABLE a$_ (id int OPTIONS (column_name 'ID')) SERVER faults;" }
	  0 .. $#answers);

# One backend for all: none of this may do it any harm
($out, $err) = run_session($node, join "\n",
	map { +"\\warn [$_]", "SELECT 'sum $_ ' || sum(id) FROM a$_;" } 0 .. $#answers);
my %errors;
while ($err =~ /^\[(\d+)\]\n(.*?)(?=^\[\d+\]\n|\z)/msg)
{
	$errors{$1} = $2;
}
for my $number (0 .. $#answers)
{
	my ($name, undef, $expected, $message) = @{ $answers[$number] };

	if (defined $message)
	{
		is_error($errors{$number}, $expected, $message, "an answer that $name is an error");
		unlike($out, qr/^sum $number /m, '... and no result');
	}
	else
	{
		like($out, qr/^sum $number \Q$expected\E$/m, "an answer that $name is read");
		is($errors{$number}, '', '... without an error');
	}
}

# ---- characters in pieces --------------------------------------------------

{
	my $text = "a\x{e9}\x{439}\x{65e5}\x{1f600}\\u0439\\ud83d\\ude00z";
	my $answer = encode('UTF-8', "[[\"ID\",\"NAME\"],[1,\"$text\"],[2,\"$text\"]]");
	my $pieces = stub(
		sub {
			my ($c) = @_;

			$c->request or return;
			my ($at) = $c->{body} =~ /table=at(\d+)/;
			$c->chunked_head;
			$c->chunk(substr $answer, 0, $at);
			# let it be seen as what it is: a piece
			sleep 0.005;
			$c->chunk(substr $answer, $at);
			$c->send("0\r\n\r\n");
		});
	my @at = (1 .. length($answer) - 1);

	$node->safe_psql('postgres',
		'CREATE DATABASE utf8 ENCODING \'UTF8\' LOCALE \'C\' TEMPLATE template0');
	$node->safe_psql('utf8', 'CREATE EXTENSION biconnector_fdw');
	create_server($node, 'pieces', $pieces->url, database => 'utf8');
	$node->safe_psql('utf8', join "\n",
		map {
			+"CREATE FOREIGN TABLE t$_ (id int OPTIONS (column_name 'ID'), "
			  . "name text OPTIONS (column_name 'NAME')) SERVER pieces OPTIONS (table_name 'at$_');"
		} @at);
	($out, $err) = run_session($node, join("\n",
		map {
			+"SELECT CASE WHEN count(*) = 2 AND bool_and(name = "
			  . "U&'a\\00e9\\0439\\65e5\\+01f600\\0439\\+01f600z') THEN 'right' ELSE 'wrong' END "
			  . "FROM t$_;"
		} @at), database => 'utf8');
	is($out, join("\n", ('right') x @at), 'an answer may be split at every byte');
	is($err, '', '... without an error');
}

# ---- databases in other encodings ------------------------------------------

{
	my %texts = (
		latin => "caf\x{e9}",
		cyrillic => "\x{43f}\x{440}\x{438}\x{432}\x{435}\x{442}",
		japanese => "\x{65e5}\x{672c}");
	my %held = (
		LATIN1 => [ 'latin', 'iso-8859-1' ],
		WIN1251 => [ 'cyrillic', 'cp1251' ],
		SQL_ASCII => [ 'latin cyrillic japanese', 'UTF-8' ]);
	my $texts = stub(
		sub {
			my ($c) = @_;

			$c->request or return;
			my ($name) = $c->{body} =~ /table=(\w+)/;
			$c->answer(encode('UTF-8', "[[\"NAME\"],[\"$texts{$name}\"]]"));
		});

	foreach my $encoding (sort keys %held)
	{
		my $database = lc $encoding;
		my ($names, $perl) = @{ $held{$encoding} };

		$node->safe_psql('postgres',
			"CREATE DATABASE $database ENCODING '$encoding' LOCALE 'C' TEMPLATE template0");
		$node->safe_psql($database, 'CREATE EXTENSION biconnector_fdw');
		create_server($node, 'texts', $texts->url, database => $database);
		foreach my $name (sort keys %texts)
		{
			create_table($node, $name, 'texts', 'name text',
				table_name => $name, database => $database);
			($out, $err) = run_session($node,
				"SELECT encode(name::bytea, 'hex') FROM (SELECT replace(name, '\\', '\\\\') AS name "
				  . "FROM $name) AS t", database => $database);
			if ($names =~ /\b$name\b/)
			{
				is($out, unpack('H*', encode($perl, $texts{$name})),
					"$encoding: a $name text is right");
			}
			else
			{
				is_error($err, '22P05', '', "$encoding: a $name text is an error");
				like($err, qr/column "name"/, '... that names the column');
				like($err, qr/row 1 of foreign table "$name"/, '... and the row');
			}
		}
	}

	# What is sent is UTF-8, whatever the database has
	my $word = encode('cp1251', $texts{cyrillic});
	my $sent = lc join '', map { sprintf '%%%02X', ord } split //, encode('UTF-8', $texts{cyrillic});
	run_session($node, "SELECT name FROM cyrillic WHERE name = '$word'",
		database => 'win1251', environment => { PGCLIENTENCODING => 'WIN1251' });
	ok( scalar(grep { lc $_->{body} =~ /filter%5bname%5d=\Q$sent\E/i } $texts->requests),
		'values of filters are sent as UTF-8');
}

# ---- asked to come again ---------------------------------------------------

{
	my %busy = (
		seconds => 'Retry-After: 1',
		zero => 'Retry-After: 0',
		past => 'Retry-After: ' . strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time - 3600)),
		far => 'Retry-After: 3600',
		far_date => 'Retry-After: ' . strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + 36000)),
		huge => 'Retry-After: 99999999999999999999999999');
	my $again = stub(
		sub {
			my ($c) = @_;
			my $count;

			$c->request or return;
			my ($name, $times) = $c->{body} =~ /table=(\w+?)(\d)/;
			$count = () = slurp_if_there($c->{stub}{requests}) =~ /table=$name$times/g;
			return $c->answer($rows) if $count > $times;
			$c->answer('busy', status => 503,
				headers => [ $name eq 'date'
					? 'Retry-After: ' . strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + 2))
					: $busy{$name} ]);
		});
	my $requests = sub {
		my ($table) = @_;

		return scalar grep { $_->{body} =~ /table=$table\b/ } $again->requests;
	};
	my @tables = qw(seconds1 zero2 past2 date1 zero3 far1 far_date1 huge1);
	my %sessions;

	create_server($node, 'again', $again->url);
	create_table($node, $_, 'again', 'id bigint', table_name => $_) for @tables;
	$sessions{$_} = start_session($node, "SELECT sum(id) FROM $_") for @tables;
	foreach my $table (qw(seconds1 date1 zero2 past2))
	{
		($out, $err) = $sessions{$table}->finish;
		is("$out$err", '6', "a request that is to come again is repeated ($table)");
		is($requests->($table), 1 + substr($table, -1), '... as often as it has to be');
	}
	($out, $err) = $sessions{zero3}->finish;
	is_error($err, '53000', 'server "again" answered with HTTP status 503',
		'a request is not repeated for ever');
	is($requests->('zero3'), 3, '... but twice');
	foreach my $table (qw(far1 far_date1 huge1))
	{
		($out, $err) = $sessions{$table}->finish;
		is_error($err, '53000', 'server "again" answered with HTTP status 503',
			"a request that is to come again much later is an error ($table)");
		is($requests->($table), 1, '... and is not repeated');
	}
}

# ---- several at once -------------------------------------------------------

{
	my $many = stub(
		sub {
			my ($c) = @_;

			$c->request or return;
			my ($first) = $c->{body} =~ /table=from(\d+)/;
			$c->chunked_head;
			$c->chunk('[["ID"]');
			for (my $row = $first; $row < $first + 100_000; $row += 500)
			{
				$c->chunk(join '', map { +",[$_]" } $row .. $row + 499) or return;
			}
			$c->chunk(']');
			$c->send("0\r\n\r\n");
			$c->wait_closed;
		});
	my $other = reference_url();

	create_server($node, 'many', $many->url);
	create_server($node, 'other', $other);
	create_table($node, 'many_a', 'many', 'id bigint', table_name => 'from1');
	create_table($node, 'many_b', 'many', 'id bigint', table_name => 'from500001');
	create_table($node, 'items', 'other', 'id bigint', table_name => 'items');
	($out, $err) = run_session($node, <<'END');
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM many_a;
DECLARE b CURSOR FOR SELECT id FROM many_b;
DECLARE i CURSOR FOR SELECT id FROM items;
FETCH 1 FROM a; FETCH 1 FROM b; FETCH 1 FROM i;
FETCH 1 FROM a; FETCH 1 FROM b; FETCH 1 FROM i;
MOVE 60000 FROM a; MOVE 10 FROM b; MOVE 100 FROM i;
FETCH 1 FROM b; FETCH 1 FROM i; FETCH 1 FROM a;
SELECT count(*), sum(a.id - b.id) FROM many_a AS a JOIN many_b AS b ON b.id = a.id + 500000;
CLOSE b;
FETCH 1 FROM a; FETCH 1 FROM i;
COMMIT;
END
	is("$out$err",
		join("\n", 1, 500001, 1, 2, 500002, 2, 500013, 103, 60003, '100000|-50000000000', 60004, 104),
		'cursors on two servers and a join do not get into each other\'s way');

	($out, $err) = run_session($node, <<'END');
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM many_a;
FETCH 1 FROM a;
SAVEPOINT s;
DECLARE b CURSOR FOR SELECT id FROM many_b;
FETCH 1 FROM b;
FETCH 1 FROM a;
ROLLBACK TO s;
FETCH 1 FROM a;
SAVEPOINT s;
DECLARE b CURSOR FOR SELECT id FROM many_b;
FETCH 1 FROM b;
SELECT 1/0;
ROLLBACK TO s;
FETCH 1 FROM a;
FETCH 1 FROM b;
ROLLBACK;
SELECT count(*) FROM many_b;
END
	is($out, join("\n", 1, 500001, 2, 3, 500001, 4, 100000),
		'an aborted subtransaction ends its own cursor and no other');
	like($err, qr/22012:.*34000: cursor "b" does not exist/s, '... which does not exist afterwards');
	ok($many->wait_for('closed', 7), '... and its connection is closed');

	# The end of the backend is the end of its connections
	my $before = $many->count('closed');
	my $session = start_session($node, <<'END');
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM many_a;
FETCH 1 FROM a;
END
	($out, $err) = $session->finish;
	is("$out$err", 1, 'a session may end with an open cursor');
	ok($many->wait_for('closed', $before + 1), '... whose connection is closed');

	my $log = slurp_file($node->logfile);
	unlike($log, qr/PANIC|terminated by signal|leak|TRAP/,
		'the server\'s log has no crash and no leak');
}

done_testing();
