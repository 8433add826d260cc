
# Lists that take several requests, of which a later one fails.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('long_list');

# A table of the ids 1 to 3000.  The name of the table says which filtered request fails,
# how, and whether those before it lose their rows.
my $stub = stub(
	sub {
		my ($c) = @_;
		my $filtered = 0;

		$c->{keep_alive} = 1;
		while ($c->request)
		{
			my ($kind, $number, $status) = $c->{body} =~ /"table":"(fails|loses)_(\d)_(\d+)"/;
			my ($list) = $c->{body} =~ /"ID":\[([^]]*)\]/;
			my @ids = $list ? grep { $_ > 0 && $_ <= 3000 } split /,/, $list : (1 .. 3000);

			$filtered++ if $list;
			if ($list && $number == $filtered)
			{
				$c->answer('no', status => $status) or return;
				next;
			}
			@ids = () if $list && $kind eq 'loses';
			$c->answer('[' . join(',', '["ID"]', map { "[$_]" } @ids) . ']') or return;
		}
	});
create_server($node, 'fails', $stub->url, request_format => 'json', fdw_startup_cost => 0);

# The requests since the last call: the number of values in the filter, or "all"
my $seen = 0;
sub asked
{
	my @bodies = map { $_->{body} } $stub->requests;
	my @new = @bodies[ $seen .. $#bodies ];

	$seen = @bodies;
	return join ' ', map { /"ID":\[([^]]*)\]/ ? scalar(split /,/, $1) : 'all' } @new;
}

# Each in a session of its own, so that the connection and its count are new
sub is_answered
{
	my ($table, $list, $expected, $asked, $name) = @_;

	create_table($node, "fails.$table", 'fails', 'id int', table_name => $table)
	  if !$node->safe_psql('postgres', "SELECT to_regclass('fails.$table')");
	my ($out, $err) = run_session($node,
		"SELECT count(*), count(DISTINCT id), min(id), max(id) FROM fails.$table WHERE id IN ($list)");
	is("$out$err", $expected, "$name: the result is right");
	is(asked(), $asked, '... and so is what was asked for');
	return;
}

my $found = join ',', 1 .. 2500;
is_answered('fails_0_500', $found, '2500|2500|1|2500', '834 834 834', 'no request fails');
is_answered('fails_1_500', $found, '2500|2500|1|2500', '834 all', 'the first one fails');
is_answered('fails_2_500', $found, '2500|2500|1|2500', '834 834 all', 'the second one fails');
is_answered('fails_3_400', $found, '2500|2500|1|2500', '834 834 834 all', 'the last one fails');

# The values of the first parts, in the order of their texts, are in no row: what they
# found was nothing, and is not believed any more
my $late = join ',', (map { $_ + 100_000 } 1 .. 1700), 2001 .. 2800;
is_answered('fails_3_500', $late, '800|800|2001|2800', '834 834 834 all',
	'the last one fails, and it is the first with rows');
my $none = join ',', map { $_ + 100_000 } 1 .. 2500;
is_answered('fails_3_500', $none, '0|0||', '834 834 834 all', 'the last one fails, and there are no rows');

is_answered('loses_3_500', $found, '2500|2500|1|2500', '834 834 834 all',
	'the last one fails, and the others have lost their rows');

# It is not asked for in vain by the same session
my ($out, $err) = run_session($node, <<"END");
SELECT count(*) FROM fails.fails_2_500 WHERE id IN ($found);
SELECT count(*) FROM fails.fails_2_500 WHERE id IN ($found);
END
is("$out$err", "2500\n2500", 'two queries');
is(asked(), '834 834 all all', '... of which the second one knows');

# What is no answer to a filter is an error
create_table($node, 'fails.fails_2_401', 'fails', 'id int', table_name => 'fails_2_401');
($out, $err) = run_session($node, "SELECT count(*) FROM fails.fails_2_401 WHERE id IN ($found)");
is_error($err, '28000', '', 'another failure is an error');
is($out, '', '... without a result');
is(asked(), '834 834', '... and nothing is asked for again');

# What has been kept is kept, of all parts
($out, $err) = run_session($node, <<"END");
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off;
SELECT count(*), count(DISTINCT id) FROM generate_series(1, 3) LEFT JOIN fails.fails_2_500 ON id IN ($found);
END
is("$out$err", '7500|2500', 'three passes');
is(asked(), '834 834 all', '... are asked for once');

done_testing();
