"""Tests of the list methods: select, filter, order and pages."""

import unittest

from case import DATASET, FORM, JSON, Case

TITLES = ["apple", "Apple", "APPLE", "apple pie", "Pear", "", "100%", "a_b", "aXb", "Груша",
          "груша", "[x]", "10", "9"]


class Lists(Case):

    def setUp(self):
        super().setUp()
        self.make("connector", {}, {})
        self.make("source", *({"title": title, "description": f"D{index % 3}",
                               "active": index % 2 == 0, "connectorId": index % 2 + 1}
                              for index, title in enumerate(TITLES)))

    def ids(self, kind="source", content_type=JSON, **params):
        """The ids in a list, in its order."""
        return [int(item["id"]) for item in self.ask(f"biconnector.{kind}.list", content_type,
                                                     **params)]

    def same(self, condition, expected):
        """A filter finds these, as JSON and as a form."""
        for kind in JSON, FORM:
            self.assertEqual(self.ids(content_type=kind, filter=condition), expected,
                             (condition, kind))

    def matching(self, test):
        return [index for index, title in enumerate(TITLES, 1) if test(title)]


class Filters(Lists):

    def test_equality(self):
        for prefix in "", "=":
            self.same({prefix + "id": 3}, [3])
            self.same({prefix + "title": "Pear"}, [5])
            self.same({prefix + "title": ["Pear", "10", "none"]}, [5, 13])
            self.same({prefix + "title": ""}, [6])
            self.same({prefix + "id": ["1", 2]}, [1, 2])
        for prefix in "!", "!=":
            self.same({prefix + "title": "Pear"}, self.matching(lambda title: title != "Pear"))
            self.same({prefix + "title": ""}, self.matching(bool))
            self.same({prefix + "id": [1, 2, 3]}, list(range(4, 15)))
        self.same({"@id": [2, 4, 99]}, [2, 4])
        self.same({"@id": 2}, [2])
        self.same({"!@id": [2, 4]}, [1, 3, *range(5, 15)])
        self.same({"@title": ["Pear", "9"]}, [5, 14])

    def test_ranges(self):
        self.same({">id": 12}, [13, 14])
        self.same({">=id": 13, "<id": 14}, [13])
        self.same({"<=id": "2"}, [1, 2])
        self.same({">title": "9", "<title": "A"}, [12])
        self.same({">=title": "10", "<=title": "100%"}, [7, 13])
        self.same({">dateCreate": "2026-01-02 03:04:19"}, [14])
        self.same({">=dateCreate": "2026-01-02T03:04:19"}, [13, 14])
        self.same({"<dateCreate": "2026-01-03"}, list(range(1, 15)))
        self.same({">=dateCreate": "2026-01-03"}, [])
        self.same({"=dateUpdate": "2026-01-02 03:04:07"}, [1])

    def test_like(self):
        self.same({"%title": "ppl"}, [1, 2, 3, 4])
        self.same({"%title": "%"}, [7])
        self.same({"%title": "руш"}, [10, 11])
        for prefix in "=%", "%=":
            self.same({prefix + "title": "apple%"}, [1, 2, 3, 4])
            self.same({prefix + "title": "%pie"}, [4])
            self.same({prefix + "title": "%p%e%"}, [1, 2, 3, 4, 5])
            self.same({prefix + "title": "Pear"}, [5])
            self.same({prefix + "title": "a_b"}, [8])
            self.same({prefix + "title": "[%"}, [12])
            self.same({prefix + "id": "1%"}, [1, 10, 11, 12, 13, 14])

    def test_case(self):
        self.same({"title": "aPPle"}, [1, 2, 3])
        self.same({"@title": ["ГРУША"]}, [10, 11])
        self.same({"!title": "apple", "<id": 5}, [4])
        self.control(options={"case": "sensitive"})
        self.same({"title": "aPPle"}, [])
        self.same({"title": "Apple"}, [2])
        self.same({"%title": "PPL"}, [3])
        self.same({"=%title": "a%e"}, [1, 4])
        self.same({">title": "Pear"}, self.matching(lambda title: title > "Pear"))
        self.same({"<title": "Pear"}, self.matching(lambda title: title < "Pear"))

    def test_booleans(self):
        even = list(range(2, 15, 2))
        for value in False, 0, "0", "N", "":
            self.assertEqual(self.ids(filter={"active": value}), even, value)
        for value in True, 1, "1", "Y":
            self.assertEqual(self.ids(filter={"!active": value}), even, value)

    def test_groups(self):
        self.same({"0": {"logic": "OR", "id": 1, "title": "Pear"}}, [1, 5])
        self.same({"logic": "OR", "id": 1, "0": {"title": "apple", ">id": 2}}, [1, 3])
        self.same({"logic": "and", "id": 1, "title": "Pear"}, [])
        self.same({"0": {"id": 1}, "1": {"title": "apple"}}, [1])
        self.same({"0": {"logic": "or", "0": {"id": 1}, "1": {"0": {"logic": "OR", "id": 2,
                                                                      "=title": "9"}}}},
                  [1, 2, 14])
        self.assertEqual(self.ids(filter=[{"id": 4}]), [4])
        self.assertEqual(self.ids(filter={"0": {}, "id": 4}), [4])
        for logic in "XOR", "", None, 5, ["OR"]:
            self.assertEqual(self.refused("biconnector.source.list", {"filter": {
                "0": {"logic": logic, "id": 1}}}), "VALIDATION_INVALID_FILTER_LOGIC")

    def test_null(self):
        self.control(options={"null_dates": True})
        self.make("source", {}, {})
        self.ask("biconnector.source.update", id=16, fields={"title": "new"})
        for condition in {">dateUpdate": "1900-01-01"}, {"!dateUpdate": "1900-01-01"}, {
                "!@dateUpdate": ["1900-01-01"]}:
            self.assertEqual(self.ids(filter={">id": 14, **condition}), [16])
        self.assertEqual(self.ids(filter={"=title": None}), [])
        self.assertEqual(self.ids(filter={">id": None}), [])
        self.assertEqual(self.ids(filter={">id": 13}, order={"dateUpdate": "ASC"}), [15, 14, 16])

    def test_what_is_left_out(self):
        self.same({"settings": "x", "id": 3}, [3])
        self.same({"%settings": "x", "id": 3}, [3])
        self.assertEqual(len(self.ids(filter={"@id": []})), 14)
        self.assertEqual(len(self.ids(filter=None)), 14)
        self.assertEqual(len(self.ids(filter=[])), 14)
        self.make("dataset", {})
        self.assertEqual(self.ids("dataset", filter={"fields": "x"}, order={"fields": "ASC"}), [1])
        self.assertEqual(self.ids("connector", filter={"%settings": "login", "id": 2}), [2])
        self.assertEqual(self.ids("connector", filter={"%settings": "nothing"}), [])

    def test_unknown(self):
        for condition, title in (({"%!title": "x"}, "!title"), ({"~title": "x"}, "~title"),
                                 ({"!%title": "x"}, "%title"), ({"": 1}, ""), ({"0": 1}, "0"),
                                 ({"0": {"colour": 1}}, "colour"), ({"LOGIC": "OR"}, "LOGIC"),
                                 ({"id": {"a": 1}}, "a"), ({"id": [[1]]}, "0"),
                                 ({"Title": "x"}, "Title"), ({"@colour": [1]}, "colour")):
            self.assertEqual(self.call("biconnector.source.list", {"filter": condition})[
                "error_description"], f'Field "{title}" is not allowed in the "filter".')
        for condition in {">id": [1]}, {"%title": ["x"]}:
            self.assertEqual(self.refused("biconnector.source.list", {"filter": condition}, 500),
                             "INTERNAL_SERVER_ERROR")

    def test_lists_of_numbers_only(self):
        self.control(options={"lists": "numbers"})
        self.same({"@id": [1, "2"]}, [1, 2])
        self.assertEqual(self.call("biconnector.source.list", {"filter": {"@title": ["Pear"]}})[
            "error_description"], 'Field "0" is not allowed in the "filter".')


