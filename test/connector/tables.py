"""The data: tables, fields and queries over an SQLite database.

Nothing in here knows of HTTP.  This is the file to replace for another kind of database.
"""

import re
from collections import namedtuple

from request import RequestError, as_dict, as_list

ROWS_AT_ONCE = 1000             # rows that are fetched, encoded and sent together

# What is shown of a table or field; `sql` is how a query names it.
Table = namedtuple("Table", "code title id sql")
Field = namedtuple("Field", "code name type sql")

NUMBERS = ("INT", "DOUBLE", "MONEY")
TYPE_OF_DECLARED = {
    "INT": "INT", "INTEGER": "INT", "BIGINT": "INT", "SMALLINT": "INT",
    "DOUBLE": "DOUBLE", "REAL": "DOUBLE", "FLOAT": "DOUBLE", "MONEY": "MONEY",
    "DATE": "DATE", "DATETIME": "DATETIME", "TIMEZONE": "TIMEZONE"}     # the rest is STRING


def quoted(identifier):
    return '"' + identifier.replace('"', '""') + '"'


def read_meta(db, name):
    """The rows of an optional meta table, as dictionaries."""
    if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone():
        return []
    cursor = db.execute(f"SELECT * FROM {quoted(name)}")
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row)) for row in cursor]


def read_tables(db):
    """All tables and views; `_tables(code, title, id)` may give them titles and ids."""
    meta = {row["code"]: row for row in read_meta(db, "_tables")}
    names = db.execute(r"""SELECT name FROM sqlite_master
                           WHERE type IN ('table', 'view') AND name NOT LIKE '\_%' ESCAPE '\'
                                 AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name""")
    return [Table(name, meta.get(name, {}).get("title") or name, meta.get(name, {}).get("id"),
                  quoted(name)) for (name,) in names]


def read_fields(db, table):
    """The fields of a table; `_fields(table_code, code, name, type)` may name and type them."""
    meta = {row["code"]: row for row in read_meta(db, "_fields")
            if row["table_code"] == table.code}
    fields = []
    for code, declared in db.execute("SELECT name, type FROM pragma_table_info(?)",
                                     (table.code,)):
        given = meta.get(code, {})
        declared = declared.partition("(")[0].strip().upper()
        field_type = given.get("type") or TYPE_OF_DECLARED.get(declared, "STRING")
        fields.append(Field(code, given.get("name") or code, field_type.upper(), quoted(code)))
    return fields


class Filter:
    """Translates the filter of a request into an SQL condition and its parameters.

    The clients count on an exact filter: a row too many does little harm, but a row that is lost
    is a wrong figure in a report.  So values are compared as the field's type demands, text
    case-sensitively and byte by byte, and what is not understood is an error.
    """

    KEY = re.compile(r"(!@|!=|>=|<=|=%|%=|[=!<>@%])?(.*)", re.DOTALL)
    COMPARISONS = {"=": "=", "!=": "<>", "!": "<>", ">": ">", ">=": ">=", "<": "<", "<=": "<="}

    def __init__(self, field_of):
        self.field_of = field_of        # finds a field by its code
        self.values = []

    def group(self, members):
        logic, conditions = "AND", []
        for key, value in as_dict(members, "a filter").items():
            if key in ("LOGIC", "logic"):
                logic = str(value).upper()
            elif key.isdecimal() and isinstance(value, (dict, list)):
                conditions.append(self.group(value))
            else:
                operator, code = self.KEY.fullmatch(key).groups()
                conditions.append(self.condition(operator or "=", self.field_of(code), value))
        if logic not in ("AND", "OR"):
            raise RequestError(400, "BAD_FILTER", "LOGIC must be AND or OR")
        return "(" + f" {logic} ".join(conditions) + ")" if conditions else "1"

    def condition(self, operator, field, value):
        if operator in ("@", "!@") or operator == "=" and isinstance(value, list):
            marks = ", ".join(self.parameter(self.converted(operator, field, item))
                              for item in as_list(value, f"the value of {operator}{field.code}"))
            negation = "NOT " if operator == "!@" else ""
            return f"{self.operand(operator, field)} {negation}IN ({marks})"
        if operator in self.COMPARISONS:
            mark = self.parameter(self.converted(operator, field, value))
            return f"{self.operand(operator, field)} {self.COMPARISONS[operator]} {mark}"
        text = scalar_text(field, value)
        if operator == "%":
            return f"instr(CAST({field.sql} AS TEXT), {self.parameter(text)}) > 0"
        # GLOB, as SQLite's LIKE does not tell upper from lower case.
        pattern = re.sub(r"[*?[]", r"[\g<0>]", text).replace("%", "*")
        return f"CAST({field.sql} AS TEXT) GLOB {self.parameter(pattern)}"

    def operand(self, operator, field):
        # The cast keeps SQLite from following the affinity of the column, which would compare
        # '007' with 7 as numbers where the field is a string.
        return f"CAST({field.sql} AS {'NUMERIC' if field.type in NUMBERS else 'TEXT'})"

    def converted(self, operator, field, value):
        # NULL is neither equal nor unequal to anything, as everywhere in SQL.
        return None if value is None else converted(field, scalar_text(field, value))

    def parameter(self, value):
        self.values.append(value)
        return "?"


def scalar_text(field, value):
    """A filter value as text: there is nothing else in a form anyway."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    raise RequestError(400, "BAD_FILTER", f"the value for {field.code} must be text or a number")


WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(:\d\d(?:\.\d+)?)?)?", re.ASCII)


def converted(field, text):
    """A filter value as SQLite has to see it, by the type of the field."""
    if field.type in NUMBERS:
        if (WHOLE if field.type == "INT" else DECIMAL).fullmatch(text):
            return number(text)
    elif field.type in ("DATE", "DATETIME"):
        match = MOMENT.fullmatch(text)
        if match:
            day, minutes, seconds = match[1], match[2] or "00:00", match[3] or ":00"
            if "." in seconds:
                seconds = seconds.rstrip("0").rstrip(".")
            # As text, a DATE comes before all but the first moment of its day, which is right.
            midnight = minutes + seconds == "00:00:00"
            return day if midnight and field.type == "DATE" else f"{day} {minutes}{seconds}"
    else:
        return text
    raise RequestError(400, "BAD_FILTER", f"{text!r} is no {field.type} for {field.code}")


def number(text):
    """An integer if SQLite can hold it, else a float: nothing in a column equals that anyway."""
    if WHOLE.fullmatch(text) and len(text) <= 20 and abs(int(text)) < 2 ** 63:
        return int(text)
    return float(text)


class Query:
    """A request for data, ready for SQLite.  `columns` are pairs: name in the header, field."""

    def __init__(self, source, columns, where, values, limit):
        self.source, self.columns = source, columns
        self.where, self.values, self.limit = where, values, limit

    def run(self, db):
        """An iterator over the rows, in batches of tuples."""
        sql = f"SELECT {', '.join(field.sql for _, field in self.columns)} FROM {self.source}"
        sql += f" WHERE {self.where}" if self.where else ""
        sql += f" LIMIT {self.limit}" if self.limit else ""
        cursor = db.execute(sql, self.values)
        return iter(lambda: cursor.fetchmany(ROWS_AT_ONCE), [])
