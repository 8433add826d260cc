
# Statements that write a portal's tables and lose their connection, are cancelled, or
# run out of their token: each call is made once, and the error says what is known of
# its row and of those before.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('portal_write');
my $portal_url = $ENV{BICONNECTOR_PORTAL_URL} // die "BICONNECTOR_PORTAL_URL is not set: run this by make installcheck\n";

# A server for a portal at that URL, and tables in a schema of its name
sub create_portal
{
	my ($name, $url, $mapping) = @_;

	$node->safe_psql('postgres', <<"END");
CREATE SERVER "$name" FOREIGN DATA WRAPPER biconnector_portal OPTIONS (portal_url '$url', rate_limit '0');
CREATE USER MAPPING FOR PUBLIC SERVER "$name" OPTIONS ($mapping);
CREATE SCHEMA "$name";
CREATE FOREIGN TABLE "$name".connectors (id bigint, title text, logo text, sort int, url_check text,
    url_table_list text, url_table_description text, url_data text, settings jsonb) SERVER "$name";
CREATE FOREIGN TABLE "$name".sources (id bigint, title text, description text, connector_id bigint, settings jsonb)
    SERVER "$name";
CREATE FOREIGN TABLE "$name".datasets (id bigint, source_id bigint, name text, description text,
    external_code text, external_name text, fields jsonb) SERVER "$name";
CREATE FOREIGN TABLE "$name".dataset_fields (id bigint, dataset_id bigint, type text, name text,
    external_code text, visible boolean) SERVER "$name";
END
	return;
}

# Tell the reference portal how to behave
sub control
{
	my (@instructions) = @_;

	system($ENV{PYTHON} // 'python3', '-B', "$FindBin::RealBin/../test/portal/control.py",
		map { JSON::PP->new->canonical->encode($_) } @instructions) == 0
	  or die "the portal does not do as it is told\n";
	return;
}

