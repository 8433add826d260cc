#!/usr/bin/env python3
"""What connectors in the field get wrong, each under a name that switches it on.

A client has to survive all of this, so its tests must be able to ask for it:

    connector.py --misbehave items=cap:50,strings   a table ("*": any table, also none)
    connection[misbehave]=cap:50,strings            a request, by one of its settings
    table=items+cap:50,strings                      a request, by the code of the table

They are applied in the order of their names.  Most concern /data only; `check/`, `table_list/`,
`table_description/` or `data/` in front of a name makes it concern that endpoint instead, where
that makes sense: `check/status:500`.  A name that does not exist is answered with HTTP 400.

Started as a program, this file lists the names.  It has what is wrong with answers and the handler
that does it all; what is misunderstood of the question is in `misbehave_query.py`, the register of
names in `faults.py`.
"""

import itertools
import json
import urllib.parse

from connector import ENDPOINTS, Answer, Handler
from faults import FAULTS, LATER, Instead, fault, find_faults
from misbehave_query import MisbehavingFilter
from request import RequestError, as_dict
from tables import NUMBERS, Field, Table

ENDLESS = float("inf")


class Hangup(Exception):
    """Raised by the parts of an answer: the connection is closed in the middle of it."""


class MisbehavingHandler(Handler):
    """The right handler, with the faults that were asked for at each stage of its work."""

    faults = ()

    def do_POST(self):
        try:
            super().do_POST()
        except Hangup:
            self.close_connection = True

    def endpoint(self):
        return "data" if self.path == "/moved/data" else super().endpoint()

    def respond(self, endpoint, params):
        self.check_settings(params)
        self.streamed = False
        self.faults = self.wanted_faults(endpoint, params)
        try:
            self.apply("request", params)
            answer = super().respond(endpoint, params)
        except Instead as instead:
            answer = instead.answer
        self.apply("answer", answer)
        if self.streamed:
            answer.stream_from, answer.gzip = -1, False
        return answer

    def tables(self):
        tables = super().tables()
        self.apply("tables", tables)
        return tables

    def fields(self, table):
        # The tables of list_hostile exist nowhere, so SQLite knows no fields of theirs.
        fields = super().fields(table) or [
            new_field("ID", "INT"), new_field("NAME", "STRING")]
        self.apply("fields", fields)
        return fields

    def new_filter(self, field_of):
        condition = MisbehavingFilter(field_of)
        self.apply("filter", condition)
        return condition

    def rows(self, query):
        self.apply("query", query)
        rows = super().rows(query)
        self.apply("rows", rows)
        return rows

    def apply(self, stage, subject):
        for wanted, argument in self.faults:
            if wanted.stage == stage:
                wanted.function(self, subject, *argument)

    def wanted_faults(self, endpoint, params):
        """The faults that concern this request, with their arguments."""
        settings = as_dict(params.get("connection") or {}, "connection")
        names = str(settings.get("misbehave") or "").split(",")
        for member in "table", "name":
            code, _, suffix = str(params.get(member) or "").partition("+")
            if suffix:
                params[member] = code
                names += suffix.split(",")
        for table, switched_on in self.server.options.misbehave:
            if table in ("*", str(params.get("table"))):
                names += switched_on.split(",")
        return [found for name in filter(None, names) for found in find_faults(name, endpoint)]


# ------------------------------------------------------------------------ header and fields

@fault("query")
def reversed_header(_call, query):
    """the fields in reverse order"""
    query.columns.reverse()


@fault("query")
def shuffled_header(_call, query):
    """the fields in another order: the second, fourth, ... before the first, third, ..."""
    query.columns[:] = query.columns[1::2] + query.columns[::2]


@fault("query")
def extra_fields(_call, query):
    """two more fields, EXTRA_TEXT and EXTRA_NUMBER, in front and at the end, even with select"""
    query.columns.insert(0, ("EXTRA_TEXT", new_field("EXTRA_TEXT", "STRING", "'extra'")))
    query.columns.append(("EXTRA_NUMBER", new_field("EXTRA_NUMBER", "INT", "42")))


