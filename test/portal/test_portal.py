"""Tests of the portal itself: who may call, tokens, limits, rules, the log."""

import contextlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading
import unittest

from auth import Bucket
from case import CLOCK, CONNECTOR, FORM, JSON, SOURCE, Case, Program
from errors import SYSTEM_ERRORS, ApiError
from shared import form_of

FIELDS = "biconnector.connector.fields"
LIST = "biconnector.connector.list"


class Requests(Case):

    options = Case.options + ("--webhook", "3/hook", "--token", "seven=7")

    def path(self, path, params=None, content_type=JSON, **how):
        """The status and the answer of a request to this path."""
        params = {"auth": "portal-token"} if params is None else params
        body = form_of(params) if content_type == FORM else json.dumps(params)
        response, body = self.send(path, body, content_type, **how)
        return response.status, json.loads(body)

    def error(self, *arguments, **how):
        status, answer = self.path(*arguments, **how)
        return status, answer.get("error")

    def test_greeting(self):
        self.assertEqual(self.portal.greeting, f"listening on {self.portal.url}\n")

    def test_notations_of_a_call(self):
        for name in LIST, LIST + ".json", LIST + "/", LIST.upper():
            for kind in JSON, FORM, JSON + "; charset=utf-8":
                self.assertEqual(self.path("/rest/" + name, content_type=kind)[0], 200, name)

    def test_notations_of_a_token(self):
        self.assertEqual(self.path(f"/rest/{LIST}?auth=portal-token", {})[0], 200)
        self.assertEqual(self.send(f"/rest/{LIST}?auth=portal-token")[0].status, 200)
        for header, status in (("Bearer portal-token", 200), ("portal-token", 401),
                               ("Bearer other", 401), ("Basic portal-token", 401)):
            self.assertEqual(self.path("/rest/" + LIST, {}, Authorization=header)[0], status)

    def test_wrong_tokens(self):
        for token in "other", "", None, 5, ["portal-token"], {"a": "portal-token"}:
            self.assertEqual(self.path("/rest/" + LIST, {"auth": token}), (401, {
                "error": "NO_AUTH_FOUND", "error_description": "Wrong authorization data"}))
        self.assertEqual(self.error("/rest/" + FIELDS, {}), (401, "NO_AUTH_FOUND"))

    def test_user_of_a_token(self):
        self.make("connector", {})
        self.call("biconnector.source.add", {"fields": SOURCE}, token="seven")
        self.assertEqual(self.ask("biconnector.source.get", id=1)["item"]["connection"][
            "createdById"], 7)

    def test_webhooks(self):
        for kind in "connector", "source", "dataset", "table":
            self.assertEqual(self.path(f"/rest/3/hook/biconnector.{kind}.fields", {})[0], 200)
        for method in (LIST, "biconnector.source.add", "biconnector.dataset.fields.update",
                       "biconnector.table.delete.json"):
            self.assertEqual(self.path("/rest/3/hook/" + method), (403, {
                "error": "ACCESS_DENIED",
                "error_description": "REST API is available only on commercial plans"}))
        for wrong in "3/other", "1/hook", "x/hook", "3/hook2":
            self.assertEqual(self.error(f"/rest/{wrong}/{FIELDS}"), (401, "NO_AUTH_FOUND"))

    def test_webhooks_that_may_all(self):
        self.control(options={"webhook_may_all": True, "check": "off"})
        self.assertEqual(self.path("/rest/3/hook/biconnector.connector.add", {
            "fields": CONNECTOR})[1]["result"], {"id": 1})
        self.path("/rest/3/hook/biconnector.source.add", {"fields": SOURCE})
        self.assertEqual(self.ask("biconnector.source.list")[0]["createdById"], "3")

    def test_webhooks_of_the_live_service(self):
        self.control(options={"error_shape": "result"})
        status, answer = self.path("/rest/3/hook/" + LIST)
        self.assertEqual((status, answer["result"]), (200, {"error": {
            "error": "ACCESS_DENIED", "error_description": "Access denied."}}))

    def test_unknown_methods(self):
        for method in ("biconnector.connector", "biconnector.connector.fields.update", "batch",
                       "biconnector.dataset.fields.add", "connector.list", "biconnector..list",
                       "biconnector.connector.insert", "biconnector.connector.__init__"):
            for path in "/rest/", "/rest/3/hook/":
                self.assertEqual(self.path(path + method), (404, {
                    "error": "ERROR_METHOD_NOT_FOUND", "error_description": "Method not found!"}))

    def test_families(self):
        for family, known in (("both", (200, 200)), ("dataset", (200, 404)),
                              ("table", (404, 200))):
            self.control(options={"family": family})
            self.assertEqual(tuple(self.path(f"/rest/biconnector.{kind}.fields.update")[0]
                                   for kind in ("dataset", "table")), known)
        self.assertEqual(self.path("/rest/" + LIST)[0], 200)

    def test_wrong_requests(self):
        for path in "/", "/rest", "/rest/3/" + LIST, "/rest/a/b/c/d", "/rests/" + LIST, "/oauth":
            self.assertEqual(self.error(path), (404, "NOT_FOUND"), path)
        for method in "GET", "PUT", "DELETE":
            self.assertEqual(self.error("/rest/" + LIST, method=method),
                             (405, "METHOD_NOT_ALLOWED"))
        for kind, body, status in ((JSON, "{", 400), (JSON, "[]", 400), ("text/plain", "x", 415),
                                   (FORM, "filter[>=id]=1", 400), (JSON, b"\xff", 400)):
            self.assertEqual(self.send("/rest/" + LIST, body, kind)[0].status, status)
        self.assertEqual(self.path("/rest/" + LIST)[0], 200)        # the connection still works
        with contextlib.closing(self.portal.connect()) as client:
            self.assertEqual(self.error("/rest/" + LIST, client=client, **{
                "Content-Length": "999999999"}), (413, "BODY_TOO_LARGE"))

    def test_keep_alive(self):
        for _ in range(2):
            self.path("/rest/" + LIST)
        first, second = self.portal.log()[-2:]
        self.assertEqual(first["connection"], second["connection"])
        with contextlib.closing(self.portal.connect()) as client:
            self.path("/rest/" + LIST, client=client)
        self.assertGreater(self.portal.log()[-1]["connection"], first["connection"])

    def test_many_at_once(self):
        """Each call gets an id of its own."""
        def add():
            with contextlib.closing(self.portal.connect()) as client:
                for _ in range(5):
                    ids.append(self.path("/rest/biconnector.connector.add", {
                        "auth": "portal-token", "fields": CONNECTOR}, client=client)[1][
                            "result"]["id"])
        ids = []
        threads = [threading.Thread(target=add) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(ids), list(range(1, 41)))


