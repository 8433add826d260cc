"""Tests of every error that the vendor's reference lists for a method."""

import os
import unittest

import refusals
from case import CLOCK, CONNECTOR, DATASET, HERE, SOURCE, Case, connector
from refusals import REFUSALS


class Refusals(Case):
    """All rows of the table, each on its own: nothing that is refused changes anything."""

    options = ("--token", "portal-token", "--clock", CLOCK)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        context = connector()
        cls.connector = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)

    def setUp(self):
        super().setUp()
        self.control(options={"check": "off"})
        reachable = {"urlCheck": self.connector.url + "/check"}
        self.make("connector", reachable, reachable, {})
        self.make("source", {}, {}, {"connectorId": 3})
        self.make("dataset", {"name": "taken"})
        self.control(options={"check": "on"})
        self.objects = self.everything()

    def everything(self):
        return [self.ask(f"biconnector.{kind}.get", id=number) for kind, count in (
            ("connector", 3), ("source", 3), ("dataset", 1)) for number in range(1, count + 1)]

    def check_refusal(self, refusal, params):
        with self.subTest(refusal.method, code=refusal.code):
            answer = self.call(refusal.method, params)
            self.assertEqual(answer, {"error": refusal.code, "error_description": refusal.text})

    def test_by_request(self):
        for refusal in REFUSALS:
            if refusal.params is not None:
                self.check_refusal(refusal, refusal.params)
        self.assertEqual(self.everything(), self.objects)

    def test_by_rule(self):
        for refusal in REFUSALS:
            if refusal.params is None:
                self.rule("error", method=refusal.method, error=refusal.code)
                self.check_refusal(refusal, {"id": 1, "fields": {"description": "D"}})
        self.assertEqual(self.everything(), self.objects)

    def test_inside_of_result(self):
        self.control(options={"error_shape": "result"})
        for refusal in REFUSALS:
            if refusal.params is not None:
                with self.subTest(refusal.method, code=refusal.code):
                    answer = self.call(refusal.method, refusal.params)
                    self.assertEqual(answer["result"], {"error": {
                        "error": refusal.code, "error_description": refusal.text}})
                    self.assertEqual(set(answer), {"result", "time"})

    def test_status(self):
        self.control(options={"error_status": 400})
        self.assertEqual(self.refused("biconnector.source.get", {}, 400),
                         "VALIDATION_ID_NOT_PROVIDED")

    def test_later_family(self):
        """The methods of the other name refuse the same."""
        for refusal in REFUSALS:
            if refusal.method.startswith("biconnector.dataset.") and refusal.params is not None:
                self.check_refusal(refusal._replace(
                    method=refusal.method.replace("dataset", "table")), refusal.params)

    def test_readme(self):
        with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
            lines = file.read().splitlines()
        table = list(refusals.table())
        start = lines.index(table[0])
        self.assertEqual(lines[start:start + len(table)], table)


