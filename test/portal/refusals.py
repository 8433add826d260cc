"""Every error that the vendor's reference lists for a method, and a request that causes it.

The requests are for the objects that test_refusals.py makes: connectors 1 (which has sources), 2
(which has none) and 3 (which cannot be reached), sources 1 (which has a dataset), 2 (which has
none) and 3 (of connector 3), and dataset 1 with the fields 1, ID, and 2, NAME.

Started as a program, this file prints the table that is in README.md.
"""

from collections import namedtuple

# Without `params`, no request of a client can cause it, and a rule has to.
Refusal = namedtuple("Refusal", "method code text cause params")
REFUSALS = []

NOT_BY_A_CLIENT = "a rule"
CONNECTOR = {"title": "T", "logo": "L", "urlCheck": "http://127.0.0.1:1/", "urlTableList": "U",
             "urlTableDescription": "U", "urlData": "U", "settings": []}
SETTING = {"type": "STRING", "name": "Login", "code": "login"}
SOURCE = {"title": "T", "connectorId": 1, "settings": {"login": "anna"}}
COLUMN = {"type": "int", "name": "COUNT", "externalCode": "count"}
DATASET = {"sourceId": 1, "name": "unique", "externalName": "E", "externalCode": "C",
           "fields": [COLUMN]}


def refusals(method, *rows):
    REFUSALS.extend(Refusal(method, *row) for row in rows)


def without(members, *names):
    return {name: value for name, value in members.items() if name not in names}


def of_id(method, missing, text, kind):
    """What all methods refuse that want an id."""
    refusals(
        method,
        ("VALIDATION_ID_NOT_PROVIDED", "ID is missing.", "no `id`", {"fields": {"title": "T"}}),
        ("VALIDATION_INVALID_ID_FORMAT", "ID has to be a positive integer.",
         "an `id` that is no number, or not above 0", {"id": "one", "fields": {"title": "T"}}),
        (missing, text, f"there is no such {kind}",
         {"id": 99, "fields": {"description": "D"}}))


def of_fields(method, fields, read_only, wrong, wrong_type, **params):
    """What all methods refuse that want fields."""
    title = next(iter(wrong))
    refusals(
        method,
        ("VALIDATION_FIELDS_NOT_PROVIDED", "Fields not provided.",
         "no `fields`, or nothing in it, or no array", {**params, "fields": []}),
        ("VALIDATION_UNKNOWN_PARAMETERS", "Unknown parameters: colour, size",
         "names of fields that do not exist",
         {**params, "fields": {**fields, "colour": 1, "size": 2}}),
        ("VALIDATION_READ_ONLY_FIELD", f'Field "{read_only}" is read only.',
         "a field that only the portal sets", {**params, "fields": {**fields, read_only: "x"}}),
        ("VALIDATION_INVALID_FIELD_TYPE", f'Field "{title}" must be of type {wrong_type}.',
         "a value of another type", {**params, "fields": {**fields, **wrong}}))


def of_settings(method, fields, **params):
    for code, text, cause, setting in (
            ("MISSING_REQUIRED_FIELDS", 'Settings must include "type", "name" and "code" fields.',
             "a setting without one of them", without(SETTING, "code")),
            ("NAME_TOO_LONG", 'Parameter "name" must be less than 512 characters.',
             "a name of more than 512 characters", {**SETTING, "name": "n" * 513}),
            ("CODE_TOO_LONG", 'Parameter "code" must be less than 512 characters.',
             "a code of more than 512 characters", {**SETTING, "code": "c" * 513}),
            ("INVALID_TYPE", 'Parameter "type" is not correct.', "a type other than `STRING`",
             {**SETTING, "type": "string"})):
        refusals(method, ("VALIDATION_SETTINGS_" + code, text, cause,
                          {**params, "fields": {**fields, "settings": [setting]}}))


def of_list(method, logic):
    for name, title, wrong in (("select", "colour", ["id", "colour"]),
                               ("filter", "size", {"id": 1, ">=size": 1}),
                               ("order", "weight", {"id": "ASC", "weight": "ASC"})):
        refusals(
            method,
            (f"VALIDATION_{name.upper()}_TYPE", f'Parameter "{name}" must be array.',
             f"a `{name}` that is no array", {name: "id"}),
            (f"VALIDATION_FIELD_NOT_ALLOWED_IN_{name.upper()}",
             f'Field "{title}" is not allowed in the "{name}".',
             "a field that does not exist", {name: wrong}))
    if logic:
        refusals(method, ("VALIDATION_INVALID_FILTER_LOGIC",
                          'Field "logic" must be either "AND" or "OR".', "another `logic`",
                          {"filter": {"0": {"logic": "XOR", "id": 1}}}))