class Log(Case):

    options = Case.options + ("--webhook", "3/hook", "--client", "app=app-secret",
                              "--refresh-token", "refresh-1")

    def test_call(self):
        self.ask("biconnector.source.list", filter={"=id": 5})
        self.ask("biconnector.source.list", FORM, filter={"=id": 5})
        first, second = self.portal.log()[-2:]
        self.assertEqual({**first, "n": 0, "connection": 0}, {
            "n": 0, "connection": 0, "method": "biconnector.source.list", "via": "token",
            "user": 1, "format": "json", "path": "/rest/biconnector.source.list",
            "params": {"filter": {"=id": 5}, "auth": "***"}, "status": 200, "error": None})
        self.assertEqual((second["n"], second["format"], second["params"]),
                         (first["n"] + 1, "form", {"filter": {"=id": "5"}, "auth": "***"}))

    def test_control_is_not_logged(self):
        before = len(self.portal.log())
        self.control(options={})
        self.assertEqual(len(self.portal.log()), before)

    def test_errors(self):
        for status, code, call in (
                (200, "SOURCE_NOT_FOUND", lambda: self.call("biconnector.source.get", {"id": 9})),
                (404, "ERROR_METHOD_NOT_FOUND", lambda: self.call("nothing", {}, 404)),
                (401, "NO_AUTH_FOUND", lambda: self.call(LIST, {}, 401, token="x")),
                (404, "NOT_FOUND", lambda: self.send("/nothing")),
                (400, "BAD_BODY", lambda: self.send("/rest/" + LIST, "{"))):
            call()
            record = self.portal.log()[-1]
            self.assertEqual((record["status"], record["error"]), (status, code))
        self.control(options={"error_shape": "result"})
        self.call("biconnector.source.get", {"id": 9})
        self.assertEqual(self.portal.log()[-1]["error"], "SOURCE_NOT_FOUND")

    def test_secrets(self):
        secret = "geheim"
        self.make("connector", {})
        for kind in JSON, FORM:
            self.call("biconnector.source.add", {"fields": {**SOURCE, "settings": {
                "login": secret, "0": secret}}}, content_type=kind)
            self.call("biconnector.source.add", {"fields": {**SOURCE, "settings": [secret]}},
                      content_type=kind)
            self.call("biconnector.source.update", {"id": 1, "fields": {"settings": [
                {"code": "login", "value": secret}]}}, content_type=kind)
            self.call("biconnector.source.list", {"filter": {"settings": secret}},
                      content_type=kind)
            self.call(LIST, {}, 401, token=secret, content_type=kind)
        self.send("/rest/3/geheim/" + LIST, "{}")
        self.send("/rest/3/geheim", "{}")
        self.send(f"/rest/{LIST}?auth=geheim", "{}")
        self.send("/oauth/token/?grant_type=refresh_token&client_secret=geheim&"
                  "refresh_token=geheim", method="GET")
        self.send("/rest/" + LIST, '{"auth": "geheim"', JSON, Authorization="Bearer geheim")
        with open(self.portal.log_file, encoding="utf-8") as file:
            self.assertNotIn(secret, file.read())
        paths = [record["path"] for record in self.portal.log()]
        self.assertIn("/rest/3/***/" + LIST, paths)

    def test_settings_of_a_connector(self):
        """They are no secrets: there are no values in them."""
        self.ask("biconnector.connector.add", fields=CONNECTOR)
        self.assertEqual(self.portal.log()[-1]["params"]["fields"], CONNECTOR)


