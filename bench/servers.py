"""What is measured runs here: the data, PostgreSQL, nginx and the reference connector."""

import csv
import http.server
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent

# name, type in PostgreSQL, type in SQLite, option field_type
COLUMNS = [
    ("id", "bigint", "INTEGER PRIMARY KEY", "int"),
    ("name", "text", "TEXT", "string"),
    ("note", "text", "TEXT", "string"),
    ("status", "text", "TEXT", "string"),
    ("amount", "numeric", "MONEY", "money"),
    ("share", "double precision", "DOUBLE", "double"),
    ("day", "date", "DATE", "date"),
    ("changed", "timestamp", "DATETIME", "datetime"),
]
KEYS = 1000                     # rows that can be looked up
LATE_TABLES = 200               # tables that late.py lists
APPENDED = 8                    # and those that have rows
PROBED = 8                      # tables that are imported with a probe
LATE_ROWS = 100                 # rows of each of these


class Failure(Exception):
    """Something does not work as it should; the text says what."""


def late_table(number):
    """The code of a table of a server that is late."""
    return f"part{number:03}"


def say(text):
    print(text, file=sys.stderr, flush=True)


def short(rows):
    """1000000 -> 1M"""
    for unit, letter in (1_000_000, "M"), (1000, "k"):
        if rows % unit == 0 and rows >= unit:
            return f"{rows // unit}{letter}"
    return str(rows)


