#!/usr/bin/env python3
"""Tests of the connector, of its misbehaviours and of the fixture, with a real server."""

import contextlib
import gzip
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

import fixture
import misbehave
from request import form_of

HERE = os.path.dirname(os.path.abspath(__file__))
FORM = "application/x-www-form-urlencoded"


class Connector:
    """A server of its own: a process, started with these options."""

    def __init__(self, *options, directory=HERE):
        self.port_file = os.path.join(DIRECTORY, "port")
        self.log_file = os.path.join(DIRECTORY, "log")
        for name in self.port_file, self.log_file:
            if os.path.exists(name):
                os.remove(name)
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(directory, "connector.py"), "--database", DATABASE,
             "--port-file", self.port_file, "--log", self.log_file, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.greeting = self.process.stdout.readline()
        with open(self.port_file, encoding="ascii") as file:
            self.port = int(file.read())

    def stop(self):
        """Ends the server; the result is its exit code and what it complained about."""
        self.process.terminate()
        _, complaints = self.process.communicate(timeout=5)
        return self.process.returncode, complaints

    def log(self):
        with open(self.log_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)


def setUpModule():
    global DIRECTORY, DATABASE
    DIRECTORY = tempfile.mkdtemp()
    DATABASE = os.path.join(DIRECTORY, "test.db")
    fixture.create(DATABASE)


def tearDownModule():
    shutil.rmtree(DIRECTORY)


class Case(unittest.TestCase):
    """Tests that share a server and a connection."""

    options = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Connector(*cls.options)
        cls.client = cls.server.connect()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        code, complaints = cls.server.stop()
        assert code == 0 and not complaints, complaints

    def send(self, endpoint, body, content_type=FORM, client=None, method="POST", **headers):
        """One request; the result is the response and its body."""
        client = client or self.client
        client.request(method, "/" + endpoint, body.encode() if isinstance(body, str) else body,
                       {"Content-Type": content_type, **headers})
        response = client.getresponse()
        return response, response.read()

    def ask(self, endpoint, params, content_type=FORM, status=200):
        """One request with these members; the result is the parsed answer."""
        body = form_of(params) if content_type == FORM else json.dumps(params)
        response, body = self.send(endpoint, body, content_type)
        self.assertEqual(response.status, status, body[:300])
        return json.loads(body)

    def data(self, table, misbehave=None, **params):
        """The rows of a table, without their header."""
        if misbehave:
            params["connection"] = {"misbehave": misbehave}
        return self.ask("data", {"table": table, **params})[1:]

    def ids(self, table, condition, content_type=FORM, **params):
        """The first column of the rows that a filter leaves."""
        return [row[0] for row in self.ask(
            "data", {"table": table, "filter": condition, **params}, content_type)[1:]]

    def error(self, endpoint, params, status, content_type=FORM):
        answer = self.ask(endpoint, params, content_type, status)
        self.assertEqual(set(answer), {"error", "error_description"})
        return answer["error"]

    def wait_for_log(self, condition):
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            found = [record for record in self.server.log() if condition(record)]
            if found:
                return found
            time.sleep(0.01)
        return self.fail("this is not in the log")


ITEMS = {row[0]: row for row in fixture.items()}
ID, NAME, STATUS, QTY, PRICE, AMOUNT, BORN, CREATED, TZ, FLAG = range(10)


def matching(column, test):
    """The ids of the items whose value is not NULL and passes the test."""
    return [row[ID] for row in ITEMS.values() if row[column] is not None and test(row[column])]


class Endpoints(Case):

    def test_greeting(self):
        self.assertEqual(self.server.greeting,
                         f"listening on http://127.0.0.1:{self.server.port}\n")

    def test_check(self):
        self.assertEqual(self.ask("check", {}), {"status": "ok"})
        self.assertEqual(self.ask("check", {}, "application/json"), {"status": "ok"})

    def test_table_list(self):
        listed = self.ask("table_list", {"searchString": ""})
        self.assertEqual([table["code"] for table in listed],
                         ['Weird "Table"', "all_null", "big", "bigids", "empty_table", "forms",
                          "items", "orders", "single", "wide"])
        self.assertIn({"code": "items", "title": "Items of the shop"}, listed)
        for wanted, codes in (("ITEM", ["items"]), ("the SHOP", ["items"]), ("заК", ["orders"]),
                              ("nowhere", [])):
            found = self.ask("table_list", {"searchString": wanted})
            self.assertEqual([table["code"] for table in found], codes)

    def test_table_description(self):
        types = ["INT", "STRING", "STRING", "INT", "DOUBLE", "MONEY", "DATE", "DATETIME",
                 "TIMEZONE", "INT"]
        for member in "table", "name":
            fields = self.ask("table_description", {member: "items"})
            self.assertEqual([field["type"] for field in fields], types)
        self.assertEqual(fields[0], {"code": "ID", "name": "Number", "type": "INT"})
        self.assertEqual(fields[2], {"code": "STATUS", "name": "STATUS", "type": "STRING"})
        fields = self.ask("table_description", {"table": "big"})
        self.assertEqual([field["type"] for field in fields],
                         ["INT", "STRING", "STRING", "STRING", "DOUBLE", "MONEY", "DATE",
                          "DATETIME"])
        self.assertEqual(self.error("table_description", {"table": "none"}, 400),
                         "UNKNOWN_TABLE")

    def test_data(self):
        answer = self.ask("data", {"table": "items"})
        self.assertEqual(answer[0], [field["code"] for field in
                                     self.ask("table_description", {"table": "items"})])
        self.assertEqual([tuple(row) for row in answer[1:]], list(fixture.items()))
        self.assertEqual(self.ask("data", {"table": "empty_table", "select": ["ID"]}), [["ID"]])
        self.assertEqual(self.ask("data", {"table": 'Weird "Table"', "limit": 1}),
                         [["select", "Mixed Case", "ünï"], [1, "one", "eins"]])
        self.assertEqual(self.data("bigids", select=["ID", "CODE"], filter={
            "=ID": "9007199254740993"}), [[9007199254740993, "9007199254740993"]])

    def test_select(self):
        for kind in FORM, "application/json":
            self.assertEqual(self.ask("data", {"table": "items", "select": ["NAME", "ID"],
                                               "limit": 1}, kind), [["NAME", "ID"], ["Apple", 1]])
        self.assertEqual(self.error("data", {"table": "items", "select": ["X"]}, 400),
                         "UNKNOWN_FIELD")
        self.error("data", {"table": "items", "select": "ID"}, 400)

    def test_limit(self):
        self.assertEqual(len(self.data("items", limit=7)), 7)
        self.assertEqual(len(self.data("items", limit=0)), 250)
        self.assertEqual(len(self.data("items", limit=3, filter={"STATUS": "won"})), 3)
        self.error("data", {"table": "items", "limit": -1}, 400)
        self.error("data", {"table": "items", "limit": "all"}, 400)

    def test_map_fields(self):
        params = {"table": "items", "mapFields": {"NAME": "Title"}, "limit": 1}
        self.assertEqual(self.ask("data", {**params, "select": ["Title", "ID"],
                                           "filter": {"=Title": "apple"}}),
                         [["Title", "ID"], ["apple", 2]])
        self.assertEqual(self.ask("data", params)[0][:3], ["ID", "Title", "STATUS"])

    def test_wrong_requests(self):
        self.assertEqual(self.send("nothing", "")[0].status, 404)
        for method in "GET", "PUT", "DELETE", "HEAD":
            response, _ = self.send("data", "", method=method)
            self.assertEqual((response.status, response.getheader("Allow")), (405, "POST"))
        self.assertEqual(self.send("data", "x", "text/plain")[0].status, 415)
        for kind, body in (("application/json", "{"), ("application/json", "[]"),
                           ("application/json", '{"a": "\\ud800"}'), (FORM, b"\xff"),
                           (FORM, "filter[>=ID]=5&table=items"), (FORM, "table=%ff"),
                           ("application/json", "[" * 100000)):
            response, answer = self.send("data", body, kind)
            self.assertEqual(response.status, 400, answer)
            self.assertIn("error", json.loads(answer))
        self.error("data", {}, 400)
        self.error("data", {"table": "items", "connection": "x"}, 400)
        self.assertEqual(self.ask("check", {})["status"], "ok")     # the connection still works


