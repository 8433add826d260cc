
# TLS: who the connector is gets checked, with the system's certificates or those
# of a file, and we can show a certificate of our own.  Handshakes are saved where
# connections can be kept.  HTTP/2 is used where it is offered.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use IO::Select;
use IO::Socket::INET;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

if (system('openssl version >/dev/null 2>&1') != 0)
{
	plan skip_all => 'there is no openssl command to make certificates with';
}

my $directory = PostgreSQL::Test::Utils::tempdir();
my $python = $ENV{PYTHON} // 'python3';
my $root = "$FindBin::RealBin/..";

# ---- certificates ----------------------------------------------------------

sub openssl
{
	my (@arguments) = @_;
	my $output;

	IPC::Run::run([ 'openssl', @arguments ], '<', \undef, '>', \$output, '2>&1')
	  or die "openssl @arguments: $output";
	return;
}

# With a configuration of our own, because the system's may have the same
# extension, and openssl 1.1 then writes it twice
sub make_ca
{
	my ($name) = @_;

	append_to_file("$directory/$name.cnf", <<'END');
[req]
distinguished_name = name
x509_extensions = extensions
[name]
[extensions]
basicConstraints = critical,CA:TRUE
subjectKeyIdentifier = hash
END
	openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
		'-subj', "/CN=$name", '-config', "$directory/$name.cnf",
		'-keyout', "$directory/$name.key", '-out', "$directory/$name.crt");
	return;
}

sub make_certificate
{
	my ($name, $ca, $alternative, $days) = @_;

	append_to_file("$directory/$name.ext", $alternative ? "subjectAltName=$alternative\n" : "\n");
	openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', "/CN=$name",
		'-keyout', "$directory/$name.key", '-out', "$directory/$name.csr");
	openssl('x509', '-req', '-in', "$directory/$name.csr", '-CA', "$directory/$ca.crt",
		'-CAkey', "$directory/$ca.key", '-set_serial', int(rand 1_000_000) + 1, '-days', $days // 2,
		'-extfile', "$directory/$name.ext", '-out', "$directory/$name.crt");
	chmod 0600, "$directory/$name.key";
	return;
}

make_ca('ca');
make_ca('other_ca');
make_certificate('right', 'ca', 'IP:127.0.0.1');
make_certificate('wrong_name', 'ca', 'DNS:elsewhere.test');
make_certificate('client', 'ca');
make_certificate('other_client', 'other_ca');

# ---- connectors that speak TLS ---------------------------------------------

my %connectors;

# The reference connector does not ask for certificates: this makes it
append_to_file("$directory/asking.py", <<'END');
import runpy
import ssl
import sys

authority, directory = sys.argv[1:3]
original = ssl.SSLContext.load_cert_chain

def asking(context, *arguments):
    original(context, *arguments)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED

ssl.SSLContext.load_cert_chain = asking
sys.path.insert(0, directory)
del sys.argv[1:3]
runpy.run_path(directory + "/connector.py", run_name="__main__")
END

sub start_connector
{
	my ($name, $certificate, @program) = @_;
	my $connector = { out => '' };

	@program = ("$root/test/connector/connector.py") if !@program;
	$connector->{harness} = IPC::Run::start(
		[ $python, '-B', @program, '--database', "$directory/connector.db",
			'--port-file', "$directory/$name.port", '--log', "$directory/$name.log",
			'--setting', 'login=anna', '--setting', 'password=s3cret word',
			'--tls-cert', "$directory/$certificate.crt", '--tls-key', "$directory/$certificate.key" ],
		'<', \undef, '>', \$connector->{out}, '2>&1');
	$connectors{$name} = $connector;
	eventually("connector $name starts", sub { -s "$directory/$name.port" })
	  or do { $connector->{harness}->pump_nb; die $connector->{out} };
	chomp($connector->{port} = slurp_file("$directory/$name.port"));
	$connector->{url} = "https://127.0.0.1:$connector->{port}";
	return;
}

