"""Measures, and prints the tables; `run` prepares what it needs and calls it."""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import time

import report
from servers import (APPENDED, COLUMNS, KEYS, LATE_ROWS, LATE_TABLES, PROBED, Connector, Data,
                     Failure, LateServer, Nginx, PeakWatch, Postgres, children_of, forget_peak,
                     late_table, memory_of, processor_time_of, record_bodies, run, say, short)

RATE = 50_000_000               # bytes a second of the throttled server
WORKS = ("all", "one", "count", "limit", "gzip", "escaped", "throttled", "lookups", "import",
         "append", "parallel")

NAMES = [name for name, *_ in COLUMNS]
ALL_COLUMNS = "SELECT " + ", ".join(f"count({name})" for name in NAMES) + " FROM {}"

# Works in which all rows are read: title, query, and the columns that a request asks for
READS = {
    "all": ("all columns", ALL_COLUMNS, NAMES),
    "one": ("one column", "SELECT count(name) FROM {}", ["name"]),
    "count": ("count(*)", "SELECT count(*) FROM {}", ["id"]),
}
# By value: a zero at the end of a numeric does not matter
VALUES = ", ".join(f"trim_scale({name})" if sql_type == "numeric" else name
                   for name, sql_type, *_ in COLUMNS)
LIMIT = f"SELECT {VALUES} FROM {{}} LIMIT 10"
CHECKSUM = f"SELECT count(*), sum(hashtextextended(row({VALUES})::text, 0)::numeric) FROM {{}}"
KEYED = f"generate_series(1::bigint, {KEYS}) AS key JOIN keyed ON keyed.id = key"

DEFINITIONS = """
    SELECT count(DISTINCT c.oid), md5(string_agg(concat_ws(' ', c.relname, t.ftoptions, a.attname,
        format_type(a.atttypid, a.atttypmod), a.attfdwoptions), E'\\n'
        ORDER BY c.relname, a.attnum))
    FROM pg_class c JOIN pg_foreign_table t ON t.ftrelid = c.oid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    WHERE c.relnamespace = 'imported'::regnamespace"""


class Variant:
    """One way to do a work.  `measure` does it once: seconds, processor time, kB, result."""

    def __init__(self, key, title):
        self.key = key
        self.title = title
        self.runs = []
        self.result = None

    def once(self):
        seconds, processor, memory, result = self.measure()
        if self.result is not None and result != self.result:
            raise Failure(f"{self.title}: now {result}, before {self.result}")
        self.result = result
        self.runs.append({"seconds": seconds, "processor": processor, **memory})


class Query(Variant):
    """A query in a fresh backend, which has loaded the library and read the catalogs."""

    def __init__(self, bench, key, title, query, settings=(), programs=False):
        super().__init__(key, title)
        self.bench = bench
        self.query = query
        self.settings = settings
        self.programs = programs        # does the backend start programs?

    def measure(self):
        with self.bench.postgres.session() as session:
            for library in "biconnector_fdw", "file_fdw":
                session.run(f"LOAD '{library}'")
            idle = memory_of(session.pid)
            self.prepare(session)
            forget_peak(session.pid)
            watch = PeakWatch(lambda: children_of(session.pid) if self.programs else [])
            with watch:
                processor = processor_time_of(session.pid)
                start = time.perf_counter()
                result = session.run(self.query)
                seconds = time.perf_counter() - start
                processor = processor_time_of(session.pid) - processor
            memory = {"memory": memory_of(session.pid, peak=True) - idle}
            if self.programs:
                memory["programs"] = watch.peak()
            return seconds, processor, memory, self.finish(session, result)

    def prepare(self, session):
        for setting in self.settings:
            session.run(f"SET {setting}")
        session.run(f"EXPLAIN {self.query}")

    def finish(self, _session, result):
        return result


class Import(Query):
    """An import; what is compared are the definitions of the tables."""

    def prepare(self, session):
        session.run("CREATE SCHEMA imported")

    def finish(self, session, result):
        result = session.run(DEFINITIONS)
        session.run("SET client_min_messages = warning")
        session.run("DROP SCHEMA imported CASCADE")
        return result


class Command(Variant):
    """A program that has no result worth comparing: what it reads has been compared before."""

    def __init__(self, key, title, arguments):
        super().__init__(key, title)
        self.arguments = [str(argument) for argument in arguments]

    def measure(self):
        start = time.perf_counter()
        process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with PeakWatch(lambda: [process.pid]) as watch:
            output, errors = process.communicate()
        seconds = time.perf_counter() - start
        if process.returncode != 0:
            raise Failure(f"{self.arguments[0]}: {errors.decode(errors='replace')}")
        return self.seconds_of(output, seconds), None, {"programs": watch.peak()}, None

    def seconds_of(self, _output, seconds):
        return seconds