@fault("rows")
def missing_field(_call, rows):
    """the last of the fields is missing"""
    rows.header.pop()
    rows.fields.pop()
    edit_rows(rows, lambda row: row[:-1])


@fault("query")
def doubled_field(_call, query):
    """the first of the fields comes twice"""
    query.columns.insert(0, query.columns[0])


@fault("rows")
def lower_header(_call, rows):
    """the codes in the header are in lower case"""
    rows.header = [code.lower() for code in rows.header]


# ------------------------------------------------------------------------ empty results

@fault("rows")
def empty_as_header_only(_call, _rows):
    """an empty result is [["ID"]]: what the right connector does"""


@fault("rows")
def empty_double(_call, rows):
    """an empty result is [[]]"""
    if is_empty(rows):
        rows.header = []


@fault("rows")
def empty_bare(_call, rows):
    """an empty result is []"""
    if is_empty(rows):
        raise Instead(Answer([b"[]"]))


@fault("request")
def empty_lie(_call, params):
    """[] to anything but a request with the limit 1"""
    if str(params.get("limit")) != "1":
        raise Instead(Answer([b"[]"]))


@fault("request", LATER)
def unknown_table_empty(call, params):
    """an unknown table is answered with []"""
    try:
        call.table(params.get("table"))
    except RequestError:
        raise Instead(Answer([b"[]"])) from None


# ------------------------------------------------------------------------ values

@fault("rows")
def strings(_call, rows):
    """all values are strings"""
    edit_values(rows, lambda field, value: value if value is None else str(value))


@fault("rows")
def zero_dates(_call, rows):
    """dates that are NULL come as zeros: 0000-00-00, and 0000-00-00 00:00:00"""
    zero = {"DATE": "0000-00-00", "DATETIME": "0000-00-00 00:00:00"}
    edit_values(rows, lambda field, value: zero.get(field.type) if value is None else value)


@fault("rows")
def date_times(_call, rows):
    """dates come with a time: 2024-02-29 00:00:00"""
    edit_values(rows, lambda field, value: value + " 00:00:00"
                if value and field.type == "DATE" and " " not in value else value)


@fault("rows")
def empty_strings(_call, rows):
    """numbers and dates that are NULL come as empty strings"""
    edit_values(rows, lambda field, value: "" if value is None and (
        field.type in NUMBERS or field.type.startswith("DATE")) else value)


@fault("rows")
def iso_datetimes(_call, rows):
    """datetimes have a T and an offset: 2024-08-30T12:19:57+02:00"""
    edit_values(rows, lambda field, value: value.replace(" ", "T") + "+02:00"
                if value and field.type == "DATETIME" else value)


@fault("rows")
def datetime_z(_call, rows):
    """datetimes have a T and a Z: 2024-08-30T12:19:57Z"""
    edit_values(rows, lambda field, value: value.replace(" ", "T") + "Z"
                if value and field.type == "DATETIME" else value)


@fault("rows")
def booleans(_call, rows):
    """0 and 1 in fields of type INT come as false and true"""
    edit_values(rows, lambda field, value: bool(value)
                if value in (0, 1) and field.type == "INT" else value)


@fault("rows")
def money_currency(_call, rows):
    """money comes with two digits and a currency: 1234.50 USD"""
    edit_values(rows, lambda field, value: f"{float(value):.2f} USD"
                if value is not None and field.type == "MONEY" else value)


@fault("rows")
def floats(_call, rows):
    """integers come with a fraction: 5.0"""
    edit_values(rows, lambda field, value: float(value)
                if value is not None and field.type == "INT" else value)


@fault("rows")
def nested(_call, rows):
    """strings come as arrays and objects, by turns"""
    shapes = itertools.cycle([lambda value: [value], lambda value: {"value": value}])
    edit_values(rows, lambda field, value: next(shapes)(value)
                if value is not None and field.type == "STRING" else value)