class Filters(Case):

    def same(self, condition, expected, table="items"):
        """This filter finds these ids, whether it comes as a form or as JSON."""
        for kind in FORM, "application/json":
            self.assertEqual(self.ids(table, condition, kind), expected, (condition, kind))

    def test_equality(self):
        for prefix in "", "=":
            self.same({prefix + "NAME": "apple"}, [2])
            self.same({prefix + "NAME": ["apple", "Привет", "none"]}, [2, 8])
            self.same({prefix + "NAME": ""}, [6])
            self.same({prefix + "NAME": "007"}, [27])
            self.same({prefix + "NAME": "double \"quotes\""}, [13])
            self.same({prefix + "ID": 5}, [5])
            self.same({prefix + "ID": [3, "5"]}, [3, 5])
        self.same({"@NAME": ["apple ", "7"]}, [4, 28])
        self.same({"=NAME": "it's", "=ID": 14}, [14])
        self.same({"=NAME": "it's", "=ID": 15}, [])

    def test_inequality(self):
        for prefix in "!", "!=":
            self.same({prefix + "STATUS": "won"}, matching(STATUS, lambda v: v != "won"))
        self.same({"!@STATUS": ["won", "new"]},
                  matching(STATUS, lambda v: v not in ("won", "new")))
        self.assertNotIn(13, self.ids("items", {"!=STATUS": "won"}))      # it is NULL

    def test_order(self):
        for operator, test in ((">", lambda v, w: v > w), (">=", lambda v, w: v >= w),
                               ("<", lambda v, w: v < w), ("<=", lambda v, w: v <= w)):
            for column, code, value in (
                    (QTY, "QTY", 5), (QTY, "QTY", 2147483648), (PRICE, "PRICE", 9.99),
                    (AMOUNT, "AMOUNT", 100), (NAME, "NAME", "a"), (NAME, "NAME", "Ж"),
                    (BORN, "BORN", "2024-02-29"), (CREATED, "CREATED", "2020-01-25 09:26:00")):
                encoded = (lambda v: v.encode()) if column == NAME else (lambda v: v)
                self.same({operator + code: value}, matching(
                    column, lambda v: test(encoded(v), encoded(value))))

    def test_numbers(self):
        self.same({"=PRICE": "0.1"}, [2])
        self.same({"=PRICE": "1e-7"}, [3])
        self.same({"=PRICE": "1E+21"}, [4])
        self.same({"=PRICE": "3"}, [9])
        self.same({"=AMOUNT": "1234.50", "<ID": 10}, [1, 8])
        self.same({"=QTY": "-5000000000", "<ID": 20}, [8])
        self.same({"=QTY": "99999999999999999999"}, [])
        self.same({"<QTY": "99999999999999999999"}, matching(QTY, lambda v: True))
        self.same({"=ID": str(-2 ** 63)}, [-2 ** 63], "bigids")
        self.same({"=ID": 2 ** 53 + 1}, [2 ** 53 + 1], "bigids")
        for wrong in {"=ID": "abc"}, {"=ID": "1.5"}, {"=ID": ""}, {"=PRICE": "1,5"}, {
                "=BORN": "today"}, {"=ID": "١"}:
            self.error("data", {"table": "items", "filter": wrong}, 400)

    def test_dates(self):
        self.same({"=BORN": "2000-02-29"}, [1])
        self.same({"=BORN": "2000-02-29 00:00:00"}, [1])
        self.same({"=BORN": "2000-02-29T12:00:00"}, [])
        self.same({"<BORN": "1900-01-01 12:00"}, [6])
        self.same({"=CREATED": "1999-12-31"}, [4])
        self.same({"=CREATED": "2024-02-29T23:59:59.000"}, [1])

    def test_text(self):
        self.same({"%NAME": "pple"}, [1, 2, 4, 5])
        self.same({"%NAME": "%"}, [16])
        self.same({"%NAME": "_"}, [17])
        self.same({"%NAME": "рив"}, [8, 9])
        for prefix in "=%", "%=":
            self.same({prefix + "NAME": "a%e"}, [2])
            self.same({prefix + "NAME": "snake_%"}, [17])
            self.same({prefix + "NAME": "%[%"}, [23])
            self.same({prefix + "NAME": "*"}, [])
            self.same({prefix + "NAME": "apple"}, [2])
        self.same({"%ID": "24", ">ID": 240}, list(range(241, 250)))

    def test_null(self):
        for condition in {"=STATUS": None}, {"!=STATUS": None}, {"!@STATUS": ["won", None]}:
            self.assertEqual(self.ids("items", condition, "application/json"), [])
        self.assertEqual(self.ids("items", {"@ID": []}, "application/json"), [])

    def test_groups(self):
        self.same({"0": {"LOGIC": "OR", "0": {"=ID": 1}, "1": {"=NAME": "apple"}}}, [1, 2])
        self.same({"0": {"logic": "or", "=ID": 1, "=NAME": "apple"}, "!=ID": 2}, [1])
        self.same({"LOGIC": "OR", "=ID": 7, "1": {"=STATUS": "won", "<ID": 3}}, [2, 7])
        self.same({"0": {"=STATUS": "won"}, "1": {"<ID": 3}}, [2])
        self.same({"0": {"LOGIC": "OR", "0": {"=ID": 1, "=NAME": "x"},
                         "1": {"LOGIC": "OR", "=ID": 3, "=NAME": "APPLE"}}}, [3])
        self.assertEqual(self.ids("items", [{"=ID": 4}], "application/json"), [4])

    def test_notation_of_forms(self):
        for body, expected in (
                ("filter[%3DID]=1&filter[%3DID]=2", [2]),               # the later one wins
                ("filter%5B%3E%3DID%5D=249", [249, 250]),
                ("filter[ID][]=7&filter[ID][]=9", [7, 9]),
                ("filter[ID]=7&filter[ID][0]=8", [8]),
                ("filter[NAME]=100%25", [16]), ("filter[NAME]=apple+", [4])):
            response, answer = self.send("data", "table=items&select[0]=ID&" + body)
            self.assertEqual(response.status, 200, answer)
            self.assertEqual([row[0] for row in json.loads(answer)[1:]], expected)

    def test_wrong_filters(self):
        for wrong in ({"=NOTHING": 1}, {"><ID": 1}, {"~ID": 1}, {"@ID": 1}, {">ID": [1]},
                      {"!=ID": [1, 2]}, {"=ID": {"x": 1}}, {"0": {"LOGIC": "XOR", "=ID": 1}},
                      {"ID": {"1": 5, "2": 6}}, {"=ID": True}, "x"):
            self.error("data", {"table": "items", "filter": wrong}, 400, "application/json")
        self.assertEqual(self.ids("items", {'=NAME': '" OR 1=1 --'}), [])
        self.error("data", {"table": "items", "filter": {'=ID" OR 1=1 --': 1}}, 400)


