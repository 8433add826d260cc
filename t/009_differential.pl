
# Random queries over foreign tables and over local copies of them give the same
# rows, whatever the connector gets wrong.
#
# The queries come in batches.  Each batch has a misbehaviour of the reference
# connector, a way in which it is trusted with filters, and tables of its own; most
# batches are one session, in others each query has a new session, which has learned
# nothing of the connector yet.
#
# Environment:
#   DIFFERENTIAL_QUERIES  how many queries (2000)
#   DIFFERENTIAL_SEED     a number that the queries follow from
#   DIFFERENTIAL_ONLY     only the misbehaviours whose names match, and ways to trust
#
# A failure shows what it takes to see it again.

use strict;
use warnings;
use utf8;

use FindBin;
use lib $FindBin::RealBin;

use ConnectorTest;
use Encode qw(encode);
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use QueryGenerator;
use Test::More;

my $queries = $ENV{DIFFERENTIAL_QUERIES} || 2000;
my $seed = $ENV{DIFFERENTIAL_SEED} // 20240229;
my $only = $ENV{DIFFERENTIAL_ONLY} // '';

use constant MOST_IN_BATCH => 25;
use constant MOST_FAILURES => 20;
use constant TESTED_SEPARATELY => 8;    # batches of which one has a session for each query

# each with one session at a time
my @databases = ('differential', 'differential_2');

# a long run takes long
alarm 600 * (1 + int $queries / 2000);

# ---- the tables ------------------------------------------------------------

# name => its key, and columns: name, type, field, type of the field.  Each field comes as
# several types, because conditions are sent for some of them and must not be for others.
my @item_columns = (
	[ 'id', 'bigint', 'ID', 'int' ],
	[ 'id4', 'integer', 'ID', 'int' ],
	[ 'id2', 'smallint', 'ID', 'int' ],
	[ 'id_n', 'numeric', 'ID', 'int' ],
	[ 'name', 'text', 'NAME', 'string' ],
	[ 'name_v', 'varchar', 'NAME', 'string' ],
	[ 'name_l', 'varchar(300)', 'NAME', 'string' ],
	[ 'name_c', 'text COLLATE "C"', 'NAME', 'string' ],
	[ 'name_i', 'text COLLATE public.words', 'NAME', 'string' ],
	[ 'name_a', 'text COLLATE public.anycase', 'NAME', 'string' ],
	[ 'status', 'text', 'STATUS', 'string' ],
	[ 'status_c', 'char(8)', 'STATUS', 'string' ],
	[ 'qty', 'bigint', 'QTY', 'int' ],
	[ 'qty_d', 'double precision', 'QTY', 'int' ],
	[ 'price', 'double precision', 'PRICE', 'double' ],
	[ 'price_r', 'real', 'PRICE', 'double' ],
	[ 'price_n', 'numeric', 'PRICE', 'double' ],
	[ 'amount', 'numeric', 'AMOUNT', 'money' ],
	[ 'amount_r', 'numeric(12,1)', 'AMOUNT', 'money' ],
	[ 'born', 'date', 'BORN', 'date' ],
	[ 'born_t', 'timestamp', 'BORN', 'date' ],
	[ 'created', 'timestamp', 'CREATED', 'datetime' ],
	[ 'created_s', 'timestamp(0)', 'CREATED', 'datetime' ],
	[ 'created_z', 'timestamptz', 'CREATED', 'datetime' ],
	[ 'created_d', 'date', 'CREATED', 'datetime' ],
	[ 'tz', 'text', 'TZ', 'timezone' ],
	[ 'flag', 'integer', 'FLAG', 'int' ],
	[ 'flag_b', 'boolean', 'FLAG', 'int' ]);