@fault("rows")
def wrong_types(_call, rows):
    """the first INT of row 2 is the string abc"""
    edit_row(rows, 2, lambda row: replaced(rows, row, "INT", "abc"))


@fault("rows", argument=int)
def huge_row(_call, rows, size):
    """BYTES: the first string of row 2 is that long"""
    edit_row(rows, 2, lambda row: replaced(rows, row, "STRING", "x" * size))


@fault("rows")
def bad_utf8(_call, rows):
    """the first string has a byte that is no UTF-8"""
    rows.ascii_only, rows.encoding_errors = False, "surrogateescape"
    edit_first_string(rows, lambda text: text + "\udcff")


@fault("rows")
def nul_escape(_call, rows):
    r"""the first string has a \u0000"""
    edit_first_string(rows, lambda text: text + "\0")


@fault("rows")
def lone_surrogate(_call, rows):
    r"""the first string has a \ud800 on its own"""
    rows.ascii_only = True
    edit_first_string(rows, lambda text: text + "\ud800")


@fault("rows")
def short_row(_call, rows):
    """row 2 has a value too few"""
    edit_row(rows, 2, lambda row: row[:-1])


@fault("rows")
def long_row(_call, rows):
    """row 2 has a value too many"""
    edit_row(rows, 2, lambda row: row + ("extra",))


# ------------------------------------------------------------------------ the text of an answer

@fault("answer")
def html_warning(_call, answer):
    """a warning of PHP, in HTML, in front of the JSON"""
    answer.parts = itertools.chain([
        b"<br />\n<b>Warning</b>:  Undefined variable $rows in <b>/var/www/data.php</b> "
        b"on line <b>12</b><br />\n"], answer.parts)


@fault("answer")
def utf8_bom(_call, answer):
    """a byte order mark in front of the JSON"""
    answer.parts = itertools.chain([b"\xef\xbb\xbf"], answer.parts)


@fault("answer")
def trailing_garbage(_call, answer):
    """something more after the JSON"""
    answer.parts = itertools.chain(answer.parts, [b"\n<!-- done -->"])


@fault("answer")
def trailing_comma(_call, answer):
    """a comma after the last row"""
    answer.parts = (b",]" if part == b"]" else part for part in answer.parts)