class Transport(Case):

    def test_keep_alive(self):
        client = self.server.connect()
        for _ in range(3):
            self.send("check", "", client=client)
        first, second, third = self.server.log()[-3:]
        self.assertEqual(first["connection"], second["connection"])
        self.assertEqual(first["connection"], third["connection"])
        client.close()

    def test_speed_of_small_answers(self):
        times = []
        for _ in range(30):
            start = time.monotonic()
            self.data("single")
            times.append(time.monotonic() - start)
        self.assertLess(statistics.median(times), 0.035)    # no waiting for delayed ACKs

    def test_content_length(self):
        response, body = self.send("data", "table=items&limit=1")
        self.assertEqual(response.getheader("Content-Length"), str(len(body)))
        self.assertEqual(response.getheader("Content-Type"), "application/json; charset=utf-8")

    def test_chunks(self):
        response, body = self.send("data", "table=big&limit=20000")
        self.assertEqual(response.getheader("Transfer-Encoding"), "chunked")
        rows = json.loads(body)
        self.assertEqual((len(rows), rows[20000][:3]), (20001, [20000, "Name 20000", "Орёл"]))

    def test_gzip(self):
        for table, accepted, packed in (
                ("single", "gzip", False), ("items", "deflate, gzip", True),
                ("items", "gzip;q=0", False), ("items", "identity", False),
                ("big", "gzip", True)):
            request = f"table={table}&limit=5000"
            response, body = self.send("data", request, **{"Accept-Encoding": accepted})
            self.assertEqual(response.getheader("Content-Encoding") == "gzip", packed)
            plain = self.send("data", request, **{"Accept-Encoding": "identity"})[1]
            self.assertEqual(gzip.decompress(body) if packed else body, plain)

    def test_unicode_as_it_is(self):
        self.assertIn("Привет".encode(), self.send("data", "table=items")[1])

    def test_log(self):
        body = ("table=items&filter[%3DID]=5&connection[login]=anna&connection%5Bpass%5D=geheim"
                "&connection[misbehave]=strings")
        self.send("data", body, **{"User-Agent": "test", "Authorization": "secret"})
        record = self.server.log()[-1]
        self.assertEqual(
            {**record, "n": 0, "connection": 0},
            {"n": 0, "connection": 0, "endpoint": "data", "format": "form", "path": "/data",
             "method": "POST", "body": {"table": "items", "filter": {"=ID": "5"}, "connection": {
                 "login": "***", "pass": "***", "misbehave": "***"}},
             "raw": "table=items&filter[%3DID]=5&connection[login]=***"
                    "&connection%5Bpass%5D=***&connection[misbehave]=***",
             "headers": {"user-agent": "test", "content-type": FORM,
                         "accept-encoding": "identity"}})
        self.send("check", '{ "connection" :{"pass":"gehe\\"im"}, "x": "gehe"}',
                  "application/json; charset=utf-8")
        record, before = self.server.log()[-1], record
        self.assertEqual(record["raw"], '{ "connection" :{"pass": "***"}, "x": "gehe"}')
        self.assertEqual(record["body"], {"connection": {"pass": "***"}, "x": "gehe"})
        self.assertEqual((record["format"], record["n"]), ("json", before["n"] + 1))
        with open(self.server.log_file, encoding="utf-8") as file:
            self.assertNotIn("geheim", file.read())
        self.send("check", '{"connection": {"pass": "geheim"', "application/json")
        self.assertEqual((self.server.log()[-1]["raw"], self.server.log()[-1]["body"]),
                         (None, None))

    def test_log_before_the_answer(self):
        client = self.server.connect()
        client.request("POST", "/data", "table=single%2Bstall", {"Content-Type": FORM})
        number = self.wait_for_log(
            lambda record: record.get("raw") == "table=single%2Bstall")[0]["n"]
        client.close()
        self.wait_for_log(lambda record: record == {"n": number, "event": "aborted"})

    def test_client_that_goes_away(self):
        client = self.server.connect()
        client.request("POST", "/data", "table=big", {"Content-Type": FORM})
        number = self.wait_for_log(
            lambda record: record.get("raw") == "table=big")[0]["n"]
        client.sock.recv(10)
        client.close()
        self.wait_for_log(lambda record: record == {"n": number, "event": "aborted"})

    def test_expect(self):
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.sendall(b"POST /check HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                           b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n")
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 100"))
            client.sendall(b"{}")
            self.assertTrue(client.recv(100).startswith(b"HTTP/1.1 200"))

    def test_many_clients(self):
        clients = [self.server.connect() for _ in range(20)]
        for client in clients:
            client.request("POST", "/data", "table=big&limit=2000", {"Content-Type": FORM})
        for client in clients:
            self.assertEqual(len(json.loads(client.getresponse().read())), 2001)
            client.close()


