
=pod

=head1 NAME

QueryGenerator - random queries over tables whose content is known

=head1 SYNOPSIS

  use QueryGenerator;

  my $generator = QueryGenerator->new(seed => 42, tables => {
	items => { rows => 250, key => 'id', columns => [
		{ name => 'id', type => 'bigint', values => [ 1 .. 250 ] },
		{ name => 'name', type => 'text', values => [ 'Apple', 'apple ' ] } ] } });
  my $query = $generator->query;

=head1 DESCRIPTION

The same seed and tables give the same queries.

A query reads the tables from schema C<there>, and some from schema C<fixed>, which
is to have copies of them.  It is a hash:

  statements  run one after the other; those that begin with PREPARE have no rows
  whole       the statements without their LIMIT, if the rows that it leaves are
              not determined by the query: any of these may come
  ordered     whether the order of the rows is determined
  settings    parameters to set before, name => value; a version of PostgreSQL may
              not know all of them

Constants are those that are in the tables, and their neighbours: what is one
more, a day earlier, in another letter case, has a blank behind it.  That is where
conditions go wrong.

Result lists have nothing whose value depends on the order of rows, such as sums
of floating point numbers.

=cut

package QueryGenerator;

use strict;
use warnings;
use utf8;

use List::Util qw(max min);

# The classes of types, by which operators and constants are chosen
my %class_of = (
	smallint => 'int', integer => 'int', bigint => 'int',
	numeric => 'numeric', real => 'double', 'double precision' => 'double',
	text => 'text', varchar => 'text', char => 'char',
	date => 'date', timestamp => 'timestamp', timestamptz => 'timestamptz',
	boolean => 'boolean');

# The types that constants and parameters have when they are to be compared with
# one of a class
my %types_for = (
	int => [qw(bigint integer smallint numeric float8)],
	numeric => [qw(numeric bigint integer float8)],
	double => [qw(float8 numeric integer real)],
	text => [ 'text', 'varchar', 'char(12)', 'name' ],
	char => [ 'char(12)', 'text', 'varchar' ],
	date => [qw(date timestamp timestamptz)],
	timestamp => [qw(timestamp date timestamptz)],
	timestamptz => [qw(timestamptz timestamp date)],
	boolean => ['boolean']);

my @comparisons = ('=', '=', '=', '<>', '<', '<=', '>', '>=');

# Pairs of columns by which tables are joined without giving too many rows
my @pairs = (
	[ 'items', 'id', 'orders', 'item_id' ],
	[ 'items', 'id', 'orders', 'order_id' ],
	[ 'items', 'id4', 'items', 'id' ],
	[ 'items', 'id2', 'items', 'qty' ],
	[ 'items', 'id_n', 'items', 'id' ],
	[ 'items', 'name', 'items', 'name_c' ],
	[ 'items', 'name_v', 'items', 'name' ],
	[ 'items', 'name_i', 'items', 'name_i' ],
	[ 'items', 'name_a', 'items', 'name_a' ],
	[ 'items', 'name', 'bigids', 'code' ],
	[ 'items', 'name', 'forms', 'code' ],
	[ 'items', 'born', 'items', 'created_d' ],
	[ 'items', 'born', 'items', 'born_t' ],
	[ 'items', 'created', 'items', 'created_s' ],
	[ 'items', 'created', 'orders', 'ordered' ],
	[ 'items', 'created_z', 'items', 'created' ],
	[ 'items', 'price', 'items', 'price' ],
	[ 'items', 'price', 'items', 'id' ],
	[ 'items', 'amount', 'orders', 'total' ],
	[ 'items', 'qty', 'orders', 'item_id' ],
	[ 'single', 'status', 'items', 'status' ],
	[ 'single', 'name', 'items', 'name' ],
	[ 'all_null', 'id', 'items', 'id' ],
	[ 'all_null', 'name', 'items', 'name' ],
	[ 'empty_table', 'id', 'items', 'id' ],
	[ 'bigids', 'id', 'bigids', 'id_n' ],
	[ 'bigids', 'id', 'items', 'id' ],
	[ 'wide', 'f1', 'orders', 'order_id' ],
	[ 'Weird "Table"', 'select', 'items', 'id' ],
	[ 'Weird "Table"', 'ünï', 'items', 'name' ]);

# Tables that a query may be correlated with row by row without many requests
my @small = ('single', 'all_null', 'empty_table', 'bigids', 'wide', 'Weird "Table"');