class OAuth(Case):

    options = Case.options + ("--client", "app=app-secret", "--client", "open=",
                              "--refresh-token", "refresh-1=5")
    REQUEST = {"grant_type": "refresh_token", "client_id": "app", "client_secret": "app-secret",
               "refresh_token": "refresh-1"}

    def tokens(self, status=200, method="POST", path="/oauth/token/", **params):
        """The answer to a request for tokens."""
        params = {key: value for key, value in {**self.REQUEST, **params}.items()
                  if value is not None}
        query = form_of(params)
        response, body = (self.send(path, query, FORM) if method == "POST"
                          else self.send(f"{path}?{query}", method="GET"))
        self.assertEqual(response.status, status, body)
        return json.loads(body)

    def test_refresh(self):
        for method in "GET", "POST":
            for path in "/oauth/token/", "/oauth/token":
                self.control(reset=True)
                answer = self.tokens(method=method, path=path)
                self.assertEqual(answer, {
                    "access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 3600,
                    "expires": 1767326645, "scope": "biconnector", "status": "L", "user_id": 5,
                    "domain": f"127.0.0.1:{self.portal.port}", "member_id": "0" * 32,
                    "client_endpoint": self.portal.url + "/rest/",
                    "server_endpoint": self.portal.url + "/rest/"})
                self.assertEqual(self.call(LIST, {}, token="access-2")["result"], [])

    def test_rotation(self):
        """A refresh token is good for one time."""
        first = self.tokens()
        second = self.tokens(refresh_token=first["refresh_token"])
        self.assertEqual((second["access_token"], second["refresh_token"]),
                         ("access-3", "refresh-3"))
        for used in "refresh-1", "refresh-2", "refresh-4", "", None:
            self.assertEqual(self.tokens(400, refresh_token=used), {"error": "invalid_grant"})
        self.assertEqual(self.call(LIST, {}, token="access-2")["result"], [])

    def test_wrong_requests(self):
        for params in {"client_id": "other"}, {"client_secret": "x"}, {"client_id": None}, {
                "client_secret": None}, {"client_id": None, "client_secret": None}:
            self.assertEqual(self.tokens(401, **params), {"error": "invalid_client"})
        self.assertEqual(self.tokens(400, grant_type="password"),
                         {"error": "unsupported_grant_type"})
        self.assertEqual(self.tokens(400, grant_type=None), {"error": "invalid_request"})
        self.tokens()                           # none of these has used up the token

    def test_expired(self):
        self.control(tokens={"portal-token": {"error": "expired_token"}})
        self.assertEqual(self.call(LIST, {}, 401), {
            "error": "expired_token", "error_description": "The access token provided has expired"})
        self.assertEqual(self.portal.log()[-1]["error"], "expired_token")
        self.call(LIST, {}, token=self.tokens()["access_token"])
        self.call(LIST, {}, 401)

    def test_expires_after_calls(self):
        self.control(tokens={"short": {"calls": 2}}, options={"token_calls": 1})
        for _ in range(2):
            self.call(LIST, {}, token="short")
        for _ in range(2):
            self.assertEqual(self.refused(LIST, {}, 401, token="short"), "expired_token")
        access = self.tokens()["access_token"]
        self.call(LIST, {}, token=access)
        self.assertEqual(self.refused(LIST, {}, 401, token=access), "expired_token")
        self.call(LIST, {})

    def test_tokens_without_rights(self):
        for code in "insufficient_scope", "user_access_error", "INVALID_CREDENTIALS":
            self.control(tokens={"weak": {"error": code}})
            self.assertEqual(self.call(LIST, {}, 403, token="weak"), {
                "error": code, "error_description": SYSTEM_ERRORS[code][1]})

    def test_lost_answer(self):
        """The old refresh token is used up even if the new one never arrived."""
        self.rule("drop_after_effect", method="oauth.token")
        with self.assertRaises(ConnectionError):
            self.tokens()
        self.assertEqual(self.tokens(400), {"error": "invalid_grant"})

    def test_rules(self):
        self.rule("answer", method="oauth.token", body="<html>", status=502)
        response, _ = self.send("/oauth/token/", form_of(self.REQUEST), FORM)
        self.assertEqual(response.status, 502)
        self.rule("error", method="oauth.token", error="INTERNAL_SERVER_ERROR")
        self.assertEqual(self.tokens(500)["error"], "INTERNAL_SERVER_ERROR")
        self.tokens()


