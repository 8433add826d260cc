"""What a portal holds: connectors, sources and datasets, and the time at which they were made."""

import datetime

SHOWN = "%Y-%m-%d %H:%M:%S"


class Clock:
    """The time: the real one, or one that stands still and moves on by a second at each stamp."""

    def __init__(self, start=None):
        self.fixed = datetime.datetime.strptime(start, SHOWN) if start else None

    def now(self):
        return self.fixed or datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)

    def stamp(self):
        """The time of something that is being written."""
        now = self.now()
        if self.fixed:
            self.fixed += datetime.timedelta(seconds=1)
        return now.strftime(SHOWN)


class Store:
    """Rows by kind and id.  Ids are counted for each kind, and none is ever given twice."""

    KINDS = ("connector", "source", "dataset")

    def __init__(self, clock):
        self.clock = clock
        self.rows = {kind: {} for kind in self.KINDS}
        self.last_ids = {}

    def next_id(self, kind):
        self.last_ids[kind] = self.last_ids.get(kind, 0) + 1
        return self.last_ids[kind]

    def insert(self, kind, row):
        number = self.next_id(kind)
        self.rows[kind][number] = {"id": number, **row}
        return number

    def all(self, kind):
        return list(self.rows[kind].values())

    def with_member(self, kind, member, value):
        """Is there a row that has this?"""
        return any(row[member] == value for row in self.rows[kind].values())