class SelectAndOrder(Lists):

    def test_select(self):
        everything = self.ask("biconnector.source.list", filter={"id": 1})[0]
        self.assertEqual(set(everything), {
            "id", "title", "type", "code", "description", "active", "dateCreate", "dateUpdate",
            "createdById", "updatedById", "connectorId", "settings"})
        for select in None, [], {}, ["*"], ["id", "*"]:
            self.assertEqual(self.ask("biconnector.source.list", select=select,
                                      filter={"id": 1}), [everything])
        self.assertEqual(self.ask("biconnector.source.list", FORM, select=["title", "id"],
                                  filter={"id": 1}), [{"title": "apple", "id": "1"}])
        for wrong in ["ID"], [5], [None], ["id", ["title"]]:
            self.assertEqual(self.refused("biconnector.source.list", {"select": wrong}),
                             "VALIDATION_FIELD_NOT_ALLOWED_IN_SELECT")

    def test_select_of_datasets(self):
        """A dataset's fields are not for lists, and its source is for nothing else."""
        self.make("dataset", {})
        self.assertEqual(self.ask("biconnector.dataset.list", select=["fields", "name"]),
                         [{"name": "dataset"}])
        everything = self.ask("biconnector.dataset.list")[0]
        self.assertEqual(self.ask("biconnector.dataset.list", select=["fields"]), [everything])
        self.assertNotIn("fields", everything)
        self.assertEqual(everything["sourceId"], "1")
        self.assertNotIn("sourceId", self.ask("biconnector.dataset.get", id=1)["item"])

    def test_order(self):
        self.assertEqual(self.ids(order={"id": "DESC"}), list(range(14, 0, -1)))
        self.assertEqual(self.ids(order={"description": "DESC", "id": "asc"}),
                         [3, 6, 9, 12, 2, 5, 8, 11, 14, 1, 4, 7, 10, 13])
        self.assertEqual(self.ids(content_type=FORM, order={"connectorId": "ASC", "id": "desc"}),
                         [13, 11, 9, 7, 5, 3, 1, 14, 12, 10, 8, 6, 4, 2])
        self.assertEqual(self.ids(order={"title": "ASC"}, filter={"<id": 6}), [1, 2, 3, 4, 5])
        self.assertEqual(self.ids(order={"settings": "ASC", "id": "DESC"})[0], 14)
        self.control(options={"case": "sensitive"})
        self.assertEqual(self.ids(order={"title": "ASC"}, filter={"<id": 6}), [3, 2, 5, 1, 4])
        self.assertEqual(self.refused("biconnector.source.list", {"order": ["id"]}),
                         "VALIDATION_FIELD_NOT_ALLOWED_IN_ORDER")

    def test_direction(self):
        """This one error stands on top, and has a status, however the others look."""
        for shape in "top", "result":
            self.control(options={"error_shape": shape})
            for direction in "upwards", "", 1, None:
                answer = self.call("biconnector.source.list", {"order": {"id": direction}}, 400)
                self.assertEqual(answer, {
                    "error": "ERROR_ARGUMENT",
                    "error_description": f'Invalid order "{str(direction).upper()}"'})

    def test_unordered(self):
        self.control(options={"unordered": True})
        self.assertEqual(self.ids(), list(range(14, 0, -1)))
        self.assertEqual(self.ids(order={"connectorId": "ASC"})[:3], [13, 11, 9])
        self.assertEqual(self.ids(order={"id": "ASC"}), list(range(1, 15)))

    def test_what_comes_first(self):
        """The select before the filter, and the filter before the order."""
        params = {"select": "x", "filter": "x", "order": "x"}
        for code in ("VALIDATION_SELECT_TYPE", "VALIDATION_FILTER_TYPE", "VALIDATION_ORDER_TYPE"):
            self.assertEqual(self.refused("biconnector.connector.list", params), code)
            params[code.split("_")[1].lower()] = []


