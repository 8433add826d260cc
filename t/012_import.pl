
# IMPORT FOREIGN SCHEMA asks for several descriptions at the same time, and what comes of
# it is what came of it one after the other.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use Test::More;
use Time::HiRes qw(sleep);

# ---- a connector -----------------------------------------------------------

# Each kind of connector: the codes of its tables, and what it does about a
# description, by code; false ends the connection
my %kinds;

my $description = '[{"code": "ID", "name": "Id", "type": "INT"}]';

# The number of descriptions asked for so far, and of those that are under way
sub asked { return $_[0]{stub}->count('asked for \w+') }
sub under_way { return asked($_[0]) - $_[0]{stub}->count('(?:answered|closed)') }

sub wait_until
{
	my ($function) = @_;

	sleep 0.01 while !$function->();
	return;
}

# An answer, written down before it leaves: so more are never written down as under
# way than there are
sub describe
{
	my ($c, @answer) = @_;

	$c->log('answered');
	return $c->answer(@answer ? @answer : $description);
}

sub connector
{
	my ($kind) = @_;

	return stub(
		sub {
			my ($c) = @_;
			my ($tables, $describe) = @{ $kinds{$kind} };

			$c->{keep_alive} = 1;
			while ($c->request)
			{
				if ($c->{line} =~ m{/table_list})
				{
					$c->answer('[' . join(',', map { qq({"code": "$_", "title": ""}) } @$tables) . ']');
					next;
				}
				my ($code) = $c->{body} =~ /table=(\w+)/;

				$c->log("asked for $code");
				$describe->($c, $code) or last;
			}
		});
}

my $node = new_node('import');

# Start an import from a connector of that kind: (the stub, the session)
sub import_from
{
	my ($kind, %options) = @_;
	my $stub = connector($kind);
	my $import = delete $options{import} // '';
	my $session = delete $options{session} // '';

	create_server($node, $kind, $stub->url, %options);
	return ($stub, start_session($node,
		"SELECT 'pid ' || pg_backend_pid();\n$session\n"
		  . "IMPORT FOREIGN SCHEMA x FROM SERVER $kind INTO $kind OPTIONS (probe 'off'$import);\n"
		  . "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = '$kind'::regnamespace;\n"
		  . "SELECT count(*) FROM biconnector_connections() WHERE in_use;"));
}

