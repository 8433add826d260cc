"""The methods of `biconnector.connector`."""

from entity import Entity
from errors import ApiError
from schema import CONNECTOR, CONNECTOR_LATER, SETTING_TYPES, SETTING_TYPES_LATER
from validation import check_settings

DEFAULTS = {"description": "", "sort": 100, "supportMapping": False, "sourceCode": ""}


class Connectors(Entity):

    kind = "connector"
    missing = "CONNECTOR_NOT_FOUND"

    def schema(self):
        return CONNECTOR_LATER if self.later else CONNECTOR

    def insert(self, fields, user):
        settings = self.checked_settings(fields)
        with self.portal.lock:
            return self.store.insert("connector", {
                **DEFAULTS, **fields, **settings, "dateCreate": self.store.clock.stamp()})

    def change(self, number, fields, user):
        with self.portal.lock:
            row = self.row(number)
            row.update({**fields, **self.checked_settings(fields)})
            self.store.clock.stamp()

    def check_delete(self, number):
        if self.store.with_member("source", "connectorId", number):
            raise ApiError("CONNECTOR_DELETE_RESTRICTED")

    def checked_settings(self, fields):
        if "settings" not in fields:
            return {}
        return {"settings": check_settings(
            fields["settings"], SETTING_TYPES_LATER if self.later else SETTING_TYPES)}