@fault("answer")
def truncated(_call, answer):
    """the text ends within the last row, and to HTTP all is fine"""
    body = b"".join(answer.parts)
    answer.parts = [body[:(body.rindex(b"[") + len(body)) // 2]]
    answer.stream_from = ENDLESS


@fault("answer")
def gzip_lie(_call, answer):
    """Content-Encoding: gzip, but it is not"""
    answer.gzip = False
    answer.headers["Content-Encoding"] = "gzip"


# ------------------------------------------------------------------------ HTTP

@fault("answer")
def truncated_chunked(call, answer):
    """the connection is closed in the middle of a chunked answer"""
    def half(parts):
        body = b"".join(parts)
        yield body[:len(body) // 2]
        raise Hangup
    answer.parts = half(answer.parts)
    call.streamed = True


@fault("answer")
def truncated_length(call, answer):
    """the connection is closed before as much has come as Content-Length says"""
    body = b"".join(answer.parts)
    answer.parts = [body[:len(body) // 2]]
    answer.headers["Content-Length"] = len(body)
    answer.stream_from, answer.gzip = ENDLESS, False
    call.close_connection = True


@fault("request")
def stall(call, _params):
    """never an answer"""
    call.pause()


@fault("rows")
def stall_inside(call, rows):
    """the header and three rows, and nothing more"""
    def stalling(batches):
        yield next(batches, [])[:3]
        call.pause()
    rows.batches = stalling(rows.batches)
    call.streamed = True


@fault("rows", argument=int)
def slow(call, rows, milliseconds):
    """MS: waits that long before every 100 rows"""
    def slowly(batches):
        for batch in batches:
            for start in range(0, len(batch), 100):
                call.pause(milliseconds / 1000)
                yield batch[start:start + 100]
    rows.batches = slowly(rows.batches)
    call.streamed = True


@fault("request", argument=int)
def status(call, _params, code):
    """NNN: an error with that HTTP status"""
    if code in (204, 304):                      # which have no body
        raise Instead(Answer([], code))
    raise Instead(call.json_answer(
        {"error": f"HTTP_{code}", "error_description": f"this is always a {code}"}, code))


@fault("request")
def error_200(call, _params):
    """an error object with HTTP 200"""
    raise Instead(call.json_answer(
        {"error": "INTERNAL", "error_description": "something went wrong"}))


@fault("request")
def status_error_200(call, _params):
    """{"status": "ERROR", ...} with HTTP 200"""
    raise Instead(call.json_answer({"status": "ERROR", "message": "something went wrong"}))


@fault("request")
def echo_secrets(call, params):
    """HTTP 500 with the request in its text, the settings raw, percent-encoded and as JSON"""
    settings = as_dict(params.get("connection") or {}, "connection")
    lines = ["cannot handle " + call.body.decode("utf-8")]
    for code, value in settings.items():
        value = str(value)
        lines += [f"{code}={value}", f"{code}={urllib.parse.quote(value, safe='')}",
                  f"{code}={urllib.parse.quote_plus(value)}", json.dumps({code: value}),
                  json.dumps({code: value}, ensure_ascii=False)]
    raise Instead(Answer(["\n".join(lines).encode("utf-8")], 500, content_type="text/plain"))


def busy(call, code):
    raise Instead(call.json_answer(
        {"error": "BUSY", "error_description": "come back later"}, code, {"Retry-After": 1}))


def busy_once(call, params, code):
    if call.server.next_number(f"{code} {params.get('table')}") == 1:
        busy(call, code)


@fault("request", name="503_once")
def once_503(call, params):
    """HTTP 503 with Retry-After: 1, but for each table only the first time"""
    busy_once(call, params, 503)


@fault("request", name="503_always")
def always_503(call, _params):
    """HTTP 503 with Retry-After: 1"""
    busy(call, 503)


@fault("request", name="429_once")
def once_429(call, params):
    """HTTP 429 with Retry-After: 1, but for each table only the first time"""
    busy_once(call, params, 429)


def redirected(call, code, url):
    if not call.path.startswith("/moved/"):
        raise Instead(Answer([], code, {"Location": url}))


@fault("request", argument=str)
def redirect(call, _params, url):
    """URL: 302 to that URL"""
    redirected(call, 302, url)


@fault("request")
def redirect_same(call, _params):
    """307 to /moved/data of the same origin, which answers"""
    redirected(call, 307, "/moved/data")


@fault("request")
def redirect_post_302(call, _params):
    """302 to /moved/data of the same origin, which answers, but only to POST"""
    redirected(call, 302, "/moved/data")


@fault("request", ENDPOINTS)
def form_only(call, _params):
    """HTTP 415 for JSON, at every endpoint"""
    if call.format != "form":
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "send a form")


@fault("request", ENDPOINTS)
def json_only(call, _params):
    """HTTP 415 for a form, at every endpoint"""
    if call.format != "json":
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "send JSON")


@fault("answer", ENDPOINTS)
def close_connection(_call, answer):
    """no keep-alive: the connection is closed after each answer, at every endpoint"""
    answer.headers["Connection"] = "close"


# ------------------------------------------------------------------------ /check

@fault("request", ("check",))
def check_empty(_call, _params):
    """/check: HTTP 200 and an empty body"""
    raise Instead(Answer([]))


@fault("request", ("check",))
def check_error_200(call, params):
    """/check: an error object with HTTP 200"""
    error_200(call, params)


# ------------------------------------------------------------------------ /table_list

def new_field(code, field_type, sql=None):
    return Field(code, code, field_type, sql or '"' + code + '"')


def hostile_table(code):
    """A table of one row that exists only here."""
    return Table(code, code, None, "(SELECT 1 AS ID, 'one' AS NAME)")


HOSTILE_CODES = [
    'double"quote', "single'quote", "semi;colon", "new\nline", "tab\tstop", "back\\slash",
    "per%cent", "dollar$$dollar", " blanks ", "<b>&amp;</b>", "select", "таблица", "emoji 😀",
    "Twin", "TWIN", "x" * 200, "x" * 199 + "y", '"; DROP SCHEMA public CASCADE; --']


@fault("request", ("table_list",))
def list_error_200(call, params):
    """/table_list: an error object with HTTP 200"""
    error_200(call, params)


@fault("request", ("table_list",))
def list_not_array(call, _params):
    """/table_list: an object whose members are the tables"""
    raise Instead(call.json_answer({table.code: table.title for table in call.tables()}))


@fault("tables", ("table_list",))
def list_empty_code(_call, tables):
    """/table_list: there is a table with an empty code, and one with an empty title"""
    tables += [hostile_table("")._replace(title="no code"),
               hostile_table("no_title")._replace(title="")]


@fault("tables", ("table_list",))
def list_duplicate_codes(_call, tables):
    """/table_list: the first table is listed twice"""
    tables.append(tables[0])


@fault("tables", ("table_list",) + LATER)
def list_hostile(_call, tables):
    """there are tables with codes that nobody should choose; /data has a row of each"""
    tables += map(hostile_table, HOSTILE_CODES)


@fault("tables", ("table_list",) + LATER)
def with_ids(_call, tables):
    """tables have ids (101, 102, ...), which have to be used in the place of their codes"""
    tables[:] = [table._replace(id=number) for number, table in enumerate(tables, 101)]


# ------------------------------------------------------------------------ /table_description

@fault("fields", ("table_description",))
def description_empty(_call, fields):
    """/table_description: no fields"""
    fields.clear()


@fault("fields", LATER)
def description_hostile(_call, fields):
    """fields with codes that nobody should choose in the place of the table's own ones"""
    codes = HOSTILE_CODES + ["CTID", "ID", "id", "f" * 100, "f" * 99 + "g"]
    fields[:] = [new_field(code, "STRING", f"'value {number}'")
                 for number, code in enumerate(codes, 1)]


@fault("fields", ("table_description",))
def description_duplicate(_call, fields):
    """/table_description: the first field is described twice"""
    fields.append(fields[0])


@fault("fields", ("table_description",))
def description_bad_type(_call, fields):
    """/table_description: the last field is of a type that does not exist"""
    fields[-1] = fields[-1]._replace(type="GEOMETRY")


@fault("fields", ("table_description",))
def description_lower_types(_call, fields):
    """/table_description: types are in lower case"""
    fields[:] = [each._replace(type=each.type.lower()) for each in fields]


# ------------------------------------------------------------------------ tools for rows

def edit_rows(rows, edit):
    """Every row goes through `edit`."""
    rows.batches = ([edit(row) for row in batch] for batch in rows.batches)


def edit_values(rows, edit):
    """Every value goes through `edit`, which is also told its field."""
    fields = rows.fields
    edit_rows(rows, lambda row: tuple(map(edit, fields, row)))


def edit_row(rows, number, edit):
    """The row with this number, counted from 1, goes through `edit`."""
    counter = itertools.count(1)
    edit_rows(rows, lambda row: edit(row) if next(counter) == number else row)


def edit_first_string(rows, edit):
    """The first value of type STRING that is not NULL goes through `edit`."""
    edits = itertools.chain([edit], itertools.repeat(lambda text: text))
    edit_values(rows, lambda field, value: next(edits)(value)
                if value is not None and field.type == "STRING" else value)


def replaced(rows, row, field_type, value):
    """The row with another value in its first field of that type, if there is one."""
    types = [each.type for each in rows.fields]
    if field_type not in types:
        return row
    place = types.index(field_type)
    return row[:place] + (value,) + row[place + 1:]


def is_empty(rows):
    first = list(itertools.islice(rows.batches, 1))
    rows.batches = itertools.chain(first, rows.batches)
    return not first


def main():
    for name, found in FAULTS.items():
        print(f"{name:24}{found[0].function.__doc__}")


if __name__ == "__main__":
    main()