my %tables = (
	items => [ 'id', @item_columns ],
	single => [ 'id', @item_columns ],
	all_null => [ 'id', @item_columns ],
	empty_table => [ 'id', @item_columns ],
	orders => [ 'order_id',
		[ 'order_id', 'integer', 'ORDER_ID', 'int' ],
		[ 'item_id', 'bigint', 'ITEM_ID', 'int' ],
		[ 'city', 'text', 'CITY', 'string' ],
		[ 'city_v', 'varchar COLLATE "C"', 'CITY', 'string' ],
		[ 'ordered', 'timestamp', 'ORDERED', 'datetime' ],
		[ 'ordered_d', 'date', 'ORDERED', 'datetime' ],
		[ 'total', 'numeric', 'TOTAL', 'money' ],
		[ 'total_d', 'double precision', 'TOTAL', 'money' ] ],
	bigids => [ 'id',
		[ 'id', 'bigint', 'ID', 'int' ],
		[ 'id_n', 'numeric', 'ID', 'int' ],
		[ 'id_d', 'double precision', 'ID', 'int' ],
		[ 'code', 'text', 'CODE', 'string' ],
		[ 'note', 'text COLLATE "C"', 'NOTE', 'string' ] ],
	forms => [ 'code',
		[ 'kind', 'text', 'KIND', 'string' ],
		[ 'code', 'text COLLATE "C"', 'CODE', 'string' ] ],
	wide => [ 'f1',
		[ 'f1', 'bigint', 'F1', 'int' ],
		[ 'f2', 'smallint', 'F2', 'int' ],
		[ 'f30', 'integer', 'F30', 'int' ] ],
	'Weird "Table"' => [ 'select',
		[ 'select', 'bigint', 'select', 'int' ],
		[ 'Mixed Case', 'text', 'Mixed Case', 'string' ],
		[ 'ünï', 'text', 'ünï', 'string' ] ]);

# ---- the misbehaviours -----------------------------------------------------

# Operators of filters: all of them, or all but those
sub but
{
	my %without = map { $_ => 1 } @_;

	return join ',', grep { !$without{$_} } qw(eq in ne not_in lt le gt ge substring like and or);
}

# By which no row is lost: for each type of field all operators, but for those that are
# given others
my @field_types = qw(int string double money date datetime);
sub safe { return { (map { $_ => but() } @field_types), @_ } }
sub safe_but { return { map { $_ => but(@_) } @field_types } }