class Pages(Case):

    def setUp(self):
        super().setUp()
        self.make("connector", {})
        self.make("source", {})
        self.make("dataset", *({**DATASET, "name": f"d{number}", "description": f"{number % 7}"}
                               for number in range(1, 121)))

    def page(self, number, **params):
        return [int(item["id"]) for item in self.ask("biconnector.dataset.list", page=number,
                                                     **params)]

    def test_pages(self):
        for number, expected in ((1, range(1, 51)), (2, range(51, 101)), (3, range(101, 121)),
                                 (4, ()), ("2", range(51, 101)), (0, range(1, 51)),
                                 (-5, range(1, 51)), ("x", range(1, 51)), (None, range(1, 51)),
                                 (1.9, range(1, 51)), (10 ** 30, ())):
            self.assertEqual(self.page(number), list(expected), number)
        self.assertEqual(len(self.page(3, filter={"!description": "0"})), 3)
        self.assertEqual(self.page(2, order={"id": "DESC"}), list(range(70, 20, -1)))

    def test_exactly_one_page(self):
        self.assertEqual(len(self.page(1, filter={"<=id": 50})), 50)
        self.assertEqual(self.page(2, filter={"<=id": 50}), [])

    def test_deleted_between_pages(self):
        """By number, a row is lost if one before it is deleted; by key, it is not."""
        for gone, next_page, first in ((7, {"number": 2}, 52),
                                       (8, {"number": 1, "filter": {">id": 50}}, 51)):
            self.rule("calls", method="biconnector.dataset.list", skip=1, calls=[
                {"method": "biconnector.dataset.delete", "params": {"id": gone}}])
            self.assertIn(gone, self.page(1, filter={"<=id": 50}))
            self.assertEqual(self.page(**next_page)[0], first)
            self.assertNotIn(gone, self.page(1))


