"""What connectors, sources and datasets have in common: six methods each.

A method gets the members of a request and the user, and returns what becomes `result`.
"""

import listing
from errors import ApiError
from schema import described
from validation import check_fields, check_id


class Entity:

    kind = ""                   # in the store, and in the names of the methods
    missing = ""                # the error if there is none with this id
    ignored = ()                # fields that lists neither filter nor sort by, without a word
    unlisted = ()               # fields that lists do not have

    def __init__(self, portal):
        self.portal = portal

    @property
    def store(self):
        return self.portal.store

    @property
    def later(self):
        """Whether the portal knows what the later documentation added."""
        return self.portal.options["later"]

    def schema(self):
        raise NotImplementedError

    # --- the methods

    def add(self, params, user):
        return {"id": self.insert(check_fields(params, self.schema(), adding=True), user)}

    def update(self, params, user):
        number = check_id(params)
        self.change(number, check_fields(params, self.schema(), adding=False), user)
        return True

    def get(self, params, _user):
        number = check_id(params)
        with self.portal.lock:
            return {"item": self.item(self.row(number))}

    def list(self, params, _user):
        with self.portal.lock:
            rows = self.store.all(self.kind)
            return listing.listed(self, rows, params, self.portal.options)

    def delete(self, params, _user):
        number = check_id(params)
        with self.portal.lock:
            self.row(number)
            self.check_delete(number)
            del self.store.rows[self.kind][number]
            self.store.clock.stamp()
        return True

    def fields(self, _params, _user):
        return {"fields": described(self.schema())}

    # --- what differs

    def insert(self, fields, user):
        raise NotImplementedError

    def change(self, number, fields, user):
        raise NotImplementedError

    def check_delete(self, number):
        """Raises what speaks against it."""

    def item(self, row):
        """A row as `get` shows it."""
        return {field.title: row[field.title] for field in self.schema()}

    def shown(self, row):
        """A row as lists have it, before anything is selected."""
        return self.item(row)

    # --- what the others need

    def row(self, number):
        if number not in self.store.rows[self.kind]:
            raise ApiError(self.missing)
        return self.store.rows[self.kind][number]

    def created(self, user):
        """The members that say who made something, and when."""
        now = self.store.clock.stamp()
        unset = self.portal.options["null_dates"]
        return {"dateCreate": now, "dateUpdate": None if unset else now,
                "createdById": user, "updatedById": 0 if unset else user}

    def updated(self, user):
        return {"dateUpdate": self.store.clock.stamp(), "updatedById": user}
