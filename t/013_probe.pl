
# A probe sends requests before their answers are wanted, and finds out the same.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep);

# ---- the reference connector, behind one that counts ------------------------

my ($reference_host) = reference_url() =~ m{^http://(.*)$};

sub asked { return $_[0]{stub}->count('asked') }
sub under_way { return asked($_[0]) - $_[0]{stub}->count('(?:answered|turned down)') }

# Pass a request on, and the answer back
sub pass_on
{
	my ($c) = @_;
	my $head = $c->{head} =~ s/\r\n(?:connection|accept-encoding):[^\r]*//gir;
	my $socket = IO::Socket::INET->new(PeerAddr => $reference_host, Proto => 'tcp') or die $!;
	my $answer = '';

	print {$socket} "$head\r\nConnection: close\r\n\r\n$c->{body}";
	$socket->flush;
	1 while sysread $socket, $answer, 65536, length $answer;
	$c->log('answered') if $c->{line} =~ m{/data};
	return $c->send($answer);
}

# A connector that lets a function decide about each request for data
sub connector
{
	my ($decide) = @_;

	return stub(
		sub {
			my ($c) = @_;

			$c->request or return;
			$c->log('asked') if $c->{line} =~ m{/data};
			return pass_on($c) if $c->{line} !~ m{/data};
			$decide->($c);
		});
}

sub wait_until
{
	my ($function) = @_;

	sleep 0.01 while !$function->();
	return;
}

my $node = new_node('probe');
my $probe = "SELECT column_name, capability, verdict, reason, rows_asked, rows_right, request "
  . "FROM biconnector_probe('%s.items') WHERE capability <> 'keep-alive' ORDER BY column_name, capability";

# Probe the table items of a server whose connector decides so: (the stub, the session)
sub probe
{
	my ($name, $decide, %options) = @_;
	my $stub = connector($decide);
	my $session = delete $options{session} // '';

	create_server($node, $name, $stub->url, %options);
	$node->safe_psql('postgres', "IMPORT FOREIGN SCHEMA x LIMIT TO (items) FROM SERVER $name INTO $name "
		  . "OPTIONS (probe 'off')");
	return ($stub, start_session($node, "SELECT 'pid ' || pg_backend_pid();\n$session\n"
		  . sprintf($probe, $name) . ";\nSELECT 'in use', count(*) FROM biconnector_connections() WHERE in_use;"));
}

sub most_under_way
{
	my ($stub) = @_;
	my ($now, $most) = (0, 0);

	foreach ($stub->events)
	{
		$now++ if /^\d+ asked/;
		$now-- if /^\d+ (?:answered|turned down)/;
		$most = $now if $now > $most;
	}
	return $most;
}

sub finish
{
	my ($session) = @_;
	my ($out, $err) = $session->finish;

	return ($out =~ s/^pid \d+\n//r, $err);
}

# ---- one after the other ---------------------------------------------------

my ($stub, $session) = probe('one', \&pass_on, concurrency => 1);
my ($one, $err) = finish($session);
is($err, '', 'a probe that asks one after the other');
like($one, qr/^qty\|ge\|exact\|/m, '... finds out about columns');
is(most_under_way($stub), 1, '... and never has two requests under way');
my $requests = $stub->count('asked');

# ---- at the same time ------------------------------------------------------

# Behind the sample, no answer comes before there are eight requests
($stub, $session) = probe('eight', sub {
	my ($c) = @_;

	wait_until(sub { asked($c) >= 9 }) if asked($c) > 1;
	return pass_on($c);
});
my ($out, $err2) = finish($session);
is($err2, '', 'eight requests of a probe are under way at the same time');
is($out, $one, '... with the same results');
is($stub->count('asked'), $requests, '... and as many requests');

foreach my $concurrency (2, 3, 8)
{
	($stub, $session) = probe("at_most_$concurrency", sub {
		my ($c) = @_;

		sleep 0.02;
		return pass_on($c);
	}, concurrency => $concurrency);
	($out, $err) = finish($session);
	is($out, $one, "concurrency $concurrency: the results are the same");
	is(most_under_way($stub), $concurrency, '... and never more requests under way');
	is($stub->count('asked'), $requests, '... nor in all');
}

# A connector that does not stand it
($stub, $session) = probe('single', sub {
	my ($c) = @_;

	wait_until(sub { asked($c) >= 9 }) if asked($c) > 1 && asked($c) < 9;
	return pass_on($c) if under_way($c) == 1;
	$c->log('turned down');
	return $c->answer('too busy', status => 502);
});
($out, $err) = finish($session);
is($err, '', 'a connector that can do only one at a time');
is($out, $one, '... gets asked one after the other in the end');

($stub, $session) = probe('closing', sub {
	my ($c) = @_;

	wait_until(sub { asked($c) >= 9 }) if asked($c) > 1 && asked($c) < 9;
	return pass_on($c) if under_way($c) == 1;
	$c->log('turned down');
	return;
});
($out, $err) = finish($session);
is($err, '', 'a connector that closes all connections but one');
is($out, $one, '... is asked one after the other, too');

# ---- being stopped ---------------------------------------------------------

foreach (
	[ 'cancelled', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") }, '57014' ],
	[ 'timed_out', sub { }, '57014', session => "SET statement_timeout = '2s';" ],
	[ 'silent', sub { }, '08006', read_timeout => '300ms' ])
{
	my ($kind, $stop, $sqlstate, %options) = @$_;

	($stub, $session) = probe($kind, sub {
		my ($c) = @_;

		return pass_on($c) if asked($c) == 1;
		$c->wait_closed;
		return;
	}, %options);
	ok($stub->wait_for('asked', 9), "$kind: eight requests are under way");
	$session->wait_for(qr/^pid \d+$/m);
	my ($pid) = $session->pump =~ /^pid (\d+)$/m;
	$stop->($pid);
	ok($stub->wait_for('closed', 8), '... and all connections are closed then');
	($out, $err) = $session->finish;
	is_error($err, $sqlstate, '', '... with the right error');
	like($out, qr/^in use\|0$/m, '... and nothing is left in use');
}

done_testing();
