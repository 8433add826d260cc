"""The methods of `biconnector.source`."""

import contextlib
import http.client
import urllib.parse

from entity import Entity
from errors import ApiError
from schema import SOURCE
from shared import form_of
from values import members, to_text

CHECK_TIMEOUT = 10              # seconds
CLIENTS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class Sources(Entity):

    kind = "source"
    missing = "SOURCE_NOT_FOUND"
    ignored = ("settings",)

    def schema(self):
        return SOURCE

    def connector(self, number):
        return self.portal.entities["connector"].row(number)

    def insert(self, fields, user):
        number = fields["connectorId"]
        values = given_settings(fields)
        with self.portal.lock:
            url = self.connector(number)["urlCheck"]
        self.check_connection(url, values, "SOURCE_CREATE_CONNECTION_ERROR")
        with self.portal.lock:
            connector = self.connector(number)          # it may be gone by now
            return self.store.insert("source", {
                "type": "rest", "code": f"rest_{number}", "description": "", "active": True,
                **fields, **self.created(user),
                "settings": self.settings(connector, values)})

    def change(self, number, fields, user):
        with self.portal.lock:
            row = self.row(number)
            values = {**{setting["code"]: setting["value"] for setting in row["settings"]},
                      **given_settings(fields)}
            url = self.connector(row["connectorId"])["urlCheck"]
        self.check_connection(url, values, "SOURCE_UPDATE_CONNECTION_ERROR")
        with self.portal.lock:
            row = self.row(number)
            settings = self.settings(self.connector(row["connectorId"]), values, row["settings"])
            row.update({**fields, **self.updated(user), "settings": settings})

    def check_delete(self, number):
        if self.store.with_member("dataset", "sourceId", number):
            raise ApiError("BX_ERROR")

    def item(self, row):
        connection = super().item(row)
        return {"connectorId": connection.pop("connectorId"),
                "settings": connection.pop("settings"), "connection": connection}

    def shown(self, row):
        return {**super().item(row), "settings": [
            {key: value for key, value in setting.items() if key != "id"}
            for setting in row["settings"]]}

    def settings(self, connector, values, old=()):
        """The values with what the connector says of them; those that were there keep their ids."""
        ids = {setting["code"]: setting["id"] for setting in old}
        known = {setting["code"]: setting for setting in connector["settings"]}
        return [{"code": code, "name": known.get(code, {}).get("name", code),
                 "type": known.get(code, {}).get("type", "STRING"), "value": value,
                 "id": ids.get(code) or self.store.next_id("setting")}
                for code, value in values.items()]

    def check_connection(self, url, values, error):
        if self.portal.options["check"] == "on" and not is_reachable(url, values):
            raise ApiError(error)


def given_settings(fields):
    return {code: to_text(value) for code, value in members(fields.get("settings", {})).items()}


def is_reachable(url, values):
    """Whether a connector's urlCheck says that all is well: HTTP 200, and a body with something."""
    try:
        parts = urllib.parse.urlsplit(url)
        path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        client = CLIENTS[parts.scheme](parts.netloc, timeout=CHECK_TIMEOUT)
        with contextlib.closing(client):
            client.request("POST", path, form_of({"connection": values}),
                           {"Content-Type": "application/x-www-form-urlencoded"})
            response = client.getresponse()
            return response.status == 200 and response.read() != b""
    except (OSError, KeyError, ValueError, http.client.HTTPException):
        return False
