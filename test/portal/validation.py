"""Is a request what a method wants?  What is found first is what is told."""

import re

from errors import ApiError
from values import NOTHING, is_array, is_number, members, to_int

LONGEST_SETTING = 512
LONGEST_DATASET_NAME = 230
LONGEST_FIELD_NAME = 32
DATASET_NAME = re.compile("[a-z][a-z0-9_]*")
FIELD_NAME = re.compile("[A-Z][A-Z0-9_]*")
FIELD_MEMBERS = ("name", "externalCode", "type")

HAS_TYPE = {
    "integer": is_number,
    "string": lambda value: isinstance(value, str),
    "array": is_array,
    "boolean": lambda value: isinstance(value, bool),
}


def check_id(params):
    if "id" not in params:
        raise ApiError("VALIDATION_ID_NOT_PROVIDED")
    if not is_number(params["id"]) or to_int(params["id"]) <= 0:
        raise ApiError("VALIDATION_INVALID_ID_FORMAT")
    return to_int(params["id"])


def check_fields(params, schema, adding):
    """The member `fields` of an add or update, with integers as such."""
    given = params.get("fields")
    if given in NOTHING or not is_array(given):
        raise ApiError("VALIDATION_FIELDS_NOT_PROVIDED")
    given = members(given)
    unknown = [key for key in given if key not in [field.title for field in schema]]
    if unknown:
        raise ApiError("VALIDATION_UNKNOWN_PARAMETERS", params=", ".join(unknown))
    for field in schema:
        if field.title not in given:
            if adding and field.required and not field.read_only:
                raise ApiError("VALIDATION_REQUIRED_FIELD_MISSING", title=field.title)
        elif field.read_only:
            raise ApiError("VALIDATION_READ_ONLY_FIELD", title=field.title)
        elif field.immutable and not adding:
            raise ApiError("VALIDATION_IMMUTABLE_FIELD", title=field.title)
        elif not HAS_TYPE[field.type](given[field.title]):
            raise ApiError("VALIDATION_INVALID_FIELD_TYPE", title=field.title, type=field.type)
    integers = [field.title for field in schema if field.type == "integer"]
    return {key: to_int(value) if key in integers else value for key, value in given.items()}


def has_members(item, names):
    """None of these may be missing or null."""
    return isinstance(item, dict) and all(item.get(name) is not None for name in names)


def check_settings(settings, types):
    """The settings of a connector, with nothing in them but what belongs there."""
    checked = []
    for setting in members(settings).values():
        if not has_members(setting, ("type", "name", "code")):
            raise ApiError("VALIDATION_SETTINGS_MISSING_REQUIRED_FIELDS")
        name, code = str(setting["name"]), str(setting["code"])
        if len(name) > LONGEST_SETTING:
            raise ApiError("VALIDATION_SETTINGS_NAME_TOO_LONG")
        if len(code) > LONGEST_SETTING:
            raise ApiError("VALIDATION_SETTINGS_CODE_TOO_LONG")
        if setting["type"] not in types:
            raise ApiError("VALIDATION_SETTINGS_INVALID_TYPE")
        checked.append({"name": name, "code": code, "type": setting["type"]})
    return checked


def check_dataset_fields(fields, types, missing):
    """The fields of a dataset, or those to be added; `missing` is the error for one of a member."""
    for field in fields:
        if not has_members(field, FIELD_MEMBERS):
            raise ApiError(missing)
    for member, error in (("externalCode", "VALIDATION_DUPLICATE_FIELD_CODE"),
                          ("name", "VALIDATION_DUPLICATE_FIELD_NAME")):
        refuse_values(error, repeated([str(field[member]) for field in fields]))
    for field in fields:
        if not FIELD_NAME.fullmatch(str(field["name"])):
            raise ApiError("VALIDATION_FIELD_NAME_INVALID_FORMAT")
        if len(field["name"]) > LONGEST_FIELD_NAME:
            raise ApiError("VALIDATION_FIELD_NAME_TOO_LONG")
        if field["type"] not in types:
            raise ApiError("VALIDATION_FIELD_INVALID_TYPE")


def refuse_values(error, values):
    if values:
        raise ApiError(error, values=", ".join(values))


def repeated(values):
    """Each value that is there more than once."""
    return [value for value in dict.fromkeys(values) if values.count(value) > 1]
