"""Tests of what the methods do: the vendor's examples, and the rules beside them."""

import unittest

import examples
from case import CONNECTOR, DATASET, FORM, JSON, SOURCE, Case, connector


class Examples(Case):
    """Each method with the reference's request, against the reference's answer."""

    # The fifth call that writes is at 2025-03-24 07:25:59.
    options = ("--token", "portal-token", "--check", "off", "--clock", "2025-03-24 07:25:55")
    family = "dataset"

    def ask_dataset(self, method, **params):
        return self.ask(f"biconnector.{self.family}.{method}", **params)

    def test_connector_add(self):
        for kind in JSON, FORM:
            with self.subTest(kind):
                self.control(reset=True)
                self.make("connector", {}, {}, {})
                self.assertEqual(self.ask("biconnector.connector.add", kind,
                                          **examples.CONNECTOR_ADD), examples.CONNECTOR_ADDED)
                item = self.ask("biconnector.connector.get", kind, id=4)["item"]
                self.assertEqual(item, {"id": 4, "dateCreate": "2025-03-24 07:25:58",
                                        **examples.CONNECTOR_ADD["fields"]})

    def test_connector_update(self):
        for kind in JSON, FORM:
            with self.subTest(kind):
                self.control(reset=True)
                self.make("connector", {}, {}, {}, {})
                self.assertIs(self.ask("biconnector.connector.update", kind,
                                       **examples.CONNECTOR_UPDATE), True)
                item = self.ask("biconnector.connector.get", kind, id=4)["item"]
                self.assertEqual(item, {"id": 4, "dateCreate": "2025-03-24 07:25:58",
                                        **examples.CONNECTOR_UPDATE["fields"]})

    def test_connector_get(self):
        fields = {key: value for key, value in examples.CONNECTOR_GOT["item"].items()
                  if key not in ("id", "dateCreate")}
        self.make("connector", {}, {}, {}, {}, fields)
        for kind in JSON, FORM:
            self.assertEqual(self.ask("biconnector.connector.get", kind, **examples.CONNECTOR_GET),
                             examples.CONNECTOR_GOT)

    def test_connector_list(self):
        second, first = examples.CONNECTOR_LISTED
        self.make("connector", *[{"title": "MyConnector of nothing"}] * 4, {"title": "Other"},
                  *[{"description": "not mine"}] * 3,
                  *({"title": item["title"], "urlCheck": item["urlCheck"], "description": "D"}
                    for item in (first, {**first, "title": "Your connector"}, second)))
        expected = [{**second, "dateCreate": "2025-03-24 07:26:05"},
                    {**first, "dateCreate": "2025-03-24 07:26:03"}]
        for kind in JSON, FORM:
            for convert in str.upper, str.lower:
                params = {convert(key): value for key, value in examples.CONNECTOR_LIST.items()}
                self.assertEqual(self.ask("biconnector.connector.list", kind, **params), expected)

    def test_connector_delete(self):
        self.make("connector", *[{}] * 5)
        self.assertIs(self.ask("biconnector.connector.delete", **examples.CONNECTOR_DELETE), True)
        self.assertEqual([item["id"] for item in self.ask("biconnector.connector.list")],
                         ["1", "2", "3", "5"])

    def test_source_add(self):
        for kind in JSON, FORM:
            with self.subTest(kind):
                self.control(reset=True)
                self.make("connector", *[{}] * 123)
                self.make("source", *[{}] * 6)
                self.assertEqual(self.ask("biconnector.source.add", kind, **examples.SOURCE_ADD),
                                 examples.SOURCE_ADDED)
                item = self.ask("biconnector.source.get", id=7)["item"]
                self.assertEqual(item["connectorId"], 123)
                self.assertEqual(item["connection"]["code"], "rest_123")
                self.assertIs(item["connection"]["active"], True)
                self.assertEqual({setting["code"]: setting["value"]
                                  for setting in item["settings"]},
                                 examples.SOURCE_ADD["fields"]["settings"])

    def test_source_update(self):
        self.make("connector", {})
        self.make("source", *[{}] * 4)
        self.assertIs(self.ask("biconnector.source.update", **examples.SOURCE_UPDATE), True)
        item = self.ask("biconnector.source.get", id=4)["item"]
        fields = dict(examples.SOURCE_UPDATE["fields"])
        self.assertEqual({setting["code"]: setting["value"] for setting in item["settings"]},
                         fields.pop("settings"))
        self.assertEqual({key: item["connection"][key] for key in fields}, fields)

    def test_source_get(self):
        self.make("connector", {"settings": [{"name": "Token", "type": "STRING", "code": "token"},
                                             {"name": "A", "type": "STRING", "code": "a"}]})
        self.make("source", *[{"settings": {"token": "x"}}] * 3,
                  *[{"settings": {"token": "x", "a": "y"}}] * 2,
                  {"title": "Rest source SQL", "description": "Connection for working with mySql",
                   "settings": {"token": "beliberda"}})
        when = "2025-03-24 07:26:01"
        expected = {"item": {**examples.SOURCE_GOT["item"], "connection": {
            **examples.SOURCE_GOT["item"]["connection"], "dateCreate": when, "dateUpdate": when}}}
        for kind in JSON, FORM:
            self.assertEqual(self.ask("biconnector.source.get", kind, **examples.SOURCE_GET),
                             expected)

    def test_source_list(self):
        host, partner = examples.SOURCE_LISTED
        self.make("connector", *[{}] * 4)
        self.make("source", *[{"title": "Sql_nothing", "connectorId": 2}] * 3,
                  *[{"title": "My Sql", "connectorId": 2, "description": "D"}] * 3,
                  *[{"title": "Sql_elsewhere", "connectorId": 3, "description": "D"}] * 3,
                  {"title": "Sql_partner", "connectorId": 4, "description": "D", "active": False},
                  {"title": "Sql_host", "connectorId": 2, "description": "D"})
        expected = [{**host, "dateCreate": "2025-03-24 07:26:09"},
                    {**partner, "dateCreate": "2025-03-24 07:26:08"}]
        for kind in JSON, FORM:
            self.assertEqual(self.ask("biconnector.source.list", kind, **examples.SOURCE_LIST),
                             expected)

    def test_source_delete(self):
        self.make("connector", {})
        self.make("source", *[{}] * 5)
        self.assertIs(self.ask("biconnector.source.delete", FORM, **examples.SOURCE_DELETE), True)
        self.assertEqual([item["id"] for item in self.ask("biconnector.source.list")],
                         ["1", "2", "3", "5"])

    def make_datasets(self, count, **fields):
        self.make("connector", *[{}] * 2)
        self.make("source", *[{}] * 4)
        self.make("dataset", *({"name": f"d{number}", **fields} for number in range(count)))

    def test_dataset_add(self):
        for kind in JSON, FORM:
            with self.subTest(kind):
                self.control(reset=True)
                self.make_datasets(9)
                self.assertEqual(self.ask(f"biconnector.{self.family}.add", kind,
                                          **examples.DATASET_ADD), examples.DATASET_ADDED)
                item = self.ask_dataset("get", id=10)["item"]
                fields = dict(examples.DATASET_ADD["fields"])
                self.assertEqual(self.ask_dataset("list", filter={"id": 10})[0]["sourceId"],
                                 str(fields.pop("sourceId")))
                for field in item["fields"]:
                    self.assertEqual((field.pop("datasetId"), field.pop("visible")), (10, True))
                    self.assertGreater(field.pop("id"), 18)
                self.assertEqual({key: item[key] for key in fields}, fields)

    def test_dataset_update(self):
        self.make_datasets(10)
        before = self.ask_dataset("get", id=10)["item"]
        for kind in JSON, FORM:
            self.assertIs(self.ask(f"biconnector.{self.family}.update", kind,
                                   **examples.DATASET_UPDATE), True)
        after = self.ask_dataset("get", id=10)["item"]
        self.assertEqual({key for key in after if after[key] != before[key]},
                         {"description", "dateUpdate"})
        self.assertEqual(after["description"], "New description")
        self.assertGreater(after["dateUpdate"], before["dateUpdate"])

    def test_dataset_fields_update(self):
        columns = [{"type": "int", "name": f"F{number}", "externalCode": f"F{number}"}
                   for number in range(5)]
        self.make_datasets(9, fields=columns[:1])
        self.make("dataset", {"name": "tenth", "fields": columns})      # has the fields 10 to 14
        request = {**examples.DATASET_FIELDS_UPDATE, "delete": [14]}
        self.assertIs(self.ask_dataset("fields.update", **request), True)
        fields = self.ask_dataset("get", id=10)["item"]["fields"]
        self.assertEqual([(field["id"], field["name"], field["visible"]) for field in fields], [
            (10, "F0", True), (11, "F1", True), (12, "F2", False), (13, "F3", True),
            (15, "NAME", True), (16, "ID", True)])
        self.assertIs(self.ask_dataset("fields.update", id=10, delete=["15", 16]), True)
        # What is added is added before anything is deleted, and can be deleted in the same call.
        self.assertIs(self.ask_dataset("fields.update", id=10, delete=[17], add=[
            {"type": "int", "name": "GONE", "externalCode": "GONE"}]), True)
        self.assertEqual([field["id"] for field in self.ask_dataset("get", id=10)["item"][
            "fields"]], [10, 11, 12, 13])

    def test_dataset_get(self):
        got = examples.DATASET_GOT["item"]
        columns = [{key: field[key] for key in ("type", "name", "externalCode")}
                   for field in got["fields"]]
        many = [{"type": "int", "name": f"F{number}", "externalCode": f"F{number}"}
                for number in range(223)]
        self.make_datasets(1, fields=many)
        self.make("dataset", {**{key: got[key] for key in (
            "name", "externalCode", "externalName")}, "fields": columns})
        self.ask_dataset("update", id=2, fields={"description": got["description"]})
        self.assertEqual(self.ask_dataset("get", **examples.DATASET_GET)["item"], {
            **got, "dateCreate": "2025-03-24 07:26:02", "dateUpdate": "2025-03-24 07:26:03",
            "externalId": 2})

    def test_dataset_list(self):
        named = {int(item["id"]): item for item in examples.DATASET_LISTED}
        self.make_datasets(0)
        self.make("dataset", *({
            "sourceId": (2, 4)[number % 2], "name": f"sales_{number}",
            **({"description": "D", "sourceId": 3} if number < 3 else {}),
            **{key: named[number][key] for key in ("name", "description") if number in named}}
            for number in range(1, 10)))
        for kind in JSON, FORM:
            self.assertEqual(self.ask(f"biconnector.{self.family}.list", kind,
                                      **examples.DATASET_LIST), examples.DATASET_LISTED)

    def test_dataset_delete(self):
        self.make_datasets(5)
        self.assertIs(self.ask_dataset("delete", **examples.DATASET_DELETE), True)
        self.assertEqual([item["id"] for item in self.ask_dataset("list")], ["1", "2", "3", "5"])

    def test_fields(self):
        for kind, expected in (("connector", examples.CONNECTOR_FIELDS),
                               ("source", examples.SOURCE_FIELDS),
                               (self.family, examples.DATASET_FIELDS)):
            self.assertEqual(self.ask(f"biconnector.{kind}.fields"), expected)

    def test_time(self):
        answers = [self.call("biconnector.connector.add", examples.CONNECTOR_ADD),
                   self.call("biconnector.connector.get", {"id": 1})]
        for answer, example in zip(answers, ({**examples.TIME, "operating": 0}, examples.TIME)):
            self.assertEqual(set(answer["time"]), set(example))
            for key, value in example.items():
                self.assertIsInstance(answer["time"][key], type(value))
        self.assertEqual(answers[1]["time"]["date_start"], "2025-03-24T07:25:56+00:00")


