#!/usr/bin/env python3
"""Loads the Debian packages that this machine knows into an SQLite database.

Three tables, for the reference connector to serve:

    PACKAGES      what can be installed: versions, sections, sizes, maintainers, ...
    DEPENDENCIES  what these packages need, recommend, replace, ...; one row per package named
    INSTALLED     what is installed here, and since when

PACKAGES comes from `apt-cache dumpavail`, from a Packages file of an archive (--packages), or,
if there is neither, from what dpkg says is installed.  Everything is read as a stream.
"""

import argparse
import contextlib
import gzip
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time

DPKG = pathlib.Path("/var/lib/dpkg")

# The connector tells the type of a field from the type declared here: TEXT is a string.  There is
# no key: an archive may have several versions of a package.
SCHEMA = """
CREATE TABLE PACKAGES (
    NAME TEXT, VERSION TEXT, ARCHITECTURE TEXT, SECTION TEXT, PRIORITY TEXT, SOURCE TEXT,
    SIZE INT, INSTALLED_SIZE INT, MAINTAINER TEXT, HOMEPAGE TEXT, SUMMARY TEXT);
CREATE TABLE DEPENDENCIES (
    PACKAGE TEXT, KIND TEXT, POSITION INT, ALTERNATIVE INT,
    DEPENDS_ON TEXT, VERSION_CONSTRAINT TEXT);
CREATE TABLE INSTALLED (
    NAME TEXT, VERSION TEXT, ARCHITECTURE TEXT, STATUS TEXT,
    INSTALLED_SIZE INT, INSTALLED_AT DATETIME);
CREATE TABLE _tables (code TEXT, title TEXT, id TEXT);
INSERT INTO _tables VALUES
    ('PACKAGES', 'Packages of the archive', NULL),
    ('DEPENDENCIES', 'What packages need and exclude', NULL),
    ('INSTALLED', 'Packages installed on this machine', NULL);
"""

COLUMNS = {"PACKAGES": 11, "DEPENDENCIES": 6, "INSTALLED": 6}

KINDS = ("Depends", "Pre-Depends", "Recommends", "Suggests", "Enhances", "Provides",
         "Conflicts", "Breaks", "Replaces")

# "libc6:any (>= 2.34)"
RELATION = re.compile(r"\s*([^\s:(\[<]+)(?::\S+)?\s*(?:\(\s*([<>=]+)\s*([^)\s]+)\s*\))?")


def stanzas(lines):
    """The paragraphs of a control file as dictionaries; of long values only the first line."""
    fields = {}
    for line in lines:
        if line == "\n":
            if fields:
                yield fields
            fields = {}
        elif line[0] not in " \t":
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    if fields:
        yield fields


def kilobytes(text):
    """Debian's Installed-Size in bytes; None where there is none."""
    return int(text) * 1024 if text else None


def package_row(fields):
    get = fields.get
    size = get("Size")
    return (get("Package"), get("Version"), get("Architecture"), get("Section"), get("Priority"),
            get("Source", get("Package")).partition(" ")[0], int(size) if size else None,
            kilobytes(get("Installed-Size")), get("Maintainer"), get("Homepage"),
            get("Description") or get("Description-en"))


def dependency_rows(fields):
    """One row per package named: "a, b | c" is a at 1.1, b at 2.1 and c at 2.2."""
    for kind in KINDS:
        if kind not in fields:
            continue
        for position, requirement in enumerate(fields[kind].split(","), 1):
            for alternative, text in enumerate(requirement.split("|"), 1):
                found = RELATION.match(text)
                if found:
                    name, operator, version = found.groups()
                    yield (fields["Package"], kind, position, alternative, name,
                           f"{operator} {version}" if operator else None)


def installed_row(fields):
    get = fields.get
    name = fields["Package"]
    when = None
    # With several architectures the name of the list of a package's files has it
    for file in (f"{name}.list", f"{name}:{get('Architecture')}.list"):
        with contextlib.suppress(FileNotFoundError):
            moment = time.gmtime((DPKG / "info" / file).stat().st_mtime)
            when = time.strftime("%Y-%m-%d %H:%M:%S", moment)
    return (name, get("Version"), get("Architecture"), get("Status"),
            kilobytes(get("Installed-Size")), when)


def insert(db, table, rows):
    columns = COLUMNS[table]
    db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)


@contextlib.contextmanager
def open_text(path):
    """A file of control data, compressed or not, as lines."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as lines:
        yield lines


@contextlib.contextmanager
def apt_output():
    """What apt knows, as lines."""
    with subprocess.Popen(["apt-cache", "dumpavail"], stdout=subprocess.PIPE,
                          encoding="utf-8", errors="replace") as apt:
        yield apt.stdout
    if apt.returncode:
        sys.exit(f"apt-cache dumpavail ended with status {apt.returncode}")


def load_archive(db, lines):
    for fields in stanzas(lines):
        # dpkg also keeps packages of which only configuration files are left
        if "Package" in fields and not fields.get("Status", "").startswith("deinstall"):
            insert(db, "PACKAGES", [package_row(fields)])
            insert(db, "DEPENDENCIES", dependency_rows(fields))


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("database", help="SQLite file to create")
    parser.add_argument("--packages", type=pathlib.Path, metavar="FILE",
                        help="a Packages file of a Debian archive, plain or .gz")
    args = parser.parse_args()
    status = DPKG / "status"

    if args.packages:
        print(f"reading {args.packages}")
        source = open_text(args.packages)
    elif shutil.which("apt-cache"):
        print("reading apt-cache dumpavail")
        source = apt_output()
    elif status.exists():
        print(f"there is no apt here; reading {status}, the installed packages alone")
        source = open_text(status)
    else:
        sys.exit("neither apt nor dpkg is here; give a Packages file with --packages")

    with contextlib.closing(sqlite3.connect(args.database)) as db, db:
        # A database that is thrown away needs no protection against a crash
        db.execute("PRAGMA synchronous = off")
        db.executescript(SCHEMA)
        with source as lines:
            load_archive(db, lines)
        if status.exists():
            with open_text(status) as lines:
                insert(db, "INSTALLED", map(installed_row, stanzas(lines)))
        for table in COLUMNS:
            count, = db.execute(f"SELECT count(*) FROM {table}").fetchone()
            print(f"{table}: {count} rows")


if __name__ == "__main__":
    main()