def run(arguments, **options):
    """Runs a program to its end; its output."""
    done = subprocess.run([str(argument) for argument in arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)
    if done.returncode != 0:
        raise Failure(f"{arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


# ---- memory and processor time of processes, as Linux tells them ------------


def memory_of(pid, peak=False):
    """Resident kB of a process, without the shared buffers that it has touched."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines)
    resident = int(values["VmHWM" if peak else "VmRSS"].split()[0])
    return resident - int(values["RssShmem"].split()[0])


def forget_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def processor_time_of(pid):
    """Seconds that a process has computed, with those that the kernel did for it."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def children_of(pid):
    """The processes below a process."""
    found = []
    try:
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *children_of(child)]
    except OSError:
        pass
    return found


class PeakWatch:
    """Watches the memory of the processes that `pids` finds: the sum of their peaks."""

    def __init__(self, pids):
        self.pids = pids
        self.peaks = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.ended.wait(0.02):
            for pid in self.pids():
                try:
                    self.peaks[pid] = memory_of(pid, peak=True)
                except (OSError, KeyError):     # it has ended
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def peak(self):
        return sum(self.peaks.values())


# ---- PostgreSQL -------------------------------------------------------------


class Session:
    """A psql, and so a backend, that is asked one thing after the other."""

    END = "the end of an answer"

    def __init__(self, postgres):
        self.psql = subprocess.Popen(
            [postgres.program("psql"), "--no-psqlrc", "--quiet", "--no-align", "--tuples-only",
             "--set=ON_ERROR_STOP=1", f"--host={postgres.directory}", f"--port={postgres.port}",
             "--username=postgres", "--dbname=postgres"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.pid = int(self.run("SELECT pg_backend_pid()"))

    def run(self, statement):
        """Runs a statement; what psql shows of its result."""
        lines = []
        self.psql.stdin.write(f"{statement};\n\\echo {self.END}\n")
        self.psql.stdin.flush()
        for line in self.psql.stdout:
            if line == self.END + "\n":
                return "".join(lines).rstrip("\n")
            lines.append(line)
        raise Failure(f"{statement}\n{''.join(lines)}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.psql.stdin.close()
        self.psql.wait()
        self.psql.stdout.close()


class Postgres:
    """A throw-away server below `directory`."""

    port = 54321                # of a socket in a directory of its own: any is free

    def __init__(self, directory, shared_buffers):
        self.directory = directory
        self.bindir = pathlib.Path(
            run([os.environ["PG_CONFIG"], "--bindir"]).decode().strip())
        self.settings = {
            "listen_addresses": "", "unix_socket_directories": str(directory),
            "shared_buffers": shared_buffers, "fsync": "off", "autovacuum": "off", "jit": "off",
            "max_parallel_workers_per_gather": "0", "synchronize_seqscans": "off",
            "max_wal_size": "8GB", "wal_level": "minimal", "max_wal_senders": "0"}

    def program(self, name):
        return str(self.bindir / name)

    def start(self):
        data = self.directory / "data"
        run([self.program("initdb"), f"--pgdata={data}", "--username=postgres", "--auth=trust",
             "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
        with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
            for name, value in self.settings.items():
                file.write(f"{name} = '{value}'\n")
        # pg_ctl's output would be the server's too, and never end
        log = self.directory / "postgres.log"
        if subprocess.run([self.program("pg_ctl"), f"--pgdata={data}", f"--log={log}",
                           f"--options=-p {self.port}", "--wait", "--silent", "start"],
                          stdin=subprocess.DEVNULL, check=False).returncode != 0:
            raise Failure(log.read_text(encoding="utf-8"))

    def stop(self):
        run([self.program("pg_ctl"), f"--pgdata={self.directory / 'data'}", "--mode=immediate",
             "--silent", "stop"])

    def session(self):
        return Session(self)

    def run(self, statement):
        with self.session() as session:
            return session.run(statement)


# ---- the servers that are asked ---------------------------------------------


class Nginx:
    """nginx over the documents: a port of its own, and nothing outside of `directory`."""

    def __init__(self, directory, rate):
        self.directory = directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        program = "/usr/sbin/nginx" if os.path.exists("/usr/sbin/nginx") else "nginx"
        self.version = subprocess.run([program, "-v"], capture_output=True, text=True,
                                      check=False).stderr.rpartition("/")[2].strip()
        text = (HERE / "nginx.conf").read_text(encoding="utf-8")
        for name, value in ("DIRECTORY", directory), ("PORT", self.port), ("RATE", rate):
            text = text.replace(f"@{name}@", str(value))
        configuration = directory / "nginx.conf"
        configuration.write_text(text, encoding="utf-8")
        self.process = subprocess.Popen(
            [program, "-p", str(directory), "-e", str(directory / "nginx.log"),
             "-c", str(configuration)], stdin=subprocess.DEVNULL)
        self.await_connection()

    def await_connection(self):
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.1)
        raise Failure("nginx does not start")

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Connector:
    """The reference connector over an SQLite file."""

    def __init__(self, directory, database, delay=0):
        port_file = directory / f"{database.name}-{delay}.port"
        program = HERE.parent / "test" / "connector" / "connector.py"
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(program), "--database", str(database),
             "--port-file", str(port_file), "--delay", str(delay)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        for _ in range(100):
            if port_file.exists():
                break
            time.sleep(0.1)
        else:
            raise Failure("the reference connector does not start")
        self.port = int(port_file.read_text())

    def urls(self):
        return endpoints(f"http://127.0.0.1:{self.port}")

    def stop(self):
        self.process.terminate()
        self.process.wait()


class LateServer:
    """late.py over the documents in a directory."""

    def __init__(self, documents):
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(HERE / "late.py"), str(documents)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def urls(self, delay):
        """Its endpoints, with so many milliseconds of delay, as options of a server."""
        return endpoints(f"http://127.0.0.1:{self.port}/{delay}")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def endpoints(url):
    """The endpoints below a URL, as options of a server."""
    return {f"url_{name}": f"{url}/{name}"
            for name in ("data", "table_list", "table_description")}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Answers each request with one document, and keeps the bodies."""

    document = b""
    bodies = []

    def do_POST(self):
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.document)))
        self.end_headers()
        self.wfile.write(self.document)

    def log_message(self, *_):
        pass


def record_bodies(document, action):
    """The bodies of the requests that action(URL) makes, all answered with the document."""
    Recorder.document = document
    Recorder.bodies = []
    with http.server.HTTPServer(("127.0.0.1", 0), Recorder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            action(f"http://127.0.0.1:{server.server_address[1]}/data")
        finally:
            server.shutdown()
    return Recorder.bodies


# ---- the data ---------------------------------------------------------------


class Data:
    """The documents, all of the same rows, below `directory`."""

    def __init__(self, directory, programs):
        self.directory = directory
        self.generate = programs / "generate"
        self.documents = directory / "documents"
        self.keys = directory / "keys"

    def path(self, name):
        return self.documents / name

    def make(self, name, kind, first, rows):
        say(f"    {name}")
        with open(self.path(name), "wb") as file:
            subprocess.run([self.generate, kind, str(first), str(rows)], stdout=file, check=True)

    def make_size(self, rows, variants):
        """The documents of one size; of the largest, only what is asked for."""
        self.make(f"{short(rows)}-raw.json", "raw", 1, rows)
        self.make(f"{short(rows)}.csv", "csv", 1, rows)
        if "escaped" in variants:
            self.make(f"{short(rows)}-escaped.json", "escaped", 1, rows)
        if "gzip" in variants:
            for name in f"{short(rows)}-raw.json", f"{short(rows)}.csv":
                say(f"    {name}.gz")
                run(["gzip", "--keep", self.path(name)])
        if "halves" in variants:
            for half in 0, 1:
                self.make(f"{short(rows)}-half{half}.json", "raw", 1 + half * (rows // 2),
                          rows // 2)

    def make_keys(self):
        self.keys.mkdir()
        run([self.generate, "raw", 1, KEYS, self.keys])

    def make_sqlite(self, rows):
        """The CSV file as an SQLite database for the reference connector."""
        path = self.directory / f"{short(rows)}.sqlite"
        say(f"    {path.name}")
        with sqlite3.connect(path) as db, \
                open(self.path(f"{short(rows)}.csv"), encoding="utf-8", newline="") as file:
            self.fill(db, "sales", csv.reader(file))
        db.close()
        return path

    def make_probed(self):
        """A database of a few small tables for a reference connector that is late."""
        path = self.directory / "probed.sqlite"
        say(f"    {path.name}")
        text = run([self.generate, "csv", 1, PROBED * LATE_ROWS]).decode()
        with sqlite3.connect(path) as db:
            self.fill(db, "_sales", csv.reader(text.splitlines(keepends=True)))
            for number in range(PROBED):
                first = number * LATE_ROWS + 1
                db.execute(f"CREATE VIEW {late_table(number)} AS SELECT * FROM _sales"
                           f" WHERE id BETWEEN {first} AND {first + LATE_ROWS - 1}")
        db.close()
        return path

    def make_late(self):
        """The answers of late.py: many tables are listed, and some of them have rows."""
        path = self.directory / "late"
        say(f"    {path.name}")
        path.mkdir()
        (path / "table_list.json").write_text(json.dumps(
            [{"code": late_table(i), "title": late_table(i)} for i in range(LATE_TABLES)]))
        (path / "table_description.json").write_text(json.dumps(
            [{"code": name.upper(), "name": name, "type": field.upper()}
             for name, _, _, field in COLUMNS]))
        for number in range(APPENDED):
            (path / f"{late_table(number)}.json").write_bytes(
                run([self.generate, "raw", number * LATE_ROWS + 1, LATE_ROWS]))
        return path

    @staticmethod
    def fill(db, table, rows):
        db.execute("PRAGMA journal_mode = off")
        db.execute(f"CREATE TABLE {table} ("
                   + ", ".join(f"{name.upper()} {sqlite_type}"
                               for name, _, sqlite_type, _ in COLUMNS) + ")")
        # SQLite's own conversion from text is not exact to the last digit
        db.executemany(
            f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ([int(row[0]), *(value or None for value in row[1:4]),
              *(float(value) if value else None for value in row[4:6]),
              *(value or None for value in row[6:])] for row in rows))
