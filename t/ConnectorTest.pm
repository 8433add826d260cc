
=pod

=head1 NAME

ConnectorTest - what the TAP tests have in common

=head1 SYNOPSIS

  use ConnectorTest;

  my $node = new_node('main');
  my $stub = stub(sub { my ($c) = @_; $c->request; $c->answer('[["ID"],[1]]') });
  create_server($node, 'one', $stub->url);
  create_table($node, 'one.t', 'one', 'id bigint OPTIONS (column_name \'ID\')');
  my $session = start_session($node, 'SELECT id FROM one.t');
  my ($out, $err) = $session->finish;

=head1 DESCRIPTION

The reference connector, whose address is in the environment, does most of what
a connector can do wrong.  What it cannot do is for a stub: a server on a free
port of 127.0.0.1 that leaves it to a function of the test what goes over each
connection, byte by byte.  It writes down what happens to it, and tests look at
that.

No test asserts how long something took.  What waits has a fuse, so that a hang
is a failure and not the end of all testing.

=cut

package ConnectorTest;

use strict;
use warnings;

use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use IPC::Run ();
use JSON::PP ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
  FUSE new_node create_server create_table reference_url endings
  stub start_session run_session eventually slurp_if_there
  deaf_listener row_array chunked is_error gate sockets_to
);

# How long anything may take that should happen at once, in seconds.  When that
# was too short once, something hangs, and the rest need not take as long.
use constant FUSE => 30;
my $fuse = FUSE;

# ... and a test as a whole
$SIG{ALRM} = sub { die "the test takes too long\n" };
alarm 600;

# ---- PostgreSQL ------------------------------------------------------------