def of_columns(method, with_columns):
    for code, text, cause, columns in (
            ("VALIDATION_DUPLICATE_FIELD_CODE",
             'Duplicate values found in the "code" parameter: a, b',
             "an externalCode twice in the request",
             [{**COLUMN, "name": f"F{index}", "externalCode": code}
              for index, code in enumerate("abacb")]),
            ("VALIDATION_DUPLICATE_FIELD_NAME",
             'Duplicate values found in the "name" parameter: A, B',
             "a name twice in the request",
             [{**COLUMN, "name": name, "externalCode": f"f{index}"}
              for index, name in enumerate("ABACB")]),
            ("VALIDATION_FIELD_NAME_INVALID_FORMAT",
             'Field "name" has to start with an uppercase Latin character. Possible entry '
             "includes uppercase Latin characters (A-Z), numbers (0-9) and underscores.",
             "a name that is not `[A-Z][A-Z0-9_]*`", [{**COLUMN, "name": "1A"}]),
            ("VALIDATION_FIELD_NAME_TOO_LONG", 'Field "name" must not exceed 32 characters.',
             "a name of more than 32 characters", [{**COLUMN, "name": "N" * 33}]),
            ("VALIDATION_FIELD_INVALID_TYPE", "Invalid field type.",
             "a type that does not exist, or is in upper case", [{**COLUMN, "type": "INT"}])):
        refusals(method, (code, text, cause, with_columns(columns)))


# ------------------------------------------------------------------------ connectors

of_fields("biconnector.connector.add", CONNECTOR, "dateCreate", {"sort": "first"}, "integer")
refusals(
    "biconnector.connector.add",
    ("VALIDATION_REQUIRED_FIELD_MISSING", 'Field "logo" is required.',
     "a required field is missing", {"fields": without(CONNECTOR, "logo")}),
    ("VALIDATION_IMMUTABLE_FIELD", 'Field "title" is immutable.', NOT_BY_A_CLIENT, None))
of_settings("biconnector.connector.add", CONNECTOR)

of_id("biconnector.connector.update", "CONNECTOR_NOT_FOUND", "Connector was not found.",
      "connector")
of_fields("biconnector.connector.update", {}, "id", {"settings": "login"}, "array", id=1)
refusals("biconnector.connector.update",
         ("VALIDATION_IMMUTABLE_FIELD", 'Field "title" is immutable.', NOT_BY_A_CLIENT, None))
of_settings("biconnector.connector.update", {}, id=1)

for name in "get", "delete":
    of_id("biconnector.connector." + name, "CONNECTOR_NOT_FOUND", "Connector was not found.",
          "connector")
refusals("biconnector.connector.delete", (
    "CONNECTOR_DELETE_RESTRICTED",
    "Connector cannot be removed. Remove the connections related to the connector first.",
    "the connector has sources", {"id": 1}))
of_list("biconnector.connector.list", logic=True)

# ------------------------------------------------------------------------ sources

of_fields("biconnector.source.add", SOURCE, "code", {"active": "true"}, "boolean")
refusals(
    "biconnector.source.add",
    ("VALIDATION_REQUIRED_FIELD_MISSING", 'Field "settings" is required.',
     "a required field is missing", {"fields": without(SOURCE, "settings")}),
    ("VALIDATION_IMMUTABLE_FIELD", 'Field "title" is immutable.', NOT_BY_A_CLIENT, None),
    ("CONNECTOR_NOT_FOUND", "Connector was not found.", "there is no such connector",
     {"fields": {**SOURCE, "connectorId": 99}}),
    ("SOURCE_CREATE_CONNECTION_ERROR", "Cannot create connection.",
     "urlCheck does not answer HTTP 200 and something",
     {"fields": {**SOURCE, "settings": {"login": "nobody"}}}),
    ("SOURCE_UPDATE_CONNECTION_ERROR", "Cannot update connection.", NOT_BY_A_CLIENT, None),
    ("BX_ERROR", "Cannot delete source. Delete all related datasets first.", NOT_BY_A_CLIENT,
     None))

of_id("biconnector.source.update", "SOURCE_NOT_FOUND", "Source was not found.", "source")
of_fields("biconnector.source.update", {}, "updatedById", {"title": 5}, "string", id=1)
refusals(
    "biconnector.source.update",
    ("VALIDATION_REQUIRED_FIELD_MISSING", 'Field "title" is required.', NOT_BY_A_CLIENT, None),
    ("VALIDATION_IMMUTABLE_FIELD", 'Field "connectorId" is immutable.',
     "a field that only add sets", {"id": 1, "fields": {"connectorId": 2}}),
    ("SOURCE_CREATE_CONNECTION_ERROR", "Cannot create connection.", NOT_BY_A_CLIENT, None),
    ("SOURCE_UPDATE_CONNECTION_ERROR", "Cannot update connection.",
     "urlCheck does not answer HTTP 200 and something", {"id": 3, "fields": {"title": "T"}}),
    ("BX_ERROR", "Cannot delete source. Delete all related datasets first.", NOT_BY_A_CLIENT,
     None))

for name in "get", "delete":
    of_id("biconnector.source." + name, "SOURCE_NOT_FOUND", "Source was not found.", "source")
refusals("biconnector.source.delete", (
    "BX_ERROR", "Cannot delete source. Delete all related datasets first.",
    "the source has datasets", {"id": 1}))
of_list("biconnector.source.list", logic=False)

# ------------------------------------------------------------------------ datasets

