
# Servers that are sources of a portal: looking one up can be ended at every instant,
# what it brings goes to the connector and nowhere else, a dump can be restored in any
# order, and a session does not collect what it has looked up.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use JSON::PP ();
use List::Util qw(uniq);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('source', conf => <<'END');
log_statement = all
log_min_messages = debug5
log_min_error_statement = debug5
debug_print_plan = on
END
my $token = 'Tk4portal-token-8Vq';
my %settings = (login => 'Wq7anna5Zk', password => 'Xv4s3kreTw0rtQ8');

# A portal whose source is a connector there.  What it answers for a method can be
# given otherwise.
sub portal
{
	my ($connector, %answers) = @_;
	my %results = (
		'biconnector.source.get' => { item => {
			connection => { id => 7, active => JSON::PP::true }, connectorId => 3,
			settings => [ map { { code => $_, value => $settings{$_} } } sort keys %settings ] } },
		'biconnector.connector.get' => { item => {
			id => 3, urlCheck => "$connector/check", urlTableList => "$connector/table_list",
			urlTableDescription => "$connector/table_description", urlData => "$connector/data" } },
	);

	return stub(
		sub {
			my ($c) = @_;

			$c->{keep_alive} = 1;
			while ($c->request)
			{
				my ($method) = $c->{line} =~ m{/rest/(\S+) HTTP};

				$c->log("asked for $method");
				($answers{$method} // sub { $_[0]->answer($_[1]); 1 })
				  ->($c, JSON::PP::encode_json({ result => $results{$method} })) or last;
			}
		});
}

# A server for a portal, and one that is source 7 of it, with a table
sub create_source
{
	my ($name, $portal, %options) = @_;
	my $more = join '', map { ", $_ '$options{$_}'" } sort keys %options;

	$node->safe_psql('postgres', <<"END");
CREATE SERVER ${name}_portal FOREIGN DATA WRAPPER biconnector_portal
  OPTIONS (portal_url '@{[ $portal->url ]}', rate_limit '0');
CREATE USER MAPPING FOR PUBLIC SERVER ${name}_portal OPTIONS (access_token '$token');
CREATE SERVER $name FOREIGN DATA WRAPPER biconnector_fdw
  OPTIONS (portal '${name}_portal', source_id '7'$more);
CREATE FOREIGN TABLE $name (id bigint OPTIONS (column_name 'ID')) SERVER $name OPTIONS (table_name 't');
END
	return;
}

sub connector
{
	my ($handler) = @_;

	return stub(
		sub {
			my ($c) = @_;

			$c->{keep_alive} = 1;
			while ($c->request)
			{
				$c->log('asked');
				$handler->($c) or last;
			}
		});
}

sub rows { $_[0]->answer(row_array(['ID'], [1], [2])); return 1 }

# ---- waits -----------------------------------------------------------------

sub stall { $_[0]->log('reached'); $_[0]->wait_closed; return 0 }

my %endings = endings($node);
my $number = 0;

foreach my $method ('biconnector.source.get', 'biconnector.connector.get')
{
	foreach my $scans ('SELECT * FROM %s', 'SELECT * FROM %1$s UNION ALL SELECT * FROM %1$s')
	{
		my $connector = connector(\&rows);
		my $portal = portal($connector->url, $method => \&stall);
		my $name = 'wait' . ++$number;
		my $query = sprintf $scans, $name;

		create_source($name, $portal, async_capable => 'on');
		foreach my $ending (sort keys %endings)
		{
			my ($end, $sqlstate, $message) = @{ $endings{$ending} };
			my $before = $portal->count('reached');
			my $session = start_session($node,
				"SELECT 'pid ' || pg_backend_pid();\n"
				  . ($end ? '' : "SET statement_timeout = '2s';\n")
				  . "$query;\nSELECT 'still', 'there';\n");
			my ($pid) = $session->wait_for(qr/^pid \d+/m) ? $session->{out} =~ /^pid (\d+)/m : ();

			ok($pid && eventually('the look-up', sub { $portal->count('reached') > $before }),
				"$query, $ending: the session waits for $method");
			$end->($pid) if $end && $pid;
			my (undef, $err) = $session->finish;
			is_error($err, $sqlstate, $message, '... it ends');
			ok($ending eq 'terminated' || $session->{out} =~ /^still\|there$/m, '... and the session goes on');
			is($connector->count('asked'), 0, '... the connector has been asked for nothing');
		}
		$_->stop for $portal, $connector;
	}
}

# ---- where settings go, and where they do not ------------------------------

my $connector = connector(\&rows);
my $portal = portal($connector->url);
create_source('shop', $portal, async_capable => 'on');
my ($out, $err) = run_session($node, <<'END');
SET client_min_messages = debug5;
EXPLAIN (VERBOSE) SELECT * FROM shop WHERE id = 1;
SELECT * FROM shop WHERE id = 1;
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM shop WHERE id = 1;
SELECT * FROM biconnector_check('shop');
SELECT * FROM biconnector_connections();
SELECT * FROM shop AS s, pg_stat_activity LIMIT 3;
END
like($out, qr/^1$/m, 'a source is read');
is($portal->count('asked for biconnector.source.get'), 2, '... by a query and by a function, each of which has looked it up');
my $requests = join '', map { $_->{head} . $_->{body} } $connector->requests;
like($requests, qr/connection%5Blogin%5D=\Q$settings{login}\E/, '... with its settings');
unlike($requests, qr/\Q$token\E/, '... and without the token of the portal');
unlike(join('', map { $_->{head} . $_->{body} } $portal->requests), qr/\Q$settings{password}\E/,
	'the portal is not told settings');
foreach my $secret (values %settings, $token)
{
	unlike("$out$err", qr/\Q$secret\E/, 'none of them is shown');
}
my $log = slurp_file($node->logfile);
foreach my $secret (values %settings)
{
	unlike($log, qr/\Q$secret\E/, '... or in the log');
}

# A connector that sends all back with its error
my $telltale = connector(sub { $_[0]->answer(join(' ', 'no', %settings), status => 500); return 1 });
my $its_portal = portal($telltale->url);
create_source('telltale', $its_portal);
(undef, $err) = run_session($node, "SELECT * FROM telltale;\nSELECT * FROM biconnector_tables('telltale');\n");
like($err, qr/no login \*\*\* password \*\*\*|no password \*\*\* login \*\*\*/, 'what a connector sends back is masked');
unlike($err, qr/$_/, '... all of it') foreach values %settings;
unlike(slurp_file($node->logfile), qr/$_/, '... in the log, too') foreach values %settings;

# ... and one that sends requests elsewhere
my $elsewhere = connector(\&rows);
my $moved = connector(sub { $_[0]->answer('', status => 307, headers => [ 'Location: ' . $elsewhere->url . '/data' ]); return 1 });
my $moved_portal = portal($moved->url);
create_source('moved', $moved_portal);
(undef, $err) = run_session($node, 'SELECT * FROM moved;');
is_error($err, 'HV00M', 'redirects to another origin', 'a connector that sends requests elsewhere');
is($elsewhere->count('asked'), 0, '... where nothing arrives');
$_->stop for $telltale, $its_portal, $elsewhere, $moved, $moved_portal;

# ---- at the same time ------------------------------------------------------

# Two sources under an Append: both connectors have been asked before one answers
my @both = map { connector(sub { $_[0]->wait_released; return rows($_[0]) }) } 1 .. 2;
my @portals = map { portal($_->url) } @both;
create_source("both$_", $portals[$_], async_capable => 'on') for 0, 1;
my $session = start_session($node, <<'END');
SELECT count(*), sum(id) FROM (SELECT * FROM both0 UNION ALL SELECT * FROM both1) AS rows;
SELECT count(*), sum(id) FROM (SELECT * FROM both0 UNION ALL SELECT * FROM both1) AS rows;
END
if ($node->pg_version >= 14)
{
	ok($_->wait_for('asked', 1), 'a connector is asked while the other one has not answered') foreach @both;
}
$_->release foreach @both;
($out) = $session->finish;
is($out, "4|6\n4|6", 'two sources under an Append');
is($_->count('asked for biconnector.source.get'), 1, '... each is looked up once') foreach @portals;
$_->stop for @both, @portals;

# ---- nothing is collected --------------------------------------------------

SKIP:
{
	skip 'memory contexts cannot be seen in PostgreSQL 13', 2 if $node->pg_version < 14;
	my $contexts = q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name IN ('biconnector source', 'biconnector look-up');};
	my $again = "SELECT biconnector_disconnect('shop') \\g /dev/null\nSELECT * FROM shop \\g /dev/null\n"
	  . "SELECT biconnector_check('shop') \\g /dev/null\n"
	  . "ALTER SERVER shop OPTIONS (SET async_capable 'off');\nSELECT * FROM shop \\g /dev/null\n";

	($out) = run_session($node, $again x 20 . $contexts);
	is($out, '1', 'a session has the last look-up of a source');
	my $failing = portal($connector->url, 'biconnector.connector.get' => sub { $_[0]->answer('{"result": {"item": 5}}'); return 1 });
	create_source('failing', $failing);
	($out) = run_session($node, "SELECT * FROM failing;\n" x 20 . $contexts);
	is($out, '0', '... and nothing of those that fail');
	$failing->stop;
}