class Limits(Case):

    options = Case.options + ("--rate-limit", "0.001/3", "--token-calls", "100")

    def test_rate_limit(self):
        for _ in range(3):
            self.call(LIST, {})
        for _ in range(2):
            self.assertEqual(self.call(LIST, {}, 503), {
                "error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"})
        self.control(options={"rate_limit": None})
        self.call(LIST, {})
        self.control(options={"rate_limit": "0"})
        self.call(LIST, {})
        self.call(LIST, {}, 503)

    def test_unknown_methods_do_not_count(self):
        for _ in range(5):
            self.call("nothing", {}, 404)
        self.call(LIST, {})

    def test_token_calls(self):
        """What the limit refuses, and what no method is, costs a token nothing."""
        self.control(options={"rate_limit": None})
        for _ in range(100):
            self.call("nothing", {}, 404)
            self.call(LIST, {})
        self.assertEqual(self.refused(LIST, {}, 401), "expired_token")

    def test_bucket(self):
        now = [0.0]
        bucket = Bucket("2/4", lambda: now[0])

        def taken():
            """How many calls there are room for."""
            with contextlib.suppress(ApiError):
                for count in range(100):
                    bucket.take()
            return count
        self.assertEqual(taken(), 4)
        self.assertEqual(taken(), 0)
        now[0] = 0.5
        self.assertEqual(taken(), 1)
        now[0] = 1.75
        self.assertEqual(taken(), 2)
        now[0] = 100
        self.assertEqual(taken(), 4)
        for wrong in "", "x", "1/x", "-1", "1/-1":
            with self.assertRaises(ValueError):
                Bucket(wrong)


@unittest.skipUnless(shutil.which("openssl"), "needs openssl to make a certificate")
class Tls(unittest.TestCase):

    def test_tls(self):
        directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, directory)
        cert, key = (os.path.join(directory, name) for name in ("cert.pem", "key.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-out", cert, "-keyout", key], check=True, capture_output=True)
        server = Program("portal.py", "--tls-cert", cert, "--tls-key", key, "--token", "t",
                         "--clock", CLOCK, "--refresh-token", "r", "--client", "a=b")
        self.assertIn("https://", server.greeting)
        with contextlib.closing(http.client.HTTPSConnection(
                "127.0.0.1", server.port, context=ssl.create_default_context(cafile=cert),
                timeout=10)) as client:
            client.request("POST", "/rest/" + LIST, '{"auth": "t"}', {"Content-Type": JSON})
            self.assertEqual(json.loads(client.getresponse().read())["result"], [])
            client.request("GET", "/oauth/token/?grant_type=refresh_token&client_id=a&"
                           "client_secret=b&refresh_token=r")
            self.assertEqual(json.loads(client.getresponse().read())["client_endpoint"],
                             f"https://127.0.0.1:{server.port}/rest/")
        self.assertEqual(server.stop(), (0, ""))


if __name__ == "__main__":
    unittest.main()
