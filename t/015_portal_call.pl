
# Calls of a portal's methods: every wait for one can be ended; what may have had
# its effect is sent once, over a connection of its own; and nobody gets to see a
# token.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('portal');
my $read = 'biconnector.source.list';
my $write = 'biconnector.source.delete';
my %secrets = map { $_ => "the-$_-nobody-may-see" } qw(access_token client_id client_secret refresh_token);

# A server for a portal at that URL, with a user mapping for all
sub create_portal
{
	my ($name, $url, %options) = @_;
	my $mapping = delete $options{mapping} // "access_token '$secrets{access_token}'";
	my $more = join '', map { ", $_ '$options{$_}'" } sort keys %options;

	$node->safe_psql('postgres', <<"END");
CREATE SERVER "$name" FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url '$url'$more);
CREATE USER MAPPING FOR PUBLIC SERVER "$name" OPTIONS ($mapping);
END
	return;
}

sub call { return "SELECT biconnector_call('$_[0]', '$_[1]') -> 'result';\n" }

my $result = '{"result": []}';
my $too_soon = '{"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}';
my $expired = '{"error": "expired_token", "error_description": "The access token provided has expired"}';

# A portal that answers so, on connections that it keeps
sub portal
{
	my (%answers) = @_;

	return stub(
		sub {
			my ($c) = @_;

			$c->{keep_alive} = 1;
			while ($c->request)
			{
				my ($method) = $c->{line} =~ m{/(?:rest/)?(\S+) HTTP};
				my $answer = $answers{$method} // $answers{any};

				$c->log("asked for $method");
				$answer->($c) or last;
			}
		});
}

sub answer
{
	my ($c, $body, %options) = @_;

	$c->answer($body, %options);
	$c->log('answered');
	return 1;
}

# ---- waits -----------------------------------------------------------------

sub stall { $_[0]->log('reached'); $_[0]->wait_closed; return 0 }

# where a session waits => the portal, its options, the method, calls before it
my %instants = (
	'for the answer of a call that reads' => [ portal(any => \&stall), {}, $read, 1 ],
	'for the answer of a call that changes something' => [ portal(any => \&stall), {}, $write, 1 ],
	'for a new token' => [
		portal(any => sub { answer($_[0], $expired, status => 401) }, 'oauth/token/' => \&stall),
		{}, $write, 2 ],
	'for its turn' => [ portal(any => sub { answer($_[0], $result) }), { rate_limit => '0.001' }, $read, 1 ],
	'before it comes again' => [
		portal(any => sub { answer($_[0], $too_soon, status => 503) }), { max_retries => 100 }, $write, 3 ],
);
my %endings = endings($node);
my $number = 0;

foreach my $instant (sort keys %instants)
{
	my ($portal, $options, $method, $calls) = @{ $instants{$instant} };
	my $url = $portal->url;
	my $name = 'wait' . ++$number;

	create_portal($name, $url, %$options,
		mapping => join(', ', map { "$_ '$secrets{$_}'" } sort keys %secrets) . ", token_url '$url/oauth/token/'");
	foreach my $ending (sort keys %endings)
	{
		my ($end, $sqlstate, $message) = @{ $endings{$ending} };
		my $before = () = grep { /asked for/ } $portal->events;

		# so that the time runs while the session waits where it should, it has a call before
		my $session = start_session($node,
			"SELECT 'pid ' || pg_backend_pid();\n"
			  . ($instant eq 'for its turn' ? call($name, $method) : '')
			  . ($end ? '' : "SET statement_timeout = '2s';\n")
			  . call($name, $method) . "SELECT 'still', 'there';\n");
		my ($pid) = $session->wait_for(qr/^pid \d+/m) ? $session->{out} =~ /^pid (\d+)/m : ();

		ok($pid && eventually("calls of $instant",
			sub { (() = grep { /asked for/ } $portal->events) >= $before + $calls }),
			"$instant, $ending: the session gets there");
		$end->($pid) if $end && $pid;
		my (undef, $err) = $session->finish;
		is_error($err, $sqlstate, $message, '... it ends');
		if ($instant =~ /changes something/ && $ending ne 'terminated')
		{
			like($err, qr/CONTEXT:  call of "\Q$method\E" of server "\w+", which may have taken effect/,
				'... and the context says what is not known');
		}
		ok($ending eq 'terminated' || $session->{out} =~ /^still\|there$/m, '... and the session goes on');
		foreach my $secret (values %secrets)
		{
			unlike($err, qr/\Q$secret\E/, '... no secret is in the messages');
		}
	}
	$portal->stop;
}