# What such a session shows: the tables that are there, and connections in use
sub finish
{
	my ($session) = @_;
	my ($out, $err) = $session->finish;

	return ($out =~ s/^pid \d+\n//r =~ s/\n/, /gr, $err);
}

# ---- at the same time ------------------------------------------------------

# No description comes before eight are asked for
my @eight = map { "t$_" } 1 .. 8;
$kinds{together} = [ \@eight, sub {
	my ($c) = @_;

	wait_until(sub { asked($c) >= 8 });
	return describe($c);
} ];
my ($stub, $session) = import_from('together');
my ($out, $err) = finish($session);
is($out, "@eight, 0", 'eight descriptions are asked for at the same time');
is($err, '', '... without an error');
is($stub->count('accepted'), 8, '... over eight connections');

# As many as the option of the server says; as many as the import's says
my @twenty = map { sprintf 't%02d', $_ } 1 .. 20;
sub slowly { sleep 0.03; return describe($_[0]) }
my %most;

sub most_under_way
{
	my ($events) = @_;
	my ($now, $most) = (0, 0);

	foreach (@$events)
	{
		$now++ if /^\d+ asked for/;
		$now-- if /^\d+ answered/;
		$most = $now if $now > $most;
	}
	return $most;
}

sub codes_asked_for { return join ' ', map { /asked for (\w+)/ } $_[0]->events }

foreach (
	[ 'three', 3, concurrency => 3 ],
	[ 'two', 2, concurrency => 3, import => ", concurrency '2'" ],
	[ 'one', 1, import => ", concurrency '1'" ])
{
	my ($kind, $expected, %options) = @$_;

	$kinds{$kind} = [ \@twenty, \&slowly ];
	($stub, $session) = import_from($kind, %options);
	($out, $err) = finish($session);
	is($out, "@twenty, 0", "concurrency $expected: all tables are there");
	is(join(' ', sort split / /, codes_asked_for($stub)), "@twenty", '... and were asked for once');
	is(most_under_way([ $stub->events ]), $expected, '... never more at the same time');
	is($stub->count('accepted'), $expected, '... over as many connections');
}

# One that does not come holds up those behind it, which are no more than that
$kinds{held} = [ \@twenty, sub {
	my ($c, $code) = @_;

	$c->wait_released if $code eq 't05';
	return describe($c);
} ];
($stub, $session) = import_from('held', concurrency => 4);
ok(eventually('the descriptions behind it', sub { $stub->count('answered') == 7 }), 'a description is held up');
sleep 0.2;
is($stub->count('asked for \w+'), 8, '... and three behind it are asked for, no more');
$stub->release;
($out, $err) = finish($session);
is($out, "@twenty, 0", '... and then all');

# ---- errors ----------------------------------------------------------------

# Of several errors it is that of the first table, whichever comes first
my @errors = qw(fine first second third);
$kinds{errors} = [ \@errors, sub {
	my ($c, $code) = @_;

	return describe($c) if $code eq 'fine';
	return describe($c, 'what?', status => 404) if $code eq 'second';
	return describe($c, '<html>') if $code eq 'third';
	wait_until(sub { $c->{stub}->count('answered') >= 3 });
	return describe($c, 'broken', status => 500);
} ];
($stub, $session) = import_from('errors');
($out, $err) = finish($session);
is_error($err, 'HV00M', 'server "errors" answered with HTTP status 500', 'the error is that of the first table');
like($err, qr/CONTEXT:  request for the description of table "first" to server "errors"/, '... and names it');
is($out, ', 0', '... no table is there, no answer open');

$kinds{reset} = [ \@errors, sub {
	my ($c, $code) = @_;

	return describe($c) if $code eq 'fine';
	return describe($c, 'what?', status => 404) if $code ne 'first';
	wait_until(sub { $c->{stub}->count('answered') >= 3 });
	$c->reset;
	return;
} ];
($stub, $session) = import_from('reset');
($out, $err) = finish($session);
is_error($err, '08006', 'the connection to .* broke off', '... also if its connection breaks off');
like($err, qr/CONTEXT:  request for the description of table "first" to server "reset"/, '... and names it');

# What fails only because others are under way is asked for again
$kinds{single} = [ \@eight, sub {
	my ($c, $code) = @_;

	# all eight are under way when the first of them is answered
	my $first = $c->{stub}->count("asked for $code") == 1;
	wait_until(sub { asked($c) >= 8 }) if $first;
	return describe($c) if $code eq 't1' || (!$first && under_way($c) == 1);
	return describe($c, 'too busy', status => 502);
} ];
($stub, $session) = import_from('single');
($out, $err) = finish($session);
is($out, "@eight, 0", 'a connector that can do only one at a time: all tables are there');
is($err, '', '... without an error');
is((split /\n/, codes_asked_for($stub))[0] =~ s/.* (?=t2 t3 t4 t5)//r, 't2 t3 t4 t5 t6 t7 t8',
	'... and were asked for one after the other in the end');

# ---- silence ---------------------------------------------------------------

# Silence counts while the description is wanted: a connector that answers one after the
# other takes longer than read_timeout for all of them
my %place = map { $eight[$_] => $_ } 0 .. $#eight;
$kinds{queue} = [ \@eight, sub {
	my ($c, $code) = @_;

	wait_until(sub { $c->{stub}->count('answered') >= $place{$code} });
	sleep 0.4;
	return describe($c);
} ];
($stub, $session) = import_from('queue', read_timeout => '2s');
($out, $err) = finish($session);
is($out, "@eight, 0", 'descriptions that have to queue are not late');
is($err, '', '... and no error');

$kinds{silent} = [ \@eight, sub {
	my ($c, $code) = @_;

	return describe($c) if $code ne 't3';
	$c->wait_closed;
	return;
} ];
($stub, $session) = import_from('silent', read_timeout => '200ms');
($out, $err) = finish($session);
is_error($err, '08006', '.*sent nothing for 0.2 seconds', 'one that never comes is an error');
like($err, qr/CONTEXT:  request for the description of table "t3" to server "silent"/, '... that names it');
is($out, ', 0', '... and no answer is left open');

# ---- being stopped ---------------------------------------------------------

sub never { $_[0]->wait_closed; return }

foreach (
	[ 'cancelled', sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") }, '57014' ],
	[ 'timed_out', sub { }, '57014', session => "SET statement_timeout = '1s';" ],
	[ 'terminated', sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") }, '57P01' ])
{
	my ($kind, $stop, $sqlstate, %options) = @$_;

	$kinds{$kind} = [ \@eight, \&never ];
	($stub, $session) = import_from($kind, %options);
	ok($stub->wait_for('asked for \w+', 8), "$kind: eight descriptions are under way");
	$session->wait_for(qr/^pid \d+$/m);
	my ($pid) = $session->pump =~ /^pid (\d+)$/m;
	$stop->($pid);
	ok($stub->wait_for('closed', 8), '... and all connections are closed then');
	($out, $err) = $session->finish;
	is_error($err, $sqlstate, '', '... with the right error');
}

done_testing();