END
{
	my $status = $?;

	$_->{harness}->kill_kill for values %connectors;
	$? = $status;
}

IPC::Run::run([ $python, '-B', "$root/test/connector/fixture.py", "$directory/connector.db" ])
  or die 'no test database';
start_connector('right', 'right');
start_connector('wrong_name', 'wrong_name');
start_connector('asking', 'right', "$directory/asking.py", "$directory/ca.crt",
	"$root/test/connector");
my $plain = reference_url() =~ s/^http:/https:/r;

# ---- tests -----------------------------------------------------------------

# The server's processes must not find our certificates by themselves
my $node = new_node('tls', environment => { SSL_CERT_FILE => '', SSL_CERT_DIR => '' });
my ($out, $err);
my $all_errors = '';
my $number = 0;

sub connector_query
{
	my ($url, %options) = @_;
	my $name = 's' . ++$number;

	create_server($node, $name, $url, connect_timeout => '20s', %options);
	create_table($node, "$name.t", $name, 'id bigint', table_name => 'single');
	($out, $err) = run_session($node, "SELECT id FROM $name.t");
	$all_errors .= $err;
	return;
}

my $right = $connectors{right}{url};
my $ca = "$directory/ca.crt";

connector_query($right);
is_error($err, '08001', "could not verify the certificate of \"$right/data\"",
	'a certificate of an unknown authority is refused');
like($err, qr/^DETAIL:  .*certificate/m, '... with the reason');
like($err, qr/^HINT:  .*"ssl_ca_file"/m, '... and a hint');

connector_query($right, ssl_ca_file => $ca);
is("$out$err", '1', 'it is accepted with ssl_ca_file');

connector_query($right, ssl_ca_file => "$directory/other_ca.crt");
is_error($err, '08001', 'could not verify the certificate of', '... but not with that of another');

connector_query($connectors{wrong_name}{url}, ssl_ca_file => $ca);
is_error($err, '08001', 'could not verify the certificate of',
	'a certificate for another name is refused');
like($err, qr/^DETAIL:  .*127\.0\.0\.1/m, '... which is told');

connector_query($connectors{wrong_name}{url}, ssl_verify => 'off');
is("$out$err", '1', 'with ssl_verify off, it is accepted');
connector_query($right, ssl_verify => 'off');
is("$out$err", '1', '... and so is one of an unknown authority');

connector_query($right, ssl_ca_file => "$directory/nothing.crt");
is_error($err, '08001', '', 'an ssl_ca_file that does not exist is an error');
like($err, qr/nothing\.crt/, '... that names it');
connector_query($right, ssl_ca_file => "$directory/right.key");
is_error($err, '08001', '', 'an ssl_ca_file without certificates is an error');

($out, $err) = run_session($node, <<"END");
IMPORT FOREIGN SCHEMA connector LIMIT TO (single) FROM SERVER s1 INTO s1;
CREATE SCHEMA imported;
IMPORT FOREIGN SCHEMA connector LIMIT TO (single) FROM SERVER s2 INTO imported;
SELECT id FROM imported.single;
END
is_error($err, '08001', "could not verify the certificate of \"$right/table_list\"",
	'an import verifies as well');
is($out, '1', '... and works with ssl_ca_file');
$all_errors .= $err;

connector_query($plain, ssl_verify => 'off');
is_error($err, '08001', "could not establish TLS with \"$plain/data\"",
	'a server that speaks no TLS is an error');
connector_query('http://127.0.0.1:' . $connectors{right}{port});
like($err, qr/ERROR:  08/, 'a server that speaks only TLS is an error without');

# ---- our certificate -------------------------------------------------------

my $asking = $connectors{asking}{url};

connector_query($asking, ssl_ca_file => $ca);
like($err, qr/ERROR:  080/, 'a connector can ask for a certificate');
connector_query($asking, ssl_ca_file => $ca,
	ssl_cert_file => "$directory/client.crt", ssl_key_file => "$directory/client.key");