# The calls of a method in its log
sub calls_of
{
	my ($method) = @_;

	return grep { ($_->{method} // '') eq $method }
	  map { JSON::PP->new->decode($_) } split /\n/, slurp_if_there($ENV{BICONNECTOR_PORTAL_LOG});
}

sub values_of_connector { return "('$_[0]', 'L', 'U', 'U', 'U', 'U', '[]')" }

my $insert_connector =
  'INSERT INTO portal.connectors (title, logo, url_check, url_table_list, url_table_description, url_data, settings) VALUES ';

# ---- connections that are lost ---------------------------------------------

create_portal('portal', $portal_url, "access_token 'portal-token'");

# Objects to be written: connectors A, B and C, source 1, dataset 1 with fields ID and NAME
sub start_anew
{
	my %connector = (logo => 'L', map({ $_ => 'U' } qw(urlCheck urlTableList urlTableDescription urlData)),
		settings => []);

	control({ reset => JSON::PP::true }, { options => { check => 'off' } }, { calls => [
		map({ { method => 'biconnector.connector.add', params => { fields => { %connector, title => $_ } } } } qw(A B C)),
		{ method => 'biconnector.source.add', params => { fields => { title => 'S', connectorId => 1, settings => { a => 'b' } } } },
		{ method => 'biconnector.dataset.add', params => { fields => { sourceId => 1, name => 'd', externalName => 'd',
			externalCode => 'd', fields => [ map { { name => $_, externalCode => $_, type => 'int' } } qw(ID NAME) ] } } },
	] });
	return;
}

# a statement for three rows at most => the method, its calls when the second one is lost, a
# query for what is there, and what it says if the second call had no effect, or had one
my %statements = (
	$insert_connector . join(', ', map { values_of_connector($_) } qw(X Y Z)) => [ 'connector.add', 'INSERT into',
		"SELECT string_agg(title, '' ORDER BY id) FROM portal.connectors", 'ABCX', 'ABCXY' ],
	'UPDATE portal.connectors SET sort = 1' => [ 'connector.update', 'UPDATE of connector 2 in',
		"SELECT string_agg(title, '' ORDER BY id) FROM portal.connectors WHERE sort = 1", 'A', 'AB' ],
	'DELETE FROM portal.connectors WHERE id > 1' => [ 'connector.delete', 'DELETE of connector 3 in',
		"SELECT string_agg(title, '' ORDER BY id) FROM portal.connectors", 'AC', 'A' ],
	'DELETE FROM portal.dataset_fields WHERE dataset_id = 1' =>
	  [ 'dataset.fields.update', 'DELETE of field 2 of dataset 1 in',
		'SELECT count(*) FROM portal.dataset_fields WHERE dataset_id = 1', '1', '0' ],
	'UPDATE portal.dataset_fields SET visible = false WHERE dataset_id = 1' =>
	  [ 'dataset.fields.update', 'UPDATE of field 2 of dataset 1 in',
		'SELECT count(*) FROM portal.dataset_fields WHERE dataset_id = 1 AND visible', '1', '0' ],
);

foreach my $statement (sort keys %statements)
{
	my ($method, $context, $query, $without, $with) = @{ $statements{$statement} };

	foreach my $action (qw(drop_before_effect drop_after_effect drop_inside_answer))
	{
		start_anew();
		control({ rules => [ { method => "biconnector.$method", skip => 1, action => $action } ] });
		my $before = () = calls_of("biconnector.$method");
		my ($out, $err) = run_session($node, "$statement;\n$query;\n");
		my $calls = () = calls_of("biconnector.$method");

		is_error($err, '08006', '', "$method, $action: an error of the connection");
		like($err, qr/call of "biconnector\.$method" of server "portal", which may have taken effect/,
			'... that leaves open what became of the call');
		like($err, qr/\Q$context\E foreign table "\w+"; 1 row of this statement has taken effect/,
			'... and knows what became of the row before');
		like($err, qr/WARNING:\s+(?:01000: )?1 change in a portal is not rolled back\nDETAIL:  One more call may have taken effect\./,
			'... and what the transaction leaves there');
		is($calls - $before, 2, '... each call was made once');
		is($out, $action eq 'drop_before_effect' ? $without : $with, '... and no other one');
	}
}

# Many rows at once, where there are batches: the call for the second dataset is lost
SKIP:
{
	skip 'rows come one at a time', 4 if $node->safe_psql('postgres', 'SHOW server_version_num') < 140000;
	start_anew();
	control({ calls => [ { method => 'biconnector.dataset.add', params => { fields => { sourceId => 1, name => 'e',
		externalName => 'e', externalCode => 'e', fields => [ { name => 'ID', externalCode => 'ID', type => 'int' } ] } } } ] },
		{ rules => [ { method => 'biconnector.dataset.fields.update', skip => 1, action => 'drop_after_effect' } ] });
	my $before = () = calls_of('biconnector.dataset.fields.update');
	my ($out, $err) = run_session($node, <<'END');
INSERT INTO portal.dataset_fields (dataset_id, type, name, external_code)
SELECT 1 + n % 2, 'int', 'N' || n, 'n' || n FROM generate_series(1, 9) AS n;
SELECT dataset_id, count(*) FROM portal.dataset_fields WHERE dataset_id IN (1, 2) GROUP BY 1 ORDER BY 1;
END
	my $calls = () = calls_of('biconnector.dataset.fields.update');

	is_error($err, '08006', '', 'several rows in a call that is lost');
	like($err, qr/INSERT of fields of dataset 1 into foreign table "dataset_fields"; 5 rows of this statement have taken effect/,
		'... the rows of the call before are known');
	is($calls - $before, 2, '... each call was made once');
	is($out, "1|6\n2|6", '... and no other one');
}

# ---- errors that have nothing to do with the portal ------------------------

# A statement that is a transaction of its own, and one that is a part of one
start_anew();
my $failing = ($insert_connector =~ s/VALUES.*//sr) .
  "SELECT 'F' || n, 'L', '', 'U', 'U', 'U', '[]' FROM generate_series(1, 4) AS n WHERE 1 / (3 - n) < 9;\n";
foreach my $transaction ([ '', 2 ], [ "BEGIN;\nDELETE FROM portal.connectors WHERE id = 3;\n", 3 ])
{
	my ($begin, $changes) = @$transaction;
	my ($out, $err) = run_session($node, "$begin${failing}ROLLBACK;\nSELECT count(*) FROM portal.connectors;\n");

	is_error($err, '22012', 'division by zero', 'a statement fails');
	like($err, qr/WARNING:\s+(?:01000: )?$changes changes in a portal are not rolled back$/m,
		"... and it is said that its transaction leaves $changes changes");
	is(() = $err =~ /in a portal/g, 1, '... once');
	is($out, $begin ? 6 : 5, '... which are there');
}

# ---- a token that expires between two rows ---------------------------------

start_anew();
create_portal('short', $portal_url, "access_token 'portal-token', client_id 'app', client_secret 'app-secret', "
	  . "refresh_token 'refresh-1', token_url '$portal_url/oauth/token/'");
control({ options => { token_calls => 3 }, tokens => { 'portal-token' => { calls => 2 } } });
my ($out, $err) = run_session($node,
	($insert_connector =~ s/portal\./short./r) . join(', ', map { values_of_connector($_) } 1 .. 8)
	  . " RETURNING id, title;\n");
is($err, '', 'tokens expire between rows');
is($out, join("\n", map { $_ + 3 . "|$_" } 1 .. 8), '... which are added once each');
control({ reset => JSON::PP::true });

# ---- cancel ----------------------------------------------------------------

# A portal that answers so, and stalls at the first call of a method after so many others
sub stalling_portal
{
	my ($stalls, $after, %answers) = @_;

	return stub(
		sub {
			my ($c) = @_;

			$c->{keep_alive} = 1;
			while ($c->request)
			{
				my ($method) = $c->{line} =~ m{/rest/biconnector\.(\S+) HTTP};

				$c->log("asked for $method");
				if ($method eq $stalls && $c->{stub}->count("asked for $method") > $after)
				{
					$c->wait_closed;
					return;
				}
				$c->answer($answers{$method} // '{"result": true}');
			}
		});
}

my $three = '{"result": [{"id": 1, "title": "A", "sort": 1}, {"id": 2, "title": "B", "sort": 1}, {"id": 3, "title": "C", "sort": 1}]}';
my %waits = (
	adding => [ 'connector.add', 1, {}, "INSERT INTO stalling.connectors (title) VALUES ('x'), ('y'), ('z')",
		qr/call of "biconnector.connector.add" of server "stalling", which may have taken effect\nINSERT into foreign table "connectors"; 1 row of this statement has taken effect/ ],
	changing => [ 'connector.update', 2, { 'connector.list' => $three }, 'UPDATE stalling.connectors SET sort = 2',
		qr/, which may have taken effect\nUPDATE of connector 3 in foreign table "connectors"; 2 rows of this statement have taken effect/ ],
	deleting => [ 'connector.delete', 0, { 'connector.list' => $three }, 'DELETE FROM stalling.connectors',
		qr/, which may have taken effect\nDELETE of connector 1 in foreign table "connectors"; no row of this statement has taken effect/ ],
	'reading what was added' => [ 'connector.get', 0, { 'connector.add' => '{"result": {"id": 7}}' },
		"INSERT INTO stalling.connectors (title) VALUES ('x') RETURNING *",
		qr/DETAIL:  The connector has been added: id is 7\.\nCONTEXT:  call of "biconnector.connector.get" of server "stalling"\nINSERT into foreign table "connectors"; 1 row of this statement has taken effect/ ],
);

foreach my $wait (sort keys %waits)
{
	my ($method, $after, $answers, $statement, $expected) = @{ $waits{$wait} };
	my $portal = stalling_portal($method, $after, 'connector.add' => '{"result": 1}', %$answers);

	create_portal('stalling', $portal->url, "access_token 'x'");
	my $session = start_session($node, "SELECT 'pid ' || pg_backend_pid();\n$statement;\nSELECT 'still', 'there';\n");
	my ($pid) = $session->wait_for(qr/^pid \d+/m) ? $session->{out} =~ /^pid (\d+)/m : ();

	ok($pid && $portal->wait_for("asked for $method", $after + 1), "$wait: the session gets there");
	$node->safe_psql('postgres', "SELECT pg_cancel_backend($pid)") if $pid;
	($out, $err) = $session->finish;
	is_error($err, '57014', 'canceling statement due to user request', '... it is cancelled');
	like($err, $expected, '... and says what has been done');
	like($out, qr/^still\|there$/m, '... and the session goes on');
	is($portal->count("asked for $method"), $after + 1, '... which makes no more calls');
	$portal->stop;
	$node->safe_psql('postgres', 'DROP SCHEMA stalling CASCADE; DROP SERVER stalling CASCADE');
}

$node->stop;
done_testing();
