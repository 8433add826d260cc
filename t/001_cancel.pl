
# A backend that waits for a connector can be cancelled, timed out, terminated
# and shut down at every instant: it ends its wait, closes the connection, and
# (where it goes on) works as before.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

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

# Each has a server of its own.  The stub says "reached" when it has got where it
# waits for ever, and "closed" when the other side has closed.
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

	'before the answer' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->log('reached');
				$c->wait_closed;
			}) },

	'inside the header of the answer' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->send("HTTP/1.1 200 OK\r\nContent-Ty");
				$c->log('reached');
				$c->wait_closed;
			}) },

	'inside the answer' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->chunked_head;
				$c->chunk('[["ID"],[1],[2],[3],[');
				$c->log('reached');
				$c->wait_closed;
			}) },

	'inside the text of an error' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->head(500, 'Content-Length: 100');
				$c->send('something');
				$c->log('reached');
				$c->wait_closed;
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

	'until it may ask again' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->answer('busy', status => 503, headers => ['Retry-After: 59']);
				$c->log('reached');
				$c->wait_closed;
			}) },

	'for a proxy to connect' => {
		stub => stub(
			sub {
				my ($c) = @_;

				# CONNECT, to which there is no answer
				$c->request or return;
				$c->log('reached');
				$c->wait_closed;
			}),
		proxy => 1 },

	'for the list of tables' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				$c->log('reached');
				$c->wait_closed;
			}),
		import => 1 },

	'for the description of a table' => {
		stub => stub(
			sub {
				my ($c) = @_;

				$c->request or return;
				return $c->answer('[{"code": "t", "title": "T"}]')
				  if $c->{line} =~ /table_list/;
				$c->head(200, 'Content-Length: 100');
				$c->send('[{"code": "ID",');
				$c->log('reached');
				$c->wait_closed;
			}),
		import => 1 },
);

my ($deaf_port, @deaf_sockets) = deaf_listener();
if ($deaf_port)
{
	$servers{'to connect'} = { url => "http://127.0.0.1:$deaf_port" };
}
else
{
	$skipped{'connecting'} = 'connections to a full queue do not hang on this system';
}
$servers{'for a name'} = { url => 'http://never-resolved.test' } if %environment;

# One that answers, to see that the backend works afterwards
my $good = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->answer('[["ID"],[1],[2]]');
	});
create_server($node, 'good', $good->url, settings => {});
create_table($node, 'good.t', 'good', 'id bigint');

my $number = 0;
foreach my $instant (sort keys %servers)
{
	my $server = $servers{$instant};
	my $stub = $server->{stub};
	my $name = 's' . ++$number;
	my %options = (connect_timeout => '600', read_timeout => '600', row_limit => '1000000000');
	my $url = $server->{url} // ($server->{scheme} // 'http') . '://127.0.0.1:' . $stub->port;

	if ($server->{proxy})
	{
		$options{proxy} = $stub->url;
		$url = 'https://connector.test';
	}
	create_server($node, $name, $url, %options, settings => {});
	create_table($node, "$name.t", $name, 'id bigint');
	$node->safe_psql('postgres', <<"END") if $server->{settings};
DO \$\$
BEGIN
	EXECUTE format('ALTER USER MAPPING FOR PUBLIC SERVER $name OPTIONS (ADD long %L)',
				   $server->{settings});
END \$\$
END
	$server->{name} = $name;
	$server->{statement} = $server->{import}
	  ? "IMPORT FOREIGN SCHEMA connector FROM SERVER $name INTO $name"
	  : "SELECT count(*) FROM $name.t";
}

# ---- the tests -------------------------------------------------------------

# Start a session at each instant, and wait until all have got there.
sub start_all
{
	my ($before) = @_;
	my %sessions;
	my $round = ++$number;

	foreach my $instant (sort keys %servers)
	{
		my $server = $servers{$instant};

		$server->{stub}->hold if $server->{stub};
		$server->{reached} = $server->{stub} ? $server->{stub}->count('reached') : 0;
		$server->{closed} = $server->{stub} ? $server->{stub}->count('closed') : 0;
		$sessions{$instant} = start_session($node, <<"END");
SELECT 1 FROM good.t LIMIT 1;
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
					 AND state = 'active' AND wait_event_type = 'Extension'") >= $count;
			}),
		'pg_stat_activity shows that they wait') if $before eq '';
	return \%sessions;
}

# Wait for the end of the sessions and look at it.
sub end_all
{
	my ($sessions, $what, $sqlstate, $usable) = @_;

	foreach my $instant (sort keys %servers)
	{
		my $server = $servers{$instant};

		$server->{stub}->release if $server->{stub};
		my ($out, $err) = $sessions->{$instant}->finish;

		is_error($err, $sqlstate, '', "waiting $instant: $what ends it");
		like($out, qr/^usable 2$/m, "waiting $instant: the backend is usable after $what")
		  if $usable;
		ok($server->{stub}->wait_for('closed', $server->{closed} + 1),
			"waiting $instant: the connection is closed by $what")
		  if $server->{stub};
	}
	return;
}

my $waiting = "SELECT %s(pid) FROM pg_stat_activity WHERE application_name ~ '^s\\d+ \\d+\$'";
my $sessions;

$sessions = start_all('');
$node->safe_psql('postgres', sprintf $waiting, 'pg_cancel_backend');
end_all($sessions, 'pg_cancel_backend', '57014', 1);

$sessions = start_all('SET statement_timeout = \'2s\';');
end_all($sessions, 'statement_timeout', '57014', 1);

$sessions = start_all('');
$node->safe_psql('postgres', sprintf $waiting, 'pg_terminate_backend');
end_all($sessions, 'pg_terminate_backend', '57P01', 0);

$sessions = start_all('');
{
	local $ENV{PGCTLTIMEOUT} = FUSE;

	ok($node->stop('fast', fail_ok => 1), 'the server shuts down fast');
}
end_all($sessions, 'a fast shutdown', '57P01', 0);

foreach my $instant (sort keys %skipped)
{
  SKIP:
	{
		skip "$instant: $skipped{$instant}", 1;
	}
}

done_testing();