class Settings(Case):

    options = ("--setting", "login=anna", "--setting", "api key=a=ö&b", "--ascii",
               "--delay", "30", "--misbehave", "items=cap:5,limit_100",
               "--misbehave", "*=reversed_header")

    RIGHT = {"login": "anna", "api key": "a=ö&b", "other": "x"}

    def test_settings(self):
        for kind in FORM, "application/json":
            self.ask("check", {"connection": self.RIGHT}, kind)
            for endpoint in "check", "table_list", "table_description", "data":
                for wrong in ({}, {"login": "anna"}, {**self.RIGHT, "login": "Anna"}):
                    self.assertEqual(self.error(endpoint, {"connection": wrong, "table": "items"},
                                                401, kind), "ACCESS_DENIED")

    def test_ascii_and_delay(self):
        start = time.monotonic()
        body = self.send("data", form_of({"table": "orders", "connection": self.RIGHT}))[1]
        self.assertGreater(time.monotonic() - start, 0.025)
        self.assertIn(rb"\u041c", body)
        self.assertTrue(body.isascii())

    def test_misbehaviour_by_table(self):
        answer = self.ask("data", {"table": "items", "connection": self.RIGHT})
        self.assertEqual((len(answer), answer[0][0]), (6, "FLAG"))
        answer = self.ask("data", {"table": "single", "connection": self.RIGHT})
        self.assertEqual((len(answer), answer[0][0]), (2, "FLAG"))


class Alone(Case):
    """The connector without its misbehaviours, as somebody would copy it."""

    @classmethod
    def setUpClass(cls):
        directory = os.path.join(DIRECTORY, "alone")
        os.mkdir(directory)
        for name in "connector.py", "request.py", "server.py", "tables.py":
            shutil.copy(os.path.join(HERE, name), directory)
        cls.server = Connector(directory=directory)
        cls.client = cls.server.connect()

    def test_that_it_is_right(self):
        self.assertEqual(len(self.data("items", "cap:5")), 250)
        self.assertEqual(self.error("data", {"table": "items+cap:5"}, 400), "UNKNOWN_TABLE")


