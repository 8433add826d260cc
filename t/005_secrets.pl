
# The settings of a source go to the origin of the configured URLs and nowhere
# else: not to where a redirect points, not through a proxy of the environment,
# and into no error, log, EXPLAIN or debug output, however a connector sends
# them back.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Compress::Zlib ();
use ConnectorTest;
use Encode qw(decode encode);
use JSON::PP ();
use List::Util qw(uniq);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

# No five characters of these are likely to stand anywhere else.  One holds all
# that some encoding treats in a special way.
my %settings = (
	login => 'Wq7anna5Zk',
	password => "Xv4s3 kreT w0rtQ8",
	special => q{Jw/8 "Kb<3&Yt>9'Lp%41\\2+Rm~5!Hd*6(Vf)#Gs=0?Nc;Ux},
	unicode => encode('UTF-8', "\x{444}\x{436}\x{449}\x{e9}\x{fc}\x{df}\x{1f600}\x{1f601}\x{65e5}\x{672c}\x{8a9e}"),
);
my $url_key = 'Pt2urlkey7Mb';

# ---- a connector that tells everything -------------------------------------

sub percent { return join '', map { sprintf '%%%02X', ord } split //, $_[0] }

sub percent_where
{
	my ($text, $where) = @_;

	$text =~ s/($where)/percent($1)/ge;
	return $text;
}

sub html
{
	my ($text, %entities) = @_;

	$text =~ s/([&<>"'])/$entities{$1}/ge;
	return $text;
}

# Bytes as a JSON string, in bytes
sub json
{
	my ($text, $ascii) = @_;

	return JSON::PP->new->allow_nonref->ascii($ascii)->utf8->encode(decode('UTF-8', $text));
}

my @marks = ('&', '<', '>', '"', "'");
my %echoes = (
	raw => sub { $_[0] },
	upper => sub { uc $_[0] },
	form => sub { percent_where($_[0], qr/[^\w.-]/a) },
	plus => sub { percent_where($_[0], qr/[^\w. -]/a) =~ tr/ /+/r },
	lower => sub { lc percent($_[0]) },
	all => sub { percent($_[0]) },
	component => sub { percent_where($_[0], qr/[^\w.!~*'()-]/a) },
	path => sub { percent_where($_[0], qr/[^\w.~\/-]/a) },
	twice => sub { percent_where(percent_where($_[0], qr/[^\w.-]/a), qr/%/) },
	json => sub { json($_[0]) },
	ascii => sub { json($_[0], 1) },
	slash => sub { json($_[0], 1) =~ s{/}{\\/}gr },
	hex => sub { json($_[0], 1) =~ s/\\"/\\u0022/gr =~ s/([<>&'])/sprintf '\\u%04X', ord $1/ger },
	jsontwice => sub { json(json($_[0], 1)) },
	html => sub { my %m; @m{@marks} = split(" ", q{&amp; &lt; &gt; &quot; &#039;}); html($_[0], %m) },
	short => sub { my %m; @m{@marks} = split(" ", q{&amp; &lt; &gt; " '}); html($_[0], %m) },
	decimal => sub { my %m; @m{@marks} = split(" ", q{&#38; &#60; &#62; &#34; &#39;}); html($_[0], %m) },
	hexhtml => sub { my %m; @m{@marks} = split(" ", q{&#x26; &#x3C; &#x3e; &#x22; &apos;}); html($_[0], %m) },
	htmljson => sub { my %m; @m{@marks} = split(" ", q{&amp; &lt; &gt; &quot; &#039;}); html(json($_[0], 1), %m) },
	python => sub { "'" . ($_[0] =~ s/([\\'])/\\$1/gr) . "'" },
	bytes => sub {
		"b'" . ($_[0] =~ s/([\\'])/\\$1/gr =~ s/([^\0-\x7f])/sprintf '\\x%02x', ord $1/ger) . "'";
	},
);

# What the answer is around the echo
my %answers = (
	e500 => sub { $_[0]->answer("cannot handle: $_[1]", status => 500) },
	e403 => sub { $_[0]->answer($_[1], status => 403) },
	page => sub { $_[0]->answer("<html><p>$_[1]</p></html>") },
	object => sub { $_[0]->answer('{"error": ' . json($_[1]) . '}') },
	packed => sub {
		$_[0]->answer(Compress::Zlib::memGzip("cannot handle: $_[1]"),
			status => 500, headers => ['Content-Encoding: gzip']);
	},
	# the first bytes come alone: what there is of the answer is refused
	pieces => sub {
		$_[0]->chunked_head;
		$_[0]->chunk('{"error": "' . substr($_[1], 0, 8));
		sleep 0.1;
		$_[0]->chunk(substr($_[1], 8) . '"}');
		$_[0]->send("0\r\n\r\n");
	},
	# what is wrong stands inside the secret
	row => sub { $_[0]->answer("[[\"ID\"],[\"$_[1]\"]]") },
	bare => sub { $_[0]->answer("[[\"ID\"],[12,$_[1]]]") },
	number => sub { $_[0]->answer("[[\"ID\"],[12$_[1]]]") },
	literal => sub { $_[0]->answer("[[\"ID\"],[\"\x01" . "$_[1]\"]]") },
	value => sub { $_[0]->answer('[["ID"],[' . json($_[1]) . ']]') },
	header => sub { $_[0]->answer('[[{"a":' . json($_[1]) . '}],[1]]') },
	statusline => sub { $_[0]->send("HTTP/1.1 500 $_[1]\r\nContent-Length: 0\r\n\r\n") },
	badstatus => sub { $_[0]->send("HTTP/1.1 $_[1]\r\nContent-Length: 0\r\n\r\n") },
	nohttp => sub { $_[0]->send("$_[1]\r\n\r\n$_[1]\r\n") },
	badheader => sub { $_[0]->send("HTTP/1.1 200 OK\r\n$_[1]\r\nContent-Length: $_[1]\r\n\r\n") },
	encoding => sub { $_[0]->answer('[["ID"]]', headers => ["Content-Encoding: $_[1]"]) },
	chunks => sub { $_[0]->chunked_head; $_[0]->send("$_[1]\r\n$_[1]\r\n") },
	location => sub {
		$_[0]->answer($_[1], status => 302, headers => ["Location: http://elsewhere.test/?$_[1]"]);
	},
	retry => sub { $_[0]->answer($_[1], status => 503, headers => ["Retry-After: 1000", "X: $_[1]"]) },
	# the excerpt, or what it is made of, ends inside the secret
	cutsource => sub { $_[0]->answer((' ' x (8192 - 8)) . $_[1], status => 500) },
	cutexcerpt => sub { $_[0]->answer(('y' x 192) . $_[1] . ('y' x 100), status => 500) },
	cutvalue => sub { $_[0]->answer('[["ID"],[' . json(('1' x 72) . $_[1] . ('1' x 1000)) . ']]') },
	cutconnection => sub { $_[0]->head(500, 'Content-Length: 1000'); $_[0]->send(substr $_[1], 0, 9) },
);

my @secrets = sort keys %settings;
my @forms = uniq(
	(map { "$_.raw" } sort keys %answers),
	(map { ("e500.$_", "page.$_") } sort keys %echoes),
	'value.json', 'row.json', 'row.hex', 'pieces.form', 'cutsource.form', 'cutsource.ascii',
	'cutexcerpt.ascii');

my @tables = map { my $form = $_; map { "$form.$_" } 0 .. $#secrets } @forms;

my $teller = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($answer, $echo, $which) = $c->{body} =~ /\btable=(\w+)\.(\w+)\.(\d)/;
		return $c->answer('[["ID"],[1],[2]]') if !defined $which;
		$answers{$answer}->($c, $echoes{$echo}->($settings{ $secrets[$which] }));
	});
my $import = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		return $c->answer("[{\"code\": \"t\", \"title\": \"T\"}]")
		  if $c->{line} =~ /table_list/ && $c->{body} =~ /searchString=describe/;
		$c->answer("cannot handle $c->{body}" . join(' ', %settings), status => 500);
	});

# ---- where they must not go ------------------------------------------------

my $elsewhere = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->answer('[["ID"],[666]]');
	});

my $home;
my @redirects = (
	# name, status, location, what the query makes of it
	[ 'to another port', 302, $elsewhere->url . '/data', undef ],
	[ 'to another port (301)', 301, $elsewhere->url . '/data', undef ],
	[ 'to another port (307)', 307, $elsewhere->url . '/data', undef ],
	[ 'to another port (308)', 308, $elsewhere->url . '/data', undef ],
	[ 'to another port (303)', 303, $elsewhere->url . '/data', undef ],
	[ 'to another port without scheme', 307, '//127.0.0.1:' . $elsewhere->port . '/data', undef ],
	[ 'to another name of the same host', 307, 'http://localhost:HOME/ok', undef ],
	[ 'to another scheme', 307, 'https://127.0.0.1:HOME/ok', undef ],
	[ 'to a file', 302, 'file:///etc/passwd', undef ],
	[ 'to FTP', 302, 'ftp://127.0.0.1:HOME/ok', undef ],
	[ 'to a user\'s name', 307, 'http://user:pass@127.0.0.1:HOME/ok', undef ],
	[ 'to another host after what looks like the same', 307,
		'http://127.0.0.1:HOME@127.0.0.1:' . $elsewhere->port . '/ok', undef ],
	[ 'to another host behind a backslash', 307,
		'http://127.0.0.1:' . $elsewhere->port . '\\@127.0.0.1:HOME/ok', undef ],
	[ 'to itself', 302, '/data', undef ],
	[ 'to nothing', 302, '', undef ],
	[ 'to the same origin (301)', 301, 'http://127.0.0.1:HOME/ok', 3 ],
	[ 'to the same origin (302)', 302, '/ok', 3 ],
	[ 'to the same origin (307)', 307, 'ok?a=b', 3 ],
	[ 'to the same origin (308)', 308, '//127.0.0.1:HOME/ok', 3 ],
	[ 'to the same origin in capitals', 308, 'HTTP://127.0.0.1:HOME/ok', 3 ],
);
$home = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($number) = $c->{body} =~ /table=r(\d+)/;
		my ($line, $port) = ($c->{line}, $c->{stub}->port);

		return $c->answer('[["ID"],[1],[2]]') if $line =~ m{^POST /ok[ ?]};
		$c->answer('', status => $redirects[$number][1],
			headers => [ 'Location: ' . $redirects[$number][2] =~ s/HOME/$port/gr ]);
	});

my $proxy_of_environment = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		$c->answer('[["ID"],[666]]');
	});
my $proxy = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		return $c->answer('no', status => 403) if $c->{line} =~ /^CONNECT/;
		$c->answer('[["ID"],[77]]');
	});

# ---- the database ----------------------------------------------------------

my $node = new_node(
	'secrets',
	environment => {
		map { ($_ => $proxy_of_environment->url) }
		  qw(http_proxy HTTP_PROXY https_proxy HTTPS_PROXY all_proxy ALL_PROXY) });

$node->safe_psql('postgres',
	'CREATE DATABASE db ENCODING \'UTF8\' LOCALE \'C\' TEMPLATE template0');
$node->safe_psql('db', 'CREATE EXTENSION biconnector_fdw');
my %common = (settings => { %settings }, database => 'db');
# A connector whose codes of tables and fields are what was sent
my $plain_json = JSON::PP->new;
my @codes = map { { code => $settings{$_}, title => 't' } } @secrets;
my $coded = stub(
	sub {
		my ($c) = @_;

		$c->request or return;
		my ($kind) = $c->{line} =~ m{/(\w+)/table_list};
		return $c->answer($plain_json->encode([@codes, @codes])) if defined $kind && $kind eq 'twice';
		return $c->answer($plain_json->encode([ map { { %$_, code => "$_->{code}\0" } } @codes ]))
		  if defined $kind && $kind eq 'zero';
		return $c->answer($plain_json->encode([$codes[2]])) if defined $kind;
		($kind) = $c->{line} =~ m{/(\w+)/table_description};
		return $c->answer('[]') if $kind eq 'nothing';
		return $c->answer($plain_json->encode([ map { { %$_, name => 'n', type => 'int' } } @codes, @codes ]));
	});
create_server($node, "coded_$_", $coded->url . "/$_", settings => \%settings, database => 'db')
  for qw(twice zero nothing fields);
create_server($node, 'teller', $teller->url, %common, settings => { %settings },
	url_data => $teller->url . "/data?key=$url_key");
create_server($node, 'import', $import->url, %common, settings => { %settings });
create_server($node, 'home', $home->url, %common, settings => { %settings });
create_server($node, 'proxied', 'http://connector.test:81/x', %common, settings => { %settings },
	proxy => $proxy->url);
create_server($node, 'proxied_tls', 'https://connector.test', %common, settings => { %settings },
	proxy => $proxy->url);
create_server($node, 'shop', reference_url(), database => 'db',
	settings => { login => 'anna', password => 's3cret word', misbehave => 'echo_secrets' });
$node->safe_psql('db', join "\n",
	"CREATE FOREIGN TABLE fine (id int OPTIONS (column_name 'ID')) SERVER teller;",
	"CREATE FOREIGN TABLE echoed (id int OPTIONS (column_name 'ID')) SERVER shop OPTIONS (table_name 'items');",
	(map { "CREATE FOREIGN TABLE $_ (id int OPTIONS (column_name 'ID')) SERVER $_;" } qw(proxied proxied_tls)),
	(map { "CREATE FOREIGN TABLE \"$_\" (id int OPTIONS (column_name 'ID')) SERVER teller;" } @tables),
	(map { "CREATE FOREIGN TABLE r$_ (id int OPTIONS (column_name 'ID')) SERVER home;" } 0 .. $#redirects));

# From here on everything is logged but the statements, which are ours
$node->append_conf('postgresql.conf', <<'END');
log_statement = none
log_min_error_statement = panic
log_min_messages = debug5
log_error_verbosity = verbose
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
log_executor_stats = on
END
$node->restart;
my $log_start = -s $node->logfile;

# ---- looking for secrets ---------------------------------------------------

# What a text may mean, to a certain depth
sub meanings
{
	my ($text) = @_;
	my %entities = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");
	my %found;
	my @wanted = (lc $text);

	for (1 .. 4)
	{
		my @next;

		foreach my $old (@wanted)
		{
			next if $found{$old}++;
			push @next,
			  $old =~ s/%([0-9a-f]{2})/chr hex $1/ger,
			  ($old =~ tr/+/ /r) =~ s/%([0-9a-f]{2})/chr hex $1/ger,
			  $old =~ s/&#(\d+);/chr($1 % 256)/ger =~ s/&#x([0-9a-f]+);/chr(hex($1) % 256)/ger
			  =~ s/&(amp|lt|gt|quot|apos);/$entities{$1}/gr,
			  $old =~ s{\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|x([0-9a-f]{2})|([\\"'/]))}
				{defined $1 ? encode('UTF-8', chr(0x10000 + ((hex($1) & 0x3ff) << 10 | hex($2) & 0x3ff)))
				: defined $3 ? encode('UTF-8', chr hex $3) : defined $4 ? chr hex $4 : $5}gerx;
		}
		@wanted = map { lc } @next;
	}
	return (keys %found, @wanted);
}

# The pieces of secrets in a text.  Three characters in a row are too many, but
# mean nothing by chance where the text is ASCII.
sub pieces_of_secrets
{
	my ($text, @values) = @_;
	my @meanings = meanings($text);
	my %found;

	foreach my $value (map { lc encode('UTF-8', $_) } map { decode('UTF-8', $_) } @values)
	{
		my $length = $value =~ /[^\0-\x7f]/ ? 6 : 4;

		for (my $at = 0; $at + $length <= length $value; $at++)
		{
			my $piece = substr $value, $at, $length;

			$found{$piece} = 1 if grep { index($_, $piece) >= 0 } @meanings;
		}
	}
	return join ' | ', sort keys %found;
}

is(pieces_of_secrets('nothing of it', values %settings), '', 'this test finds nothing in other texts');
foreach my $echo (sort keys %echoes)
{
	my @missed = grep { pieces_of_secrets($echoes{$echo}->($settings{$_}), $settings{$_}) eq '' } @secrets;

	is("@missed", '', "this test would find secrets in the form \"$echo\"");
}

# ---- echoes ----------------------------------------------------------------

my %debug = (database => 'db', environment => { PGOPTIONS => '-c client_min_messages=debug5' });
my %messages;
my ($out, $err) = run_session($node, join("\n", map { +"\\warn [$_]\nSELECT * FROM \"$_\";" } @tables), %debug);
is($out, '', 'no answer has rows');
while ($err =~ /^\[([\w.]+)\]\n(.*?)(?=^\[[\w.]+\]\n|\z)/msg)
{
	$messages{$1} = $2;
}
is(scalar(keys %messages), scalar(@tables), 'every answer is tried');
my %by_form;
foreach my $table (@tables)
{
	my ($form) = $table =~ /(.*)\.\d/;
	my ($message) = ($messages{$table} // '') =~ /^(?:psql:\S+ )?(ERROR:  .*)\z/ms;
	my $pieces = pieces_of_secrets($message // '', values %settings);

	push @{ $by_form{$form}{unraised} }, $table if !defined $message;
	push @{ $by_form{$form}{leaked} }, "$table: $pieces\n$message" if $pieces ne '';
}
foreach my $form (sort keys %by_form)
{
	is(join("\n", @{ $by_form{$form}{unraised} // [] }), '', "an answer of the form $form is an error");
	is(join("\n", @{ $by_form{$form}{leaked} // [] }), '', '... without the secret in it');
}
like($messages{'e500.raw.0'}, qr/cannot handle: \*\*\*/, 'what is left out is marked');

# The reference connector, in its own ways
($out, $err) = run_session($node, 'SELECT * FROM echoed', %debug);
like($err, qr/HTTP status 500/, 'the reference connector sends settings back');
unlike($err, qr/s3cret|anna/, '... which are not shown');

# ---- imports, EXPLAIN and everything else ----------------------------------

($out, $err) = run_session($node, <<'END', %debug);
IMPORT FOREIGN SCHEMA connector FROM SERVER import INTO import;
IMPORT FOREIGN SCHEMA connector FROM SERVER import INTO import OPTIONS (search 'describe');
EXPLAIN SELECT * FROM fine WHERE id = 1;
EXPLAIN (VERBOSE) SELECT * FROM fine WHERE id = 1;
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, SETTINGS) SELECT * FROM fine WHERE id = 1;
EXPLAIN (ANALYZE, VERBOSE, FORMAT JSON) SELECT * FROM fine WHERE id IN (1, 2);
EXPLAIN (ANALYZE, VERBOSE, FORMAT XML) SELECT * FROM fine LIMIT 1;
EXPLAIN (ANALYZE, VERBOSE, FORMAT YAML) SELECT count(*) FROM fine;
PREPARE p (int) AS SELECT * FROM fine WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE p (1);
EXPLAIN (VERBOSE) EXECUTE p (2);
SELECT * FROM fine AS a JOIN fine AS b USING (id);
INSERT INTO fine VALUES (1);
ANALYZE fine;
BEGIN; DECLARE c CURSOR FOR SELECT * FROM fine; FETCH 1 FROM c; ROLLBACK;
SELECT * FROM pg_stat_activity;
SELECT pg_log_backend_memory_contexts(pg_backend_pid());
END
like($err, qr/cannot handle.*cannot handle/s, 'imports from a server that sends settings back fail');
like($out, qr/Remote URL.*\/data$/m, 'EXPLAIN shows the URL');
my $client = $out . ($err =~ s/^psql:\S+: DEBUG.*\n//mgr);
is(pieces_of_secrets($client, values %settings, $url_key), '', 'neither they nor EXPLAIN show a secret');

# Codes of tables and fields may be what was sent, too
foreach my $kind (qw(twice zero nothing fields))
{
	($out, $err) = run_session($node,
		"IMPORT FOREIGN SCHEMA connector FROM SERVER coded_$kind INTO coded_$kind", %debug);
	like($err, qr/ERROR: /, "codes that hold secrets: $kind");
	is(pieces_of_secrets($err =~ s/^psql:\S+: DEBUG.*\n//mgr, values %settings), '', '... and the error does not show them');
}

# ---- redirects -------------------------------------------------------------

($out, $err) = run_session($node, join("\n",
	map { +"\\warn [$_]\nSELECT 'sum $_ ' || sum(id) FROM r$_;" } 0 .. $#redirects), database => 'db');
%messages = $err =~ /^\[(\d+)\]\n(.*?)(?=^\[\d+\]\n|\z)/msg;
foreach my $number (0 .. $#redirects)
{
	my ($name, $status, $location, $sum) = @{ $redirects[$number] };
	my @requests = grep { $_->{body} =~ /table=r$number\b/ } $home->requests;

	if (defined $sum)
	{
		like($out, qr/^sum $number $sum$/m, "a redirect $name is followed");
		like($requests[1]{head}, qr{^POST [^ ]*/ok}, '... by a POST');
		is($requests[1]{body}, $requests[0]{body}, '... with the same body');
	}
	else
	{
		is_error($messages{$number}, 'HV00M', '', "a redirect $name is an error");
		unlike($messages{$number}, qr/elsewhere|passwd|user:pass/, '... that does not tell where');
		cmp_ok(scalar(@requests), '<=', 6, '... after a few requests at most');
	}
}
is($elsewhere->count('accepted'), 0, 'no redirect makes us connect to another server');

# ---- proxies ---------------------------------------------------------------

($out, $err) = run_session($node, 'SELECT * FROM proxied', database => 'db');
is("$out$err", '77', 'the option proxy is used');
like(($proxy->requests)[0]{head}, qr{^POST http://connector\.test:81/x/data HTTP/1\.1\r\nHost: connector\.test:81\r\n},
	'... by asking for the whole URL');
($out, $err) = run_session($node, 'SELECT * FROM proxied_tls', database => 'db');
like($err, qr/ERROR:  08/, 'a proxy may refuse to connect');
my $connect = ($proxy->requests)[1];
like($connect->{head}, qr{^CONNECT connector\.test:443 HTTP/1\.1\r\n}, '... which is asked for with CONNECT for https');
is($connect->{body}, '', '... without any setting');
is(pieces_of_secrets($connect->{head}, values %settings), '', '... anywhere');
is($proxy_of_environment->count('accepted'), 0, 'proxies of the environment are not used');

# ---- the log ---------------------------------------------------------------

$node->stop;
my $log = substr slurp_file($node->logfile), $log_start;
cmp_ok(() = $log =~ /^.*LOG: .*(?:plan|parse tree):$/mg, '>', 100, 'the log has plans');
like($log, qr/DEBUG: /, '... and debug messages');
is(pieces_of_secrets($log, values %settings, $url_key), '', '... but no secret');

done_testing();