# A running cluster with the extension in database postgres.  Options: conf,
# more lines of configuration; environment, a hash for the server's processes.
sub new_node
{
	my ($name, %options) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	$node->append_conf('postgresql.conf', <<"END" . ($options{conf} // ''));
shared_buffers = 4MB
jit = off
autovacuum = off
log_line_prefix = '%p %a '
END
	{
		local %ENV = (%ENV, %{ $options{environment} // {} });
		$node->start;
	}
	$node->safe_psql('postgres', 'CREATE EXTENSION biconnector_fdw');
	return $node;
}

sub reference_url
{
	return $ENV{BICONNECTOR_URL} // die "BICONNECTOR_URL is not set: run this by make installcheck\n";
}

sub _sql_options
{
	my ($options) = @_;

	return join ', ', map { my $value = $options->{$_}; $value =~ s/'/''/g; "\"$_\" '$value'" }
	  sort keys %$options;
}

# A foreign server whose endpoints are below the URL, a schema of its name for
# its tables, and a user mapping.  Options: settings, a hash; database;
# everything else is an option of the server.
sub create_server
{
	my ($node, $name, $url, %options) = @_;
	my $settings = delete $options{settings} // { login => 'anna', password => 's3cret word' };
	my $database = delete $options{database} // 'postgres';

	$options{"url_$_"} //= "$url/$_" for qw(check table_list table_description data);
	my $server_options = _sql_options(\%options);
	my $mapping_options = _sql_options($settings);
	$mapping_options = "OPTIONS ($mapping_options)" if $mapping_options ne '';
	$node->safe_psql($database, <<"END");
CREATE SERVER "$name" FOREIGN DATA WRAPPER biconnector_fdw OPTIONS ($server_options);
CREATE USER MAPPING FOR PUBLIC SERVER "$name" $mapping_options;
CREATE SCHEMA IF NOT EXISTS "$name";
END
	return;
}

# A foreign table.  Its column id is field ID, and so on, unless the definition
# says otherwise.
sub create_table
{
	my ($node, $name, $server, $columns, %options) = @_;
	my $database = delete $options{database} // 'postgres';
	my $table_options = _sql_options({ table_name => 't', %options });

	my @columns = map {
		/^\s*(\w+)( [^()]*?)\s*$/ ? "\"$1\"$2 OPTIONS (column_name '" . uc($1) . "')" : $_
	} split /,/, $columns;
	$columns = join ', ', @columns;
	$node->safe_psql($database,
		"CREATE FOREIGN TABLE $name ($columns) SERVER \"$server\" OPTIONS ($table_options)");
	return;
}

# ---- sessions --------------------------------------------------------------

# Start psql with a script, without waiting for it.  Messages have SQLSTATE,
# detail, hint and context.  Options: database, environment, on_error_stop.
sub start_session
{
	my ($node, $script, %options) = @_;
	my $self = { in => $script, out => '', err => '' };
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script.sql';
	my @command = (
		'psql', '--no-psqlrc', '--no-align', '--tuples-only',
		'--quiet', '--set=VERBOSITY=verbose', '--set=SHOW_CONTEXT=always',
		'--set=ON_ERROR_STOP=' . ($options{on_error_stop} // 0),
		"--file=$file", '--dbname', $node->connstr($options{database} // 'postgres'));

	append_to_file($file, "$script\n");
	local %ENV = (%ENV, %{ $options{environment} // {} });
	$self->{harness} = IPC::Run::start(
		\@command, '<', \undef, '>', \$self->{out}, '2>', \$self->{err},
		$self->{timer} = IPC::Run::timeout($options{fuse} // $fuse));
	return bless $self, 'ConnectorTest::Session';
}

# The same, and wait for its end: (standard output, standard error)
sub run_session
{
	return start_session(@_)->finish;
}

# The ways to end what a session waits for: name => [ what does it to a process, or
# undef where the session has a statement_timeout; SQLSTATE; message ]
sub endings
{
	my ($node) = @_;

	return (
		cancelled => [ sub { $node->safe_psql('postgres', "SELECT pg_cancel_backend($_[0])") },
			'57014', 'canceling statement due to user request' ],
		'timed out' => [ undef, '57014', 'canceling statement due to statement timeout' ],
		terminated => [ sub { $node->safe_psql('postgres', "SELECT pg_terminate_backend($_[0])") },
			'57P01', 'terminating connection' ]);
}

# A gate that psql comes to in the middle of a script, and does not pass before it
# is opened: $gate->psql is a line for the script.
sub gate
{
	return bless { file => PostgreSQL::Test::Utils::tempdir() . '/open' }, 'ConnectorTest::Gate';
}

# How many sockets of a process are connected, or about to be, to that port of
# any address?
sub sockets_to
{
	my ($pid, $port) = @_;
	my %inodes = map { (readlink($_) // '') =~ /^socket:\[(\d+)\]/ ? ($1 => 1) : () }
	  glob "/proc/$pid/fd/*";

	# number, own address, remote address, state, queues, timer, retries, user,
	# timeout, inode
	return scalar grep {
		my @field = split;
		@field > 9 && $field[2] =~ /:([[:xdigit:]]{4})$/ && hex $1 == $port && $inodes{ $field[9] };
	} split /\n/, slurp_if_there("/proc/$pid/net/tcp") . slurp_if_there("/proc/$pid/net/tcp6");
}

# Wait until a function returns something true, and return that.
sub eventually
{
	my ($what, $function) = @_;
	my $give_up = time + $fuse;

	while (time < $give_up)
	{
		my $result = $function->();
		return $result if $result;
		sleep 0.02;
	}
	diag "waited in vain for: $what";
	shorten_fuse();
	return;
}

sub fuse { return $fuse }

sub shorten_fuse
{
	$fuse = 2;
	return;
}

# Does the text have an error of this SQLSTATE and message?
sub is_error
{
	my ($err, $sqlstate, $message, $name) = @_;

	return like($err, qr/^(?:psql:\S+:\d+: )?(?:ERROR|FATAL):  \Q$sqlstate\E: .*$message/m, $name);
}

# The content of a file, or nothing if it is not there, or goes while we look: a
# process below /proc may
sub slurp_if_there
{
	my ($file) = @_;

	open my $handle, '<', $file or return '';
	local $/ = undef;
	return readline($handle) // '';
}

# ---- answers ---------------------------------------------------------------

# An array of rows as text
sub row_array
{
	return JSON::PP->new->canonical->encode([@_]);
}

# Pieces of a body as chunks, with the last, empty one
sub chunked
{
	return join '', map { sprintf "%x\r\n%s\r\n", length, $_ } @_, '';
}

# ---- a listener that swallows connections ----------------------------------

# (port, sockets to keep): connections to that port get no answer, because the
# queue of the listener is full and nobody accepts.  An empty list if that
# cannot be done here.
sub deaf_listener
{
	my $listener = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 1, ReuseAddr => 1)
	  or return;
	my @sockets = ($listener);

	listen $listener, 0;
	for (1 .. 20)
	{
		my $socket = IO::Socket::INET->new(
			PeerAddr => '127.0.0.1', PeerPort => $listener->sockport, Proto => 'tcp',
			Blocking => 0)
		  or return;

		push @sockets, $socket;
		if (!IO::Select->new($socket)->can_write(0.3))
		{
			# some systems complete one more after a while
			return ($listener->sockport, @sockets)
			  if !IO::Select->new($socket)->can_write(0.3);
		}
	}
	return;
}

# ---- stub servers ----------------------------------------------------------

my @stubs;

# Start a server.  The function gets each connection, in a process of its own.
sub stub
{
	my ($handler) = @_;
	my $listener = IO::Socket::INET->new(
		LocalAddr => '127.0.0.1', Proto => 'tcp', Listen => 64, ReuseAddr => 1)
	  or die "cannot listen: $!";
	my $directory = PostgreSQL::Test::Utils::tempdir();
	my $self = bless {
		port => $listener->sockport, log => "$directory/log",
		requests => "$directory/requests", directory => $directory,
		handler => $handler }, 'ConnectorTest::Stub';

	$self->{pid} = fork // die "cannot fork: $!";
	if ($self->{pid} == 0)
	{
		# No destructor and no END block of the test may run here
		my $ok = eval { _serve($self, $listener, $handler); 1 };

		warn $@ if !$ok;
		POSIX::_exit(0);
	}
	close $listener;
	push @stubs, $self;
	return $self;
}

sub _serve
{
	my ($self, $listener, $handler) = @_;

	my $test = getppid;
	my $select = IO::Select->new($listener);

	setpgrp;
	$SIG{TERM} = $SIG{INT} = 'DEFAULT';
	$SIG{CHLD} = 'IGNORE';
	$SIG{PIPE} = 'IGNORE';
	$SIG{ALRM} = 'DEFAULT';
	alarm 300;    # if the test is gone
	for (my $number = 1;; $number++)
	{
		while (!$select->can_read(1))
		{
			# a test that was killed cannot end us
			kill 'TERM', -$$ if getppid != $test;
		}

		my $socket = $listener->accept or next;
		my $pid = fork // die "cannot fork: $!";

		if ($pid == 0)
		{
			close $listener;
			alarm 300;
			my $connection = bless {
				stub => $self, socket => $socket, number => $number, buffer => '' },
			  'ConnectorTest::Connection';

			$connection->log('accepted');
			eval { $handler->($connection); 1 } or $connection->log("died: $@");
			close $connection->{socket} if $connection->{socket};
			POSIX::_exit(0);
		}
		close $socket;
	}
	return;
}

END
{
	my $status = $?;

	$_->stop for @stubs;
	$? = $status;
}

# ---- a session, from the test's side ---------------------------------------

package ConnectorTest::Session;

use Test::More;

# Wait for the end: (standard output, standard error).  A session that does not
# end is a failure, and is ended.
sub finish
{
	my ($self) = @_;

	$self->{timer}->start(ConnectorTest::fuse());
	if (!eval { $self->{harness}->finish; 1 })
	{
		my $problem = $@;

		if ($problem =~ /timeout/)
		{
			fail('the session ends');
			ConnectorTest::shorten_fuse();
			diag "no end of: $self->{in}\nso far: $self->{out}\n$self->{err}";
		}
		$self->{harness}->kill_kill;
	}
	chomp(my $out = $self->{out});
	return ($out, $self->{err});
}

# Give the session time to write, without waiting for its end.
sub pump
{
	my ($self) = @_;

	$self->{harness}->pump_nb;
	return $self->{out};
}

# Wait until it has written what matches.
sub wait_for
{
	my ($self, $pattern) = @_;

	return ConnectorTest::eventually("output: $pattern",
		sub { eval { $self->pump }; $self->{out} =~ $pattern });
}

# End psql without giving it time for anything.
sub kill ## no critic (ProhibitBuiltinHomonyms)
{
	my ($self) = @_;

	$self->{harness}->signal('KILL');
	eval { $self->{harness}->finish };
	return;
}

# Has it not ended yet?
sub running
{
	my ($self) = @_;

	return if !$self->{harness}->pumpable;
	return eval { $self->{harness}->pump_nb; 1 };
}

# ---- a gate in psql's script -----------------------------------------------

package ConnectorTest::Gate;

sub psql
{
	my ($self) = @_;

	# psql may be killed, and the test, too: then there is nothing to wait for
	return "\\! exec >/dev/null 2>&1; n=0; until [ -e '$self->{file}' ] || "
	  . "[ \$((n += 1)) -gt 5000 ] || ! kill -0 \$PPID; do sleep 0.05; done\n";
}

sub open ## no critic (ProhibitBuiltinHomonyms)
{
	my ($self) = @_;

	CORE::open my $file, '>', $self->{file} or die $!;
	close $file;
	return;
}

# ---- a stub, from the test's side ------------------------------------------

package ConnectorTest::Stub;

use PostgreSQL::Test::Utils;

sub port { return $_[0]{port} }
sub url { return "http://127.0.0.1:$_[0]{port}" }

# What was written down: lines "NUMBER-OF-CONNECTION EVENT"
sub events
{
	my ($self) = @_;

	return split /\n/, ConnectorTest::slurp_if_there($self->{log});
}

# How many events match
sub count
{
	my ($self, $event) = @_;

	return scalar grep { /^\d+ (?:$event)$/ } $self->events;
}

sub wait_for
{
	my ($self, $event, $count) = @_;

	return ConnectorTest::eventually("stub: $count x $event",
		sub { $self->count($event) >= $count });
}

# The requests that have come, as hashes with head and body
sub requests
{
	my ($self) = @_;

	return map { JSON::PP->new->decode($_) }
	  split /\n/, ConnectorTest::slurp_if_there($self->{requests});
}

# Tell connections that wait in wait_released to go on.
sub release
{
	my ($self) = @_;

	open my $file, '>', "$self->{directory}/released" or die $!;
	close $file;
	return;
}

sub hold
{
	my ($self) = @_;

	unlink "$self->{directory}/released";
	return;
}

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid} or return;

	# the server and what it has started are a process group
	kill 'TERM', -$pid or kill 'TERM', $pid;
	waitpid $pid, 0;
	return;
}

# ---- a connection, inside a stub -------------------------------------------

package ConnectorTest::Connection;

use IO::Select;
use Socket qw(SOL_SOCKET SO_LINGER);
use Time::HiRes qw(sleep);

sub log ## no critic (ProhibitBuiltinHomonyms)
{
	my ($self, $event) = @_;

	$event =~ s/\s+/ /g;
	$self->append($self->{stub}{log}, "$self->{number} $event\n");
	return;
}

# Append to a file, in one piece
sub append
{
	my ($self, $name, $text) = @_;

	open my $file, '>>', $name or die $!;
	syswrite $file, $text;
	close $file;
	return;
}

# Read a request and write it down.  False if the connection ends first.
sub request
{
	my ($self) = @_;
	my $length;

	while ($self->{buffer} !~ /\r\n\r\n/)
	{
		return if !$self->read_some;
	}
	($self->{head}, $self->{buffer}) = split /\r\n\r\n/, $self->{buffer}, 2;
	$length = $self->{head} =~ /^content-length: (\d+)/mi ? $1 : 0;
	while (length $self->{buffer} < $length)
	{
		return if !$self->read_some;
	}
	$self->{body} = substr $self->{buffer}, 0, $length, '';
	($self->{line}) = $self->{head} =~ /^(.*?)\r?$/m;
	$self->append($self->{stub}{requests},
		JSON::PP->new->ascii->encode({ head => $self->{head}, body => $self->{body} }) . "\n");
	$self->log("request $self->{line}");
	return 1;
}

sub read_some
{
	my ($self) = @_;
	my $count = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};

	if (!$count)
	{
		$self->log('closed');
		return;
	}
	return $count;
}

# Send bytes.  False if the other side is gone.
sub send ## no critic (ProhibitBuiltinHomonyms)
{
	my ($self, $bytes) = @_;

	for (my $sent = 0; $sent < length $bytes;)
	{
		my $count = syswrite $self->{socket}, $bytes, length($bytes) - $sent, $sent;

		if (!$count)
		{
			$self->log('closed');
			return;
		}
		$sent += $count;
	}
	return 1;
}

# A status line and header lines.  Nothing but what the handler reads will ever
# be read from this connection: the other side is told so, unless the handler has
# set keep_alive.
sub head
{
	my ($self, $status, @lines) = @_;

	push @lines, 'Connection: close' if !$self->{keep_alive};
	return $self->send(join "\r\n", "HTTP/1.1 $status Whatever", @lines, '', '');
}

# A whole answer; header lines may be added
sub answer
{
	my ($self, $body, %options) = @_;

	return $self->head(
		$options{status} // 200,
		'Content-Type: application/json',
		'Content-Length: ' . length($body),
		@{ $options{headers} // [] }) && $self->send($body);
}

# The beginning of a chunked answer
sub chunked_head
{
	my ($self, @lines) = @_;

	return $self->head(200, 'Content-Type: application/json', 'Transfer-Encoding: chunked', @lines);
}

sub chunk
{
	my ($self, $bytes) = @_;

	return $self->send(sprintf "%x\r\n%s\r\n", length $bytes, $bytes);
}

# Has the other side closed (or sent more)?
sub is_readable
{
	my ($self, $seconds) = @_;

	return IO::Select->new($self->{socket})->can_read($seconds);
}

# Say nothing until the other side closes; read what it sends.
sub wait_closed
{
	my ($self) = @_;

	$self->{buffer} = '';
	$self->{buffer} = '' while $self->read_some;
	return;
}

# Wait until the test says so; give up when the other side closes.
sub wait_released
{
	my ($self) = @_;

	sleep 0.02 while !-e "$self->{stub}{directory}/released";
	return;
}

# End the connection with RST instead of FIN.
sub reset ## no critic (ProhibitBuiltinHomonyms)
{
	my ($self) = @_;

	setsockopt $self->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
	close $self->{socket};
	delete $self->{socket};
	return;
}

1;
