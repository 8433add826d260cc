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

    db.execute('CREATE TABLE "Weird ""Table""" ("select" INT, "Mixed Case" TEXT, "ünï" TEXT)')
    insert(db, '"Weird ""Table"""', [(1, "one", "eins"), (2, "two", "zwei"), (3, None, "drei")])

    # A view, so that the file stays small; its columns have no types, hence the ones in _fields.
    # Twice a thousand numbers, as a recursion of a million steps takes three times as long.
    db.execute("""
        CREATE VIEW big AS
        WITH RECURSIVE k (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 999),
             n (i) AS (SELECT a.i * 1000 + b.i + 1 FROM k AS a CROSS JOIN k AS b)
        SELECT i AS ID,
               'Name ' || i AS NAME,
               CASE i % 4 WHEN 0 THEN 'Москва' WHEN 1 THEN 'Казань' WHEN 2 THEN 'Тверь'
                          ELSE 'Орёл' END AS CITY,
               'note on row ' || (i * 7919 % 1000003) AS NOTE,
               (i * 7919 % 1000003) / 1000.0 AS PRICE,
               (i * 31 % 100000) / 100.0 AS AMOUNT,
               date(2451545 + i % 9000) AS BORN,
               datetime(946684800 + i * 60, 'unixepoch') AS CREATED
        FROM n""")

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
