"""An HTTP server of the standard library's parts: connections, bodies, answers, TLS and the log.

Nothing in here knows what is served.  A program derives a handler and, if it has something to
share between connections, a server.
"""

import argparse
import contextlib
import http.server
import itertools
import json
import os
import re
import select
import signal
import socketserver
import ssl
import sys
import threading
import zlib

from request import RequestError

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


class HttpHandler(http.server.BaseHTTPRequestHandler):
    """One TCP connection, one request after the other; `answer` is for the program to write."""

    protocol_version = "HTTP/1.1"           # keep the connection for further requests
    disable_nagle_algorithm = True

    # --- one request

    def setup(self):
        super().setup()
        self.connection_number = self.server.next_number("connection")

    def do_POST(self):
        self.number = self.server.next_number("request")
        with self.resources():
            try:
                self.send_answer(self.answer())
            except OSError:
                self.aborted()
                self.close_connection = True

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST

    def aborted(self):
        """The client went away before the answer was complete."""
        self.server.log({"n": self.number, "event": "aborted"})

    def resources(self):
        """What is open as long as a request is being answered."""
        return contextlib.nullcontext()

    def answer(self):
        """The request's Answer, which may still be in the making while it is sent."""
        raise NotImplementedError

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LONGEST_BODY or (
                "Transfer-Encoding" in self.headers):
            self.close_connection = True        # as the rest of the body would come next
            raise RequestError(413, "BODY_TOO_LARGE", "say how long the body is, and be brief")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionError("the client went away")
        return body

    def json_answer(self, value, status=200, headers=()):
        text = json.dumps(value, ensure_ascii=self.server.ascii_only)
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
    ascii_only = False          # whether answers have \uXXXX for all but ASCII

    def __init__(self, options, handler):
        self.options = options
        self.numbers = {}
        self.lock = threading.Lock()
        self.log_file = open(options.log, "a", encoding="utf-8") if options.log else None
        super().__init__((options.host, options.port), handler)
        if options.tls_cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.tls_cert, options.tls_key)
            # The handshake must not hold up those who connect next: it is for the thread to do.
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)

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


def server_options(parser):
    """The options that every program has."""
    option = parser.add_argument
    option("--host", default="127.0.0.1")
    option("--port", type=int, default=0, help="0 (the default) takes any free one")
    option("--port-file", metavar="FILE", help="gets the number of the port when all is ready")
    option("--log", metavar="FILE", help="gets a line of JSON for each request")
    option("--tls-cert", metavar="FILE")
    option("--tls-key", metavar="FILE")


def serve(server):
    """Says where the server is and runs it until it gets a signal."""
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: os._exit(0))
    options = server.options
    host, port = server.server_address
    if options.port_file:
        with open(options.port_file + ".new", "w") as file:
            file.write(f"{port}\n")
        os.replace(options.port_file + ".new", options.port_file)
    print(f"listening on http{'s' if options.tls_cert else ''}://{host}:{port}", flush=True)
    server.serve_forever()