class TimedCommand(Command):
    """A program that prints how many seconds it took."""

    def seconds_of(self, output, _seconds):
        return float(output)


class Work:
    """Variants that do the same, and so must have the same result."""

    def __init__(self, key, rows, title, variants):
        self.key = key
        self.rows = rows
        self.title = title
        self.variants = variants

    def check(self):
        results = {variant.title: variant.result for variant in self.variants
                   if variant.result is not None}
        if len(set(results.values())) > 1:
            raise Failure(f"{self.title}: different results: {results}")


class Bench:
    def __init__(self, options):
        self.options = options
        self.notes = []
        self.works = []
        self.late = None                # the server that is late
        self.directory = pathlib.Path(options.directory)
        self.data = Data(self.directory, pathlib.Path(options.programs))
        self.main = max((rows for rows in options.rows if rows <= 1_000_000), default=None)
        # heap tables are to be read from memory: some 200 bytes a row
        buffers = max(256, max(options.rows) * 250 // 1_000_000 + 256)
        self.postgres = Postgres(self.directory, f"{buffers}MB")
        self.servers = [self.postgres]

    def wants(self, *works):
        return any(work in self.options.only for work in works)

    # ---- preparing ----------------------------------------------------------

    def prepare(self):
        say("==> Making the data")
        for path in "documents", "body":
            (self.directory / path).mkdir()
        for rows in self.options.rows:
            self.data.make_size(rows, self.variants_of(rows))
        self.data.make_keys()
        databases = {rows: self.data.make_sqlite(rows) for rows in self.options.rows
                     if rows <= 1_000_000}
        late = self.data.make_late() if self.wants("import", "append") else None

        say("==> Starting PostgreSQL, nginx and the reference connector")
        self.postgres.start()
        self.nginx = self.started(Nginx(self.directory, RATE))
        self.late = late and self.started(LateServer(late))
        self.postgres.run("CREATE EXTENSION biconnector_fdw; CREATE EXTENSION file_fdw;"
                          "CREATE EXTENSION pg_prewarm; CREATE SERVER files"
                          " FOREIGN DATA WRAPPER file_fdw")

        say("==> Making the tables, and comparing their rows")
        for rows in self.options.rows:
            self.make_tables(rows, databases.get(rows))
        if self.main:
            for work in WORKS:
                if self.wants(work) and work not in READS:
                    getattr(self, f"prepare_{work}")()

    def started(self, server):
        self.servers.append(server)
        return server

    def variants_of(self, rows):
        if rows != self.main:
            return []
        return [variant for variant, work in (("escaped", "escaped"), ("gzip", "gzip"),
                                              ("halves", "parallel")) if self.wants(work)]

    def foreign_server(self, name, **options):
        # the rows of a connector are limited, those of a file are not
        options = {"row_limit": 2147483647, **options}
        text = ", ".join(f"{name} '{value}'" for name, value in options.items())
        self.postgres.run(f"CREATE SERVER {name} FOREIGN DATA WRAPPER biconnector_fdw"
                          f" OPTIONS ({text}); CREATE USER MAPPING FOR postgres SERVER {name}")

    def foreign_table(self, name, server, **options):
        columns = ", ".join(
            f"{column} {sql_type} OPTIONS (column_name '{column.upper()}', field_type '{field}')"
            for column, sql_type, _, field in COLUMNS)
        text = ", ".join(f"{name} '{value}'" for name, value in options.items())
        self.postgres.run(f"CREATE FOREIGN TABLE {name} ({columns}) SERVER {server}"
                          f" OPTIONS ({text})")

    def document_table(self, name, path, rows, **options):
        """A foreign table whose connector answers everything with one document."""
        self.foreign_server(name, url_data=self.nginx.url(path), **options)
        self.foreign_table(name, name, table_name="sales", estimated_rows=rows)

    def file_table(self, name, source, text):
        columns = ", ".join(f"{column} {sql_type}" for column, sql_type, *_ in COLUMNS)
        self.postgres.run(f"CREATE FOREIGN TABLE {name} ({columns}) SERVER files"
                          f" OPTIONS (format 'csv', {source} $${text}$$)")

    def curl(self, url, *options):
        return ["curl", "--silent", "--show-error", "--fail", "--output", "/dev/null",
                *options, "--data", "table=sales", url]

    def same(self, name, expected):
        """Is a table's checksum what it has to be?"""
        found = self.postgres.run(CHECKSUM.format(name))
        if found != expected:
            raise Failure(f"{name} has other rows: {found} instead of {expected}")
        say(f"    {name}: {found.split('|')[0]} rows, equal")

    def checksum(self, condition, rows):
        return self.postgres.run(CHECKSUM.format(f"heap_{short(rows)}") + f" WHERE {condition}")

    def make_tables(self, rows, database):
        size = short(rows)
        url = self.nginx.url(f"plain/{size}-raw.json")
        self.file_table(f"csv_{size}", "filename", self.data.path(f"{size}.csv"))
        self.postgres.run(f"CREATE UNLOGGED TABLE heap_{size} AS SELECT * FROM csv_{size};"
                          f"VACUUM (FREEZE, ANALYZE) heap_{size};"
                          f"SELECT pg_prewarm('heap_{size}')")
        self.document_table(f"ours_{size}", f"plain/{size}-raw.json", rows, push_limit="none")
        self.file_table(
            f"jq_{size}", "program",
            f"curl --silent --fail --data table=sales {url} | jq --raw-output '.[1:][] | @csv'")
        expected = self.postgres.run(CHECKSUM.format(f"heap_{size}"))
        # of many rows, jq's are compared while they are measured: it would take minutes
        for kind in ["ours", "csv"] if rows > 1_000_000 else ["ours", "csv", "jq"]:
            self.same(f"{kind}_{size}", expected)
        self.same_bytes(url, self.data.path(f"{size}-raw.json"))

        if database:
            connector = self.started(Connector(self.directory, database))
            self.foreign_server(f"connector_{size}", **connector.urls())
            self.foreign_table(f"connector_{size}", f"connector_{size}", table_name="sales",
                               estimated_rows=rows)
            self.same(f"connector_{size}", expected)
        for work, (title, query, columns) in READS.items():
            if not self.wants(work) or (work != "all" and rows != self.main):
                continue
            variants = [
                self.query("ours", "biconnector_fdw", query, f"ours_{size}"),
                self.query("file_fdw", "file_fdw", query, f"csv_{size}"),
                self.query("heap", "heap table", query, f"heap_{size}"),
                Command("curl", "curl", self.curl(url))]
            if work == "all":
                variants.insert(2, self.query("jq", "file_fdw, `curl | jq`", query, f"jq_{size}",
                                              programs=True))
            if database:
                # the reference connector sends the columns that are asked for, packed
                select = "".join(f"&select[{i}]={name.upper()}"
                                 for i, name in enumerate(columns))
                variants += [
                    self.query("connector", "biconnector_fdw, reference connector", query,
                               f"connector_{size}"),
                    Command("connector-curl", "curl, reference connector",
                            self.curl(connector.urls()["url_data"], "--compressed",
                                      "--data", "limit=0" + select))]
            self.works.append(Work(work, rows, title, variants))

    def query(self, key, title, query, table, **options):
        return Query(self, key, title, query.format(table), **options)

    def same_bytes(self, url, path, *options):
        """Does curl get what is in the file?"""
        arguments = self.curl(url, *options)
        arguments[arguments.index("/dev/null")] = "-"
        with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
            digest = hashlib.sha1()
            while block := process.stdout.read(1 << 20):
                digest.update(block)
        expected = hashlib.sha1()
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                expected.update(block)
        if process.returncode != 0 or digest.digest() != expected.digest():
            raise Failure(f"curl gets something else from {url} than {path}")

    # ---- what is done at one size only --------------------------------------

    def prepare_limit(self):
        size = short(self.main)
        self.works.append(Work("limit", self.main, "LIMIT 10", [
            self.query("ours", "biconnector_fdw", LIMIT, f"ours_{size}"),
            self.query("file_fdw", "file_fdw", LIMIT, f"csv_{size}"),
            self.query("jq", "file_fdw, `curl | jq`", LIMIT, f"jq_{size}", programs=True),
            self.query("heap", "heap table", LIMIT, f"heap_{size}")]))

    def prepare_gzip(self):
        size = short(self.main)
        path = f"gzip/{size}-raw.json"
        self.document_table("ours_gzip", path, self.main)
        self.file_table("csv_gzip", "program",
                        f"gzip --decompress --stdout {self.data.path(size + '.csv.gz')}")
        for name in "ours_gzip", "csv_gzip":
            self.same(name, self.checksum("true", self.main))
        self.same_bytes(self.nginx.url(path), self.data.path(f"{size}-raw.json"), "--compressed")
        self.works.append(Work("gzip", self.main, "all columns, gzip", [
            self.query("ours", "biconnector_fdw", ALL_COLUMNS, "ours_gzip"),
            self.query("file_fdw", "file_fdw, `gzip -dc`", ALL_COLUMNS, "csv_gzip"),
            Command("curl", "curl", self.curl(self.nginx.url(path), "--compressed"))]))

    def prepare_escaped(self):
        path = f"plain/{short(self.main)}-escaped.json"
        self.document_table("ours_escaped", path, self.main)
        self.same("ours_escaped", self.checksum("true", self.main))
        self.works.append(Work("escaped", self.main, "all columns, `\\uXXXX`", [
            self.query("ours", "biconnector_fdw", ALL_COLUMNS, "ours_escaped"),
            self.query("raw", "biconnector_fdw, UTF-8", ALL_COLUMNS,
                       f"ours_{short(self.main)}"),
            Command("curl", "curl", self.curl(self.nginx.url(path)))]))

    def prepare_throttled(self):
        path = f"throttled/{short(self.main)}-raw.json"
        self.document_table("ours_throttled", path, self.main)
        self.same("ours_throttled", self.checksum("true", self.main))
        self.works.append(Work("throttled", self.main, "all columns, 50 MB/s", [
            self.query("ours", "biconnector_fdw", ALL_COLUMNS, "ours_throttled"),
            Command("curl", "curl", self.curl(self.nginx.url(path)))]))

    def prepare_lookups(self):
        url = self.nginx.url("lookup")
        # with the default, the planner would rather read the whole table once
        self.foreign_server("keyed", url_data=url, fdw_startup_cost=10)
        self.foreign_table("keyed", "keyed", table_name="sales", estimated_rows=self.main)
        settings = ["enable_hashjoin = off", "enable_mergejoin = off", "enable_material = off"]
        query = ALL_COLUMNS.format(KEYED)

        # The C program has to make the same requests: see one
        key = 765
        document = (self.data.keys / f"{key}.json").read_bytes()

        def look_up(recorder):
            self.foreign_server("recorded", url_data=recorder)
            self.foreign_table("recorded", "recorded", table_name="sales")
            self.postgres.run(ALL_COLUMNS.format(f"recorded WHERE id = {key}"))

        bodies = record_bodies(document, look_up)
        if len(bodies) != 1 or bodies[0].count(str(key)) != 1:
            raise Failure(f"not one request for one row: {bodies}")
        body = bodies[0].replace("%", "%%").replace(str(key), "%llu")

        # and to get the same answers
        program = pathlib.Path(self.options.programs) / "lookups"
        lookups = [program, url, body, 1, KEYS]
        expected = "".join((self.data.keys / f"{key}.json").read_text(encoding="utf-8") + "\n"
                           for key in range(1, KEYS + 1))
        if run([*lookups, "print"]).decode() != expected:
            raise Failure("lookups does not get the rows that it asks for")
        with self.postgres.session() as session:
            for setting in settings:
                session.run(f"SET {setting}")
            plan = session.run(f"EXPLAIN (VERBOSE) {query}")
            if "Nested Loop" not in plan or "Remote Filter: ID =" not in plan:
                raise Failure(f"no lookups by key:\n{plan}")
            if session.run(CHECKSUM.format(KEYED)) != self.checksum(f"id <= {KEYS}", self.main):
                raise Failure("the lookups find other rows")
        self.works.append(Work("lookups", KEYS, f"{KEYS:,} lookups by key", [
            Query(self, "ours", "biconnector_fdw, nested loop", query, settings),
            TimedCommand("curl", "C loop over libcurl", lookups)]))

    def import_(self, key, title, server, **options):
        text = ", ".join(f"{name} '{value}'" for name, value in options.items())
        return Import(self, key, title, f"IMPORT FOREIGN SCHEMA connector FROM SERVER {server}"
                      f" INTO imported OPTIONS ({text})")

    def has_option(self, name, statement):
        """Does the extension know an option?  Older ones do not know those for overlap."""
        try:
            self.postgres.run(f"BEGIN; {statement}; ROLLBACK")
        except Failure as failure:
            if f'invalid option "{name}"' not in str(failure):
                raise
            self.notes.append(f"left out: the extension has no option `{name}`")
            return False
        return True

    def knows(self, option, server):
        return self.has_option(option, f"ALTER SERVER {server} OPTIONS (ADD {option} 'true')")

    def prepare_import(self):
        self.foreign_server("late_50", **self.late.urls(50))
        can_overlap = self.has_option(
            "concurrency", "CREATE SCHEMA imported; IMPORT FOREIGN SCHEMA c LIMIT TO (part000)"
            " FROM SERVER late_50 INTO imported OPTIONS (probe 'off', concurrency '1')")
        serial = {"concurrency": 1} if can_overlap else {}
        variants = [self.import_("serial", "one after the other", "late_50", probe="off", **serial)]
        if can_overlap:
            variants.insert(0, self.import_("ours", "8 at a time", "late_50", probe="off"))
        self.works.append(Work("import", 0, f"IMPORT of {LATE_TABLES} tables, 50 ms", variants))
        # A probe asks each table dozens of questions
        if can_overlap:
            probed = self.started(Connector(self.directory, self.data.make_probed(), 10))
            self.foreign_server("probed", **probed.urls())
            self.works.append(Work("probe", 0, f"IMPORT of {PROBED} tables with probes, 10 ms", [
                self.import_("ours", "8 at a time", "probed", probe="on"),
                self.import_("serial", "one after the other", "probed", probe="on", **serial)]))

    def prepare_append(self):
        self.foreign_server("late", **self.late.urls(300))
        expected = self.checksum(f"id <= {APPENDED * LATE_ROWS}", self.main)
        self.append_tables("late")
        self.same("late_union", expected)
        self.works.append(Work("one-late", LATE_ROWS, "one table of 300 ms", [
            self.query("ours", "biconnector_fdw", ALL_COLUMNS, "late_0")]))
        variants = [self.query("serial", "UNION ALL, one after the other", ALL_COLUMNS,
                               "late_union")]
        if self.knows("async_capable", "late"):
            self.foreign_server("late_async", **self.late.urls(300), async_capable="true")
            self.append_tables("late_async")
            for name in "union", "parted":
                self.same(f"late_async_{name}", expected)
            variants += [self.query("union", "UNION ALL, async", ALL_COLUMNS, "late_async_union"),
                         self.query("parted", "partitioned table, async", ALL_COLUMNS,
                                    "late_async_parted")]
        self.works.append(Work("append", APPENDED * LATE_ROWS,
                               f"{APPENDED} tables of 300 ms", variants))

    def append_tables(self, server):
        """Some tables of a slow server: under a view, and as partitions."""
        columns = ", ".join(f"{column} {sql_type}" for column, sql_type, *_ in COLUMNS)
        for i in range(APPENDED):
            for name in f"{server}_{i}", f"{server}_part{i}":
                self.foreign_table(name, server, table_name=late_table(i),
                                   estimated_rows=LATE_ROWS)
        self.postgres.run(
            f"CREATE VIEW {server}_union AS "
            + " UNION ALL ".join(f"SELECT * FROM {server}_{i}" for i in range(APPENDED)))
        self.postgres.run(f"CREATE TABLE {server}_parted ({columns}) PARTITION BY RANGE (id)")
        for i in range(APPENDED):
            self.postgres.run(
                f"ALTER TABLE {server}_parted ATTACH PARTITION {server}_part{i}"
                f" FOR VALUES FROM ({i * LATE_ROWS + 1}) TO ({(i + 1) * LATE_ROWS + 1})")

    def prepare_parallel(self):
        size = short(self.main)
        half_rows = self.main // 2
        expected = self.checksum(f"id <= {2 * half_rows}", self.main)

        def make_halves(name, **options):
            columns = ", ".join(f"{column} {sql_type}" for column, sql_type, *_ in COLUMNS)
            self.postgres.run(f"CREATE TABLE {name} ({columns}) PARTITION BY RANGE (id)")
            for half in 0, 1:
                self.document_table(f"{name}_{half}", f"throttled/{size}-half{half}.json",
                                    half_rows, **options)
                self.postgres.run(
                    f"ALTER TABLE {name} ATTACH PARTITION {name}_{half} FOR VALUES"
                    f" FROM ({1 + half * half_rows}) TO ({1 + (half + 1) * half_rows})")
            self.same(name, expected)

        make_halves("halves")
        variants = [self.query("serial", "one after the other", ALL_COLUMNS, "halves")]
        if self.knows("parallel_safe", "halves_0"):
            make_halves("safe_halves", parallel_safe="true")
            settings = ["max_parallel_workers_per_gather = 2", "parallel_setup_cost = 0",
                        "parallel_tuple_cost = 0"]
            query = ALL_COLUMNS.format("safe_halves")
            with self.postgres.session() as session:
                for setting in settings:
                    session.run(f"SET {setting}")
                plan = session.run(f"EXPLAIN {query}")
            if "Parallel Append" not in plan:
                raise Failure(f"no Parallel Append over partitions that are parallel safe:\n{plan}")
            variants.append(Query(self, "workers", "Parallel Append, two workers", query, settings))
        if self.knows("async_capable", "halves_0"):
            make_halves("async_halves", async_capable="true")
            variants.append(self.query("async", "async", ALL_COLUMNS, "async_halves"))
        self.works.append(Work("parallel", self.main, "two partitions, 50 MB/s each", variants))

    # ---- measuring ----------------------------------------------------------

    def measure(self):
        rounds = self.options.rounds or 5
        self.about = {"machine": self.machine(), "main": self.main,
                      "notes": sorted(set(self.notes)), "bytes": self.sizes()}
        for number in range(rounds):
            say(f"==> Round {number + 1} of {rounds}")
            for work in self.works:
                # to and fro, lest what comes before have an effect
                for variant in work.variants[::-1 if number % 2 else 1]:
                    if number < self.rounds_of(work, variant):
                        variant.once()
                        self.tell(work, variant)
                work.check()
                self.save()

    @staticmethod
    def tell(work, variant):
        last = variant.runs[-1]
        say(f"    {short(work.rows):>5} {work.title}, {variant.title}: {last['seconds']:.3f} s"
            + (f", processor {last['processor']:.3f} s" if last["processor"] else "")
            + (f", +{last['memory'] / 1024:.1f} MB" if "memory" in last else "")
            + (f" ({last['programs'] / 1024:.1f} MB)" if last.get("programs") else ""))

    def results(self):
        return {**self.about, "works": [
            {"work": work.key, "rows": work.rows, "title": work.title, "variants": [
                {"variant": variant.key, "title": variant.title, "runs": variant.runs}
                for variant in work.variants]} for work in self.works]}

    def save(self):
        pathlib.Path(self.options.output).write_text(
            json.dumps(self.results(), indent=1, ensure_ascii=False), encoding="utf-8")

    def rounds_of(self, work, variant):
        """How often something is measured: less of what takes minutes."""
        most = self.options.rounds or (3 if work.rows > 1_000_000 else 5)
        return 1 if work.rows > 1_000_000 and variant.key == "jq" else most

    def sizes(self):
        return {path.name: path.stat().st_size for path in sorted(self.data.documents.iterdir())}

    def machine(self):
        models = [line.partition(":")[2].strip()
                  for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")]
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
        versions = self.postgres.run("SELECT current_setting('server_version')"
                                     " || '|' || libcurl FROM biconnector_version()").split("|")
        release = ".".join(platform.release().split(".")[:2])
        curl = versions[1].split()[0].rpartition("/")[2]
        jq = run(["jq", "--version"]).decode().strip().removeprefix("jq-")
        return (f"{os.cpu_count()} × {models[0] if models else platform.machine()},"
                f" {memory:.0f} GB of memory, Linux {release},"
                f" PostgreSQL {versions[0].split()[0]}, libcurl {curl}, nginx {self.nginx.version},"
                f" jq {jq}")

    def stop(self):
        for server in reversed(self.servers):
            try:
                server.stop()
            except Failure:
                pass


def parse_options():
    parser = argparse.ArgumentParser(prog="bench/run", description="See bench/README.md.")
    parser.add_argument("--rows", default="100000,1000000",
                        type=lambda text: sorted(int(rows) for rows in text.split(",")))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", action="append", choices=WORKS)
    parser.add_argument("--directory", required=True, help="for the data and all servers")
    parser.add_argument("--programs", required=True, help="where generate and lookups are")
    parser.add_argument("--output", required=True, help="the file for what was measured")
    options = parser.parse_args()
    options.only = options.only or WORKS
    return options


def main():
    options = parse_options()
    bench = Bench(options)
    try:
        bench.prepare()
        bench.measure()
    finally:
        bench.stop()
    print(report.text_of(bench.results()))


if __name__ == "__main__":
    try:
        main()
    except Failure as error:
        sys.exit(f"bench: {error}")