of_fields("biconnector.dataset.add", DATASET, "externalId", {"sourceId": "first"}, "integer")
refusals(
    "biconnector.dataset.add",
    ("VALIDATION_REQUIRED_FIELD_MISSING", 'Field "externalCode" is required.',
     "a required field is missing", {"fields": without(DATASET, "externalCode")}),
    ("VALIDATION_IMMUTABLE_FIELD", 'Field "title" is immutable.', NOT_BY_A_CLIENT, None),
    ("SOURCE_NOT_FOUND", "Source was not found.", "there is no such source",
     {"fields": {**DATASET, "sourceId": 99}}),
    ("DATASET_ALREADY_EXIST", "Dataset with this name already exists.",
     "there is a dataset of this name, of whichever source",
     {"fields": {**DATASET, "sourceId": 2, "name": "taken"}}),
    ("VALIDATION_DATASET_NAME_INVALID",
     "Dataset name has to start with a lowercase Latin character. Possible entry includes "
     "lowercase Latin characters (a-z), numbers (0-9) and underscores.",
     "a name that is not `[a-z][a-z0-9_]*`", {"fields": {**DATASET, "name": "Sales"}}),
    ("VALIDATION_DATASET_NAME_TOO_LONG", "Dataset name must not exceed 230 characters.",
     "a name of more than 230 characters", {"fields": {**DATASET, "name": "n" * 231}}),
    ("VALIDATION_FIELD_MISSING_REQUIRED_PARAMETERS",
     'Field must include the required parameters: "name", "externalCode" and "type".',
     "a field without one of them",
     {"fields": {**DATASET, "fields": [without(COLUMN, "externalCode")]}}),
    ("-", "Error adding dataset", NOT_BY_A_CLIENT, None))
of_columns("biconnector.dataset.add",
           lambda columns: {"fields": {**DATASET, "fields": columns}})

of_id("biconnector.dataset.update", "DATASET_NOT_FOUND", "Dataset was not found.", "dataset")
of_fields("biconnector.dataset.update", {}, "type", {"description": None}, "string", id=1)
refusals(
    "biconnector.dataset.update",
    ("VALIDATION_REQUIRED_FIELD_MISSING", 'Field "title" is required.', NOT_BY_A_CLIENT, None),
    ("VALIDATION_IMMUTABLE_FIELD", 'Field "name" is immutable.', "a field that only add sets",
     {"id": 1, "fields": {"name": "other"}}),
    ("INVALID_METHOD",
     'Use the method "biconnector.dataset.fields.update" to update the dataset fields.',
     "`fields` in `fields`", {"id": 1, "fields": {"fields": [COLUMN]}}),
    ("-", "Error updating dataset.", NOT_BY_A_CLIENT, None))

of_id("biconnector.dataset.fields.update", "DATASET_NOT_FOUND", "Dataset was not found.",
      "dataset")
refusals(
    "biconnector.dataset.fields.update",
    ("DATASET_UPDATE_ERROR", "Error updating dataset.", NOT_BY_A_CLIENT, None),
    ("VALIDATION_DUPLICATE_EXIST_CODE",
     'The following "externalCode" values already exist in the current fields: id',
     "an externalCode that the dataset has", {"id": 1, "add": [{**COLUMN, "externalCode": "id"}]}),
    ("VALIDATION_DUPLICATE_EXIST_NAME",
     'The following "name" values already exist in the current fields: NAME, ID',
     "a name that the dataset has", {"id": 1, "add": [
         {**COLUMN, "name": "NAME"}, {**COLUMN, "name": "ID", "externalCode": "x"}]}),
    ("VALIDATION_FIELD_ADD_MISSING_REQUIRED_FIELDS",
     'Field to be added must include the required parameters: "name", "externalCode" and "type".',
     "a field to add without one of them", {"id": 1, "add": [without(COLUMN, "type")]}),
    ("VALIDATION_FIELD_UPDATE_MISSING_REQUIRED_FIELDS",
     'Field to be updated must include the required parameters: "id" and "visible".',
     "a field to update without one of them", {"id": 1, "update": [{"id": 1}]}),
    ("VALIDATION_FIELD_DELETE_INVALID_ID", "ID to be deleted must be a positive integer.",
     "an id to delete that is no number, or not above 0", {"id": 1, "delete": [1, 0]}))
of_columns("biconnector.dataset.fields.update", lambda columns: {"id": 1, "add": columns})

for name in "get", "delete":
    of_id("biconnector.dataset." + name, "DATASET_NOT_FOUND", "Dataset was not found.", "dataset")
refusals("biconnector.dataset.delete", ("-", "Error deleting dataset", NOT_BY_A_CLIENT, None))
of_list("biconnector.dataset.list", logic=False)

REFUSALS.sort(key=lambda refusal: refusal.method)       # those of a method stay in their order


def table():
    """The lines of the table in README.md."""
    yield "| method | code | text | what causes it | test |"
    yield "|---|---|---|---|---|"
    for method, code, text, cause, params in REFUSALS:
        test = "test_by_request" if params is not None else "test_by_rule"
        yield f"| `{method[len('biconnector.'):]}` | `{code}` | {text} | {cause} | `{test}` |"


if __name__ == "__main__":
    print("\n".join(table()))
