#!/usr/bin/env python3
"""A BI connector: serves the tables of an SQLite database to Bitrix24's BI Builder.

A connector is four HTTP endpoints, all of them called with POST:

    /check              are the settings right?
    /table_list         which tables are there?
    /table_description  which fields has this table?
    /data               rows of a table: [[header], [row], [row], ...]

It needs nothing but Python's standard library.  To make a connector of your own, replace
tables.py and keep the rest; README.md says where to begin.
"""

import argparse
import contextlib
import importlib.util
import json
import pathlib
import re
import sqlite3

from request import RequestError, as_dict, as_list, masked, masked_text, parse_body
from server import Answer, HttpHandler, Server, assignment, serve, server_options
from tables import Filter, Query, read_fields, read_tables

ENDPOINTS = ("check", "table_list", "table_description", "data")


class Rows:
    """The result of a query, and how it is to be written."""

    def __init__(self, columns, batches, ascii_only):
        self.header = [name for name, _ in columns]
        self.fields = [field for _, field in columns]
        self.batches = batches
        self.ascii_only = ascii_only
        self.encoding_errors = "strict"

    def encoded(self):
        """The answer in pieces.  Encoding many rows with one call is what makes this fast."""
        encode = json.JSONEncoder(ensure_ascii=self.ascii_only, separators=(",", ":"),
                                  check_circular=False, allow_nan=False).encode
        yield ("[" + encode(self.header)).encode("utf-8")
        for batch in self.batches:
            yield ("," + encode(batch)[1:-1]).encode("utf-8", self.encoding_errors)
        yield b"]"


class Handler(HttpHandler):
    """The endpoints of a connector."""

    server_version = "connector/1.0"

    # --- the endpoints: from the members of a request to something that becomes JSON

    def check(self, _params):
        return {"status": "ok"}             # that we got here says that the settings are right

    def table_list(self, params):
        wanted = str(params.get("searchString") or "").casefold()
        return [{"code": table.code, "title": table.title,
                 **({} if table.id is None else {"id": table.id})}
                for table in self.tables()
                if wanted in table.code.casefold() or wanted in table.title.casefold()]

    def table_description(self, params):
        fields = self.fields(self.table(params.get("table", params.get("name"))))
        return [{"code": field.code, "name": field.name, "type": field.type} for field in fields]

    def data(self, params):
        query = self.query(params)
        return Answer(self.rows(query).encoded())

    # --- what the endpoints need

    def tables(self):
        return read_tables(self.db)

    def table(self, key):
        """A table by what the clients call it: its id if it has one, else its code."""
        for table in self.tables():
            if str(table.code if table.id is None else table.id) == str(key):
                return table
        raise RequestError(400, "UNKNOWN_TABLE", f"there is no table {key}")

    def fields(self, table):
        return read_fields(self.db, table)

    def query(self, params):
        """A request for data as a query."""
        table = self.table(params.get("table"))
        fields = {field.code: field for field in self.fields(table)}
        names = as_dict(params.get("mapFields") or {}, "mapFields")     # code -> name
        codes = {str(name): code for code, name in names.items()}

        def field_of(code):
            field = fields.get(code) or fields.get(codes.get(code))
            if not field:
                raise RequestError(400, "UNKNOWN_FIELD", f"{table.code} has no field {code}")
            return field

        selected = as_list(params.get("select") or [], "select")
        columns = ([(str(code), field_of(str(code))) for code in selected]
                   or [(str(names.get(code, code)), field) for code, field in fields.items()])
        condition = self.new_filter(field_of)
        where = condition.group(params["filter"]) if params.get("filter") else ""
        limit = str(params.get("limit") or 0)
        if not re.fullmatch(r"\d{1,18}", limit, re.ASCII):
            raise RequestError(400, "BAD_REQUEST", "limit must be a number of rows")
        return Query(table.sql, columns, where, condition.values, int(limit))

    def new_filter(self, field_of):
        return Filter(field_of)

    def rows(self, query):
        return Rows(query.columns, query.run(self.db), self.server.ascii_only)

    def check_settings(self, params):
        given = as_dict(params.get("connection") or {}, "connection")
        if any(given.get(code) != value for code, value in self.server.settings.items()):
            raise RequestError(401, "ACCESS_DENIED", "these settings are not right")

    # --- one request

    @contextlib.contextmanager
    def resources(self):
        with contextlib.closing(self.server.open_database()) as self.db:
            yield

    def answer(self):
        try:
            endpoint, params = self.read_request()
            if self.server.options.delay:
                self.pause(self.server.options.delay / 1000)
            return self.respond(endpoint, params)
        except RequestError as error:
            return self.error_answer(error)
        except sqlite3.Error as error:
            return self.error_answer(RequestError(500, "DATABASE", str(error)))

    def read_request(self):
        """The endpoint and the members of the request, logged before anything is done."""
        body = self.read_body()
        endpoint = self.endpoint()
        record = {"n": self.number, "endpoint": endpoint, "format": None, "path": self.path,
                  "method": self.command, "body": None, "raw": None,
                  "headers": {name: self.headers[name] for name in (
                      "user-agent", "content-type", "accept-encoding", "expect")
                      if name in self.headers},
                  "connection": self.connection_number}
        try:
            if endpoint is None:
                raise RequestError(404, "NOT_FOUND", "there is no endpoint " + self.path)
            if self.command != "POST":
                raise RequestError(405, "METHOD_NOT_ALLOWED", "use POST")
            name, params = parse_body(self.headers.get("Content-Type", ""), body)
            record.update(format=name, raw=masked_text(name, body.decode("utf-8")), body={
                key: masked(value) if key == "connection" else value
                for key, value in params.items()})
        finally:
            self.server.log(record)
        self.body = body
        self.format = name
        return endpoint, params

    def endpoint(self):
        name = self.path.partition("?")[0][1:]
        return name if name in ENDPOINTS else None

    def respond(self, endpoint, params):
        self.check_settings(params)
        answer = getattr(self, endpoint)(params)
        return answer if isinstance(answer, Answer) else self.json_answer(answer)


class ConnectorServer(Server):
    """Knows the settings that are right, and where the data is."""

    def __init__(self, options, handler):
        self.settings = dict(options.setting)
        self.ascii_only = options.ascii
        self.database = pathlib.Path(options.database).absolute().as_uri() + "?mode=ro"
        super().__init__(options, handler)

    def open_database(self):
        return sqlite3.connect(self.database, uri=True)


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description="A BI connector over an SQLite database.")
    server_options(parser)
    option = parser.add_argument
    option("--database", required=True, metavar="FILE")
    option("--setting", action="append", default=[], type=assignment, metavar="CODE=VALUE",
           help="a setting that requests must have (else they are answered with HTTP 401)")
    option("--misbehave", action="append", default=[], type=assignment,
           metavar="TABLE=NAME[,NAME...]", help="see misbehave.py; TABLE may be *")
    option("--ascii", action="store_true", help=r"write \uXXXX for all but ASCII")
    option("--delay", type=int, default=0, metavar="MS", help="wait before each answer")
    return parser.parse_args(arguments)


def main():
    handler = Handler
    if importlib.util.find_spec("misbehave"):       # it is for tests and need not be there
        from misbehave import MisbehavingHandler as handler
    serve(ConnectorServer(parse_options(), handler))


if __name__ == "__main__":
    main()