# Those whose answers can be right, some several at once.
#   safe     what may be sent, by types of fields, and timestamptz, if that is not as
#            all fields of type datetime; by default all operators
#   default  what may be sent at most unless something is known of the connector
#   formats  the notations of requests that are answered: by default form and json
#   errors   queries may end in an error of the wrapper
#   options  of the foreign tables
#   zone     in which zone the connector's times are; no_option: and tables do not say so
#   shown    the values are others, whatever is asked for: copies are to have these
#   without  a table that is not as the copy, or cannot be read, by design
#   limit    false if a limit together with a filter loses rows
#   scale    numbers may have zeros at the end
#   often    how many batches it has for one of the others
my $no_ranges = but(qw(lt le gt ge));
my $no_inequality = but(qw(ne not_in));
my @misbehaviours = (
	{ name => '', often => 6 },

	{ name => 'limit_100' },
	{ name => 'cap:50', options => { row_limit => 50 }, errors => 1 },
	{ name => 'max_limit:500000' },
	{ name => 'max_limit:100', options => { row_limit => 100 }, errors => 1 },
	{ name => 'limit_before_filter', limit => 0, often => 2 },
	{ name => 'ignore_limit' },
	{ name => 'select_ignored' },
	{ name => 'select_500', errors => 1 },
	{ name => 'ignore_limit,select_ignored,shuffled_header' },

	{ name => 'ignore_filter', often => 2 },
	{ name => 'ignore_filter,limit_100,strings', scale => 1 },
	{ name => 'filter_loses_all', safe => {}, often => 2 },
	{ name => 'filter_loses_all,empty_bare', safe => {} },
	{ name => 'filter_500', often => 2 },
	{ name => 'filter_500,case_insensitive,empty_double', safe => safe(string => $no_inequality) },
	{ name => 'filter_error_200' },
	{ name => 'prefixes_500', often => 2 },
	{ name => 'prefixes_500,case_insensitive', safe => safe(string => $no_inequality) },
	{ name => 'first_key_only', safe => safe_but('or') },
	{ name => 'last_key_only', safe => safe_but('or') },

	# numbers other than integers have quotes in JSON
	{ name => 'strict_types', formats => ['form'], safe => safe(int => 'none', double => 'none', money => 'none') },
	{ name => 'strict_types', formats => ['json'], safe => safe(double => 'none', money => 'none') },
	{ name => 'vendor', often => 2, safe => { %{ safe_but(qw(not_in like)) }, date => 'ne,gt,le' } },

	{ name => 'case_insensitive', safe => safe(string => $no_inequality), often => 2 },
	{ name => 'accent_insensitive', safe => safe(string => $no_inequality) },
	{ name => 'ignore_trailing_blanks', safe => safe(string => $no_inequality), often => 2 },
	{ name => 'case_insensitive,ignore_trailing_blanks,empty_double', safe => safe(string => $no_inequality) },
	{ name => 'floats_as_text', safe => safe(double => but(qw(eq in))) },
	{ name => 'ne_as_eq', safe => safe_but('ne'), often => 2 },
	{ name => 'not_in_as_in', safe => safe_but('not_in'), often => 2 },
	{ name => 'first_of_list', safe => safe_but('in'), default => 'eq' },
	{ name => 'long_list:0', safe => safe_but(qw(in not_in)) },
	{ name => 'long_list:3', safe => safe_but(qw(in not_in)) },
	{ name => 'long_list:20', safe => safe_but(qw(in not_in)) },
	{ name => 'list_500' },

	{ name => 'ge_as_gt', safe => safe_but('ge'), often => 2 },
	{ name => 'le_as_lt', safe => safe_but('le'), often => 2 },
	{ name => 'ranges_as_text', safe => safe(int => $no_ranges, double => $no_ranges, money => $no_ranges) },
	{ name => 'ranges_ignore_case', safe => safe(string => $no_ranges) },
	{ name => 'ranges_ignored' },
	{ name => 'ranges_skipped', safe => safe_but('or') },
	{ name => 'ranges_500' },

	{ name => 'substring_wildcards' },
	{ name => 'like_case_insensitive' },
	{ name => 'like_equals', safe => safe_but('like') },
	{ name => 'like_500' },

	{ name => 'logic_ignored', safe => safe_but('or') },
	{ name => 'groups_ignored' },
	{ name => 'groups_nothing', safe => safe_but(qw(and or)) },
	{ name => 'groups_500' },

	{ name => 'date_boundary', safe => safe(date => 'ne,not_in,gt,le') },
	{ name => 'date_at_noon', shown => 1, safe => safe(date => 'ne,not_in,gt') },
	{ name => 'filter_zone:3', safe => safe(datetime => 'none', timestamptz => but()) },
	{ name => 'fractions_hidden', safe => safe(datetime => but(qw(eq in))) },
	{ name => 'rounded_shown', shown => 1, safe => safe(double => 'none', money => 'none') },

	{ name => 'reversed_header' },
	{ name => 'shuffled_header' },
	{ name => 'extra_fields' },
	{ name => 'extra_fields,shuffled_header,strings,utf8_bom', scale => 1 },

	{ name => 'empty_as_header_only' },
	{ name => 'empty_double' },
	{ name => 'empty_bare' },
	{ name => 'unknown_table_empty' },

	{ name => 'strings', scale => 1 },
	{ name => 'date_times' },
	{ name => 'zero_dates', options => { invalid_values => 'null' } },
	{ name => 'zero_dates', errors => 1 },
	{ name => 'empty_strings', options => { invalid_values => 'null' }, without => 'all_null' },
	{ name => 'empty_strings', errors => 1 },
	{ name => 'iso_datetimes', zone => 'Etc/GMT-2' },
	{ name => 'iso_datetimes', zone => 'Etc/GMT-2', no_option => 1, errors => 1 },
	{ name => 'datetime_z', zone => 'UTC' },
	{ name => 'booleans' },
	{ name => 'money_currency', scale => 1 },
	{ name => 'floats', without => 'bigids', scale => 1 },
	{ name => 'wrong_types', errors => 1 },
	{ name => 'huge_row:2000000', errors => 1 },
	{ name => 'bad_utf8', errors => 1 },
	{ name => 'nul_escape', errors => 1 },
	{ name => 'lone_surrogate', errors => 1 },
	{ name => 'short_row', errors => 1 },
	{ name => 'long_row', errors => 1 },

	{ name => 'utf8_bom' },
	{ name => 'trailing_garbage', errors => 1 },
	{ name => 'trailing_comma', errors => 1 },
	{ name => 'slow:1' },
	{ name => 'redirect_same' },
	{ name => 'redirect_post_302' },
	{ name => 'close_connection' },
	{ name => 'form_only', formats => ['form'] },
	{ name => 'json_only', formats => ['json'] });

# Those by which there is nothing but errors
my @errors_only = qw(
  missing_field doubled_field lower_header empty_lie html_warning truncated gzip_lie
  truncated_chunked truncated_length stall stall_inside status error_200 status_error_200
  echo_secrets 503_always redirect);