is("$out$err", '1', 'ssl_cert_file and ssl_key_file show one');
connector_query($asking, ssl_ca_file => $ca,
	ssl_cert_file => "$directory/other_client.crt", ssl_key_file => "$directory/other_client.key");
like($err, qr/ERROR:  080/, 'the connector may not like it');
connector_query($asking, ssl_ca_file => $ca,
	ssl_cert_file => "$directory/client.crt", ssl_key_file => "$directory/right.key");
is_error($err, '08001', 'could not establish TLS with', 'a key of another certificate is an error');
connector_query($asking, ssl_ca_file => $ca,
	ssl_cert_file => "$directory/client.crt", ssl_key_file => "$directory/nothing.key");
is_error($err, '08001', 'could not establish TLS with', 'a key that does not exist is an error');
connector_query($asking, ssl_ca_file => $ca,
	ssl_cert_file => "$directory/nothing.crt", ssl_key_file => "$directory/client.key");
is_error($err, '08001', 'could not establish TLS with', 'a certificate that does not exist is an error');

# A key with a passphrase must not make the backend ask the terminal for it
openssl('rsa', '-aes128', '-passout', 'pass:abcd', '-in', "$directory/client.key",
	'-out', "$directory/locked.key");
chmod 0600, "$directory/locked.key";
connector_query($asking, ssl_ca_file => $ca,
	ssl_cert_file => "$directory/client.crt", ssl_key_file => "$directory/locked.key");
is_error($err, '08001', 'could not establish TLS with', 'a key with a passphrase is an error');
unlike(slurp_file($node->logfile), qr/Enter PEM pass phrase/, '... and nobody is asked for it');

# ---- kept connections ------------------------------------------------------

# On which connections the requests came that are in the log of a connector since
# it had so many lines
sub connections_since
{
	my ($name, $since) = @_;
	my @lines = split /\n/, slurp_file("$directory/$name.log");

	splice @lines, 0, $since;
	return map { /"connection": (\d+)/ ? $1 : () } @lines;
}

sub log_lines
{
	my ($name) = @_;

	return scalar split /\n/, slurp_if_there("$directory/$name.log");
}

create_server($node, 'kept', $right, ssl_ca_file => $ca);
create_table($node, 'kept.t', 'kept', 'id bigint', table_name => 'single');
{
	my $since = log_lines('right');
	my @numbers;

	($out, $err) = run_session($node, <<'END');
SELECT id FROM kept.t;
SELECT id FROM kept.t;
IMPORT FOREIGN SCHEMA connector LIMIT TO (orders) FROM SERVER kept INTO kept OPTIONS (probe 'off');
SELECT count(*) FROM kept.orders;
ALTER SERVER kept OPTIONS (ADD connect_timeout '20s');
SELECT id FROM kept.t;
SELECT id FROM kept.t;
END
	is("$out$err", "1\n1\n1000\n1\n1", 'queries and an import over TLS');
	@numbers = connections_since('right', $since);
	is(join(' ', map { $_ - $numbers[0] } @numbers), '0 0 0 0 0 1 1',
		'... share a connection until the server is altered');
}

# A connector that puts a second answer, for which nobody has asked, into the same
# TLS record as the first one: libcurl takes the record, but of it no more than it
# was promised
append_to_file("$directory/twice.py", <<'END');
import runpy
import socketserver
import sys

directory = sys.argv.pop(1)
body = b'[["ID"],[1000]]'
second = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
original = socketserver._SocketWriter.write

def write(self, data):
    return original(self, bytes(data) + second if bytes(data).startswith(b"[[") else data)

socketserver._SocketWriter.write = write
sys.path.insert(0, directory)
runpy.run_path(directory + "/connector.py", run_name="__main__")
END
start_connector('twice', 'right', "$directory/twice.py", "$root/test/connector");
create_server($node, 'twice', $connectors{twice}{url}, ssl_ca_file => $ca);
create_table($node, 'twice.t', 'twice', 'id bigint', table_name => 'single');
{
	my @numbers;

	($out, $err) = run_session($node, 'SELECT id FROM twice.t; ' x 3);
	is("$out$err", "1\n1\n1", 'a second answer in the same TLS record is no answer');
	@numbers = connections_since('twice', 0);
	is(scalar(keys %{ { map { $_ => 1 } @numbers } }), 3, '... and there are new connections');
}

