"""The examples of the vendor's reference: what is asked, and what is answered.

Requests and results are the reference's, but for what they have to do with each other: where a get
asks for one id and the answer has another, the request has the id of the answer.
"""

LOGO = ("data:image/svg+xml;base64,PHN2ZyB3aWR0aD0iMjIiIGhlaWdodD0iMjIiIHZpZXdCb3g9IjAgMCAyMiAyMi"
        "IgZmlsbD0ibm9uZSIgeG1sbnM9Imh0dHA6Ly93d3cudzMub3JnLzIwMDAvc3ZnIj4KCTxjaXJjbGUgY3g9IjExIi"
        "BjeT0iMTEiIHI9IjEwIiBmaWxsPSIjRkYzQjNCIiAvPgoJPHRleHQgeD0iMTEiIHk9IjEzIiBmb250LWZhbWlseT"
        "0iQXJpYWwsIHNhbnMtc2VyaWYiIGZvbnQtc2l6ZT0iNiIgZmlsbD0iI0ZGRkZGRiIgdGV4dC1hbmNob3I9Im1pZG"
        "RsZSIgZm9udC13ZWlnaHQ9ImJvbGQiPlJFU1Q8L3RleHQ+Cjwvc3ZnPg==")

CONNECTOR_ADD = {"fields": {
    "title": "SUPER REST CONNECTOR", "logo": LOGO, "description": "Connector with token",
    "urlCheck": "http://example.com/api/check",
    "urlTableList": "http://example.com/api/table_list",
    "urlTableDescription": "http://example.com/api/table_description",
    "urlData": "http://example.com/api/data",
    "settings": [{"name": "Login", "type": "STRING", "code": "login"},
                 {"name": "Password", "type": "STRING", "code": "password"}],
    "sort": 100}}
CONNECTOR_ADDED = {"id": 4}
CONNECTOR_UPDATE = {"id": 4, "fields": {
    "title": "UPDATED REST CONNECTOR", "logo": "data:image/svg+xml;base64,NEWLOGODATA",
    "description": "Updated description",
    "urlCheck": "http://example.com/api/new_check",
    "urlTableList": "http://example.com/api/new_table_list",
    "urlTableDescription": "http://example.com/api/new_table_description",
    "urlData": "http://example.com/api/new_data",
    "settings": [{"name": "Employee Identifier", "type": "STRING", "code": "id"},
                 {"name": "Password", "type": "STRING", "code": "password"}],
    "sort": 200}}
CONNECTOR_GET = {"id": 5}
CONNECTOR_GOT = {"item": {
    "id": 5, "title": "SUPER REST CONNECTOR", "dateCreate": "2025-03-24 07:25:59",
    "logo": "https://masterpiecer-images.s3.amazonaws.com/5fd531dca6427c7:upscaled",
    "description": "Connector with token", "sort": 100, "urlCheck": "http://app.domain/check",
    "settings": [{"name": "Login", "code": "login", "type": "STRING"},
                 {"name": "Password", "code": "password", "type": "STRING"}],
    "urlData": "http://app.domain/data", "urlTableList": "http://app.domain/table_list",
    "urlTableDescription": "http://app.domain/table_description"}}
# In the reference, the members of this one are in upper case; all other lists have lower case.
CONNECTOR_LIST = {
    "SELECT": ["id", "title", "urlCheck", "dateCreate"],
    "FILTER": {"%=title": "MyConnector%", "!description": ""},
    "ORDER": {"dateCreate": "DESC"}}
CONNECTOR_LISTED = [
    {"id": "11", "title": "MyConnector_2", "urlCheck": "https://new_example.com/check",
     "dateCreate": "2025-03-24 07:25:59"},
    {"id": "9", "title": "MyConnector", "urlCheck": "https://example.com/check",
     "dateCreate": "2025-03-21 12:22:32"}]
CONNECTOR_DELETE = {"id": 4}

SOURCE_ADD = {"fields": {
    "title": "CRM Source", "description": "CRM data source", "connectorId": 123,
    "settings": {"login": "admin", "password": "qwerty"}}}
SOURCE_ADDED = {"id": 7}
SOURCE_UPDATE = {"id": 4, "fields": {
    "title": "New source name", "description": "Updated source description", "active": False,
    "settings": {"login": "new_admin", "password": "new_password"}}}
SOURCE_GET = {"id": 6}
SOURCE_GOT = {"item": {
    "connection": {
        "id": 6, "type": "rest", "code": "rest_1", "title": "Rest source SQL",
        "description": "Connection for working with mySql", "active": True,
        "dateCreate": "2025-03-20 14:50:06", "dateUpdate": "2025-03-20 14:50:06",
        "createdById": 1, "updatedById": 1},
    "connectorId": 1,
    "settings": [{"code": "token", "name": "Token", "type": "STRING", "value": "beliberda",
                  "id": 8}]}}
SOURCE_LIST = {
    "select": ["id", "title", "active", "dateCreate"],
    "filter": {"%=title": "Sql%", "!description": "", "@connectorId": [2, 4]},
    "order": {"dateCreate": "DESC"}}
SOURCE_LISTED = [
    {"id": "11", "title": "Sql_host", "active": True, "dateCreate": "2025-03-24 07:25:59"},
    {"id": "10", "title": "Sql_partner", "active": False, "dateCreate": "2025-03-21 12:22:32"}]
SOURCE_DELETE = {"id": 4}