# Those that make one wait and are right then, that change the values by what else is
# asked for, or that do not concern rows
my @others = qw(
  503_once 429_once nested
  check_empty check_error_200 list_error_200 list_not_array list_empty_code
  list_duplicate_codes list_hostile with_ids description_empty description_hostile
  description_duplicate description_bad_type description_lower_types);

{
	my ($names) = run_command([ $ENV{PYTHON} // 'python3', "$FindBin::RealBin/../test/connector/misbehave.py" ]);
	my @listed = map { /^(\S+)/ } split /\n/, $names;
	my %used = map { $_ => 1 } @errors_only, @others,
	  map { s/:.*//r } map { split /,/, $_->{name} } @misbehaviours;

	is_deeply([ sort keys %used ], [ sort @listed ], 'every misbehaviour has its place here');
}

# ---- the server ------------------------------------------------------------

my $node = new_node('differential', conf => "log_statement = none\n");
my $url = reference_url();

$node->safe_psql('postgres',
	"CREATE DATABASE $databases[0] TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
$node->safe_psql($databases[0], <<'SQL');
CREATE EXTENSION biconnector_fdw;
SET client_min_messages = error;
ALTER ROLE CURRENT_USER SET timezone = 'Europe/Berlin';
ALTER ROLE CURRENT_USER SET client_min_messages = error;
ALTER ROLE CURRENT_USER SET statement_timeout = '120s';

-- Collations other than C, if there are any
CREATE COLLATION public.words FROM "C";
CREATE COLLATION public.anycase FROM "C";
DO $$
BEGIN
    DROP COLLATION public.words;
    CREATE COLLATION public.words (provider = icu, locale = 'en-US');
    DROP COLLATION public.anycase;
    CREATE COLLATION public.anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
EXCEPTION WHEN OTHERS THEN NULL;
END
$$;

-- The rows of statements, in an order of their own unless theirs matters, or the code of
-- their error and what it says
CREATE FUNCTION rows_of(statements jsonb, ordered boolean, scale boolean) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    result text[] := '{}';
    statement text;
    line record;
BEGIN
    FOR statement IN SELECT * FROM jsonb_array_elements_text(statements) LOOP
        IF statement LIKE 'PREPARE %' THEN
            EXECUTE statement;
        ELSE
            FOR line IN EXECUTE statement LOOP
                result := result || line::text;
            END LOOP;
        END IF;
        IF ordered THEN
            result := result || 'the end of a statement'::text;
        END IF;
    END LOOP;
    IF scale THEN
        result := array(SELECT regexp_replace(r, '(\.\d*[1-9])0+\y|\.0+\y', '\1', 'g')
                        FROM unnest(result) WITH ORDINALITY AS u (r, n) ORDER BY n);
    END IF;
    IF NOT ordered THEN
        result := array(SELECT r FROM unnest(result) AS r ORDER BY r COLLATE "C");
    END IF;
    RETURN result;
EXCEPTION WHEN OTHERS THEN
    RETURN ARRAY['error', SQLSTATE, SQLERRM];
END
$$;

-- How the rows of a query from schema there compare with those from the schema of copies.  The
-- verdict is right, WRONG, or the code of an error; void if the query cannot be answered
-- here either.
CREATE FUNCTION compare(query jsonb, copies text, scale boolean) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    statements jsonb := replace(query ->> 'statements', 'fixed.', copies || '.');
    ordered boolean := (query ->> 'ordered')::boolean;
    got text[];
    wanted text[];
    possible text[];
    verdict text;
BEGIN
    PERFORM set_config(key, value, true) FROM jsonb_each_text(query -> 'settings')
    WHERE EXISTS (SELECT FROM pg_settings WHERE name = key);
    wanted := rows_of(replace(statements::text, 'there.', copies || '.')::jsonb, ordered, scale);
    EXECUTE 'DEALLOCATE ALL';
    IF wanted[1] = 'error' THEN
        RETURN jsonb_build_object('verdict', 'void', 'wanted', wanted);
    END IF;
    got := rows_of(statements, ordered, scale);
    EXECUTE 'DEALLOCATE ALL';
    possible := wanted;
    IF got[1] = 'error' THEN
        RETURN jsonb_build_object('verdict', got[2], 'got', got[3]);
    ELSIF got = wanted THEN
        RETURN jsonb_build_object('verdict', 'right', 'rows', cardinality(got));
    ELSIF query ? 'whole' AND cardinality(got) = cardinality(wanted) THEN
        possible := rows_of(regexp_replace(query ->> 'whole', '\m(there|fixed)\.', copies || '.', 'g')::jsonb, false, scale);
        EXECUTE 'DEALLOCATE ALL';
        IF NOT EXISTS (SELECT unnest(got) EXCEPT ALL SELECT unnest(possible)) THEN
            RETURN jsonb_build_object('verdict', 'right', 'rows', cardinality(got));
        END IF;
    END IF;
    RETURN jsonb_build_object('verdict', 'WRONG', 'rows', cardinality(got), 'wanted rows', cardinality(wanted),
        'too many', array(SELECT left(u, 500) FROM (SELECT unnest(got) EXCEPT ALL SELECT unnest(possible)) AS s (u) LIMIT 5),
        'missing', array(SELECT left(u, 500) FROM (SELECT unnest(wanted) EXCEPT ALL SELECT unnest(got)) AS s (u) LIMIT 5));
END
$$;
SQL

for my $format (qw(form json))
{
	$node->safe_psql($databases[0], <<"END");
CREATE SERVER $format FOREIGN DATA WRAPPER biconnector_fdw
    OPTIONS (url_data '$url/data', max_row_size '1MB', request_format '$format');
CREATE USER MAPPING FOR PUBLIC SERVER $format OPTIONS (login 'anna', password 's3cret word');
END
}

# Options of foreign data wrappers, as SQL
sub options_sql
{
	my (%options) = @_;

	return join ', ', map { "$_ " . QueryGenerator::literal($options{$_}) } sort keys %options;
}

# The foreign tables of a batch, in schema there
sub table_definitions
{
	my ($batch) = @_;
	my ($misbehaviour, $safe) = @$batch{qw(misbehaviour safe)};
	my $sql = "DROP SCHEMA IF EXISTS there CASCADE;\nCREATE SCHEMA there;\n";

	for my $name (@{ $batch->{tables} // [ sort keys %tables ] })
	{
		my ($key, @columns) = @{ $tables{$name} };
		my @definitions = map {
			my ($column, $type, $field, $field_type) = @$_;
			my %options = (column_name => $field, field_type => $field_type);

			$options{time_zone} = $batch->{zone} if $batch->{zone} && $field_type eq 'datetime';
			if ($safe)
			{
				my $operators = ($type eq 'timestamptz' ? $safe->{timestamptz} : undef) // $safe->{$field_type};

				$options{filter_operators} = $operators if defined $operators;
			}
			my ($plain, $collation) = $type =~ /^(.*?)( COLLATE .*)?$/;
			QueryGenerator::name($column) . " $plain OPTIONS (" . options_sql(%options) . ')' . ($collation // '')
		} @columns;
		my %options = (
			table_name => $name . ($misbehaviour->{name} eq '' ? '' : "+$misbehaviour->{name}"),
			%{ $batch->{options} });

		$sql .= 'CREATE FOREIGN TABLE there.' . QueryGenerator::name($name) . ' (' . join(",\n    ", @definitions)
		  . ")\nSERVER $batch->{format} OPTIONS (" . options_sql(%options) . ");\n";
	}
	return $sql;
}

# Run a script, and return the lines that it prints, and its errors
sub start
{
	my ($worker, $script) = @_;

	return start_session($node, encode('UTF-8', $script), database => $databases[$worker], fuse => 600);
}

sub psql
{
	my ($out, $err) = start(0, @_)->finish;

	return ([ split /\n/, $out ], $err);
}

sub psql_or_die
{
	my ($lines, $err) = psql(@_);

	die $err if $err ne '';
	return $lines;
}

# Copies of the tables for each zone of the connector, made without a filter from the
# connector when it behaves, or shows other values; and what is in them
my $json = JSON::PP->new->canonical->utf8;
my %content;
my %copies;

sub copies_for
{
	my ($misbehaviour) = @_;

	return $copies{ ($misbehaviour->{zone} // '') . ($misbehaviour->{shown} ? $misbehaviour->{name} : '') };
}

for my $misbehaviour (@misbehaviours)
{
	next if copies_for($misbehaviour);

	my $shown = $misbehaviour->{shown} ? $misbehaviour->{name} : '';
	my $schema = 'copy_' . scalar keys %copies;

	$copies{ ($misbehaviour->{zone} // '') . $shown } = $schema;
	psql_or_die(table_definitions({
				misbehaviour => { name => $shown }, zone => $misbehaviour->{zone}, format => 'form', options => {} })
		  . "CREATE SCHEMA $schema;\n"
		  . join '', map {
			my $name = QueryGenerator::name($_);
			"CREATE TABLE $schema.$name AS SELECT * FROM there.$name;\n"
		  } sort keys %tables);
}
for my $name (sort keys %tables)
{
	my ($key, @columns) = @{ $tables{$name} };
	my $values = join ', ', map {
		my $column = QueryGenerator::name($_->[0]);
		"array_agg(DISTINCT $column\::text COLLATE \"C\" ORDER BY $column\::text COLLATE \"C\") FILTER (WHERE $column IS NOT NULL)"
	} @columns;
	my ($line) = @{ psql_or_die("SELECT json_build_array(count(*), $values) FROM copy_0." . QueryGenerator::name($name)) };
	my ($rows, @values) = @{ $json->decode($line) };

	$content{$name} = { key => $key, rows => $rows,
		columns => [ map { { name => $columns[$_][0], type => $columns[$_][1], values => $values[$_] // [] } } 0 .. $#columns ] };
}
is($content{items}{rows}, 250, 'the copies have rows');
$node->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE $databases[0]") for @databases[ 1 .. $#databases ];

# ---- the ways to trust a connector -----------------------------------------

my @ways = ('default');
{
	my ($lines, $err) = psql(table_definitions({ misbehaviour => { name => '' }, safe => safe(), format => 'form', options => {} }));
	push @ways, 'trusted' if $err eq '';
	($lines) = psql("SELECT to_regprocedure('biconnector_probe_statement(regclass)') IS NOT NULL");
	push @ways, 'probed' if $lines->[0] eq 't';
}
note 'ways to trust the connector: ', join ', ', @ways;

# ---- the batches -----------------------------------------------------------

# All pairs of a misbehaviour and a way, in the order in which they are tried.  Those that
# come more often do so far apart.
my @kinds;
for my $turn (1 .. 6)
{
	for my $misbehaviour (grep { ($_->{often} // 1) >= $turn } @misbehaviours)
	{
		# the probe takes long: in a short run only for some
		my $probe = $queries >= 10_000
		  || $turn == 1 && ($misbehaviour->{name} eq '' || $misbehaviour->{safe} && ($misbehaviour->{often} // 1) > 1);
		my @wanted = grep { $_ ne 'probed' || $probe } @ways;

		push @kinds, map { [ $misbehaviour, $_ ] } @wanted;
	}
}
@kinds = grep { "$_->[0]{name} $_->[1]" =~ /$only/ } @kinds;
die "nothing is called $only\n" if !@kinds;

my $batch_size = int $queries / @kinds;
$batch_size = MOST_IN_BATCH if $batch_size > MOST_IN_BATCH;
$batch_size = 1 if $batch_size < 1;

# Where the log of the connector's requests is when the queries begin
my $log_begin = -s ($ENV{BICONNECTOR_LOG} // die "BICONNECTOR_LOG is not set\n");

my (%outcomes, %shapes);
my ($number, $failures) = (0, 0);

sub make_batch
{
	my ($batch_number) = @_;
	my ($misbehaviour, $way) = @{ $kinds[ $batch_number % @kinds ] };
	my $generator = QueryGenerator->new(seed => $seed * 100003 + $batch_number, tables => \%content);
	my %options = (%{ $misbehaviour->{options} // {} });

	$options{filter_operators} = $misbehaviour->{default} if $misbehaviour->{default} && $way ne 'probed';
	$options{push_limit} = $generator->pick('none', 'unfiltered', $misbehaviour->{limit} // 1 ? ('filtered', 'filtered') : 'unfiltered')
	  if $way ne 'probed' && $generator->chance(70);
	return {
		number => $batch_number, worker => $batch_number % @databases, copies => copies_for($misbehaviour),
		generator => $generator, misbehaviour => $misbehaviour, way => $way,
		format => $generator->pick(@{ $misbehaviour->{formats} // [qw(form json)] }),
		options => \%options, zone => $misbehaviour->{no_option} ? undef : $misbehaviour->{zone},
		safe => $way eq 'trusted' ? ($misbehaviour->{safe} // safe()) : undef,
		alone => $generator->random(TESTED_SEPARATELY) == 0 };
}

# What comes before the queries of a batch: the tables that they use, with what the
# probe says of them
sub preparation
{
	my ($batch, @batch_queries) = @_;
	my $statements = join ' ', map { @{ $_->{statements} } } @batch_queries;

	$batch->{tables} = [ grep { index($statements, 'there.' . QueryGenerator::name($_)) >= 0 } sort keys %tables ];
	return table_definitions($batch) . ($batch->{way} eq 'probed' ? probe_statements($batch) : '');
}

# The probe takes many requests, so what it says is kept
my %probed;

sub probe_statements
{
	my ($batch) = @_;
	my $kind = "$batch->{misbehaviour}{name} $batch->{format} " . ($batch->{zone} // '') . options_sql(%{ $batch->{options} });
	my @new = grep { !$probed{$kind}{$_} } @{ $batch->{tables} };

	if (@new)
	{
		my ($out, $err) = start($batch->{worker}, table_definitions($batch) . join '', map {
			my $name = QueryGenerator::literal($_);
			my $relation = QueryGenerator::literal('there.' . QueryGenerator::name($_));
			"SELECT json_build_array($name, s) FROM biconnector_probe_statement($relation) AS s;\n"
		} @new)->finish;

		$probed{$kind}{$_} = [] for @new;
		for my $line (split /\n/, $out)
		{
			my ($name, $statement) = @{ $json->decode($line) };

			push @{ $probed{$kind}{$name} }, $statement;
		}
		fail_once("the probe of $kind: $err") if $err =~ /ERROR|FATAL|PANIC/ && !$batch->{misbehaviour}{errors};
	}
	return join '', map { s/;?\s*$/;\n/r } map { @{ $probed{$kind}{$_} } } @{ $batch->{tables} };
}

sub fail_once
{
	my ($text) = @_;

	$failures++;
	diag encode('UTF-8', substr $text, 0, 2000);
	return;
}

sub comparison
{
	my ($batch, $query) = @_;

	return 'SELECT compare(' . QueryGenerator::literal(JSON::PP->new->canonical->encode($query))
	  . ", '$batch->{copies}', " . ($batch->{misbehaviour}{scale} ? 'true' : 'false') . ");\n";
}

# A session that runs queries of a batch, or a session for each of them
sub start_batch
{
	my ($batch, @batch_queries) = @_;
	my $separator = $batch->{alone} ? "\\connect -\n" : '';

	return start($batch->{worker}, preparation($batch, @batch_queries) . "\\echo begin\n"
		  . join $separator, map { comparison($batch, $_) } @batch_queries);
}

# The verdicts on its queries, and what went wrong besides
sub verdicts
{
	my ($session) = @_;
	my ($out, $err) = $session->finish;
	my @lines = split /\n/, $out;

	# what comes before is the statements of the probe
	shift @lines while @lines && $lines[0] ne 'begin';
	shift @lines;
	return ([ map { eval { $json->decode($_) } // { verdict => 'no answer', line => $_ } } @lines ], $err);
}

# Show all that is known of a query that went wrong
sub report
{
	my ($batch, $query, $verdict) = @_;

	# does it show on its own as well?
	my ($alone) = verdicts(start_batch($batch, $query));
	my $again = @$alone && $alone->[0]{verdict} eq $verdict->{verdict};
	diag encode('UTF-8', join "\n",
		"query $number is wrong; DIFFERENTIAL_SEED=$seed, batch $batch->{number}",
		'misbehaviour: ' . ($batch->{misbehaviour}{name} || 'none') . "; operators: $batch->{way}"
		  . "; format: $batch->{format}; options: " . options_sql(%{ $batch->{options} })
		  . ($batch->{zone} ? "; zone: $batch->{zone}" : ''),
		'settings: ' . JSON::PP->new->canonical->encode($query->{settings}),
		(map { "    $_;" } @{ $query->{statements} }),
		(map { "$_: " . substr JSON::PP->new->canonical->allow_nonref->encode($verdict->{$_}), 0, 2000 } sort keys %$verdict),
		$again ? 'a session of its own gives the same' : 'it takes the queries before it in the session');
	return;
}

# The queries of a batch
sub make_queries
{
	my ($batch, $count) = @_;
	my $without = $batch->{misbehaviour}{without};
	my @list;

	while (@list < $count)
	{
		my $query = $batch->{generator}->query;

		push @list, $query
		  if !$without || !grep { /there\."\Q$without\E"/ } @{ $query->{statements} };
	}
	return @list;
}

# Count what became of the queries of a batch
sub judge
{
	my ($batch, $session, @batch_queries) = @_;
	my $misbehaviour = $batch->{misbehaviour};
	my ($verdicts, $err) = verdicts($session);
	my $outcome = $outcomes{"$misbehaviour->{name} $batch->{way}"} //= { right => 0, void => 0, error => 0, wrong => 0 };

	for my $query (@batch_queries)
	{
		my $verdict = shift @$verdicts // { verdict => 'no answer', error => $err };
		my $code = $verdict->{verdict};

		$number++;
		$shapes{ $query->{shape} }++ if $code eq 'right' && $verdict->{rows};
		if ($code eq 'right' || $code eq 'void')
		{
			$outcome->{$code}++;
		}
		elsif ($misbehaviour->{errors} && $code =~ /^(?:HV|08|22|428|54)/)
		{
			$outcome->{error}++;
		}
		elsif ($failures < MOST_FAILURES)
		{
			$outcome->{wrong}++;
			$failures++;
			report($batch, $query, $verdict);
		}
	}

	# a warning that a filter is not sent any more is no failure
	if ($err =~ /ERROR|FATAL|PANIC/ && !$misbehaviour->{errors})
	{
		fail_once("in batch $batch->{number} ($misbehaviour->{name}, $batch->{way}): $err");
	}
	return;
}

for (my ($batch_number, $planned) = (0, 0); $planned < $queries && $failures < MOST_FAILURES;)
{
	my @running;

	for (@databases)
	{
		my $batch = make_batch($batch_number++);
		my $left = $queries - $planned;
		my @batch_queries = make_queries($batch, $left < $batch_size ? $left : $batch_size);

		$planned += @batch_queries;
		push @running, [ $batch, start_batch($batch, @batch_queries), @batch_queries ] if @batch_queries;
	}
	judge(@$_) for @running;
}

# ---- what came out ---------------------------------------------------------

my %sum;
for my $kind (sort keys %outcomes)
{
	my %outcome = %{ $outcomes{$kind} };
	my ($misbehaviour, $way) = split / /, $kind;

	$sum{$_} += $outcome{$_} for keys %outcome;
	is($outcome{wrong}, 0, ($misbehaviour || 'no misbehaviour') . ", $way operators: no wrong result")
	  or next;
	note "right: $outcome{right}, errors: $outcome{error}, void: $outcome{void}";
}
note "$number queries; " . join ', ', map { "$_: $sum{$_}" } sort keys %sum;
is($number, $queries, 'all queries were run');
is($failures, 0, 'nothing else went wrong');

# Queries that have no answer say nothing, nor do those without rows
cmp_ok($sum{void}, '<', $number / 20, 'few queries cannot be answered');
note "with rows: " . join ', ', map { "$_: $shapes{$_}" } sort keys %shapes;

# What was not sent was not tested
my %operators = map { $_ => 0 } qw(= [] != !@ < <= > >= % =% LOGIC);
my %fields = map { $_->[2] => $_->[3] } map { @$_[ 1 .. $#$_ ] } values %tables;
my %sent;
open my $log, '<:encoding(UTF-8)', $ENV{BICONNECTOR_LOG} or die "cannot read the connector's log: $!";
seek $log, $log_begin, 0;
while (my $line = <$log>)
{
	my ($filter) = $line =~ /"body": \{.*?"filter": (\{.*?), "raw": / or next;

	while ($filter =~ /"(!@|!=|!|<=|>=|<|>|=%|%=|%|@|=)?(\w+)": (.)/g)
	{
		my ($operator, $field, $value) = ($1 // '=', $2, $3);

		$operator = $field eq 'LOGIC' ? 'LOGIC' : $operator eq '=' && $value eq '[' ? '[]' : $operator;
		next if $operator ne 'LOGIC' && !$fields{$field};
		$operators{$operator}++;
		$sent{"$fields{$field} $operator"}++ if $operator ne 'LOGIC';
	}
}
close $log;
note 'sent: ' . join ', ', map { "$_: $sent{$_}" } sort keys %sent;
note 'groups with LOGIC: ' . $operators{LOGIC};
if ($only eq '' && $number >= 1000)
{
	my @expected = @ways > 1 ? sort keys %operators : ('=', '[]');

	is_deeply([ grep { !$operators{$_} } @expected ], [], 'every operator was sent that may be');
}

done_testing();