class LaterExamples(Examples):
    """The same with the later name of datasets, which have no number in the BI Builder."""

    family = "table"

    def test_external_id(self):
        self.make_datasets(1)
        self.ask_dataset("add", fields={**DATASET, "name": "later"})
        for family in "dataset", "table":
            self.assertEqual([item["externalId"] for item in self.ask(
                f"biconnector.{family}.list")], ["1", "0"])


class Rules(Case):
    """What the examples do not show."""

    def setUp(self):
        super().setUp()
        self.make_one_of_each()

    def test_defaults(self):
        item = self.ask("biconnector.connector.get", id=1)["item"]
        self.assertEqual((item["sort"], item["description"]), (100, ""))
        self.assertIs(self.ask("biconnector.source.get", id=1)["item"]["connection"]["active"],
                      True)
        self.assertIs(self.ask("biconnector.source.list")[0]["active"], True)

    def test_who_and_when(self):
        self.control(tokens={"other": {"user": 7}})
        for kind in "source", "dataset":
            self.call(f"biconnector.{kind}.update", {"id": 1, "fields": {"description": "D"}},
                      token="other")
        self.ask("biconnector.dataset.fields.update", id=1, update=[{"id": 1, "visible": False}])
        source = self.ask("biconnector.source.get", id=1)["item"]["connection"]
        dataset = self.ask("biconnector.dataset.get", id=1)["item"]
        self.assertEqual([[item[key] for key in (
            "createdById", "updatedById", "dateCreate", "dateUpdate")]
            for item in (source, dataset)],
            [[1, 7, "2026-01-02 03:04:06", "2026-01-02 03:04:08"],
             [1, 7, "2026-01-02 03:04:07", "2026-01-02 03:04:09"]])
        self.ask("biconnector.connector.add", fields=CONNECTOR)
        self.assertEqual(self.ask("biconnector.connector.get", id=2)["item"]["dateCreate"],
                         "2026-01-02 03:04:11")

    def test_each_writing_call_takes_a_second(self):
        for seconds, (method, params) in enumerate((
                ("connector.update", {"id": 1, "fields": {"sort": 5}}),
                ("source.update", {"id": 1, "fields": {"title": "T"}}),
                ("dataset.update", {"id": 1, "fields": {"description": "D"}}),
                ("dataset.fields.update", {"id": 1}), ("dataset.delete", {"id": 1}),
                ("source.delete", {"id": 1}), ("connector.delete", {"id": 1}),
                ("connector.add", {"fields": CONNECTOR})), 8):
            answer = self.call("biconnector." + method, params)
            self.assertEqual((answer["time"]["date_start"], answer["time"]["duration"]),
                             (f"2026-01-02T03:04:{seconds:02}+00:00", 1), method)

    def test_clock_stands_still(self):
        """What reads, and what fails, takes no time."""
        self.ask("biconnector.connector.list")
        self.refused("biconnector.connector.add", {})
        self.refused("biconnector.connector.delete", {"id": 1})
        self.ask("biconnector.connector.add", fields=CONNECTOR)
        self.assertEqual(self.ask("biconnector.connector.get", id=2)["item"]["dateCreate"],
                         "2026-01-02 03:04:08")

    def test_ids_are_not_given_twice(self):
        self.ask("biconnector.dataset.delete", id=1)
        self.assertEqual(self.make("dataset", {}), [2])
        self.assertEqual(self.ask("biconnector.dataset.get", id=2)["item"]["fields"][0]["id"], 3)

    def test_update_is_partial(self):
        for kind in "connector", "source":
            before = self.ask(f"biconnector.{kind}.get", id=1)["item"]
            self.ask(f"biconnector.{kind}.update", id=1, fields={"title": "New"})
            after = self.ask(f"biconnector.{kind}.get", id=1)["item"]
            if kind == "source":
                self.assertEqual(after["settings"], before["settings"])
                before, after = before["connection"], after["connection"]
                self.assertNotEqual(after.pop("dateUpdate"), before.pop("dateUpdate"))
            self.assertEqual(after, {**before, "title": "New"})

    def test_settings_of_a_source(self):
        self.ask("biconnector.source.update", id=1, fields={"settings": {
            "more": 5, "flag": True}})
        self.assertEqual(self.ask("biconnector.source.get", id=1)["item"]["settings"], [
            {"id": 1, "code": "login", "name": "Login", "type": "STRING", "value": "anna"},
            {"id": 2, "code": "more", "name": "more", "type": "STRING", "value": "5"},
            {"id": 3, "code": "flag", "name": "flag", "type": "STRING", "value": "1"}])
        self.assertEqual(self.ask("biconnector.source.list", select=["settings"])[0]["settings"][0],
                         {"code": "login", "name": "Login", "type": "STRING", "value": "anna"})

    def test_fields_of_other_datasets(self):
        """To update them does nothing; deleting asks for no dataset."""
        self.make("dataset", {"name": "second"})
        self.ask("biconnector.dataset.fields.update", id=2, update=[
            {"id": 1, "visible": False}, {"id": 99, "visible": False}], delete=[2, 98])
        left = [field for number in (1, 2) for field in self.ask(
            "biconnector.dataset.get", id=number)["item"]["fields"]]
        self.assertEqual([(field["id"], field["visible"]) for field in left],
                         [(1, True), (3, True), (4, True)])

    def test_nothing_to_update(self):
        before = self.ask("biconnector.dataset.get", id=1)
        self.assertIs(self.ask("biconnector.dataset.fields.update", id=1, add=None), True)
        self.assertEqual(self.ask("biconnector.dataset.get", id=1), before)

    def test_deleting_in_the_right_order(self):
        self.assertEqual(self.refused("biconnector.connector.delete", {"id": 1}),
                         "CONNECTOR_DELETE_RESTRICTED")
        self.assertEqual(self.refused("biconnector.source.delete", {"id": 1}), "BX_ERROR")
        for kind in "dataset", "source", "connector":
            self.assertIs(self.ask(f"biconnector.{kind}.delete", id=1), True)
            self.assertEqual(self.ask(f"biconnector.{kind}.list"), [])

    def test_names_are_unique_among_all_sources(self):
        self.make("source", {})
        self.assertEqual(self.refused("biconnector.table.add", {
            "fields": {**DATASET, "sourceId": 2}}), "DATASET_ALREADY_EXIST")

    def test_booleans_of_a_form(self):
        """A form has only texts, so a field of type boolean cannot be set by one."""
        self.assertEqual(self.refused("biconnector.source.update", {
            "id": 1, "fields": {"active": "true"}}, content_type=FORM),
            "VALIDATION_INVALID_FIELD_TYPE")
        self.ask("biconnector.dataset.fields.update", FORM, id=1, update=[
            {"id": 1, "visible": "0"}, {"id": 2, "visible": "false"}])
        self.assertEqual([field["visible"] for field in self.ask(
            "biconnector.dataset.get", id=1)["item"]["fields"]], [False, True])


