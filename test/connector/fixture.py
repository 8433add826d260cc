#!/usr/bin/env python3
"""Makes the SQLite database that the tests and the demo use: fixture.py FILE

The rows are always the same, so that tests can count on them.  Strings are declared TEXT: in a
column declared STRING, SQLite would turn '007' into the number 7.
"""

import contextlib
import datetime
import os
import sqlite3
import sys

ITEM_COLUMNS = """ID INT, NAME TEXT, STATUS TEXT, QTY INT, PRICE DOUBLE, AMOUNT MONEY, BORN DATE,
                  CREATED DATETIME, TZ TIMEZONE, FLAG INT"""

# The names of the first items; the other ones are called "Item 42" and the like.
NAMES = [
    "Apple", "apple", "APPLE", "apple ", " apple", "", None, "Привет", "привет", "ПРИВЕТ",
    "Ёлка", "😀 smile", 'double "quotes"', "it's", "back\\slash", "100%", "snake_case",
    "snakeXcase", "a&b<c>", "semi;colon", "comma, separated", "{braces}", "[brackets]",
    "tab\there", "line\nbreak", "0", "007", "7", "null", "true", "été", "e\u0301te\u0301",
    "straße", "日本語", "x" * 300]
STATUSES = ["new", "won", "lost", "won", "Won", "new"]
QUANTITIES = [5, 0, -3, None, 100, 1, 2147483648, -5000000000, 12, 7, None, 42]
PRICES = [9.99, 0.1, 1e-7, 1e21, -2.5, None, 0.0, 1234567.891, 3.0]
AMOUNTS = [1234.5, 100, 0.01, None, -99.99, 1000000, 0]
BIRTHS = ["2000-02-29", "2024-02-29", None, "1999-12-31", "1970-01-01", "1900-01-01",
          "2024-01-31"]
MOMENTS = ["2024-02-29 23:59:59", None, "2024-03-31 02:30:00", "1999-12-31 00:00:00"]
ZONES = ["Europe/Riga", "America/New_York", "Asia/Tokyo", "UTC", None]
CITIES = ["Москва", "Казань", "Тверь", "Riga", "New York"]

# Ways to write a value.  Those that are not named are named after themselves: "text 5" or, for a
# number in the answer, "number 5".  A name has nothing in it that a filter would not find.
NUMBER_FORMS = [
    0, 5, -5, 5.0, 1.5, -0.5, 0.1, 1e-7, 1e21, 1e300, 32768, 2147483648, 9007199254740993,
    2 ** 63 - 1, -2 ** 63, "5", "-5", "+5", "5.0", "1.5", "1e3", "1E-2", ".5", "5.", "007",
    "-0", "9007199254740993", "9223372036854775808", "123456789012345678901234567890.125",
    "3.4028236e38", "1e-400", "1e400", "NaN", "Infinity", "0x10", "1,5", "1 000", "5 apples",
    "abc", "--5", "1e", "5 5"]
MONEY_FORMS = [
    "1234.50 USD", "1234.50|RUB", "-5 EUR", "1,234.50 USD", "1.234,50 EUR", "1 234,50 руб.",
    "12,50", "1,234", "1,234,567", "5-", "USD", "5 USD 6"]
DATE_FORMS = [
    "2024-08-30", "2024-8-3", "2024-08-30 12:19:57", "2024-08-30T12:19:57",
    "2024-08-30 12:19", "2024-08-30 12:19:57.123456", "2024-08-30 23:59:59.9999999",
    "2024-08-30T12:19:57Z", "2024-08-30T12:19:57.250Z", "2024-08-30T12:19:57+02:00",
    "2024-08-30 12:19:57+0530", "2024-08-30T23:30:00-05:00", "2024-08-30 12:19:57 Asia/Tokyo",
    "2024-08-30 12:19:57 CEST", "2024-08-30 12:19:57 Friday", "2024-03-31 02:30:00",
    "2024-10-27 01:30:00", "0001-01-01", "9999-12-31 23:59:59", "0000-00-00",
    "0000-00-00 00:00:00", "2024-02-30", "2024-13-01", "2024-08-30 25:00:00", "30.08.2024",
    "08/30/2024", "20240830", "2024-08", "1725013197", "now", "today", "infinity", "epoch",
    "12:19", "12:19:57", "12:19:57.5", "12:19:57+02:00", "25:00:00", 1725013197]
TRUTH_FORMS = [
    "true", "FALSE", "t", "yes", "off", "1", "0", "2", ("blanks around true", " true "), "truth",
    1, 0.0, 2]
TEXT_FORMS = [
    "happy", "Happy", ("null", None), ("empty", ""), ("blank", " "), ("blanks around", "  7 "),
    ("blanks behind", "abc   "), ("quotes", 'say "it\'s"'), ("backslash", "C:\\new"),
    ("control characters", "a\tb\nc\x01d"), ("Cyrillic", "Привет"), ("emoji", "😀 smile"),
    ("combined", "e\u0301te\u0301"), ("wide digits", "５"), ("no-break space", "\u00a05"),
    ("256 letters", "x" * 256), ("JSON object", '{"b": [1, 2.50], "a": null, "b": true}'),
    ("JSON number", "1.50"), ("JSON string", '"x"'), ("broken JSON", '{"a": '),
    ("uuid", "550E8400-E29B-41D4-A716-446655440000"), ("broken uuid", "550e8400-e29b"),
    ("array", '{a,"b c",NULL}'), ("broken array", "{a")]