# Through a proxy, which cuts the tunnel when it is told to
{
	my $proxy = stub(
		sub {
			my ($c) = @_;
			my ($host, $port);
			my $other;

			$c->request or return;
			($host, $port) = $c->{line} =~ /^CONNECT (\S+):(\d+) /
			  or return $c->answer('what?', status => 400);
			$c->log("tunnel to $host");
			$other = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return;
			$c->send("HTTP/1.1 200 Connection established\r\n\r\n");
			while (!-e "$c->{stub}{directory}/released")
			{
				foreach my $socket (IO::Select->new($c->{socket}, $other)->can_read(0.05))
				{
					my $to = $socket == $other ? $c->{socket} : $other;
					my $bytes;

					sysread $socket, $bytes, 65536 or return $c->log('closed');
					syswrite $to, $bytes;
				}
			}
			close delete $c->{socket};
			$c->log('cut');
		});

	create_server($node, 'through', $right, ssl_ca_file => $ca, proxy => $proxy->url);
	create_table($node, 'through.t', 'through', 'id bigint', table_name => 'single');
	($out, $err) = run_session($node, <<"END");
SELECT id FROM through.t;
SELECT id FROM through.t;
\\! touch $proxy->{directory}/released
\\! for i in \$(seq 1000); do grep -q cut $proxy->{log} && break; sleep 0.03; done
\\! rm $proxy->{directory}/released
SELECT id FROM through.t;
SELECT id FROM through.t;
END
	is("$out$err", "1\n1\n1\n1", 'queries over TLS through a proxy');
	is($proxy->count('tunnel to 127\.0\.0\.1'), 2, '... share a tunnel until it is cut');
}

# ---- HTTP/2 ----------------------------------------------------------------