class Midnight(Case):

    options = Case.options[:2] + ("--check", "off", "--clock", "2026-01-01 23:59:59")

    def test_days(self):
        """A day, in a filter, is its first moment."""
        self.make("connector", {}, {}, {})
        for operator, expected in (("=", ["2"]), (">", ["3"]), (">=", ["2", "3"]), ("<", ["1"])):
            self.assertEqual([item["id"] for item in self.ask(
                "biconnector.connector.list", filter={operator + "dateCreate": "2026-01-02"})],
                expected)


class Notations(Lists):
    """What differs between one portal and the other."""

    def test_ids(self):
        self.assertEqual(self.ask("biconnector.source.list", select=["id", "connectorId"],
                                  filter={"id": 1}), [{"id": "1", "connectorId": "1"}])
        self.control(options={"ids": "number"})
        self.assertEqual(self.ask("biconnector.source.list", select=["id", "connectorId"],
                                  filter={"id": 1}), [{"id": 1, "connectorId": 1}])
        self.assertEqual(self.ask("biconnector.connector.list")[0]["sort"], 100)

    def test_null_dates(self):
        self.control(options={"null_dates": True})
        self.make("dataset", {})
        item = self.ask("biconnector.dataset.get", id=1)["item"]
        self.assertEqual((item["dateUpdate"], item["updatedById"]), (None, 0))
        self.ask("biconnector.dataset.update", id=1, fields={"description": "D"})
        item = self.ask("biconnector.dataset.list")[0]
        self.assertEqual((item["dateUpdate"], item["updatedById"]), ("2026-01-02 03:04:22", "1"))

    def test_empty_dates(self):
        self.control(options={"empty_dates": True})
        select = {"select": ["id", "dateCreate"], "filter": {"id": 1}}
        self.assertEqual(self.ask("biconnector.source.list", **select),
                         [{"id": "1", "dateCreate": {}}])
        self.assertEqual(self.ask("biconnector.connector.list", **select),
                         [{"id": "1", "dateCreate": "2026-01-02 03:04:05"}])
        self.assertEqual(self.ask("biconnector.source.list", filter={"id": 1})[0]["dateCreate"],
                         "2026-01-02 03:04:07")

    def test_extra_keys(self):
        self.make("dataset", {})
        for method, params in (("source.get", {"id": 1}), ("dataset.get", {"id": 1}),
                               ("connector.list", {}), ("dataset.fields", {})):
            self.control(options={"extra_keys": False})
            plain = self.call("biconnector." + method, params)
            self.control(options={"extra_keys": True})
            extra = self.call("biconnector." + method, params)
            self.assertEqual(stripped(extra), plain)
            self.assertEqual(extra["extraNumber"], 42)
        item = self.call("biconnector.dataset.get", {"id": 1})["result"]["item"]
        self.assertEqual(item["fields"][0]["extraList"], [{"a": None}, []])


def stripped(value):
    """The same without the keys that nobody knows."""
    if isinstance(value, dict):
        return {key: stripped(item) for key, item in value.items()
                if not key.startswith("extra")}
    return [stripped(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    unittest.main()
