"""The fields of connectors, sources and datasets, as the `fields` methods describe them."""

from collections import namedtuple

Field = namedtuple("Field", "title type required read_only immutable multiple")


def field(title, kind, *flags):
    return Field(title, kind, *(flag in flags for flag in Field._fields[2:]))


CONNECTOR = (
    field("id", "integer", "required", "read_only"),
    field("title", "string", "required"),
    field("logo", "string", "required"),
    field("description", "string"),
    field("sort", "integer"),
    field("urlCheck", "string", "required"),
    field("urlData", "string", "required"),
    field("urlTableList", "string", "required"),
    field("urlTableDescription", "string", "required"),
    field("settings", "array", "required", "multiple"),
    field("dateCreate", "datetime", "required", "read_only"),
)
CONNECTOR_LATER = CONNECTOR + (
    field("supportMapping", "boolean"),
    field("sourceCode", "string"),
)
SOURCE = (
    field("id", "integer", "required", "read_only"),
    field("title", "string", "required"),
    field("type", "string", "required", "read_only"),
    field("code", "string", "required", "read_only"),
    field("description", "string"),
    field("active", "boolean"),
    field("dateCreate", "datetime", "required", "read_only"),
    field("dateUpdate", "datetime", "required", "read_only"),
    field("createdById", "integer", "required", "read_only"),
    field("updatedById", "integer", "required", "read_only"),
    field("connectorId", "integer", "required", "immutable"),
    field("settings", "array", "required", "multiple"),
)
DATASET = (
    field("id", "integer", "required", "read_only"),
    field("sourceId", "integer", "required", "immutable"),
    field("name", "string", "required", "immutable"),
    field("type", "string", "required", "read_only"),
    field("description", "string"),
    field("externalName", "string", "required", "immutable"),
    field("externalCode", "string", "required", "immutable"),
    field("externalId", "integer", "required", "read_only"),
    field("dateCreate", "datetime", "required", "read_only"),
    field("dateUpdate", "datetime", "required", "read_only"),
    field("createdById", "integer", "required", "read_only"),
    field("updatedById", "integer", "required", "read_only"),
    field("fields", "array", "required", "multiple"),
)

SETTING_TYPES = ("STRING",)
SETTING_TYPES_LATER = ("STRING", "INT")
FIELD_TYPES = ("int", "string", "double", "date", "datetime")
FIELD_TYPES_LATER = FIELD_TYPES + ("money", "timezone")


def described(fields):
    """The answer of a `fields` method."""
    return [{"title": item.title, "type": item.type, "isRequired": item.required,
             "isReadOnly": item.read_only, "isImmutable": item.immutable,
             "isMultiple": item.multiple} for item in fields]
