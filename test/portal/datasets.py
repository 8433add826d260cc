"""The methods of `biconnector.dataset`, which are called `biconnector.table` later."""

from entity import Entity
from errors import ApiError
from schema import DATASET, FIELD_TYPES, FIELD_TYPES_LATER
from validation import (DATASET_NAME, LONGEST_DATASET_NAME, check_dataset_fields, check_id,
                        has_members, refuse_values)
from values import is_array, is_number, members, to_bool, to_int


class Datasets(Entity):

    kind = "dataset"
    missing = "DATASET_NOT_FOUND"
    ignored = unlisted = ("fields",)

    def schema(self):
        return DATASET

    def field_types(self):
        return FIELD_TYPES_LATER if self.later else FIELD_TYPES

    def insert(self, fields, user):
        columns = list(members(fields["fields"]).values())
        with self.portal.lock:
            if not DATASET_NAME.fullmatch(fields["name"]):
                raise ApiError("VALIDATION_DATASET_NAME_INVALID")
            self.portal.entities["source"].row(fields["sourceId"])
            if self.store.with_member("dataset", "name", fields["name"]):
                raise ApiError("DATASET_ALREADY_EXIST")
            if not columns:
                raise ApiError("FIELDS_EMPTY")
            check_dataset_fields(columns, self.field_types(),
                                 "VALIDATION_FIELD_MISSING_REQUIRED_PARAMETERS")
            if len(fields["name"]) > LONGEST_DATASET_NAME:
                raise ApiError("VALIDATION_DATASET_NAME_TOO_LONG")
            number = self.store.insert("dataset", {
                "type": "rest", "description": "", **fields, **self.created(user),
                "externalId": self.external_id()})
            self.row(number)["fields"] = [self.new_field(number, column) for column in columns]
            return number

    def external_id(self):
        """The number of the object in the BI Builder that is made at the same time."""
        return self.store.next_id("external")

    def new_field(self, dataset, column):
        return {"id": self.store.next_id("field"), "datasetId": dataset, "type": column["type"],
                "name": column["name"], "externalCode": str(column["externalCode"]),
                "visible": True}

    def change(self, number, fields, user):
        with self.portal.lock:
            row = self.row(number)
            if "fields" in fields:
                raise ApiError("INVALID_METHOD")
            row.update({**fields, **self.updated(user)})

    def item(self, row):
        return {key: value for key, value in super().item(row).items() if key != "sourceId"}

    def shown(self, row):
        return {key: value for key, value in super().item(row).items() if key != "fields"}

    # --- the seventh method

    def fields_update(self, params, _user):
        """Shows and hides fields, adds some and deletes some, in this order."""
        number = check_id(params)
        added, updated, deleted = (
            list(members(params[name]).values()) if is_array(params.get(name)) else []
            for name in ("add", "update", "delete"))
        refuse_unless(added, lambda field: has_members(field, ("name", "externalCode", "type")),
                      "VALIDATION_FIELD_ADD_MISSING_REQUIRED_FIELDS")
        refuse_unless(updated, lambda field: has_members(field, ("id", "visible")),
                      "VALIDATION_FIELD_UPDATE_MISSING_REQUIRED_FIELDS")
        refuse_unless(deleted, lambda field: is_number(field) and to_int(field) > 0,
                      "VALIDATION_FIELD_DELETE_INVALID_ID")
        with self.portal.lock:
            fields = self.row(number)["fields"]
            check_dataset_fields(added, self.field_types(),
                                 "VALIDATION_FIELD_ADD_MISSING_REQUIRED_FIELDS")
            for member, error in (("externalCode", "VALIDATION_DUPLICATE_EXIST_CODE"),
                                  ("name", "VALIDATION_DUPLICATE_EXIST_NAME")):
                taken = [field[member] for field in fields]
                refuse_values(error, [str(field[member]) for field in added
                                      if str(field[member]) in taken])
            visible = {to_int(field["id"]): to_bool(field["visible"]) for field in updated}
            for field in fields:
                field["visible"] = visible.get(field["id"], field["visible"])
            fields.extend(self.new_field(number, column) for column in added)
            gone = [to_int(field) for field in deleted]
            # The service deletes by the id alone, whichever dataset the field belongs to.
            for row in self.store.all("dataset"):
                row["fields"] = [field for field in row["fields"] if field["id"] not in gone]
            self.store.clock.stamp()
        return True


class Tables(Datasets):
    """The same objects by their later name; they have no counterpart in the BI Builder."""

    def external_id(self):
        return 0


def refuse_unless(items, is_right, error):
    if not all(map(is_right, items)):
        raise ApiError(error)