@unittest.skipUnless(shutil.which("openssl"), "needs openssl to make a certificate")
class Tls(unittest.TestCase):

    def test_tls(self):
        cert, key = (os.path.join(DIRECTORY, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-out", cert, "-keyout", key], check=True, capture_output=True)
        server = Connector("--tls-cert", cert, "--tls-key", key, "--delay", "10")
        self.assertIn("https://", server.greeting)
        # One who connects and says nothing must not keep the others waiting.
        with socket.create_connection(("127.0.0.1", server.port)):
            client = http.client.HTTPSConnection(
                "127.0.0.1", server.port, context=ssl.create_default_context(cafile=cert),
                timeout=10)
            client.request("POST", "/data", "table=big&limit=3000", {"Content-Type": FORM})
            self.assertEqual(len(json.loads(client.getresponse().read())), 3001)
            client.close()
        distrustful = http.client.HTTPSConnection(
            "127.0.0.1", server.port, context=ssl.create_default_context(), timeout=10)
        with self.assertRaises(ssl.SSLError):
            distrustful.request("POST", "/check", "", {"Content-Type": FORM})
        distrustful.close()
        self.assertEqual(server.stop(), (0, ""))


class Misbehaviours(Case):

    tested = set()

    def call(self, names, table="items", endpoint="data", **params):
        """A request with these misbehaviours; the result is the response and its body."""
        self.tested.update(re.sub(r":.*|^\w+/", "", name) for name in names.split(","))
        params["connection"] = {"misbehave": names, "pass": "ge heim/ö"}
        with contextlib.closing(self.server.connect()) as client:
            return self.send(endpoint, form_of({"table": table, **params}), client=client)

    def answer(self, names, *arguments, status=200, **params):
        response, body = self.call(names, *arguments, **params)
        self.assertEqual(response.status, status, body[:200])
        return json.loads(body)

    def found(self, names, condition, **params):
        """The ids that a filter finds among the items."""
        return [row[0] for row in self.answer(names, filter=condition, select=["ID"],
                                              **params)[1:]]

    def fails(self, names, part, *arguments, **params):
        """The answer is HTTP 200 and no JSON; it has this in it."""
        response, body = self.call(names, *arguments, **params)
        self.assertEqual(response.status, 200)
        self.assertIn(part, body)
        with self.assertRaises(ValueError):
            json.loads(body.decode("utf-8"))
        return body

    # The name of the last test makes it the last one to run.
    def test_zz_all_of_them(self):
        self.assertEqual(set(misbehave.FAULTS) - self.tested, set())

    def test_readme(self):
        with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
            listed = re.findall(r"^\| `(\w+)[:`]", file.read().partition("## Misbehaviours")[2],
                                re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(misbehave.FAULTS))

    def test_unknown(self):
        for name in ("nonsense", "cap", "cap:x", "strings:1", "nowhere/status:500"):
            answer = self.ask("data", {"table": "items", "connection": {"misbehave": name}},
                              status=400)
            self.assertEqual(answer["error"], "UNKNOWN_MISBEHAVIOUR")
        self.ask("check", {"connection": {"misbehave": "nonsense"}}, status=400)

    def test_by_code_of_table(self):
        self.assertEqual(len(self.data("items+cap:3,strings")), 3)
        self.assertEqual(len(self.ask("table_description", {"table": "items+cap:3"})), 10)
        self.ask("table_description", {"table": "items+nonsense"}, status=400)

    def test_other_endpoints(self):
        self.answer("check/status:500", endpoint="check", status=500)
        self.answer("check/status:500")
        self.answer("table_list/503_always", endpoint="table_list", status=503)
        self.assertTrue(self.call("table_list/html_warning", endpoint="table_list")[1].startswith(
            b"<br />"))

    def test_limits(self):
        self.assertEqual(len(self.answer("limit_100")), 101)
        self.assertEqual(len(self.answer("limit_100", limit=200)), 201)
        self.assertEqual(len(self.answer("cap:10", limit=200)), 11)
        self.assertEqual(len(self.answer("cap:10", limit=2)), 3)
        self.answer("max_limit:10", limit=11, status=500)
        self.assertEqual(len(self.answer("max_limit:10", limit=10)), 11)
        self.assertEqual(self.found("limit_before_filter", {"=STATUS": "won"}, limit=3), [2])
        self.assertEqual(len(self.answer("ignore_limit", limit=2)), 251)
        self.assertEqual(self.found("ignore_limit", {"<ID": 4}, limit=2), [1, 2, 3])

    def test_select(self):
        self.assertEqual(self.answer("select_ignored", select=["NAME"])[1], list(ITEMS[1]))
        self.answer("select_500", select=["NAME"], status=500)
        self.assertEqual(len(self.answer("select_500")), 251)

    def test_filters(self):
        self.assertEqual(len(self.found("ignore_filter", {"=ID": 1})), 250)
        self.assertEqual(len(self.found("ignore_filter", {"=ID": 1}, limit=9)), 9)
        self.assertEqual(self.found("filter_loses_all", {"=ID": 1}), [])
        self.assertEqual(self.found("case_insensitive", {"=NAME": "aPPle"}), [1, 2, 3])
        self.assertEqual(self.found("case_insensitive", {"@NAME": ["ПРИвет"]}), [8, 9, 10])
        self.assertEqual(self.found("ignore_trailing_blanks", {"=NAME": "apple   "}), [2, 4])
        self.assertEqual(self.found("ignore_trailing_blanks,case_insensitive",
                                    {"=NAME": "APPLE "}), [1, 2, 3, 4])
        self.assertEqual(self.found("strict_types", {">=ID": "1"}), [])
        self.assertEqual(self.found("strict_types", {"=NAME": "apple"}), [2])
        answer = self.ask("data", {"table": "items", "filter": {"=ID": 5}, "connection": {
            "misbehave": "strict_types"}}, "application/json")
        self.assertEqual(len(answer), 2)
        self.assertEqual(self.found("not_in_as_in", {"!@ID": [1, 2]}), [1, 2])
        self.assertEqual(self.found("prefixes_500", {"ID": [1]}), [1])
        for condition in {"=ID": 1}, {"0": {"LOGIC": "OR", "1": {"=ID": 1}}}:
            self.answer("prefixes_500", filter=condition, status=500)
        self.answer("filter_500", filter={"ID": 1}, status=500)
        self.assertEqual(len(self.answer("filter_500")), 251)
        self.assertIn("error", self.answer("filter_error_200", filter={"ID": 1}))
        self.assertEqual(len(self.answer("filter_error_200")), 251)

    def check_filters(self, cases):
        """Each has the names, a filter, and the ids it finds or how the right rows look."""
        for names, condition, expected in cases:
            if callable(expected):
                expected = [row[0] for row in ITEMS.values() if expected(row)]
                self.assertTrue(0 < len(expected) < len(ITEMS))
            self.assertEqual(self.found(names, condition), expected, (names, condition))

    def refuses(self, name, refused, accepted):
        """HTTP 500 for each of some filters, and each of the others does what it should."""
        for condition in refused:
            answer = self.answer(name, filter=condition, status=500)
            self.assertEqual(answer["error"], "FILTER")
        for condition in accepted:
            self.assertEqual(self.found(name, condition), self.ids("items", condition))

    def test_equality(self):
        self.check_filters([
            ("accent_insensitive", {"=NAME": "ete"}, [31, 32]),
            ("accent_insensitive", {"NAME": ["été", "Елка"]}, [11, 31, 32]),
            ("accent_insensitive", {"!=NAME": "ete", "@ID": [11, 31, 32, 33]}, [11, 33]),
            ("accent_insensitive", {"!@NAME": ["ete"], "@ID": [11, 31, 32, 33]}, [11, 33]),
            ("accent_insensitive", {"=NAME": "Ete"}, []),
            ("accent_insensitive", {"%NAME": "ét"}, [31]),
            ("accent_insensitive,case_insensitive", {"=NAME": "ELKA"}, []),
            ("accent_insensitive,case_insensitive", {"=NAME": "ЕЛКА"}, [11]),
            ("case_insensitive,accent_insensitive", {"=NAME": "ÉTE"}, [31, 32]),
            ("floats_as_text", {"=PRICE": "3"}, []),
            ("floats_as_text", {"PRICE": ["3.0", "9.99"]}, [1, 9]),
            ("floats_as_text", {"@PRICE": ["1e-7"]}, []),
            ("floats_as_text", {"!=PRICE": "3", "<=ID": 9, ">ID": 8}, [9]),
            ("floats_as_text", {"=QTY": "5", "<ID": 9, ">=PRICE": "3"}, [1]),
            ("ne_as_eq", {"!=ID": 2}, [2]), ("ne_as_eq", {"!NAME": "apple"}, [2]),
            ("ne_as_eq", {"!@ID": [2], "<ID": 4}, [1, 3]),
            ("not_in_as_in,ne_as_eq", {"!@ID": [1, 2, 3], "!=ID": 3}, [3]),
            ("first_of_list", {"ID": [3, 1, 2]}, [3]),
            ("first_of_list", {"!@ID": [3, 1, 2], "<ID": 5}, [1, 2, 4]),
            ("first_of_list", {"<ID": 3}, [1, 2]),
            ("long_list:2", {"ID": [1, 2]}, [1, 2]), ("long_list:2", {"@ID": [1, 2, 3]}, []),
            ("long_list:2", {"!@ID": [1, 2, 3]}, []),
            ("long_list:2,first_of_list", {"ID": [1, 2, 3]}, []),
            ("first_of_list,long_list:2", {"ID": [1, 2, 3]}, [1])])
        self.refuses("list_500", [{"ID": [1]}, {"@ID": [1, 2]}, {"!@ID": [1]}],
                     [{"=ID": 1}, {"0": {"LOGIC": "OR", "=ID": 1, "<ID": 3}}])

    def test_keys(self):
        three = {"=STATUS": "won", "<ID": 10, "=NAME": "apple"}
        self.check_filters([
            ("first_key_only", three, lambda row: row[2] == "won"),
            ("last_key_only", three, [2]),
            ("last_key_only", {"=NAME": "apple", "<ID": 3}, [1, 2]),
            ("last_key_only", {"=ID": 7}, [7]),
            ("last_key_only", {"0": {"LOGIC": "OR", "=ID": 1, "@ID": [2, 3]}}, [2, 3]),
            ("first_key_only", {"0": {"LOGIC": "OR", "=ID": 1, "@ID": [2, 3]}}, [1]),
            ("last_key_only", {"LOGIC": "OR", "0": {"=ID": 1}, "1": {"=ID": 2}}, [2])])

    def test_ranges(self):
        self.check_filters([
            ("ge_as_gt", {">=ID": 249}, [250]),
            ("ge_as_gt", {">=BORN": "1999-12-31", "<ID": 8}, [1, 2, 7]),
            ("ge_as_gt", {">ID": 248, "<=ID": 249}, [249]),
            ("le_as_lt", {"<=ID": 2}, [1]), ("le_as_lt", {"<=NAME": "", "<ID": 9}, []),
            ("le_as_lt", {">=ID": 249, "<ID": 250}, [249]),
            ("ge_as_gt,le_as_lt", {">=ID": 1, "<=ID": 3}, [2]),
            ("ranges_as_text", {"<ID": "11"}, lambda row: str(row[0]) < "11"),
            ("ranges_as_text", {">=PRICE": "9"}, lambda row: str(row[4] or "") >= "9"),
            ("ranges_as_text", {"<=AMOUNT": "-9", "@ID": [5, 7]}, []),
            ("ranges_as_text", {"<=AMOUNT": "0", "@ID": [3, 5, 6, 7]}, [5, 7]),
            ("ranges_as_text", {"=QTY": "5", "@ID": [1, 2]}, [1]),
            ("ranges_as_text", {">=STATUS": "won"}, lambda row: (row[2] or "") >= "won"),
            ("ranges_ignore_case", {">NAME": "APPLE", "<=NAME": "apple "}, [4]),
            ("ranges_ignore_case", {">=NAME": "apple", "<=NAME": "APPLE"}, [1, 2, 3]),
            ("ranges_ignore_case", {">=NAME": "ПРИВЕТ", "<NAME": "привета"}, [8, 9, 10]),
            ("ranges_ignore_case", {"=NAME": "APPLE"}, [3]),
            ("ranges_ignore_case", {">ID": 249}, [250]),
            ("ranges_ignored", {">ID": 5, "@ID": [4, 6]}, [4, 6]),
            ("ranges_ignored", {"0": {"LOGIC": "OR", ">ID": 5, "=ID": 3}}, sorted(ITEMS)),
            ("ranges_skipped", {"<=ID": 5, "@ID": [4, 6]}, [4, 6]),
            ("ranges_skipped", {">=ID": 5}, sorted(ITEMS)),
            ("ranges_skipped", {"0": {"LOGIC": "OR", ">ID": 5, "=ID": 3}}, [3])])
        self.refuses("ranges_500", [{"<ID": 1}, {"<=ID": 1}, {">ID": 1}, {">=ID": 1},
                                    {"0": {"LOGIC": "OR", "=ID": 1, ">ID": 9}}],
                     [{"=ID": 1}, {"!=STATUS": "won"}, {"%NAME": "e"}])

    def test_like(self):
        self.check_filters([
            ("substring_wildcards", {"%NAME": "s%ke_c"}, [17, 18]),
            ("substring_wildcards", {"%NAME": "S%ke_c"}, []),
            ("substring_wildcards", {"%NAME": "[b"}, [23]),
            ("substring_wildcards", {"%NAME": "e*l"}, []),
            ("substring_wildcards", {"=%NAME": "snake_%"}, [17]),
            ("like_case_insensitive", {"%NAME": "PPL"}, [1, 2, 3, 4, 5]),
            ("like_case_insensitive", {"=%NAME": "ПРИ%"}, [8, 9, 10]),
            ("like_case_insensitive", {"%=NAME": "%[BRACKETS%"}, [23]),
            ("like_case_insensitive", {"%NAME": "SNAKE_"}, [17]),
            ("like_case_insensitive", {"=NAME": "APPLE"}, [3]),
            ("like_case_insensitive,substring_wildcards", {"%NAME": "S%KE_C"}, [17, 18]),
            ("like_equals", {"=%NAME": "app%"}, []), ("like_equals", {"%=NAME": "100%"}, [16]),
            ("like_equals", {"=%NAME": "apple"}, [2]),
            ("like_equals", {"=%ID": "25%"}, []), ("like_equals", {"=%ID": "25"}, [25]),
            ("like_equals", {"%NAME": "ppl"}, [1, 2, 4, 5])])
        self.refuses("like_500", [{"%NAME": "a"}, {"=%NAME": "a%"}, {"%=NAME": "a%"}],
                     [{"=NAME": "apple"}, {"!=STATUS": "won"}, {"<ID": 3}])

    def test_groups(self):
        either = {"0": {"LOGIC": "OR", "0": {"=ID": 1}, "1": {"=ID": 2}}}
        same = {"0": {"LOGIC": "OR", "0": {"<ID": 3}, "1": {"=NAME": "apple"}}}
        plain = [{"=ID": 1}, {"ID": [1, 2]}, {"LOGIC": "OR", "=ID": 1, "=NAME": "apple"}]
        self.check_filters([
            ("logic_ignored", either, []), ("logic_ignored", same, [2]),
            ("logic_ignored", {"LOGIC": "OR", "=ID": 1, "=NAME": "apple"}, []),
            ("logic_ignored", {"0": {"logic": "or", "=ID": 1, "<ID": 5}}, [1]),
            ("groups_ignored", either, sorted(ITEMS)),
            ("groups_ignored", {**same, "@ID": [2, 9]}, [2, 9]),
            ("groups_ignored", {"ID": [1, 2]}, [1, 2]),
            ("groups_nothing", either, []), ("groups_nothing", {**same, "=ID": 2}, []),
            ("groups_nothing", {"0": {"=ID": 1}}, []),
            *(("groups_nothing", condition, [1, 2][:number])
              for condition, number in zip(plain, (1, 2, 2)))])
        self.refuses("groups_500", [either, same, {"0": {"=ID": 1}}], plain)

    def test_dates(self):
        self.check_filters([
            ("date_boundary", {"=BORN": "1900-01-01"}, []),
            ("date_boundary", {"BORN": ["1900-01-01", "1970-01-01"]}, []),
            ("date_boundary", {">BORN": "1899-12-31", "<=BORN": "1900-01-01"}, [6]),
            ("date_boundary", {">=BORN": "1900-01-01", "<BORN": "1970-01-01"}, [5]),
            ("date_boundary", {"!=BORN": "1900-01-01", "@ID": [5, 6]}, [5, 6]),
            ("date_boundary", {">CREATED": "2024-02-29", "<CREATED": "2024-03-01"}, [1]),
            ("date_at_noon", {"=BORN": "1900-01-01"}, []),
            ("date_at_noon", {"=BORN": "1900-01-01 12:00:00"}, [6]),
            ("date_at_noon", {">=BORN": "1900-01-01", "<BORN": "1970-01-01"}, [6]),
            ("date_at_noon", {"<=BORN": "1900-01-01"}, []),
            ("date_at_noon", {"<BORN": "1900-01-02"}, [6]),
            ("date_at_noon", {"=CREATED": "2024-02-29 23:59:59"}, [1]),
            ("filter_zone:2", {"=CREATED": "2024-02-29 21:59:59"}, [1]),
            ("filter_zone:-3", {"@CREATED": ["2024-03-01 02:59:59"]}, [1]),
            ("filter_zone:2", {"<=CREATED": "1999-12-31"}, [4]),
            ("filter_zone:2", {"<=CREATED": "1999-12-30 21:59:59.5"}, []),
            ("filter_zone:2", {"<=CREATED": "1999-12-30 22:00:00.5"}, [4]),
            ("filter_zone:2", {">CREATED": "9999-12-31 23:59:59"}, []),
            ("filter_zone:2", {"=BORN": "1900-01-01"}, [6]),
            ("fractions_hidden", {"=CREATED": "2024-02-29 23:59:59"}, []),
            ("fractions_hidden", {"=CREATED": "2024-02-29 23:59:59.7"}, [1]),
            ("fractions_hidden", {"<=CREATED": "1999-12-31 00:00:00"}, []),
            ("fractions_hidden", {"<CREATED": "1999-12-31 00:00:01"}, [4]),
            ("fractions_hidden", {">CREATED": "2024-03-31 02:30:00"}, [3]),
            ("fractions_hidden", {"=BORN": "1900-01-01"}, [6])])
        for names, expected in (
                ("date_boundary", ["2000-02-29", "2024-02-29 23:59:59"]),
                ("date_times", ["2000-02-29 00:00:00", "2024-02-29 23:59:59"]),
                ("date_at_noon", ["2000-02-29 12:00:00", "2024-02-29 23:59:59"]),
                ("date_at_noon,date_times", ["2000-02-29 12:00:00", "2024-02-29 23:59:59"]),
                ("fractions_hidden", ["2000-02-29", "2024-02-29 23:59:59"]),
                ("iso_datetimes,fractions_hidden,filter_zone:2",
                 ["2000-02-29", "2024-02-29T23:59:59+02:00"])):
            self.assertEqual(self.answer(names, select=["BORN", "CREATED"])[1], expected)
            self.assertEqual(self.answer(names, "all_null")[1], [1] + [None] * 9)
        self.check_filters([("date_times", {"=BORN": "2000-02-29"}, [1]),
                            ("date_times", {"=BORN": "2000-02-29 00:00:00"}, [1])])

    def test_rounded(self):
        rows = self.answer("rounded_shown", select=["PRICE", "AMOUNT", "QTY"])
        self.assertEqual(rows[1], [10.0, 1234.5, 5])
        self.assertEqual(rows[8], [1234567.9, 1234.5, -5000000000])
        self.assertEqual(rows[6][0], None)
        self.assertEqual(rows[3][1], 0.0)
        self.check_filters([
            ("rounded_shown", {"=PRICE": "10"}, []), ("rounded_shown", {"=PRICE": "9.99"}, [1]),
            ("rounded_shown", {">=PRICE": "1234567.89"}, [4, 8])])

    def test_close_connection(self):
        for endpoint in "check", "data":
            response, _ = self.call("close_connection", endpoint=endpoint)
            self.assertEqual(response.getheader("Connection"), "close")
        with contextlib.closing(self.server.connect()) as client:
            body = form_of({"table": "single", "connection": {"misbehave": "close_connection"}})
            for _ in range(2):              # http.client opens a connection where it has none
                self.send("data", body, client=client)
                self.assertIsNone(client.sock)
        first, second = self.server.log()[-2:]
        self.assertNotEqual(first["connection"], second["connection"])

    def test_vendor(self):
        for condition, expected in (
                ({"!ID": 1}, [1]), ({"!@ID": [1, 2]}, [1, 2]), ({">ID": [1, 2]}, [1, 2]),
                ({"=%NAME": "apple"}, []), ({"%=NAME": "apple"}, []),
                ({"%NAME": "s%ke_c"}, [17, 18]), ({"=BORN": "1900-01-01"}, []),
                ({"@BORN": ["1900-01-01"]}, []), ({"<=BORN": "1900-01-01"}, [6]),
                ({">BORN": "1899-12-31", "<=BORN": "1900-01-01"}, [6]),
                ({">=BORN": "1900-01-01", "<=BORN": "1900-01-01"}, []),
                ({"=NAME": "apple"}, [2]), ({"!=STATUS": "won", "<ID": 4}, [1, 3])):
            self.assertEqual(self.found("vendor", condition), expected, condition)
        self.assertEqual(len(self.answer("vendor")), 101)
        self.assertEqual(len(self.answer("vendor", limit=200)), 201)

    def test_headers(self):
        three = {"select": ["ID", "NAME", "QTY"], "limit": 1}
        self.assertEqual(self.answer("reversed_header", **three),
                         [["QTY", "NAME", "ID"], [5, "Apple", 1]])
        self.assertEqual(self.answer("shuffled_header", **three),
                         [["NAME", "ID", "QTY"], ["Apple", 1, 5]])
        self.assertEqual(self.answer("extra_fields", **three),
                         [["EXTRA_TEXT", "ID", "NAME", "QTY", "EXTRA_NUMBER"],
                          ["extra", 1, "Apple", 5, 42]])
        self.assertEqual(self.answer("missing_field", **three), [["ID", "NAME"], [1, "Apple"]])
        self.assertEqual(self.answer("missing_field", select=["ID"], limit=1), [[], []])
        self.assertEqual(self.answer("doubled_field", **three),
                         [["ID", "ID", "NAME", "QTY"], [1, 1, "Apple", 5]])
        self.assertEqual(self.answer("lower_header", **three)[0], ["id", "name", "qty"])

    def test_empty_results(self):
        for name, expected in (("empty_as_header_only", [["ID"]]), ("empty_double", [[]]),
                               ("empty_bare", [])):
            self.assertEqual(self.answer(name, "empty_table", select=["ID"]), expected)
            self.assertEqual(len(self.answer(name)), 251)
        self.assertEqual(self.answer("empty_lie"), [])
        self.assertEqual(self.answer("empty_lie", limit=500), [])
        self.assertEqual(len(self.answer("empty_lie", limit=1)), 2)
        self.assertEqual(self.answer("unknown_table_empty", "nothing"), [])
        self.assertEqual(len(self.answer("unknown_table_empty")), 251)

    def test_values(self):
        def first(names, *fields):
            return self.answer(names, select=list(fields))[1]
        self.assertEqual(first("strings", "ID", "PRICE", "AMOUNT"), ["1", "9.99", "1234.5"])
        self.assertIsNone(self.answer("strings", "all_null")[1][1])
        self.assertEqual(first("iso_datetimes", "CREATED"), ["2024-02-29T23:59:59+02:00"])
        self.assertEqual(first("datetime_z", "CREATED", "BORN"),
                         ["2024-02-29T23:59:59Z", "2000-02-29"])
        self.assertIs(first("booleans", "FLAG")[0], True)
        self.assertEqual(first("money_currency", "AMOUNT", "PRICE"), ["1234.50 USD", 9.99])
        self.assertIn(b"[5.0]", self.call("floats", select=["QTY"])[1])
        self.assertEqual(first("nested", "NAME", "STATUS"), [["Apple"], {"value": "new"}])
        null = self.answer("zero_dates", "all_null")[1]
        self.assertEqual(null[BORN:TZ], ["0000-00-00", "0000-00-00 00:00:00"])
        self.assertEqual(null[NAME], None)
        null = self.answer("empty_strings", "all_null")[1]
        self.assertEqual(null, [1, None, None, "", "", "", "", "", None, ""])
        rows = self.answer("wrong_types")
        self.assertEqual((rows[1][0], rows[2][:2]), (1, ["abc", "apple"]))
        self.assertEqual(len(self.answer("huge_row:100000")[2][1]), 100000)

    def test_characters(self):
        self.fails("bad_utf8", b"Apple\xff")
        self.assertIn(rb"Apple\u0000", self.call("nul_escape")[1])
        self.assertIn(rb"Apple\ud800", self.call("lone_surrogate")[1])

    def test_broken_answers(self):
        self.assertEqual(len(self.answer("short_row")[2]), 9)
        self.assertEqual(len(self.answer("long_row")[2]), 11)
        self.fails("html_warning", b"<b>Warning</b>")
        self.assertEqual(self.call("utf8_bom")[1][:4], b"\xef\xbb\xbf[")
        self.fails("trailing_garbage", b"done")
        self.fails("trailing_comma", b",]")
        body = self.fails("truncated", b"Apple")
        self.assertEqual(len(json.loads(body[:body.rindex(b",[")] + b"]")), 250)
        self.fails("truncated", b"[[", "empty_table")
        response, _ = self.call("gzip_lie")
        self.assertEqual(response.getheader("Content-Encoding"), "gzip")

    def test_broken_http(self):
        for table in "items", "big":
            for name in "truncated_chunked", "truncated_length":
                with self.assertRaises(http.client.IncompleteRead):
                    self.call(name, table, limit=3000)

    def test_silence(self):
        for table, names, begins in (("items", "stall", b""), ("items", "stall_inside", b"HTTP")):
            self.tested.add(names)
            with socket.create_connection(("127.0.0.1", self.server.port)) as client:
                body = f"table={table}&connection[misbehave]={names}".encode()
                client.sendall(b"POST /data HTTP/1.1\r\nHost: x\r\nContent-Type: %b\r\n"
                               b"Content-Length: %d\r\n\r\n%b" % (FORM.encode(), len(body), body))
                received = b""
                while begins and b"[3," not in received:
                    received += client.recv(10000)
                client.settimeout(0.3)
                with self.assertRaises(socket.timeout):
                    client.recv(10000)
            self.assertTrue(received.startswith(begins))
            if begins:
                self.assertEqual(received.count(b",["), 3)

    def test_slow(self):
        start = time.monotonic()
        self.assertEqual(len(self.answer("slow:50")), 251)
        self.assertGreater(time.monotonic() - start, 0.14)

    def test_statuses(self):
        for code in 500, 404, 401, 302:
            self.assertIn("error", self.answer(f"status:{code}", status=code))
        self.assertEqual(self.call("status:204")[0].status, 204)
        self.assertIn("error", self.answer("error_200"))
        self.assertEqual(self.answer("status_error_200")["status"], "ERROR")
        self.answer("503_always", status=503)
        for code in 503, 429:
            response, _ = self.call(f"{code}_once", "single")
            self.assertEqual((response.status, response.getheader("Retry-After")), (code, "1"))
            self.answer(f"{code}_once", "single")
            self.answer(f"{code}_once", status=code)
        self.ask("data", {"table": "items", "connection": {"misbehave": "form_only"}})
        self.answer("json_only", status=415)
        self.answer("json_only", endpoint="check", status=415)
        self.ask("check", {"connection": {"misbehave": "form_only"}}, "application/json", 415)
        self.ask("check", {"connection": {"misbehave": "json_only"}}, "application/json")
        self.tested.update(["form_only"])

    def test_secrets(self):
        response, body = self.call("echo_secrets")
        self.assertEqual(response.status, 500)
        for shape in ("ge heim/ö", "ge%20heim%2F%C3%B6", "ge+heim%2F%C3%B6", "heim/\\u00f6"):
            self.assertIn(shape.encode(), body)

    def test_redirects(self):
        for name, code, url in (("redirect:http://x.example/y?z=1", 302, "http://x.example/y?z=1"),
                                ("redirect_same", 307, "/moved/data"),
                                ("redirect_post_302", 302, "/moved/data")):
            response, _ = self.call(name)
            self.assertEqual((response.status, response.getheader("Location")), (code, url))
            self.assertEqual(len(self.answer(name, endpoint="moved/data")), 251)
        self.assertEqual(self.send("moved/data", "", method="GET")[0].status, 405)

    def test_check(self):
        self.assertEqual(self.call("check_empty", endpoint="check")[1], b"")
        self.assertIn("error", self.answer("check_error_200", endpoint="check"))

    def test_table_list(self):
        def listed(name):
            return self.answer(name, endpoint="table_list", searchString="")
        self.assertIn("error", listed("list_error_200"))
        self.assertIsInstance(listed("list_not_array"), dict)
        self.assertIn({"code": "", "title": "no code"}, listed("list_empty_code"))
        tables = listed("list_duplicate_codes")
        self.assertEqual(tables[0], tables[-1])
        codes = [table["code"] for table in listed("list_hostile")]
        self.assertTrue(set(misbehave.HOSTILE_CODES) < set(codes))
        for code in misbehave.HOSTILE_CODES:
            self.assertEqual(self.answer("list_hostile", code, endpoint="table_description")[1],
                             {"code": "NAME", "name": "NAME", "type": "STRING"})
            self.assertEqual(self.answer("list_hostile", code, filter={"ID": 1}),
                             [["ID", "NAME"], [1, "one"]])
        tables = listed("with_ids")
        self.assertEqual(tables[6], {"code": "items", "title": "Items of the shop", "id": 107})
        self.assertEqual(len(self.answer("with_ids", "107")), 251)
        self.answer("with_ids", status=400)
        self.answer("with_ids", "107", endpoint="table_description")

    def test_table_description(self):
        def described(name):
            return self.answer(name, endpoint="table_description")
        self.assertEqual(described("description_empty"), [])
        fields = described("description_duplicate")
        self.assertEqual((fields[0], len(fields)), (fields[-1], 11))
        self.assertEqual(described("description_bad_type")[-1]["type"], "GEOMETRY")
        self.assertEqual(described("description_lower_types")[0]["type"], "int")
        codes = [field["code"] for field in described("description_hostile")]
        self.assertTrue({"CTID", "ID", "id", "f" * 100} < set(codes))
        rows = self.answer("description_hostile", limit=2)
        self.assertEqual((rows[0], rows[2][0]), (codes, "value 1"))


if __name__ == "__main__":
    unittest.main()
