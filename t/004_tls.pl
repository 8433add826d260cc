
# TLS: who the connector is gets checked, with the system's certificates or those
# of a file, and we can show a certificate of our own.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
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
			'--port-file', "$directory/$name.port",
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

# ---- no secrets ------------------------------------------------------------

unlike($all_errors, qr/anna|s3cret/, 'no error tells a setting');
unlike($all_errors, qr/BEGIN|PRIVATE KEY/, '... or a key');

done_testing();