# ---- dump and restore ------------------------------------------------------

# The server that refers to the other one comes first in a dump
$node->safe_psql('postgres', 'ALTER SERVER shop RENAME TO a_shop; ALTER SERVER shop_portal RENAME TO z_portal;');
$node->safe_psql('postgres', "ALTER SERVER a_shop OPTIONS (SET portal 'z_portal')");
$node->safe_psql('postgres', <<'END');
CREATE ROLE analyst;
CREATE ROLE stranger;
GRANT USAGE ON FOREIGN SERVER z_portal TO analyst;
GRANT SELECT ON shop TO analyst, stranger;
END
my $file = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
my $queries = <<'END';
SET ROLE analyst;
SELECT * FROM shop;
SELECT * FROM shop WHERE id = 2;
SET ROLE stranger;
SELECT * FROM shop;
RESET ROLE;
SELECT ok FROM biconnector_check('a_shop');
END
my @before = run_session($node, $queries);
is($before[0], "1\n2\n2\nt", 'two users of different rights');
is_error($before[1], '42501', 'permission denied for foreign server z_portal', '... of whom one may not use the portal');
$node->command_ok([ 'pg_dump', '--file', $file, '--dbname', $node->connstr('postgres') ], 'a dump');
like(slurp_file($file), qr/CREATE SERVER a_shop.*CREATE SERVER z_portal/s, '... in which the portal comes last');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', '--file', $file, '--dbname', $node->connstr('copy') ],
	'... is restored into another database');
my @after = run_session($node, $queries, database => 'copy');
is($after[0], $before[0], '... where the same queries have the same results');
is_error($after[1], '42501', 'permission denied for foreign server z_portal', '... and the same users the same rights');

$_->stop for $portal, $connector;
done_testing();