def items(count=250):
    """The special values first, then ones that follow from the number."""
    start = datetime.datetime(2020, 1, 1, 8, 30)
    for number in range(1, count + 1):
        index = number - 1
        day = start + datetime.timedelta(days=3 * number, minutes=7 * number)
        yield (
            number,
            NAMES[index] if index < len(NAMES) else f"Item {number}",
            None if number == 13 else STATUSES[index % len(STATUSES)],
            QUANTITIES[index % len(QUANTITIES)],
            PRICES[index] if index < len(PRICES) else round(number * 1.37, 2),
            AMOUNTS[index % len(AMOUNTS)],
            BIRTHS[index] if index < len(BIRTHS) else f"{day:%Y-%m-%d}",
            MOMENTS[index] if index < len(MOMENTS) else f"{day:%Y-%m-%d %H:%M:%S}",
            ZONES[index % len(ZONES)],
            number % 2)


def orders(count=1000):
    start = datetime.datetime(2023, 1, 1)
    for number in range(1, count + 1):
        yield (number, number * 7 % 250 + 1, CITIES[number % len(CITIES)],
               f"{start + datetime.timedelta(hours=9 * number):%Y-%m-%d %H:%M:%S}",
               (number * 331 % 100000) / 100)


def big_ids():
    """Integers that JavaScript and floating point cannot tell apart, and the limits of 64 bits."""
    for number in (1, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 1, 2 ** 53 + 2, -2 ** 53 - 1,
                   10 ** 18 + 1, 2 ** 63 - 1, -2 ** 63):
        yield number, str(number), f"number {number}"


def forms():
    """The kind of each form, its name and its value."""
    for kind, values in (("number", NUMBER_FORMS), ("money", MONEY_FORMS), ("date", DATE_FORMS),
                         ("truth", TRUTH_FORMS), ("text", TEXT_FORMS)):
        for value in values:
            name = f"{'text' if isinstance(value, str) else 'number'} {value}"
            yield (kind, *value) if isinstance(value, tuple) else (kind, name, value)


def insert(db, table, rows):
    rows = list(rows)
    db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


def fill(db):
    for table in "items", "empty_table", "single", "all_null":
        db.execute(f"CREATE TABLE {table} ({ITEM_COLUMNS})")
    insert(db, "items", items())
    insert(db, "single", items(1))
    insert(db, "all_null", ((number,) + (None,) * 9 for number in (1, 2, 3)))

    db.execute(f"CREATE TABLE wide ({', '.join(f'F{n} INT' for n in range(1, 31))})")
    insert(db, "wide", ([row * 100 + n for n in range(1, 31)] for row in range(1, 6)))

    db.execute("""CREATE TABLE orders (ORDER_ID INT, ITEM_ID INT, CITY TEXT, ORDERED DATETIME,
                                       TOTAL MONEY)""")
    insert(db, "orders", orders())

    db.execute("CREATE TABLE bigids (ID INT, CODE TEXT, NOTE TEXT)")
    insert(db, "bigids", big_ids())

    # A column without a type takes numbers and strings as they are
    db.execute("CREATE TABLE forms (KIND TEXT, CODE TEXT, VALUE)")
    insert(db, "forms", forms())

    db.execute('CREATE TABLE "Weird ""Table""" ("select" INT, "Mixed Case" TEXT, "ünï" TEXT)')
    insert(db, '"Weird ""Table"""', [(1, "one", "eins"), (2, "two", "zwei"), (3, None, "drei")])

    # A view, so that the file stays small; its columns have no types, hence the ones in _fields.
    # Each row is one of a thousand times one of a thousand, so that what is slow to compute,
    # like a date, is computed a thousand times only.
    db.execute("""
        CREATE VIEW big AS
        WITH RECURSIVE
            k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 999),
            part (i, city, day, daytime) AS (
                SELECT i,
                       CASE i % 4 WHEN 0 THEN 'Москва' WHEN 1 THEN 'Казань' WHEN 2 THEN 'Тверь'
                                  ELSE 'Орёл' END,
                       date(2451545 + i * 9), time(i * 86, 'unixepoch')
                FROM k)
        SELECT a.i * 1000 + b.i + 1 AS ID,
               'Name ' || (a.i * 1000 + b.i + 1) AS NAME,
               b.city AS CITY,
               'note on row ' || (a.i * 777 + b.i * 7919) AS NOTE,
               (a.i * 1009 + b.i * 7919) / 1000.0 AS PRICE,
               (a.i * 7 + b.i * 311) / 100.0 AS AMOUNT,
               b.day AS BORN,
               a.day || ' ' || b.daytime AS CREATED
        FROM part AS a CROSS JOIN part AS b""")

    db.execute("CREATE TABLE _tables (code TEXT, title TEXT, id TEXT)")
    insert(db, "_tables", [("items", "Items of the shop", None), ("orders", "Заказы", None),
                           ("big", "A million rows", None)])
    db.execute("CREATE TABLE _fields (table_code TEXT, code TEXT, name TEXT, type TEXT)")
    insert(db, "_fields", [
        ("items", "ID", "Number", None), ("items", "NAME", "Name of the item", None),
        ("items", "BORN", "Дата", None)] + [("big", code, None, field_type) for code, field_type in [
            ("ID", "INT"), ("NAME", "STRING"), ("CITY", "STRING"), ("NOTE", "STRING"),
            ("PRICE", "DOUBLE"), ("AMOUNT", "MONEY"), ("BORN", "DATE"),
            ("CREATED", "DATETIME")]])


def create(path):
    """Makes the database anew; one that was there before is gone."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        fill(db)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: fixture.py FILE")
    create(sys.argv[1])
