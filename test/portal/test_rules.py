"""Tests of what the portal does wrong on request, and of its control."""

import contextlib
import json
import os
import re
import time
import unittest

import rules
from case import CLOCK, CONNECTOR, DATASET, HERE, JSON, SOURCE, Case
from errors import METHOD_ERRORS, SYSTEM_ERRORS
from options import BEHAVIOUR

ADD, GET = "biconnector.connector.add", "biconnector.connector.get"
LIST = "biconnector.connector.list"


class Rules(Case):

    tested = set()

    def rule(self, action, **members):
        self.tested.add(action)
        super().rule(action, **members)

    def raw(self, method, **params):
        """A call whatever is answered; the result is the response and its body."""
        return self.send("/rest/" + method, json.dumps({**params, "auth": "portal-token"}))

    def titles(self):
        return [item["title"] for item in self.ask(LIST)]

    def connector(self, title):
        return {"fields": {**CONNECTOR, "title": title}}

    # The name of the last test makes it the last one to run.
    def test_zz_all_of_them(self):
        self.assertEqual(set(rules.ACTIONS) - self.tested, set())

    def test_readme(self):
        with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
            text = file.read()
        for heading, row, names in (
                ("Rules", r"^\| `(\w+)` \|", rules.ACTIONS),
                ("Behaviour", r"^\| `--([a-z-]+)[ `]", [name.replace("_", "-")
                                                       for name in BEHAVIOUR]),
                ("Errors", r"^\| (\d+ \| `\w+` \| [^|]+) \|",
                 [f"{status} | `{code}` | {text_of.replace('{value}', '#VALUE#')}"
                  for code, (status, text_of) in SYSTEM_ERRORS.items()])):
            section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
            self.assertEqual(sorted(re.findall(row, section, re.MULTILINE)), sorted(names))

    def test_errors_of_the_system(self):
        for code, (status, text) in SYSTEM_ERRORS.items():
            self.rule("error", error=code)
            answer = self.call(LIST, {}, status)
            self.assertEqual(answer["error"], code)
            self.assertEqual(answer["error_description"], text.replace("{value}", "value"))
            self.ask(LIST)

    def test_errors_of_methods(self):
        for code, text in METHOD_ERRORS.items():
            self.rule("error", error=code)
            self.assertEqual(self.call(LIST, {}), {
                "error": code, "error_description": re.sub(r"[{}]", "", text)})

    def test_error_as_it_is_told(self):
        self.rule("error", error=0, description="Error adding dataset", status=400)
        self.assertEqual(self.call(LIST, {}, 400), {
            "error": 0, "error_description": "Error adding dataset"})
        self.rule("error", error="NEW_ONE")
        self.assertEqual(self.call(LIST, {}), {"error": "NEW_ONE", "error_description": ""})
        self.rule("error", error="expired_token", shape="result", status=200)
        self.assertEqual(self.call(LIST, {})["result"]["error"]["error"], "expired_token")
        self.control(options={"error_shape": "result"})
        self.rule("error", error="BX_ERROR", shape="top")
        self.assertEqual(self.call(LIST, {})["error"], "BX_ERROR")

    def test_error_before_and_after_the_effect(self):
        self.rule("error", error="INTERNAL_SERVER_ERROR")
        self.call(ADD, self.connector("not there"), 500)
        self.rule("error_after_effect", error="DATASET_UPDATE_ERROR")
        self.assertEqual(self.refused(ADD, self.connector("there")), "DATASET_UPDATE_ERROR")
        self.assertEqual(self.titles(), ["there"])

    def test_drops(self):
        for action, title in (("drop_before_effect", "not there"), ("drop_after_effect", "there")):
            self.rule(action)
            with self.assertRaises(ConnectionError):
                self.raw(ADD, **self.connector(title))
            record = self.portal.log()[-1]
            self.assertEqual((record["method"], record["status"]), (ADD, None))
        self.assertEqual(self.titles(), ["there"])

    def test_drop_inside_an_answer(self):
        self.rule("drop_inside_answer")
        with self.assertRaises(Exception) as caught:
            self.raw(ADD, **self.connector("there"))
        self.assertEqual(type(caught.exception).__name__, "IncompleteRead")
        self.client.close()
        self.assertEqual(self.titles(), ["there"])

    def test_other_answers(self):
        for action, there in (("answer", []), ("answer_after_effect", ["there"])):
            for body, text in (("<html>502</html>", "<html>502</html>"), ("", ""), ("{}", "{}"),
                               ({}, "{}"), ([], "[]"), ({"result": None}, '{"result": null}')):
                self.control(reset=True)
                self.rule(action, body=body)
                response, answer = self.raw(ADD, **self.connector("there"))
                self.assertEqual((response.status, answer.decode()), (200, text))
                self.assertEqual(self.titles(), there)
        self.rule("answer", body="busy", status=502, content_type="text/html")
        response, _ = self.raw(LIST)
        self.assertEqual((response.status, response.getheader("Content-Type")),
                         (502, "text/html; charset=utf-8"))
        self.assertEqual(self.portal.log()[-1]["status"], 502)

    def test_cut(self):
        self.rule("cut", bytes=12)
        response, body = self.raw(ADD, **self.connector("there"))
        self.assertEqual((response.status, body), (200, b'{"result": {'))
        self.assertEqual(self.titles(), ["there"])

    def test_delays(self):
        """A client that loses its patience goes away before the effect, or after it."""
        for action, there in (("delay", []), ("delay_after_effect", ["there"])):
            self.rule(action, method=ADD, seconds=60)
            with contextlib.closing(self.portal.connect()) as client:
                client.request("POST", "/rest/" + ADD, json.dumps({
                    **self.connector("there"), "auth": "portal-token"}), {"Content-Type": JSON})
                self.wait_for(lambda: self.control()["rules"][-1]["met"] == 1)
                self.wait_for(lambda: self.titles() == there)
            self.wait_for(lambda: self.aborted() == len(there) + 1)
            self.assertEqual(self.titles(), there)
        self.rule("delay", seconds=0.001)
        self.ask(ADD, **self.connector("late"))
        self.assertEqual(self.titles(), ["there", "late"])

    def aborted(self):
        """How many calls the log has that nobody waited for."""
        return len([record for record in self.portal.log() if record.get("event") == "aborted"
                    and record["method"] == ADD and record["status"] is None])

    def wait_for(self, condition):
        deadline = time.monotonic() + 10
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_calls(self):
        self.make("connector", {}, {})
        self.rule("calls", method=LIST, calls=[
            {"method": "biconnector.connector.delete", "params": {"id": 1}},
            {"method": ADD, "params": self.connector("new")}])
        self.assertEqual([item["id"] for item in self.ask(LIST)], ["2", "3"])
        self.rule("calls", calls=[{"method": GET, "params": {"id": 99}}])
        self.assertEqual(self.refused(LIST, {}), "CONNECTOR_NOT_FOUND")

    def test_skip_and_times(self):
        self.rule("error", error="BX_ERROR", skip=1, times=2)
        self.assertEqual([self.call(LIST, {}).get("error") for _ in range(5)],
                         [None, "BX_ERROR", "BX_ERROR", None, None])
        self.rule("error", error="BX_ERROR", times=None)
        for _ in range(5):
            self.refused(LIST, {})
        self.control(reset=True)
        self.ask(LIST)

    def test_methods(self):
        self.rule("error", method="biconnector.*.list", error="BX_ERROR")
        self.refused(GET, {})
        self.assertEqual(self.refused("biconnector.source.list", {}), "BX_ERROR")
        self.ask(LIST)

    def test_several_at_once(self):
        self.rule("delay", seconds=0)
        self.rule("error", error="BX_ERROR")
        self.rule("cut", bytes=1)
        self.assertEqual(self.refused(LIST, {}), "BX_ERROR")
        self.assertEqual([rule["met"] for rule in self.control()["rules"]], [1, 1, 1])

    def test_calls_that_are_refused_meet_no_rule(self):
        self.rule("error", error="BX_ERROR")
        self.call(LIST, {}, 401, token="wrong")
        self.call("nothing", {}, 404)
        self.assertEqual(self.refused(LIST, {}), "BX_ERROR")