# ---- what is sent once -----------------------------------------------------

# A connection that was kept and dies: what only reads is asked again, and what
# may have an effect has a connection of its own
my $portal = stub(
	sub {
		my ($c) = @_;
		my $n = 0;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($method) = $c->{line} =~ m{/rest/(\S+) HTTP};

			$c->log("asked for $method");
			return if $n++ > 0;
			$c->answer($result);
		}
	});

create_portal('dying', $portal->url, rate_limit => 0);
my ($out, $err) = run_session($node, call('dying', $read) . call('dying', $read) . call('dying', $write) . call('dying', $write));
is($out, "[]\n[]\n[]\n[]", 'connections that die between two calls cost no call');
is($portal->count("asked for $write"), 2, '... a call that changes something is made once');
my %connections = map { /^(\d+) asked for \Q$write\E/ ? ($1 => 1) : () } $portal->events;
is(scalar keys %connections, 2, '... over a connection of its own');
ok((!grep { /^(\d+) asked for \Q$read\E/ && $connections{$1} } $portal->events), '... that is used for nothing else');
$portal->stop;

# No answer comes
foreach my $method ($read, $write)
{
	my $silent = portal(any => sub { return 0 });
	my $name = $method eq $read ? 'silent_read' : 'silent_write';

	create_portal($name, $silent->url, rate_limit => 0);
	($out, $err) = run_session($node, call($name, $method));
	is_error($err, '08006', 'the connection to ".*" broke off', "$name: there is no answer");
	is($silent->count("asked for $method"), 1, '... the portal has been asked once');
	is($err =~ /which may have taken effect/ ? 1 : 0, $method eq $write ? 1 : 0,
		'... the context says so if it may have had an effect');
	$silent->stop;
}

# A refresh token is good for one time
$portal = portal(any => sub { answer($_[0], $expired, status => 401) }, 'oauth/token/' => sub { return 0 });
create_portal('lost', $portal->url, rate_limit => 0,
	mapping => join(', ', map { "$_ '$secrets{$_}'" } sort keys %secrets) . ", token_url '" . $portal->url . "/oauth/token/'");
($out, $err) = run_session($node, call('lost', $read));
is_error($err, '08006', 'the connection to ".*" broke off', 'a new token does not arrive');
like($err, qr/CONTEXT:  refresh of the access token for server "lost"/, '... the context says what was asked for');
is($portal->count('asked for oauth/token/'), 1, '... it has been asked for once');
$portal->stop;

# Credentials stay where they belong
my $elsewhere = portal(any => sub { answer($_[0], $result) });
$portal = portal(any => sub { answer($_[0], '', status => 307, headers => [ 'Location: ' . $elsewhere->url . '/rest/x' ]) });
create_portal('moved', $portal->url, rate_limit => 0);
($out, $err) = run_session($node, call('moved', $read));
is_error($err, 'HV00M', 'redirects to another origin', 'a portal that sends calls elsewhere');
is(scalar(grep { /asked/ } $elsewhere->events), 0, '... where nothing arrives');
$portal->stop;
$elsewhere->stop;

# A token that comes back in an answer
$portal = portal(
	any => sub {
		my ($c) = @_;

		answer($c, '{"error": "X_' . $secrets{access_token} . '", "error_description": "for ' . $secrets{access_token} . '"}');
	});
create_portal('echo', $portal->url, rate_limit => 0);
($out, $err) = run_session($node, call('echo', $read));
like($err, qr/refused "\Q$read\E": X_\*\*\*/, 'a token in an error of the portal is masked');
unlike($err, qr/\Q$secrets{access_token}\E/, '... in its description as well');
$portal->stop;

$node->stop;
is(join("\n", grep { /nobody-may-see/ && !/CREATE USER MAPPING/ } split /\n/, slurp_file($node->logfile)), '',
	'no secret is in the log, but in the statements that store it');
done_testing();