DATASET_ADD = {"fields": {
    "sourceId": 3, "name": "rest_dataset", "externalName": "externalName",
    "externalCode": "externalCode", "description": "Dataset description",
    "fields": [
        {"type": "int", "name": "ID", "externalCode": "ID"},
        {"type": "string", "name": "NAME", "externalCode": "NAME"},
        {"type": "string", "name": "SURNAME", "externalCode": "SURNAME"},
        {"type": "double", "name": "SCORE", "externalCode": "SCORE"},
        {"type": "date", "name": "DATE", "externalCode": "DATE"},
        {"type": "datetime", "name": "TIME", "externalCode": "TIME"}]}}
DATASET_ADDED = {"id": 10}
DATASET_UPDATE = {"id": 10, "fields": {"description": "New description"}}
DATASET_FIELDS_UPDATE = {
    "id": 10,
    "add": [{"type": "int", "name": "NAME", "externalCode": "NAME"},
            {"type": "int", "name": "ID", "externalCode": "ID"}],
    "update": [{"id": 12, "visible": False}, {"id": 13, "visible": True}],
    "delete": [14, 15]}
DATASET_GET = {"id": 2}
DATASET_GOT = {"item": {
    "id": 2, "type": "rest", "name": "rest_dataset11111", "description": "new__2_",
    "externalCode": "extrnalCode", "externalName": "extranalName",
    "dateCreate": "2025-03-26 15:28:06", "dateUpdate": "2025-03-27 07:47:43",
    "createdById": 1, "updatedById": 1, "externalId": 275,
    "fields": [
        {"id": number, "datasetId": 2, "type": kind, "name": name, "externalCode": name,
         "visible": True} for number, kind, name in (
             (224, "int", "ID"), (225, "string", "NAME"), (226, "string", "SURNAME"),
             (227, "double", "SCORE"), (228, "date", "DATA"), (229, "datetime", "TIME"))]}}
DATASET_LIST = {
    "select": ["id", "name", "description"],
    "filter": {"%=name": "Sales%", "!description": "", "@sourceId": [2, 4]},
    "order": {"dateCreate": "DESC"}}
DATASET_LISTED = [
    {"id": "9", "name": "sales_data_main", "description": "Monthly sales report"},
    {"id": "6", "name": "sales_data_first_branch",
     "description": "Monthly sales report for first branch"},
    {"id": "5", "name": "sales_data_second_branch",
     "description": "Monthly sales report for second branch"}]
DATASET_DELETE = {"id": 4}

TIME = {"start": 1725013197.635808, "finish": 1725013198.580873, "duration": 0.9450650215148926,
        "processing": 0.6822988986968994, "date_start": "2024-08-30T12:19:57+02:00",
        "date_finish": "2024-08-30T12:19:58+02:00"}


def described(*fields):
    """An answer of a fields method: of each field the title, the type and what is true of it."""
    flags = "isRequired", "isReadOnly", "isImmutable", "isMultiple"
    return {"fields": [{"title": title, "type": kind, **{flag: flag in true for flag in flags}}
                       for title, kind, *true in fields]}


REQUIRED, READ_ONLY = "isRequired", "isReadOnly"
IMMUTABLE, MULTIPLE = "isImmutable", "isMultiple"
CONNECTOR_FIELDS = described(
    ("id", "integer", REQUIRED, READ_ONLY), ("title", "string", REQUIRED),
    ("logo", "string", REQUIRED), ("description", "string"), ("sort", "integer"),
    ("urlCheck", "string", REQUIRED), ("urlData", "string", REQUIRED),
    ("urlTableList", "string", REQUIRED), ("urlTableDescription", "string", REQUIRED),
    ("settings", "array", REQUIRED, MULTIPLE), ("dateCreate", "datetime", REQUIRED, READ_ONLY))
SOURCE_FIELDS = described(
    ("id", "integer", REQUIRED, READ_ONLY), ("title", "string", REQUIRED),
    ("type", "string", REQUIRED, READ_ONLY), ("code", "string", REQUIRED, READ_ONLY),
    ("description", "string"), ("active", "boolean"),
    ("dateCreate", "datetime", REQUIRED, READ_ONLY),
    ("dateUpdate", "datetime", REQUIRED, READ_ONLY),
    ("createdById", "integer", REQUIRED, READ_ONLY),
    ("updatedById", "integer", REQUIRED, READ_ONLY),
    ("connectorId", "integer", REQUIRED, IMMUTABLE), ("settings", "array", REQUIRED, MULTIPLE))
DATASET_FIELDS = described(
    ("id", "integer", REQUIRED, READ_ONLY), ("sourceId", "integer", REQUIRED, IMMUTABLE),
    ("name", "string", REQUIRED, IMMUTABLE), ("type", "string", REQUIRED, READ_ONLY),
    ("description", "string"), ("externalName", "string", REQUIRED, IMMUTABLE),
    ("externalCode", "string", REQUIRED, IMMUTABLE),
    ("externalId", "integer", REQUIRED, READ_ONLY),
    ("dateCreate", "datetime", REQUIRED, READ_ONLY),
    ("dateUpdate", "datetime", REQUIRED, READ_ONLY),
    ("createdById", "integer", REQUIRED, READ_ONLY),
    ("updatedById", "integer", REQUIRED, READ_ONLY), ("fields", "array", REQUIRED, MULTIPLE))
