# shellcheck shell=bash
#
# What ./check, ./demo and test/with-connector have in common: finding or
# installing what they need, building a private copy of the tree, starting the
# reference connector and the portal, and leaving nothing behind.
#
# To be sourced.  Everything temporary lives below the directory $work.

set -euo pipefail
umask 022
export LC_ALL=C.UTF-8
# A make that called us must not reach into the makes below
unset MAKEFLAGS MFLAGS MAKELEVEL

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# The major version that Debian 12 has, and that is installed if there is none
PG_MAJOR=15

# The system's Python if there is one: another user (postgres) often has no
# access to what is first in PATH
PYTHON=${PYTHON:-/usr/bin/python3}
[ -x "$PYTHON" ] || PYTHON=python3

# The settings that the reference connector asks for; tests and demo know them
CONNECTOR_LOGIN=anna
CONNECTOR_PASSWORD='s3cret word'

say() { printf '==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

can_be_root() { [ "$EUID" -eq 0 ] || have sudo; }
as_root() {
	if [ "$EUID" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# ---- what must be there ----------------------------------------------------

# Prints the Debian names of what is missing.  It looks for the things rather
# than for the packages: a curl built with another TLS library, or a Python from
# elsewhere, will do and is left alone.
missing_packages() {
	local major=$PG_MAJOR authorities

	missing_besides
	have gcc || echo gcc libc6-dev
	have make || echo make
	have gzip || echo gzip
	have pkg-config || echo pkg-config
	pkg-config --exists libcurl 2>/dev/null || echo libcurl4-openssl-dev
	# without the authorities' certificates libcurl refuses all of TLS
	authorities=$(curl-config --ca 2>/dev/null || echo unknown)
	[ -z "$authorities" ] || [ -e "$authorities" ] || echo ca-certificates
	pkg-config --exists json-c 2>/dev/null || echo libjson-c-dev
	pkg-config --exists zlib 2>/dev/null || echo zlib1g-dev
	have "$PYTHON" && "$PYTHON" -c 'import sqlite3, ssl' 2>/dev/null || echo python3
	have openssl || echo openssl
	have prove && perl -MTest::More -e 1 2>/dev/null || echo perl
	perl -MIPC::Run -e 1 2>/dev/null || echo libipc-run-perl

	# Of PostgreSQL: the server, and what extensions are built and tested with
	find_pg_config
	if [ -z "$PG_CONFIG" ]; then
		echo "postgresql-$major postgresql-server-dev-$major"
		return
	fi
	major=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
	[ -x "$("$PG_CONFIG" --bindir)/postgres" ] || echo "postgresql-$major"
	[ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ] &&
		[ -f "$("$PG_CONFIG" --pgxs)" ] || echo "postgresql-server-dev-$major"
}

# The same of what only the caller needs, who may have a function of this name
missing_besides() { :; }

# Sets PG_CONFIG if the caller did not; to nothing where there is none
find_pg_config() {
	PG_CONFIG=${PG_CONFIG:-}
	if [ -z "$PG_CONFIG" ]; then
		PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config
		[ -x "$PG_CONFIG" ] || PG_CONFIG=$(command -v pg_config) || PG_CONFIG=
	else
		have "$PG_CONFIG" || die "PG_CONFIG=$PG_CONFIG cannot be executed"
		PG_CONFIG=$(realpath -s "$(command -v "$PG_CONFIG")")
	fi
}

# Installs what is missing where there is apt; elsewhere names it
prepare_system() {
	local missing packages

	say "Looking for what is needed"
	missing=$(missing_packages)
	if [ -n "$missing" ] && have apt-get && can_be_root; then
		say "Updating apt's lists, to install: ${missing//$'\n'/ }"
		as_root apt-get update -qq
		# A Debian or Ubuntu without PostgreSQL 15 gets the one it has
		if ! apt-cache show "postgresql-$PG_MAJOR" >/dev/null 2>&1; then
			PG_MAJOR=$(apt-cache depends postgresql |
				sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p')
		fi
		read -r -d '' -a packages < <(missing_packages) || true
		say "Installing ${packages[*]}"
		as_root bash "$ROOT/test/apt-install" "${packages[@]}"
		missing=$(missing_packages)
	fi
	if [ -n "$missing" ]; then
		die "please install first what Debian calls: ${missing//$'\n'/ }"
	fi

	find_pg_config
	note "$("$PG_CONFIG" --version) ($PG_CONFIG)"
	note "libcurl $(pkg-config --modversion libcurl)," \
		"json-c $(pkg-config --modversion json-c), $("$PYTHON" --version)"
}

# ---- who runs the servers --------------------------------------------------

# PostgreSQL refuses to run as root.  Sets TESTER to the words to put before a
# command so that it runs as user postgres then, and in any case with an
# environment that has nothing of the caller's: no PGHOST, no http_proxy.
# The last of them is env, so that variables may come before the command, and each
# replaces itself by the next, so that $! is the command's process.
choose_tester() {
	local path=$PATH

	TESTER=()
	if [ "$EUID" -eq 0 ]; then
		TEST_USER=${TEST_USER:-postgres}
		id "$TEST_USER" >/dev/null 2>&1 ||
			die "there is no user $TEST_USER to run the servers; set TEST_USER"
		have setpriv || die "setpriv (util-linux) is missing; run this as an ordinary user"
		TESTER=(setpriv "--reuid=$TEST_USER"
			"--regid=$(id -g "$TEST_USER")" --init-groups)
		path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	fi
	TESTER+=(env -i "PATH=$path" "HOME=$work" "TMPDIR=$work" "LC_ALL=C.UTF-8"
		"PG_CONFIG=$PG_CONFIG" "PYTHON=$PYTHON" "PYTHONDONTWRITEBYTECODE=1")
}

# Hands everything below $work to whom TESTER is
give_to_tester() {
	if [ "$EUID" -eq 0 ]; then
		chown -R "$TEST_USER:" "$work"
	fi
}

# make_work_directory NAME: sets work.  Not in root's TMPDIR: user postgres could not
# get there.  It could not return either to where we were started.
make_work_directory() {
	if [ "$EUID" -eq 0 ]; then TMPDIR=/tmp; fi
	work=$(mktemp -d "${TMPDIR:-/tmp}/biconnector-$1.XXXXXX")
	cd /
}

# ---- the extension ---------------------------------------------------------

# Copies the tree to DIRECTORY as git would (new files included, ignored ones not),
# so that the checkout stays as it is.  Without git, or in another user's checkout,
# which git does not trust: everything.
copy_tree() {
	local file

	say "Copying the tree to $1"
	mkdir "$1"
	if git -C "$ROOT" ls-files >/dev/null 2>&1; then
		(
			cd "$ROOT" || exit
			git ls-files -z --cached --others --exclude-standard |
				while IFS= read -r -d '' file; do
					if [ -e "$file" ]; then printf '%s\0' "$file"; fi
				done |
				tar --create --null --files-from=- --file=-
		) | tar --extract --no-same-owner --directory="$1" --file=-
	else
		tar --create --directory="$ROOT" --exclude=./.git --file=- . |
			tar --extract --no-same-owner --directory="$1" --file=-
		make -s -C "$1" clean "PG_CONFIG=$PG_CONFIG" >/dev/null 2>&1 || true
	fi
}

# Builds in DIRECTORY with the given make variables; shows the output if it fails
build() {
	local directory=$1
	shift

	say "Building the extension"
	if ! make --jobs="$(getconf _NPROCESSORS_ONLN)" -C "$directory" "PG_CONFIG=$PG_CONFIG" "$@" all \
		>"$work/build.log" 2>&1; then
		cat "$work/build.log"
		die "it does not build"
	fi
}

# Installs what was built in DIRECTORY into the PostgreSQL of PG_CONFIG
install_extension() {
	local run=

	say "Installing it into $("$PG_CONFIG" --pkglibdir)"
	if [ ! -w "$("$PG_CONFIG" --pkglibdir)" ] || [ ! -w "$("$PG_CONFIG" --sharedir)/extension" ]; then
		can_be_root || die "that needs root's rights, and there is no sudo"
		run=as_root
	fi
	$run make -C "$1" "PG_CONFIG=$PG_CONFIG" install >"$work/install.log" 2>&1 || {
		cat "$work/install.log"
		die "it cannot be installed"
	}
}

# ---- the reference connector and the portal ---------------------------------

# start_program NAME DIRECTORY PROGRAM ARGUMENT...: starts a server of ours as TESTER, on a
# free port.  Its output, port file and log go to DIRECTORY.  Sets server_pid and server_url.
start_program() {
	local name=$1 directory=$2 tries=100
	shift 2

	# Neither ^C (ignored in the background) nor a closed terminal ends it: whoever
	# started it does
	(
		trap '' HUP
		exec "${TESTER[@]}" "$PYTHON" -B "$@" --host 127.0.0.1 --port 0 \
			--port-file "$directory/$name.port"
	) </dev/null >"$directory/$name.out" 2>&1 &
	server_pid=$!

	until [ -s "$directory/$name.port" ]; do
		if ! kill -0 "$server_pid" 2>/dev/null || [ $((tries -= 1)) -eq 0 ]; then
			cat "$directory/$name.out" >&2
			die "the reference $name does not start"
		fi
		sleep 0.1
	done
	server_url=http://127.0.0.1:$(<"$directory/$name.port")
}

# start_connector TREE DATABASE DIRECTORY: starts it as TESTER over an SQLite file;
# its log and port file go to DIRECTORY.  Sets connector_pid, connector_url and
# connector_log.
# shellcheck disable=SC2034  # for the caller
start_connector() {
	local tree=$1 database=$2 directory=$3

	connector_log=$directory/requests.log
	start_program connector "$directory" "$tree/test/connector/connector.py" \
		--database "$database" --log "$connector_log" \
		--setting "login=$CONNECTOR_LOGIN" --setting "password=$CONNECTOR_PASSWORD"
	connector_pid=$server_pid
	connector_url=$server_url
}

# start_portal TREE DIRECTORY: the same for a portal, which is empty and knows a token,
# a webhook and an application.  Sets portal_pid, portal_url and portal_log.
# shellcheck disable=SC2034  # for the caller
start_portal() {
	local tree=$1 directory=$2

	portal_log=$directory/portal.log
	start_program portal "$directory" "$tree/test/portal/portal.py" --log "$portal_log" \
		--token portal-token --webhook 1/webhook-secret --client app=app-secret \
		--refresh-token refresh-1 --clock '2026-01-02 03:04:05'
	portal_pid=$server_pid
	portal_url=$server_url
}

# ---- leaving nothing behind ------------------------------------------------

# Runs a command in a process group of its own and waits for it, half an hour at
# most.  Bash heeds a signal only when what runs in the foreground has ended; this
# way it does so at once, and end_job can end all that the command has started.
job=
run_job() {
	local status=0 deadline=$((SECONDS + ${JOB_TIMEOUT:-1800}))

	set -m
	("$@") </dev/null &
	job=$!
	set +m
	while kill -0 "$job" 2>/dev/null; do
		if [ "$SECONDS" -gt "$deadline" ]; then
			note "this takes too long; ending it"
			end_job
			return 124
		fi
		sleep 0.2
	done
	wait "$job" || status=$?
	end_job						# what it has left running
	return "$status"
}

end_job() {
	if [ -n "$job" ]; then
		kill -TERM -- "-$job" 2>/dev/null || true
		wait "$job" 2>/dev/null || true
		await_end "-$job"
		job=
	fi
}

# Waits until a process, or a process group (-NUMBER), is gone; kills it if that
# takes longer than ten seconds
await_end() {
	local tries=100

	while kill -0 -- "$1" 2>/dev/null; do
		if [ $((tries -= 1)) -eq 0 ]; then
			kill -KILL -- "$1" 2>/dev/null || true
			return
		fi
		sleep 0.1
	done
}

# end_process SIGNAL PID: ends it and waits until it is gone.  Where that can be
# seen, only if $work is in its command line: the number of a process that has
# ended may be another's by now.
end_process() {
	if [ -e /proc/self/cmdline ] && ! grep -qsF "$work" "/proc/$2/cmdline"; then
		return
	fi
	kill "-$1" "$2" 2>/dev/null || true
	await_end "$2"
}

# Stops the PostgreSQL servers whose data directories are below $work: those that
# we started, and no others
stop_servers() {
	local file

	while IFS= read -r file; do
		end_process QUIT "$(head -n 1 "$file")"
	done < <(find "$work" -name postmaster.pid 2>/dev/null)
}

# Runs the function cleanup at the end, whatever the end is: also when nobody reads
# our output any more ("./check | head")
clean_up_at_exit() {
	trap 'finish' EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 141' PIPE
	trap 'exit 143' TERM
}

finish() {
	set +e
	trap '' HUP INT PIPE TERM
	trap - EXIT
	cleanup
}
