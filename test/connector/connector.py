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
import http.server
import importlib.util
import itertools
import json
import os
import pathlib
import re
import select
import signal
import socketserver
import sqlite3
import ssl
import sys
import threading
import zlib

from request import RequestError, as_dict, as_list, masked, masked_text, parse_body
from tables import Filter, Query, read_fields, read_tables

ENDPOINTS = ("check", "table_list", "table_description", "data")
STREAM_FROM = 64 * 1024         # bytes; a longer answer is sent while it is still being made
GZIP_FROM = 1024                # bytes; below that, gzip costs more than it saves
LONGEST_BODY = 16 * 1024 * 1024


class Answer:
    """What goes back to the client; `parts` is an iterable of bytes, read while it is sent."""

    def __init__(self, parts, status=200, headers=(), content_type="application/json"):
        self.parts = parts
        self.status = status
        self.headers = {"Content-Type": content_type + "; charset=utf-8", **dict(headers)}
        self.stream_from = STREAM_FROM
        self.gzip = True


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


class Handler(http.server.BaseHTTPRequestHandler):
    """One TCP connection, one request after the other."""

    protocol_version = "HTTP/1.1"           # keep the connection for further requests
    disable_nagle_algorithm = True
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
        return Rows(query.columns, query.run(self.db), self.server.options.ascii)

    def check_settings(self, params):
        given = as_dict(params.get("connection") or {}, "connection")
        if any(given.get(code) != value for code, value in self.server.settings.items()):
            raise RequestError(401, "ACCESS_DENIED", "these settings are not right")

    # --- one request

    def setup(self):
        super().setup()
        self.connection_number = self.server.next_number("connection")

    def do_POST(self):
        self.number = self.server.next_number("request")
        with contextlib.closing(self.server.open_database()) as self.db:
            try:
                self.send_answer(self.answer())
            except OSError:
                self.server.log({"n": self.number, "event": "aborted"})
                self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST

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
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY or (
                "Transfer-Encoding" in self.headers):
            self.close_connection = True        # as the rest of the body would come next
            raise RequestError(413, "BODY_TOO_LARGE", "say how long the body is, and be brief")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionError("the client went away")
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

    def json_answer(self, value, status=200, headers=()):
        text = json.dumps(value, ensure_ascii=self.server.options.ascii)
        return Answer([text.encode("utf-8")], status, headers)

    def error_answer(self, error):
        return self.json_answer(
            {"error": error.error, "error_description": error.description}, error.status,
            {"Allow": "POST"} if error.status == 405 else {})

    # --- sending

    def send_answer(self, answer):
        """Sends a short answer in one piece and a long one in chunks, while it is being made."""
        parts = iter(answer.parts)
        head = b""
        for part in parts:
            head += part
            if len(head) > answer.stream_from:
                break
        else:
            parts = None                        # there is no more
        gzip = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS) if (
            answer.gzip and self.accepts_gzip() and len(head) >= GZIP_FROM) else None
        packed = {"Content-Encoding": "gzip"} if gzip else {}
        if parts is None:
            body = gzip.compress(head) + gzip.flush() if gzip else head
            self.send_head(answer, {"Content-Length": len(body), **packed})
            if self.command != "HEAD":
                self.wfile.write(body)
            return
        self.send_head(answer, {"Transfer-Encoding": "chunked", **packed})
        for part in itertools.chain([head], parts):
            self.send_chunk(gzip.compress(part) if gzip else part)
        self.send_chunk(gzip.flush() if gzip else b"")
        self.wfile.write(b"0\r\n\r\n")

    def send_head(self, answer, headers):
        self.send_response(answer.status)
        for name, value in {**headers, **answer.headers}.items():
            self.send_header(name, str(value))
        self.end_headers()

    def send_chunk(self, part):
        if part:                                # an empty chunk would be the end
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

    def accepts_gzip(self):
        accepted = self.headers.get("Accept-Encoding", "").lower()
        return bool(re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", accepted))

    def pause(self, seconds=None):
        """Waits (None: for ever), but no longer than the client does."""
        # Nobody sends a second request before the answer to the first one, so the only thing that
        # can be read here is the end of the connection.
        if select.select([self.connection], [], [], seconds)[0]:
            raise ConnectionError("the client went away")

    def log_message(self, *_):
        """Our own log takes the place of the one on standard error."""


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections, each of which gets a thread."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options, handler):
        self.options = options
        self.settings = dict(options.setting)
        self.numbers = {}
        self.lock = threading.Lock()
        self.log_file = open(options.log, "a", encoding="utf-8") if options.log else None
        self.database = pathlib.Path(options.database).absolute().as_uri() + "?mode=ro"
        super().__init__((options.host, options.port), handler)
        if options.tls_cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.tls_cert, options.tls_key)
            # The handshake must not hold up those who connect next: it is for the thread to do.
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)

    def open_database(self):
        return sqlite3.connect(self.database, uri=True)

    def next_number(self, name):
        with self.lock:
            self.numbers[name] = self.numbers.get(name, 0) + 1
            return self.numbers[name]

    def log(self, record):
        if self.log_file:
            with self.lock:
                self.log_file.write(json.dumps(record, ensure_ascii=False) + "\n")
                self.log_file.flush()

    def handle_error(self, request, client_address):
        """A client that breaks off is not worth a traceback; a mistake in here is."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def assignment(text):
    code, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return code, value


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description="A BI connector over an SQLite database.")
    option = parser.add_argument
    option("--database", required=True, metavar="FILE")
    option("--host", default="127.0.0.1")
    option("--port", type=int, default=0, help="0 (the default) takes any free one")
    option("--port-file", metavar="FILE", help="gets the number of the port when all is ready")
    option("--log", metavar="FILE", help="gets a line of JSON for each request")
    option("--setting", action="append", default=[], type=assignment, metavar="CODE=VALUE",
           help="a setting that requests must have (else they are answered with HTTP 401)")
    option("--misbehave", action="append", default=[], type=assignment,
           metavar="TABLE=NAME[,NAME...]", help="see misbehave.py; TABLE may be *")
    option("--tls-cert", metavar="FILE")
    option("--tls-key", metavar="FILE")
    option("--ascii", action="store_true", help=r"write \uXXXX for all but ASCII")
    option("--delay", type=int, default=0, metavar="MS", help="wait before each answer")
    return parser.parse_args(arguments)


def main():
    handler = Handler
    if importlib.util.find_spec("misbehave"):       # it is for tests and need not be there
        from misbehave import MisbehavingHandler as handler
    options = parse_options()
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: os._exit(0))
    server = Server(options, handler)
    host, port = server.server_address
    if options.port_file:
        with open(options.port_file + ".new", "w") as file:
            file.write(f"{port}\n")
        os.replace(options.port_file + ".new", options.port_file)
    print(f"listening on http{'s' if options.tls_cert else ''}://{host}:{port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