SKIP:
{
	skip 'libcurl is built without HTTP/2', 1
	  if $node->safe_psql('postgres',
		'SELECT \'HTTP2\' = ANY (libcurl_features) FROM biconnector_version()') ne 't';

	my $log = "$directory/http2.log";
	my $server = {
		out => '',
		harness => IPC::Run::start(
			[ $python, '-B', "$root/test/http2-server", "$directory/right.crt",
				"$directory/right.key", "$directory/http2.port", $log ],
			'<', \undef, '>', \my $output, '2>&1') };
	$connectors{http2} = $server;
	eventually('the server starts', sub { -s "$directory/http2.port" });
	chomp(my $port = slurp_file("$directory/http2.port"));

	# How many lines of the log match
	my $logged = sub {
		my ($event) = @_;

		return scalar grep { /^\d+ (?:$event)$/ } split /\n/, slurp_if_there($log);
	};

	# What happens to the answer, by the table's code => the sum of ids, or an error:
	# that of libcurl, or ours where an old libcurl sees nothing wrong
	my @answers = (
		[ 'rows', 6 ],
		[ 'refused', 6 ],
		map { [$_] } qw(reset_before reset0 reset2 reset7 goaway cut half)
	);

	create_server($node, 'http2', "https://127.0.0.1:$port", ssl_ca_file => $ca);
	create_table($node, "http2.$_", 'http2', 'id bigint, name text', table_name => $_)
	  for (map { $_->[0] } @answers), qw(turned_away leaving alive silent many400000);

	($out, $err) = run_session($node,
		'SELECT id, name FROM http2.rows; SELECT sum(id) FROM http2.rows;');
	is("$out$err", "1|a\n2|b\n3|c\n6", 'HTTP/2 is understood');
	is($logged->('protocol h2'), 1, '... and asked for');
	is($logged->('request [13] rows'), 2, '... and a connection is kept');

	foreach my $answer (@answers)
	{
		my ($table, $sum) = @$answer;

		($out, $err) = run_session($node,
			"SELECT sum(id) FROM http2.$table; SELECT 'then ' || sum(id) FROM http2.rows");
		if (defined $sum)
		{
			is("$out$err", "$sum\nthen 6", "HTTP/2: an answer like $table is read");
		}
		else
		{
			like($err, qr/ERROR:  (?:08006: the connection to|08P01: .* ends before it is complete)/,
				"HTTP/2: an answer like $table is an error");
			is($out, 'then 6', '... and no result');
		}
	}

	# The server goes just when a request comes, or lets its connections know
	($out, $err) = run_session($node,
		'SELECT sum(id) FROM http2.rows; SELECT sum(id) FROM http2.turned_away');
	is("$out$err", "6\n6", 'HTTP/2: a request that is turned away from a kept connection is sent again');
	my $wait = "\\! for i in \$(seq 1000); do [ \$(grep -c idle $log) -ge %d ] && break; sleep 0.03; done\n";
	($out, $err) = run_session($node, join "\n",
		'SELECT sum(id) FROM http2.leaving;', sprintf($wait, 1), 'SELECT sum(id) FROM http2.rows;');
	is("$out$err", "6\n6", 'HTTP/2: a server may leave while a connection is idle');
	my $before = $logged->('accepted');
	($out, $err) = run_session($node, join "\n",
		'SELECT sum(id) FROM http2.alive;', sprintf($wait, 2), 'SELECT sum(id) FROM http2.rows;');
	is("$out$err", "6\n6", 'HTTP/2: a server may ask whether an idle connection is alive');
	is($logged->('accepted'), $before + 1, '... which is kept');

	# An answer that is not read to its end
	my $ends = $logged->('closed|cancelled');
	($out, $err) = run_session($node,
		'SET statement_timeout = 500; SELECT sum(id) FROM http2.silent; RESET statement_timeout; '
		  . 'SELECT id FROM http2.many400000 LIMIT 1; '
		  . "SELECT count(*) FROM biconnector_connections() WHERE in_use; SELECT sum(id) FROM http2.rows");
	is_error($err, '57014', '', 'HTTP/2: waiting can be cancelled');
	is($out, "1\n0\n6", '... and an answer left early');
	ok(eventually('the end of the connections', sub { $logged->('closed|cancelled') >= $ends + 3 }),
		'... which the server sees');

	# Memory does not depend on the size of the answer (40 MB) when the reader is slow
	my $peak = "SELECT 'peak ' || substring(pg_read_file('/proc/self/status', 0, 10000) "
	  . "FROM 'VmHWM:\\s+(\\d+)');";
	$peak = 'SELECT \'peak 0\';' if slurp_if_there('/proc/self/status') !~ /^VmHWM:/m;
	($out, $err) = run_session($node, <<"END");
SELECT sum(id) FROM http2.rows;
$peak
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM http2.many400000;
FETCH 1 FROM c;
SELECT pg_sleep(0.5) \\g /dev/null
MOVE 200000 FROM c;
SELECT pg_sleep(0.5) \\g /dev/null
MOVE 199997 FROM c;
FETCH 3 FROM c;
COMMIT;
$peak
SELECT count(*), sum(id), sum(length(name)) FROM http2.many400000;
$peak
END
	my @peaks = $out =~ /^peak (\d+)$/mg;
	my $name = 'x' x 90;
	is($out =~ s/^peak .*\n?//mgr . $err,
		"6\n1|$name\n399999|$name\n400000|$name\n400000|80000200000|36000000\n",
		'HTTP/2: a slow reader gets all');
	cmp_ok($peaks[1] - $peaks[0], '<', 16 * 1024, '... in little memory');
	cmp_ok($peaks[2] - $peaks[0], '<', 16 * 1024, '... and so does a fast one');
	note "memory in kB: @peaks";
}

# ---- no secrets ------------------------------------------------------------

unlike($all_errors, qr/anna|s3cret/, 'no error tells a setting');
unlike($all_errors, qr/BEGIN|PRIVATE KEY/, '... or a key');

done_testing();