class Limits(Case):
    """What is just right, beside what is just wrong."""

    def setUp(self):
        super().setUp()
        self.make_one_of_each()

    def test_ids(self):
        for number in 1, "1", 1.0, " 1", "1e0":
            self.assertEqual(self.ask("biconnector.connector.get", id=number)["item"]["id"], 1)
        for wrong in 0, -1, "0", "", "x", None, True, [1], "1x", 0.5, "١":
            self.assertEqual(self.refused("biconnector.connector.get", {"id": wrong}),
                             "VALIDATION_INVALID_ID_FORMAT", wrong)

    def test_fields_not_provided(self):
        for wrong in None, "", "title", 0, {}, [], True:
            self.assertEqual(self.refused("biconnector.source.add", {"fields": wrong}),
                             "VALIDATION_FIELDS_NOT_PROVIDED", wrong)
        self.assertEqual(self.call("biconnector.source.add", {"fields": ["x"]})[
            "error_description"], "Unknown parameters: 0")

    def test_what_comes_first(self):
        """The unknown before the missing, and then one field after the other."""
        fields = {"colour": 1, "active": "x", "settings": "y"}
        for code in ("VALIDATION_UNKNOWN_PARAMETERS", "VALIDATION_REQUIRED_FIELD_MISSING",
                     "VALIDATION_INVALID_FIELD_TYPE"):
            self.assertEqual(self.refused("biconnector.source.add", {"fields": fields}), code)
            fields = {**fields, "title": "T"} if "colour" not in fields else {
                key: value for key, value in fields.items() if key != "colour"}
        self.assertEqual(self.refused("biconnector.source.update", {"fields": {"x": 1}}),
                         "VALIDATION_ID_NOT_PROVIDED")
        self.assertEqual(self.refused("biconnector.source.update", {"id": 99, "fields": {"x": 1}}),
                         "VALIDATION_UNKNOWN_PARAMETERS")

    def test_types(self):
        add = "biconnector.connector.add"
        for sort in 5, "5", "5.7", 5.2:
            number = self.ask(add, fields={**CONNECTOR, "sort": sort})["id"]
            self.assertEqual(self.ask("biconnector.connector.get", id=number)["item"]["sort"], 5)
        for member, wrong in (("sort", None), ("sort", True), ("sort", "five"), ("title", 5),
                              ("title", None), ("settings", "login"), ("settings", None)):
            self.assertEqual(self.refused(add, {"fields": {**CONNECTOR, member: wrong}}),
                             "VALIDATION_INVALID_FIELD_TYPE", (member, wrong))
        for wrong in 1, "true", None:
            self.assertEqual(self.refused("biconnector.source.update", {
                "id": 1, "fields": {"active": wrong}}), "VALIDATION_INVALID_FIELD_TYPE")

    def test_settings(self):
        for setting in {"name": "n" * 512, "code": "c" * 512, "type": "STRING"}, {
                "name": "", "code": "", "type": "STRING", "more": "is left out"}:
            number = self.ask("biconnector.connector.add",
                              fields={**CONNECTOR, "settings": [setting]})["id"]
            setting.pop("more", None)
            self.assertEqual(self.ask("biconnector.connector.get", id=number)["item"]["settings"],
                             [setting])
        self.ask("biconnector.connector.add", fields={**CONNECTOR, "settings": []})
        for wrong in "login", None, {**CONNECTOR["settings"][0], "name": None}:
            self.assertEqual(self.refused("biconnector.connector.update", {
                "id": 1, "fields": {"settings": [wrong]}}),
                "VALIDATION_SETTINGS_MISSING_REQUIRED_FIELDS")

    def test_names(self):
        add = "biconnector.dataset.add"
        column = DATASET["fields"][0]
        for name in "n" * 230, "a", "a_1":
            self.ask(add, fields={**DATASET, "name": name})
        for name in "", "1a", "_a", "aB", "a-b", "ä", "a ", "a\n":
            self.assertEqual(self.refused(add, {"fields": {**DATASET, "name": name}}),
                             "VALIDATION_DATASET_NAME_INVALID", name)
        for index, name in enumerate(("N" * 32, "A", "A_1")):
            self.ask(add, fields={**DATASET, "name": f"ok{index}",
                                  "fields": [{**column, "name": name}]})
        for name in "", "1A", "_A", "Ab", "A-B", "Ä", "A ":
            self.assertEqual(self.refused(add, {"fields": {
                **DATASET, "name": "wrong", "fields": [{**column, "name": name}]}}),
                "VALIDATION_FIELD_NAME_INVALID_FORMAT", name)

    def test_columns(self):
        column = DATASET["fields"][0]
        for index, kind in enumerate(("int", "string", "double", "date", "datetime")):
            self.ask("biconnector.dataset.add", fields={
                **DATASET, "name": f"d{index}", "fields": [{**column, "type": kind}]})
        for code, columns in (("FIELDS_EMPTY", []),
                              ("VALIDATION_FIELD_INVALID_TYPE", [{**column, "type": "money"}]),
                              ("VALIDATION_FIELD_INVALID_TYPE", [{**column, "type": ["int"]}]),
                              ("VALIDATION_FIELD_MISSING_REQUIRED_PARAMETERS", ["ID"]),
                              ("VALIDATION_FIELD_MISSING_REQUIRED_PARAMETERS",
                               [{**column, "type": None}])):
            self.assertEqual(self.refused("biconnector.dataset.add", {"fields": {
                **DATASET, "name": "wrong", "fields": columns}}), code)

    def test_later(self):
        """What the later documentation added is unknown unless it is asked for."""
        later = {**CONNECTOR, "supportMapping": True, "sourceCode": "shop",
                 "settings": [{"name": "Port", "type": "INT", "code": "port"}]}
        self.assertEqual(self.call("biconnector.connector.add", {"fields": later})[
            "error_description"], "Unknown parameters: supportMapping, sourceCode")
        self.control(options={"later": True})
        number = self.ask("biconnector.connector.add", fields=later)["id"]
        item = self.ask("biconnector.connector.get", id=number)["item"]
        self.assertEqual({key: item[key] for key in later}, later)
        self.assertEqual([field["title"] for field in self.ask("biconnector.connector.fields")[
            "fields"]][-2:], ["supportMapping", "sourceCode"])
        self.assertEqual(self.ask("biconnector.connector.list", filter={"sourceCode": "shop"}),
                         [{**item, "id": str(number)}])
        self.ask("biconnector.dataset.fields.update", id=1, add=[
            {"type": kind, "name": kind.upper(), "externalCode": kind}
            for kind in ("money", "timezone")])
        self.control(options={"later": False})
        self.assertEqual(set(item) - set(self.ask("biconnector.connector.get", id=number)["item"]),
                         {"supportMapping", "sourceCode"})

    def test_source_of_nobody(self):
        self.assertEqual(self.refused("biconnector.source.add", {
            "fields": {**SOURCE, "connectorId": "99"}}), "CONNECTOR_NOT_FOUND")


if __name__ == "__main__":
    unittest.main()
