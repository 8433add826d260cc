"""What the tests of the portal share: servers of their own, and ways to ask them."""

import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

from shared import form_of

HERE = os.path.dirname(os.path.abspath(__file__))
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
CLOCK = "2026-01-02 03:04:05"

CONNECTOR = {"title": "Connector", "logo": "logo", "urlCheck": "http://127.0.0.1:1/check",
             "urlTableList": "list", "urlTableDescription": "description", "urlData": "data",
             "settings": [{"name": "Login", "type": "STRING", "code": "login"}]}
SOURCE = {"title": "Source", "connectorId": 1, "settings": {"login": "anna"}}
DATASET = {"sourceId": 1, "name": "dataset", "externalName": "Dataset", "externalCode": "dataset",
           "fields": [{"type": "int", "name": "ID", "externalCode": "id"},
                      {"type": "string", "name": "NAME", "externalCode": "name"}]}


class Program:
    """A server: a process with a log, in a directory of its own."""

    def __init__(self, path, *options):
        self.directory = tempfile.mkdtemp()
        port_file = os.path.join(self.directory, "port")
        self.log_file = os.path.join(self.directory, "log")
        self.process = subprocess.Popen(
            [sys.executable, "-B", os.path.join(HERE, path), "--port-file", port_file,
             "--log", self.log_file, *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.greeting = self.process.stdout.readline()
        with open(port_file, encoding="ascii") as file:
            self.port = int(file.read())
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        """Ends the server; the result is its exit code and what it complained about."""
        self.process.terminate()
        _, complaints = self.process.communicate(timeout=5)
        shutil.rmtree(self.directory)
        return self.process.returncode, complaints

    def log(self):
        with open(self.log_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)


class Case(unittest.TestCase):
    """Tests that share a portal; each of them finds it as it was at its start."""

    options = ("--token", "portal-token", "--clock", CLOCK, "--check", "off")

    @classmethod
    def setUpClass(cls):
        cls.portal = Program("portal.py", *cls.options)
        cls.client = cls.portal.connect()

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        code, complaints = cls.portal.stop()
        assert code == 0 and not complaints, complaints

    def setUp(self):
        self.control(reset=True)

    # --- asking

    def send(self, path, body="", content_type=JSON, client=None, method="POST", **headers):
        """One request; the result is the response and its body."""
        client = client or self.client
        try:
            client.request(method, path, body.encode() if isinstance(body, str) else body,
                           {"Content-Type": content_type, **headers})
            response = client.getresponse()
            return response, response.read()
        except (OSError, http.client.HTTPException):
            client.close()                      # it connects anew
            raise

    def call(self, method, params, status=200, content_type=JSON, token="portal-token"):
        """A call with a token; the result is the parsed answer."""
        params = {**params, "auth": token}
        body = form_of(params) if content_type == FORM else json.dumps(params)
        response, body = self.send("/rest/" + method, body, content_type)
        self.assertEqual(response.status, status, body[:300])
        return json.loads(body)

    def ask(self, method, content_type=JSON, **params):
        """A call that succeeds; the result is `result`."""
        answer = self.call(method, params, content_type=content_type)
        self.assertEqual(set(answer), {"result", "time"}, answer)
        return answer["result"]

    def refused(self, method, params, status=200, **how):
        """A call that fails, with the error at the top; the result is its code."""
        answer = self.call(method, params, status, **how)
        self.assertEqual(set(answer), {"error", "error_description"})
        return answer["error"]

    def control(self, **wanted):
        response, body = self.send("/control", json.dumps(wanted))
        self.assertEqual(response.status, 200, body)
        return json.loads(body)

    def rule(self, action, **members):
        self.control(rules=[{"action": action, **members}])

    # --- making objects, all at once

    def make(self, kind, *objects):
        """Objects that differ from the usual ones in these fields; the result is their ids."""
        usual = {"connector": CONNECTOR, "source": SOURCE, "dataset": DATASET}[kind]
        return [result["id"] for result in self.control(calls=[
            {"method": f"biconnector.{kind}.add", "params": {"fields": {**usual, **fields}}}
            for fields in objects])["results"]]

    def make_one_of_each(self):
        for kind in "connector", "source", "dataset":
            self.make(kind, {})


@contextlib.contextmanager
def connector():
    """A reference connector that wants a login."""
    directory = tempfile.mkdtemp()
    program = Program("../connector/connector.py", "--setting", "login=anna",
                      "--database", empty_database(directory))
    try:
        yield program
    finally:
        program.stop()
        shutil.rmtree(directory)


def empty_database(directory):
    """To SQLite, an empty file is a database."""
    path = os.path.join(directory, "empty.db")
    with open(path, "wb"):
        return path