sub new
{
	my ($class, %options) = @_;
	my $self = bless { tables => $options{tables} }, $class;

	# seeds that are close give states that are not
	$self->{state} = ($options{seed} * 0x9E3779B1 + 0x7F4A7C15) % (1 << 47) || 1;
	$self->random(2) for 1 .. 8;

	for my $name (sort keys %{ $self->{tables} })
	{
		for my $column (@{ $self->{tables}{$name}{columns} })
		{
			my ($base) = $column->{type} =~ /^([a-z ]*[a-z])/;

			$column->{class} = $class_of{$base} // die "no class for $column->{type}";
			$column->{nondeterministic} = $column->{type} =~ /anycase/;
		}

		# most conditions are on what may be sent, or might be thought to be
		$self->{tables}{$name}{choice} =
		  [ map { ($_) x ($_->{type} =~ /\(|real|boolean/ ? 1 : 4) } @{ $self->{tables}{$name}{columns} } ];
	}
	return $self;
}

# ---- chance ----------------------------------------------------------------

# A number from 0 to below the limit; not Perl's own, which others use as well
sub random
{
	my ($self, $limit) = @_;
	my $x = $self->{state};

	$x ^= $x >> 12;
	$x ^= $x << 25;
	$x ^= $x >> 27;
	$self->{state} = $x;
	return ($x >> 16) % $limit;
}

sub pick
{
	my ($self, @list) = @_;

	return $list[ $self->random(scalar @list) ];
}

# True so many times of a hundred
sub chance
{
	my ($self, $percent) = @_;

	return $self->random(100) < $percent;
}

# One of pairs of a weight and anything
sub weighted
{
	my ($self, @pairs) = @_;
	my $total = 0;

	$total += $pairs[ 2 * $_ ] for 0 .. $#pairs / 2;
	my $left = $self->random($total);
	while ($left >= $pairs[0])
	{
		$left -= $pairs[0];
		splice @pairs, 0, 2;
	}
	return $pairs[1];
}

# ---- texts of SQL ----------------------------------------------------------

sub literal
{
	my ($text) = @_;

	return 'NULL' if !defined $text;
	$text =~ s/'/''/g;
	return "'$text'";
}

sub name
{
	my ($name) = @_;

	$name =~ s/"/""/g;
	return "\"$name\"";
}

sub array_literal
{
	my (@texts) = @_;

	for (@texts)
	{
		if (defined)
		{
			s/([\\"])/\\$1/g;
			$_ = "\"$_\"";
		}
		else
		{
			$_ = 'NULL';
		}
	}
	return literal('{' . join(',', @texts) . '}');
}

# ---- values ----------------------------------------------------------------

# A value of the column as text, or what is near it; undefined for NULL, which is
# rare
sub value
{
	my ($self, $column) = @_;

	return $self->chance(3) ? undef : $self->near_value($column, $column->{class});
}

sub near_value
{
	my ($self, $column, $class) = @_;
	my @values = @{ $column->{values} };
	my $text = @values ? $self->pick(@values) : undef;

	return $self->near_integer($text) if $class eq 'int';
	return $self->near_number($text) if $class eq 'numeric' || $class eq 'double';
	return $self->near_text($text) if $class eq 'text' || $class eq 'char';
	return $self->pick(qw(true false)) if $class eq 'boolean';
	return $self->near_moment($text, $class);
}

sub near_integer
{
	my ($self, $text) = @_;

	return $self->weighted(
		4 => $self->random(260),
		1 => $self->pick(qw(0 -1 32767 -32768 2147483647 2147483648 -2147483649)),
		1 => $self->pick(qw(9007199254740991 9007199254740992 9007199254740993
			  -9007199254740991 -9007199254740993 9223372036854775807)))
	  if !defined $text || $self->chance(15);
	return $text if abs($text) > 1e15 || $self->chance(60);

	# between two integers, too
	return $text + $self->pick(-1, 1, -1, 1, 0.5, -0.5);
}

sub near_number
{
	my ($self, $text) = @_;

	return $self->pick(qw(0 1 -1 5.5 0.1 100 1e-7 1e21 -2.5 3.00 99.995 NaN Infinity -Infinity
		  123456789012345678.5 0.30000000000000004 1e-320))
	  if !defined $text || $self->chance(15);
	return $text if $self->chance(65) || $text =~ /e/;
	return $self->pick(
		$text + 1, $text - 1, $text . ($text =~ /\./ ? '0' : '.0'),
		$text . ($text =~ /\./ ? '0000001' : '.0000001'), sprintf('%.1f', $text), int $text);
}

# Text with other letters, blanks, accents, and parts of it.  The texts are
# characters.
sub near_text
{
	my ($self, $text) = @_;

	$text = $self->pick('', ' ', '%', '_', 'Item', '0', 'null', "\x{e9}") if !defined $text || $self->chance(8);
	return $text if $self->chance(60);

	my $length = length $text;
	return $self->weighted(
		3 => uc $text,
		3 => lc $text,
		2 => ucfirst lc $text,
		3 => "$text ",
		2 => " $text",
		1 => "$text\t",
		3 => substr($text, 0, $self->random($length + 1)),
		2 => substr($text, $self->random($length + 1)),
		2 => $text . $self->pick('a', 'z', '0', "\x{448}", "\x{301}", '!', '~'),
		2 => $self->accented($text),
		1 => "$text$text");
}

sub accented
{
	my ($self, $text) = @_;

	return $text if $text =~ s/e/\x{e9}/ || $text =~ s/a/\x{e4}/ || $text =~ s/\x{451}/\x{435}/;
	$text =~ s/ss/\x{df}/;
	return $text;
}

# A date or a time near it: a day, a second, a fraction of a second, midnight
sub near_moment
{
	my ($self, $text, $class) = @_;

	$text = $self->pick('2024-02-29', '2000-01-01', '1970-01-01', '2023-06-15', '0001-01-01',
		'9999-12-31', 'infinity', '-infinity')
	  if !defined $text || $self->chance(12);
	return $text if $text =~ /infinity/;

	my ($day, $time, $zone) = $text =~ /^(\S+)(?: (\d\d:\d\d:\d\d)\S*?([+-]\d+)?)?$/;
	$time //= '00:00:00';
	$day = $self->near_day($day) if $self->chance(35);
	return $day if $class eq 'date' ? $self->chance(85) : $self->chance(20);

	$time = $self->weighted(
		6 => $time,
		1 => '00:00:00',
		1 => '23:59:59',
		1 => "$time.5",
		1 => "$time.000001",
		1 => '23:59:59.999999',
		1 => sprintf('%s%02d', substr($time, 0, 6), (substr($time, 6, 2) + 1) % 60));
	return "$day $time" if $class ne 'timestamptz' || $self->chance(50);
	return "$day $time" . $self->pick($zone // '+01', '+00', '+02', '-05', '+05:30');
}

sub near_day
{
	my ($self, $day) = @_;
	my ($year, $month, $date) = $day =~ /^(\d+)-(\d+)-(\d+)$/ or return $day;

	return $self->pick("$year-$month-01", sprintf('%04d-%02d-%02d', $year, $month, max(1, $date - 1)),
		sprintf('%04d-%02d-%02d', $year, $month, min(28, $date + 1)), "$year-12-31", "$year-01-01");
}

# A value of one class as one of another, to which the column is cast
sub as_class
{
	my ($self, $text, $from, $to) = @_;

	return $text if !defined $text || $from eq $to;
	if ($to eq 'date')
	{
		$text =~ s/ .*//;
	}
	elsif ($to eq 'timestamp')
	{
		$text =~ s/(\d:\d\d:\d\d(?:\.\d+)?)[+-].*/$1/;
	}
	elsif ($to eq 'int')
	{
		$text = $text =~ /^-?\d{1,15}(?:\.|$)/ ? int $text : 5;
	}
	return $text;
}

# Can the text be read as that type?  Only what is generated here matters.
sub fits
{
	my ($text, $type) = @_;

	return 1 if !defined $text;
	if ($type =~ /int/)
	{
		my $most = $type eq 'smallint' ? 32767 : $type eq 'integer' ? 2147483647 : 9223372036854775807;

		return $text =~ /^-?\d{1,19}$/ && abs($text) <= $most;
	}
	return 0 if $type eq 'numeric' && $text =~ /Inf/;
	return 0 if $type eq 'real' && $text =~ /e-320/;
	return 0 if $type =~ /char\(/ && length $text > 12;
	return 0 if $type eq 'name' && length $text > 15;
	return 1;
}

# A type for a constant or parameter that is compared with a column of that class
# and has these values
sub type_for
{
	my ($self, $class, @texts) = @_;
	my @types = grep {
		my $type = $_;
		!grep { !fits($_, $type) } @texts
	} @{ $types_for{$class} };

	return $types[0] // 'text' if $self->chance(60);
	return @types ? $self->pick(@types) : 'text';
}

# A constant, parameter or subquery to compare something of that class with, made
# from a column's values
sub operand
{
	my ($self, $column, $class) = @_;
	my $text = $self->as_class($self->value($column), $column->{class}, $class);

	if ($self->{parameters} && $self->chance(55))
	{
		my @texts = ($text,
			map { $self->as_class($self->value($column), $column->{class}, $class) } 1, 2);

		return $self->parameter($self->type_for($class, @texts) =~ s/^name$/text/r, map { literal($_) } @texts);
	}
	return $self->pick('NULL', 'NULL::' . $self->type_for($class)) if !defined $text;

	my $type = $self->type_for($class, $text);
	my $quoted = literal($text);

	# a name has a collation of its own
	$type = 'text' if $type eq 'name' && $column->{type} =~ /COLLATE/;
	return $self->weighted(
		4 => $class eq 'int' && $text =~ /^\d{1,18}$/ || $text =~ /^\d+\.\d+$/ && $class =~ /int|numeric/
		  ? $text : $class eq 'int' && $text =~ /\./ ? "$quoted\::$type" : $quoted,
		4 => "$quoted\::$type",
		1 => $self->one_value($class, $quoted, $type));
}

# The same by way of something that PostgreSQL computes
sub one_value
{
	my ($self, $class, $quoted, $type) = @_;

	return "(SELECT $quoted\::$type)" if $self->chance(40);
	return "(SELECT max(id) FROM fixed.items WHERE id < 100)" if $class eq 'int';
	return "(SELECT min(name) FROM fixed.items WHERE id > 40)" if $class eq 'text';
	return "(SELECT max(born) FROM fixed.items)" if $class eq 'date';
	return "now()::timestamp" if $class eq 'timestamp';
	return "($quoted\::$type)";
}

# A parameter with the values it has, which are SQL.  Its number is made later.
sub parameter
{
	my ($self, $type, @values) = @_;

	push @{ $self->{parameters} }, { type => $type, values => \@values };
	return '$' . @{ $self->{parameters} };
}

# ---- conditions ------------------------------------------------------------

# A column of a table, or an expression around it that is no error for any value:
# (expression, class, column)
sub column
{
	my ($self, $alias, $table, $wanted) = @_;
	my @columns = grep { !$wanted || $wanted->($_) } @{ $self->{tables}{$table}{choice} };
	my $column = $self->pick(@columns ? @columns : @{ $self->{tables}{$table}{choice} });
	my $expression = "$alias." . name($column->{name});

	return ($expression, $column->{class}, $column) if $self->chance(85);
	my ($form, $class) = @{ $self->pick(@{ {
		int => [
			[ '%s::bigint', 'int' ], [ '%s::numeric', 'numeric' ], [ '%s::float8', 'double' ],
			[ '%s::text', 'text' ], [ '(%s + 0)', 'int' ],
			[ '(- %s::numeric)', 'numeric' ], [ 'abs(%s::numeric)', 'numeric' ] ],
		numeric => [
			[ '%s::float8', 'double' ], [ 'floor(%s)', 'numeric' ], [ 'round(%s)', 'numeric' ],
			[ '%s::numeric(40,1)', 'numeric' ], [ 'trim_scale(%s)::text', 'text' ] ],
		double => [ [ '%s::numeric', 'numeric' ], [ '%s::real', 'double' ], [ '(%s * 2)', 'double' ] ],
		text => [
			[ '%s::varchar', 'text' ], [ '%s::varchar(3)', 'text' ], [ '%s::char(6)', 'char' ],
			[ '%s::text', 'text' ], [ 'lower(%s)', 'text' ], [ '(%s || \'\')', 'text' ],
			[ '(%s COLLATE "C")', 'text' ], [ '(%s COLLATE public.words)', 'text' ],
			[ 'rtrim(%s)', 'text' ] ],
		char => [ [ '%s::text', 'text' ], [ '%s::varchar', 'text' ] ],
		date => [
			[ '%s::timestamp', 'timestamp' ], [ '%s::timestamptz', 'timestamptz' ],
			[ '%s::text', 'text' ], [ '(%s + 1)', 'date' ] ],
		timestamp => [
			[ '%s::date', 'date' ], [ '%s::timestamptz', 'timestamptz' ], [ '%s::text', 'text' ],
			[ 'date_trunc(\'month\', %s)', 'timestamp' ], [ '%s::timestamp(0)', 'timestamp' ] ],
		timestamptz => [
			[ '%s::date', 'date' ], [ '%s::timestamp', 'timestamp' ],
			[ '(%s AT TIME ZONE \'UTC\')', 'timestamp' ] ],
		boolean => [ [ '(NOT %s)', 'boolean' ], [ '%s::int', 'int' ] ] }->{ $column->{class} } }) };
	return (sprintf($form, $expression), $class, $column);
}

# A condition on a table
sub predicate
{
	my ($self, $alias, $table) = @_;
	my ($expression, $class, $column) = $self->column($alias, $table);
	my $textual = $class eq 'text' && !$column->{nondeterministic};
	my $method = $self->weighted(
		30 => 'comparison',
		8 => 'between',
		14 => 'list',
		10 => 'array',
		5 => 'null_test',
		4 => 'distinct',
		8 => 'equalities',
		4 => 'range',
		($textual ? 45 : 0) => 'pattern',
		3 => 'pair',
		3 => 'rows',
		3 => 'wrapped',
		2 => 'truth',
		1 => 'fixed_truth');

	return $self->$method($expression, $class, $column, $alias, $table);
}

sub comparison
{
	my ($self, $expression, $class, $column) = @_;
	my $operator = $self->pick(@comparisons);
	my $operand = $self->operand($column, $class);

	return $self->chance(35) ? "$operand $operator $expression" : "$expression $operator $operand";
}

sub between
{
	my ($self, $expression, $class, $column) = @_;

	return sprintf '%s %s %s AND %s', $expression,
	  $self->pick('BETWEEN', 'BETWEEN', 'BETWEEN SYMMETRIC', 'NOT BETWEEN'),
	  $self->operand($column, $class), $self->operand($column, $class);
}

# Bounds on both sides, open or closed, in any order
sub range
{
	my ($self, $expression, $class, $column) = @_;

	return sprintf '(%s %s %s AND %s %s %s)',
	  $expression, $self->pick('>', '>='), $self->operand($column, $class),
	  $expression, $self->pick('<', '<=', '<>'), $self->operand($column, $class);
}

sub how_many
{
	my ($self) = @_;

	return $self->weighted(6 => 1 + $self->random(3), 4 => 2 + $self->random(6), 1 => 19 + $self->random(14));
}

sub list
{
	my ($self, $expression, $class, $column) = @_;

	return sprintf '%s %s (%s)', $expression, $self->pick('IN', 'IN', 'NOT IN'),
	  join ', ', map { $self->operand($column, $class) } 1 .. $self->how_many;
}

sub array
{
	my ($self, $expression, $class, $column) = @_;
	my $operator = $self->weighted(
		10 => '= ANY', 6 => '<> ALL', 1 => '< ANY', 1 => '>= ALL', 1 => '<> ANY', 1 => '= ALL');
	my @arrays = map {
		[ map { $self->as_class($self->value($column), $column->{class}, $class) }
			  1 .. ($self->chance(5) ? 0 : $self->how_many) ]
	} 1 .. 3;
	my $type = $self->type_for($class, map { @$_ } @arrays) =~ s/^name$/text/r;
	my @quoted = map { array_literal(@$_) } @arrays;

	# an array type has no length that would cut
	return "$expression $operator (" . $self->parameter("$type\[]", $self->chance(10) ? 'NULL' : $quoted[0], @quoted[1, 2]) . ')'
	  if $self->{parameters} && $self->chance(60);
	return "$expression $operator ($quoted[0]\::$type\[])" if $self->chance(60);
	return "$expression $operator (ARRAY[" . join(', ', map { literal($_) } @{ $arrays[0] }) . "]::$type\[])";
}

sub null_test
{
	my ($self, $expression) = @_;

	return $expression . $self->pick(' IS NULL', ' IS NOT NULL');
}

sub distinct
{
	my ($self, $expression, $class, $column) = @_;

	return sprintf '%s IS %sDISTINCT FROM %s', $expression, $self->pick('', 'NOT '),
	  $self->operand($column, $class);
}

# col = 1 OR col = 2 ..., sometimes negated
sub equalities
{
	my ($self, $expression, $class, $column) = @_;
	my ($operator, $logic) = $self->chance(75) ? ('=', 'OR') : ('<>', 'AND');

	return '(' . join(" $logic ", map { "$expression $operator " . $self->operand($column, $class) }
		  1 .. 1 + $self->how_many) . ')';
}

sub pattern
{
	my ($self, $expression, $class, $column) = @_;
	my $operator = $self->weighted(10 => 'LIKE', 4 => 'NOT LIKE', 3 => 'ILIKE', 1 => 'NOT ILIKE');

	if ($self->chance(8))
	{
		my $text = literal($self->near_value($column, 'text'));

		return $self->pick(
			"starts_with($expression, $text)", "strpos($expression, $text) > 0",
			"position($text IN $expression) > 0", "left($expression, 3) = $text",
			"length($expression) > 5", "$expression ~ '^[A-M]'");
	}
	if ($self->{parameters} && $self->chance(45))
	{
		return "$expression $operator " . $self->parameter('text',
			map { literal($self->chance(5) ? undef : $self->shape($column)) } 1 .. 3);
	}
	if ($self->chance(8))
	{
		return sprintf '%s %s %s (%s::text[])', $expression, $operator, $self->pick('ANY', 'ALL'),
		  array_literal(map { $self->shape($column) } 1 .. 1 + $self->random(3));
	}
	if ($self->chance(8))
	{
		my $escape = $self->pick('!', '#', '%', '');
		my $shape = $self->shape($column);

		$shape =~ s/\\/$escape/g if $escape ne '';
		$shape =~ s/[!#]$//;
		return "$expression $operator " . literal($shape) . ' ESCAPE ' . literal($escape);
	}
	return "$expression $operator " . literal($self->shape($column));
}

# A pattern that is likely to match something
sub shape
{
	my ($self, $column) = @_;
	my $text = @{ $column->{values} } ? $self->pick(@{ $column->{values} }) : 'Apple';

	$text = $self->near_text($text) if $self->chance(30);
	my $length = length $text;
	my $from = $self->random($length + 1);
	my $piece = substr $text, $from, 1 + $self->random(5);
	my $start = substr $text, 0, 1 + $self->random(max(1, $length));
	my $end = substr $text, $from;

	if ($self->chance(50))
	{
		# what stands for itself
		s/([\\%_])/\\$1/g for $text, $piece, $start, $end;
	}
	my $wild = $text;
	substr $wild, $self->random($length), 1, '_' if $length;

	my $shape = $self->weighted(
		4 => "$start%",
		3 => "%$end",
		5 => "%$piece%",
		2 => $text,
		2 => "$start%$end",
		2 => "%$piece%$end",
		1 => "$start%$piece%$end",
		2 => $wild,
		1 => "%$wild",
		1 => "$wild%",
		1 => "_%$end",
		1 => "%$piece\_",
		1 => '%' . $piece . '\\%',
		1 => '%\\_%',
		1 => '%',
		1 => '%%',
		1 => '_%',
		1 => '____',
		1 => '',
		1 => "\\$text",
		1 => "%\\\\%",
		1 => "%$piece%%");

	# a pattern must not end in an escape of nothing
	$shape =~ s/(?<!\\)((?:\\\\)*)\\$/$1/;
	return $shape;
}

# Two columns of the same table
sub pair
{
	my ($self, $expression, $class, $column, $alias, $table) = @_;
	my $nondeterministic = $column->{nondeterministic};
	my ($other, $other_class) =
	  $self->column($alias, $table, sub { $_[0]{class} eq $column->{class} && !$_[0]{nondeterministic} });

	return "$expression IS NOT NULL"
	  if $class ne $other_class || $nondeterministic || $class eq 'text';
	return "$expression " . $self->pick(@comparisons) . " $other";
}

# (a, b) = (1, 2), (a, b) < (1, 2), (a, b) IN ((1, 2), ...)
sub rows
{
	my ($self, $expression, $class, $column, $alias, $table) = @_;
	my ($other, $other_class, $other_column) = $self->column($alias, $table);
	my $row = sub { '(' . $self->operand($column, $class) . ', ' . $self->operand($other_column, $other_class) . ')' };

	return "($expression, $other) IN (" . join(', ', map { $row->() } 1 .. 1 + $self->random(3)) . ')'
	  if $self->chance(40);
	return "($expression, $other) " . $self->pick(@comparisons) . ' ' . $row->();
}

# Within an expression that makes something else of a NULL
sub wrapped
{
	my ($self, $expression, $class, $column) = @_;
	my $constant = sub {
		my $text = $self->as_class($self->value($column), $column->{class}, $class);
		return literal($text) . '::' . $self->type_for($class, $text);
	};

	return $self->pick(
		sprintf('coalesce(%s, %s) = %s', $expression, $constant->(), $self->operand($column, $class)),
		sprintf('nullif(%s, %s) IS NULL', $expression, $constant->()),
		sprintf('CASE WHEN %s IS NULL THEN true ELSE %s <> %s END', $expression, $expression, $self->operand($column, $class)));
}

# What NULL is worth
sub truth
{
	my ($self, @arguments) = @_;

	return '(' . $self->comparison(@arguments) . ') IS '
	  . $self->pick('TRUE', 'NOT TRUE', 'FALSE', 'NOT FALSE', 'UNKNOWN', 'NOT UNKNOWN');
}

sub fixed_truth
{
	my ($self) = @_;

	return $self->pick('true', 'false', '1 = 1', 'NULL::boolean', '(SELECT true)', '(SELECT false)');
}

# AND, OR, NOT of conditions on the sources, which are pairs of alias and table
sub condition
{
	my ($self, $depth, @sources) = @_;
	my $how = $depth <= 0 ? 'one' : $self->weighted(8 => 'one', 4 => 'AND', 4 => 'OR', 2 => 'NOT');

	return $self->predicate(@{ $self->pick(@sources) }) if $how eq 'one';
	return 'NOT (' . $self->condition($depth - 1, @sources) . ')' if $how eq 'NOT';
	return '(' . join(" $how ", map { $self->condition($depth - 1, @sources) } 1 .. 2 + $self->random(2)) . ')';
}

# A few conditions, as they stand in a WHERE; '' for none
sub where
{
	my ($self, @sources) = @_;

	# one alone is not hidden by others
	return ' WHERE ' . $self->predicate(@{ $self->pick(@sources) }) if $self->chance(45);
	my @conditions = map { $self->condition(2, @sources) }
	  1 .. $self->weighted(1 => 0, 5 => 1, 5 => 2, 3 => 3);

	return @conditions ? ' WHERE ' . join(' AND ', @conditions) : '';
}

# ---- queries ---------------------------------------------------------------

sub query
{
	my ($self) = @_;
	my $query = $self->{query} = { ordered => 0, settings => {} };
	my $shape = $self->weighted(
		42 => 'plain', 10 => 'aggregate', 12 => 'remote_join', 8 => 'local_join', 8 => 'semi_join',
		5 => 'lateral', 4 => 'correlated', 4 => 'counted', 4 => 'sets', 3 => 'nothing_wanted');

	$self->{parameters} = $self->chance(35) ? [] : undef;
	$self->settings;
	my $sql = $self->$shape;

	# the part that is marked is not in "whole"
	my $whole = $sql =~ s{/\*limit\*/.*?/\*end\*/}{}r;
	$query->{statements} = $self->prepared($sql);
	$query->{whole} = $self->prepared($whole) if $whole ne $sql && !$query->{ordered};
	$query->{shape} = $shape;
	s{/\*(?:limit|end)\*/}{}g for @{ $query->{statements} };
	return $query;
}

# The statements to run: the query, or PREPARE and some EXECUTE
sub prepared
{
	my ($self, $sql) = @_;
	my @parameters = @{ $self->{parameters} // [] };

	return [$sql] if !@parameters;
	return [
		'PREPARE p (' . join(', ', map { $_->{type} } @parameters) . ") AS $sql",
		map {
			my $number = $_;
			'EXECUTE p (' . join(', ', map { $_->{values}[$number] } @parameters) . ')'
		} 0 .. 2 ];
}

sub settings
{
	my ($self) = @_;
	my $settings = $self->{query}{settings};

	$settings->{plan_cache_mode} = $self->pick('force_generic_plan', 'force_custom_plan')
	  if $self->{parameters};
	return if $self->chance(60);
	$settings->{"enable_$_"} = 'off'
	  for grep { $self->chance(30) } qw(hashjoin mergejoin hashagg material memoize sort bitmapscan);
	$settings->{work_mem} = '64kB' if $self->chance(30);
	$settings->{max_parallel_workers_per_gather} = 0 if $self->chance(30);
	$settings->{from_collapse_limit} = 1 if $self->chance(10);
	$settings->{join_collapse_limit} = 1 if $self->chance(10);
	$settings->{constraint_exclusion} = 'on' if $self->chance(10);
	return;
}

# Nested loops are chosen if nothing else is there.  Each row is a request then,
# so this is for those who have few.
sub loops
{
	my ($self) = @_;

	return if !$self->chance(60);
	$self->{query}{settings}{"enable_$_"} = 'off' for qw(hashjoin mergejoin);
	return;
}

# ... and this for those who have many
sub no_loops
{
	my ($self) = @_;
	my $settings = $self->{query}{settings};

	delete $settings->{"enable_$_"} for qw(hashjoin mergejoin material memoize);
	return;
}

sub any_table
{
	my ($self) = @_;

	return $self->weighted(
		60 => 'items', 15 => 'orders', 4 => 'single', 3 => 'all_null', 2 => 'empty_table', 5 => 'bigids',
		5 => 'forms', 3 => 'wide', 3 => 'Weird "Table"');
}

sub there
{
	my ($table, $alias) = @_;

	return 'there.' . name($table) . " AS $alias";
}

sub fixed
{
	my ($table, $alias) = @_;

	return 'fixed.' . name($table) . " AS $alias";
}

# The columns of a result
sub outputs
{
	my ($self, @sources) = @_;
	my @columns = map {
		my ($alias, $table) = @{ $self->pick(@sources) };
		"$alias." . name($self->pick(@{ $self->{tables}{$table}{columns} })->{name})
	} 1 .. 1 + $self->random(3);

	return $self->weighted(
		6 => join(', ', @columns),
		2 => '*',
		3 => "$sources[0][0]." . name($self->{tables}{ $sources[0][1] }{key}),
		1 => $sources[0][0]);
}

# LIMIT and OFFSET: of any rows, or of those in the order of a key
sub limited
{
	my ($self, $alias, $table) = @_;
	my $order = '';

	if ($self->chance(50))
	{
		my @columns = map { "$alias." . name($_->{name}) . $self->pick('', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST') }
		  map { $self->pick(@{ $self->{tables}{$table}{columns} }) } 1 .. $self->random(3);

		$order = ' ORDER BY ' . join ', ', @columns, "$alias." . name($self->{tables}{$table}{key});
		$self->{query}{ordered} = 1;
	}
	my $count = sub {
		my ($most) = @_;
		return $self->{parameters} && $self->chance(40)
		  ? $self->parameter('bigint', map { $self->chance(5) ? 'NULL' : $self->random($most) } 1 .. 3)
		  : $self->weighted(12 => $self->random($most), 1 => 'NULL', 1 => '(1 + 2)', 1 => "(SELECT 3)");
	};
	my $limit = $self->chance(85) ? ' LIMIT ' . $count->($self->pick(3, 20, 20, 400)) : '';
	my $offset = $limit eq '' || $self->chance(30) ? ' OFFSET ' . $count->(12) : '';
	return "$order /*limit*/$limit$offset/*end*/";
}

sub plain
{
	my ($self) = @_;
	my $table = $self->any_table;
	my $where = $self->where([ 'a', $table ]);
	my $tail = $self->chance(30) ? $self->limited('a', $table) : '';

	return 'SELECT ' . $self->outputs([ 'a', $table ]) . ' FROM ' . there($table, 'a') . $where . $tail;
}

# How many rows are left by a LIMIT does not depend on which
sub counted
{
	my ($self) = @_;
	my $table = $self->any_table;
	my $inner = 'SELECT FROM ' . there($table, 'a') . $self->where([ 'a', $table ])
	  . ' LIMIT ' . $self->random(30) . ($self->chance(40) ? ' OFFSET ' . $self->random(10) : '');

	return "SELECT count(*) FROM ($inner) AS s";
}

sub nothing_wanted
{
	my ($self) = @_;
	my $table = $self->any_table;
	my $from = ' FROM ' . there($table, 'a') . $self->where([ 'a', $table ]);

	return $self->pick(
		"SELECT$from", "SELECT count(*)$from", "SELECT EXISTS (SELECT$from)", "SELECT 1$from",
		"SELECT 'x', NULL$from LIMIT 0");
}

sub aggregated
{
	my ($self, $alias, $table) = @_;
	my @columns = grep { $_->{class} ne 'boolean' } @{ $self->{tables}{$table}{columns} };
	my $column = $self->pick(@columns);
	my $name = "$alias." . name($column->{name});
	my @forms = ('count(*)', "count($name)", "count(DISTINCT $name)");

	push @forms, "min($name)", "max($name)" if !$column->{nondeterministic};
	push @forms, "sum($name)", "round(avg($name), 3)" if $column->{class} =~ /^(?:int|numeric)$/;
	push @forms, "array_agg($name ORDER BY $name)" if $column->{class} =~ /^(?:int|date|timestamp)$/;
	return $self->pick(@forms);
}

sub aggregate
{
	my ($self) = @_;
	my $table = $self->any_table;
	my $where = $self->where([ 'a', $table ]);
	my @aggregates = map { $self->aggregated('a', $table) } 1 .. 1 + $self->random(3);
	my $from = ' FROM ' . there($table, 'a') . $where;

	$aggregates[0] .= ' FILTER (WHERE ' . $self->predicate('a', $table) . ')' if $self->chance(20);
	return 'SELECT ' . join(', ', @aggregates) . $from if $self->chance(45);

	# of letters that are the same to a collation any may come
	my ($group, undef, $column) = $self->column('a', $table, sub { !$_[0]{nondeterministic} });
	return "SELECT DISTINCT $group$from" if $self->chance(20);
	my $having = $self->chance(30) ? ' HAVING count(*) > ' . $self->random(4) : '';

	# a condition on the group is one on the rows
	$having = ' HAVING ' . $group . ' IS NOT NULL' if $self->chance(10);
	return "SELECT $group, " . join(', ', @aggregates) . "$from GROUP BY $group$having";
}

sub join_condition
{
	my ($self, $left, $right) = @_;
	my $operator = $self->weighted(10 => '=', 1 => 'IS NOT DISTINCT FROM');

	return $self->chance(50) ? "$left $operator $right" : "$right $operator $left";
}

# Two of the connector's tables
sub remote_join
{
	my ($self) = @_;
	my ($one, $column_one, $two, $column_two) = @{ $self->pick(@pairs) };
	my @sources = ([ 'a', $one ], [ 'b', $two ]);
	my $small = grep { $one eq $_ || $two eq $_ } 'single', 'all_null', 'empty_table';
	my $on = $self->join_condition('a.' . name($column_one), 'b.' . name($column_two));

	$small ? $self->loops : $self->no_loops;

	# a full join needs a condition that can be merged or hashed
	my $kind = $self->weighted(
		8 => 'JOIN', 4 => 'LEFT JOIN', 2 => 'RIGHT JOIN', ($on =~ / = / && !$self->{query}{settings}{enable_hashjoin} ? 1 : 0) => 'FULL JOIN');
	$on .= ' AND ' . $self->condition(1, @sources) if $kind ne 'FULL JOIN' && $self->chance(40);

	my $from = ' FROM ' . there($one, 'a') . " $kind " . there($two, 'b') . " ON $on" . $self->where(@sources);
	return 'SELECT count(*), ' . $self->aggregated('a', $one) . $from if $self->chance(30);
	return 'SELECT ' . $self->outputs(@sources) . $from;
}

# One of the connector's tables with a few rows of one that is here
sub local_join
{
	my ($self) = @_;
	my ($one, $column_one, $two, $column_two) = @{ $self->pick(@pairs) };

	($one, $column_one, $two, $column_two) = ($two, $column_two, $one, $column_one) if $self->chance(50);
	$self->loops;
	my $few = '(SELECT * FROM ' . fixed($one, 'f') . $self->where([ 'f', $one ])
	  . ' ORDER BY ' . name($self->{tables}{$one}{key}) . ' LIMIT ' . (1 + $self->random(6)) . ') AS a';
	my $on = $self->chance(80)
	  ? $self->join_condition('a.' . name($column_one), 'b.' . name($column_two))
	  : 'a.' . name($column_one) . ' ' . $self->pick('<', '<=', '>', '>=', '<>') . ' b.' . name($column_two);
	my $where = $self->where([ 'b', $two ]);
	my $kind = $self->weighted(6 => 'JOIN', 3 => 'LEFT JOIN');

	return 'SELECT ' . $self->outputs([ 'b', $two ], [ 'a', $one ]) . " FROM $few $kind " . there($two, 'b') . " ON $on$where";
}

# IN, EXISTS and their negations
sub semi_join
{
	my ($self) = @_;
	my ($one, $column_one, $two, $column_two) = @{ $self->pick(@pairs) };
	my ($left, $right) = ('a.' . name($column_one), 'b.' . name($column_two));
	my ($outer, $inner) = @{ $self->pick([ \&there, \&there ], [ \&fixed, \&there ], [ \&there, \&fixed ]) };
	my $not = $self->pick('', '', 'NOT ');
	my $where = $self->where([ 'b', $two ]);

	$self->no_loops;
	my $subquery = $self->chance(50)
	  ? "${not}EXISTS (SELECT FROM " . $inner->($two, 'b') . ($where eq '' ? ' WHERE ' : "$where AND ") . "$left = $right)"
	  : "$left ${not}IN (SELECT $right FROM " . $inner->($two, 'b') . "$where)";
	$subquery = "($subquery OR " . $self->predicate('a', $one) . ')' if $not eq '' && $subquery !~ /EXISTS/ && $self->chance(15);
	my $more = $self->where([ 'a', $one ]);
	return 'SELECT ' . $self->outputs([ 'a', $one ]) . ' FROM ' . $outer->($one, 'a')
	  . ($more eq '' ? ' WHERE ' : "$more AND ") . $subquery;
}

# For each of a few rows its own query
sub lateral
{
	my ($self) = @_;
	my ($one, $column_one, $two, $column_two) = @{ $self->pick(@pairs) };
	my $operator = $self->weighted(6 => '=', 1 => '<>', 1 => '<', 1 => '>=');
	my $where = $self->where([ 'b', $two ]);
	my $key = 'b.' . name($self->{tables}{$two}{key});

	$where .= ($where eq '' ? ' WHERE ' : ' AND ') . 'b.' . name($column_two) . " $operator a." . name($column_one);
	my $inner = $self->chance(50)
	  ? 'SELECT ' . $self->aggregated('b', $two) . ' AS value FROM ' . there($two, 'b') . $where
	  : "SELECT $key AS value FROM " . there($two, 'b') . "$where ORDER BY $key LIMIT " . (1 + $self->random(4));
	my $few = '(SELECT * FROM ' . fixed($one, 'f') . ' ORDER BY ' . name($self->{tables}{$one}{key})
	  . ' LIMIT ' . (1 + $self->random(6)) . ' OFFSET ' . $self->random(30) . ') AS a';

	return 'SELECT a.' . name($column_one) . ", s.value FROM $few LEFT JOIN LATERAL ($inner) AS s ON true";
}

# A subquery that depends on the row outside, of which there are few
sub correlated
{
	my ($self) = @_;
	my @with_small = grep { my $pair = $_; grep { $_ eq $pair->[0] } @small } @pairs;
	my ($one, $column_one, $two, $column_two) = @{ $self->pick(@with_small) };
	my $operator = $self->weighted(6 => '=', 1 => '<>', 1 => '<', 1 => '>=');
	my $where = $self->where([ 'b', $two ]);

	$where .= ($where eq '' ? ' WHERE ' : ' AND ') . 'b.' . name($column_two) . " $operator a." . name($column_one);
	my $inner = '(SELECT ' . $self->aggregated('b', $two) . ' FROM ' . there($two, 'b') . "$where)";
	return 'SELECT a.' . name($column_one) . ", $inner FROM " . there($one, 'a') . $self->where([ 'a', $one ]);
}

# UNION and the like, a CTE, a window
sub sets
{
	my ($self) = @_;
	my $table = $self->any_table;
	my $column = $self->pick(grep { !$_->{nondeterministic} } @{ $self->{tables}{$table}{columns} });
	my $name = 'a.' . name($column->{name});
	my $key = 'a.' . name($self->{tables}{$table}{key});
	my $part = sub { "SELECT $key AS k, $name AS v FROM " . there($table, 'a') . $self->where([ 'a', $table ]) };

	return $self->weighted(
		6 => $part->() . $self->pick(' UNION ', ' UNION ALL ', ' EXCEPT ', ' INTERSECT ') . $part->(),
		2 => 'WITH c AS MATERIALIZED (' . $part->() . ') SELECT count(*), count(v) FROM c',
		2 => 'WITH c AS (' . $part->() . ') SELECT x.k FROM c AS x JOIN c AS y USING (k)',
		2 => 'SELECT k, row_number() OVER (ORDER BY k) FROM (' . $part->() . ') AS s WHERE k IS NOT NULL');
}

1;