class Check(Case):
    """urlCheck is really called, with all settings."""

    options = ("--token", "portal-token")

    def test_check(self):
        with connector() as server:
            path = "/check"
            number = self.ask("biconnector.connector.add", fields={
                **CONNECTOR, "urlCheck": server.url + path})["id"]
            source = self.ask("biconnector.source.add", fields={
                **SOURCE, "connectorId": number, "settings": {"login": "anna", "pass": "ä&="}})
            self.ask("biconnector.source.update", **source, fields={"active": False})
            self.assertEqual(self.refused("biconnector.source.update", {
                **source, "fields": {"settings": {"login": "berta"}}}),
                "SOURCE_UPDATE_CONNECTION_ERROR")
            self.assertEqual(self.refused("biconnector.source.add", {
                "fields": {**SOURCE, "settings": {}}}), "SOURCE_CREATE_CONNECTION_ERROR")
            masked = {"login": "***", "pass": "***"}
            self.assertEqual([(record["path"], record["format"], record["body"])
                              for record in server.log()], [
                *[(path, "form", {"connection": masked})] * 3, (path, "form", {})])
            # A misbehaviour of the connector: it answers, but with nothing.
            for fault, code in (("check_empty", "SOURCE_UPDATE_CONNECTION_ERROR"),
                                ("check/status:202", "SOURCE_UPDATE_CONNECTION_ERROR"),
                                ("check/status:500", "SOURCE_UPDATE_CONNECTION_ERROR")):
                self.assertEqual(self.refused("biconnector.source.update", {
                    **source, "fields": {"settings": {"misbehave": fault}}}), code)
        item = self.ask("biconnector.source.get", **source)["item"]
        self.assertEqual([setting["value"] for setting in item["settings"]], ["anna", "ä&="])
        for url in server.url + path, "ftp://127.0.0.1/", "no address", "http://[":
            self.ask("biconnector.connector.update", id=number, fields={"urlCheck": url})
            self.assertEqual(self.refused("biconnector.source.add", {"fields": SOURCE}),
                             "SOURCE_CREATE_CONNECTION_ERROR", url)
        self.assertEqual(len(self.ask("biconnector.source.list")), 1)

    def test_real_clock(self):
        self.ask("biconnector.connector.add", fields=CONNECTOR)
        self.assertRegex(self.ask("biconnector.connector.get", id=1)["item"]["dateCreate"],
                         r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d$")


if __name__ == "__main__":
    unittest.main()