class Control(Case):

    options = ("--token", "portal-token", "--clock", CLOCK, "--ids", "number", "--later",
               "--error-status", "400")

    def wrong(self, body):
        response, answer = self.send("/control", body if isinstance(body, str)
                                     else json.dumps(body))
        self.assertEqual(response.status, 400, answer)
        return json.loads(answer)["error"]

    def test_state(self):
        self.control(options={"check": "off"})
        self.make_one_of_each()
        self.make("dataset", {"name": "second"})
        state = self.control()
        self.assertEqual(state["objects"], {"connector": 1, "source": 1, "dataset": 2})
        self.assertEqual((state["rules"], state["results"]), ([], []))
        self.assertEqual(set(state["options"]), set(BEHAVIOUR))

    def test_options_of_the_command_line(self):
        options = self.control()["options"]
        self.assertEqual((options["ids"], options["later"], options["error_status"]),
                         ("number", True, 400))
        self.assertEqual(self.refused(GET, {}, 400), "VALIDATION_ID_NOT_PROVIDED")

    def test_reset(self):
        self.control(options={"check": "off", "ids": "string", "error_shape": "result",
                              "rate_limit": "0"}, tokens={"portal-token": {"user": 9}},
                     rules=[{"action": "drop_before_effect"}])
        self.make_one_of_each()
        state = self.control(reset=True)
        self.assertEqual(state["objects"], {"connector": 0, "source": 0, "dataset": 0})
        self.assertEqual((state["options"]["ids"], state["options"]["error_shape"],
                          state["options"]["rate_limit"], state["rules"]),
                         ("number", "top", None, []))
        self.control(options={"check": "off"})
        for kind, fields in (("connector", CONNECTOR), ("source", SOURCE), ("dataset", DATASET)):
            self.assertEqual(self.ask(f"biconnector.{kind}.add", fields=fields), {"id": 1})
        item = self.ask("biconnector.dataset.get", id=1)["item"]
        self.assertEqual((item["dateCreate"], item["createdById"], item["fields"][0]["id"]),
                         ("2026-01-02 03:04:07", 1, 1))

    def test_wrong_options(self):
        for options in ({"nothing": 1}, {"ids": "roman"}, {"later": 1}, {"error_status": "x"},
                        {"rate_limit": 5}, {"rate_limit": "x"}, {"token_calls": -1},
                        {"check": True}, {"error_shape": None}):
            self.assertEqual(self.wrong({"options": options}), "BAD_OPTION", options)

    def test_wrong_rules(self):
        for rule in ({}, {"action": "explode"}, {"action": "delay"}, {"action": "cut", "byte": 1},
                     {"action": "drop_after_effect", "seconds": 1}):
            self.assertEqual(self.wrong({"rules": [rule]}), "BAD_RULE", rule)
        self.assertEqual(self.control()["rules"], [])

    def test_wrong_requests(self):
        for body in "{", "[]", "x":
            self.assertEqual(self.wrong(body), "BAD_BODY")
        for body in {"rule": []}, {"rules": [5]}, {"calls": [{}]}, {"tokens": {"t": {"x": 1}}}, {
                "options": []}:
            self.assertEqual(self.wrong(body), "BAD_CONTROL", body)
        self.assertEqual(self.wrong({"calls": [{"method": GET}]}), "VALIDATION_ID_NOT_PROVIDED")
        self.assertEqual(self.wrong({"calls": [{"method": "x"}]}), "ERROR_METHOD_NOT_FOUND")
        self.assertEqual(self.send("/control", method="GET")[0].status, 405)

    def test_many_objects(self):
        self.control(options={"check": "off"})
        self.make("connector", {})
        self.make("source", {})
        self.assertEqual(self.make("dataset", *({"name": f"d{number}"}
                                                for number in range(2500)))[-1], 2500)
        self.assertEqual([item["id"] for item in self.ask(
            "biconnector.dataset.list", page=50)], list(range(2451, 2501)))


if __name__ == "__main__":
    unittest.main()
