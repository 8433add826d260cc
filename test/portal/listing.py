"""The `list` methods: select, filter, order, page."""

import json
import re

from errors import ApiError
from values import is_array, is_number, members, to_bool, to_int, to_text

PAGE = 50
OPERATOR = re.compile(r"(!@|!=|>=|<=|=%|%=|[=!<>@%])?(.*)", re.DOTALL)
PREFIXES = "<>=!@%"
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

COMPARISONS = {
    "<": lambda mine, other: mine < other, "<=": lambda mine, other: mine <= other,
    ">": lambda mine, other: mine > other, ">=": lambda mine, other: mine >= other}
MEMBERSHIP = {"=": True, "@": True, "!": False, "!=": False, "!@": False}


def listed(entity, rows, params, options):
    """A page of the rows that are asked for; anything that is wrong is found in this order."""
    params = {key.lower(): value for key, value in params.items()}      # the reference has both
    selected = check_select(entity, params.get("select"))
    condition = Filter(entity, options).compiled(params.get("filter"))
    order = check_order(entity, params.get("order"))
    if options["unordered"]:
        rows = rows[::-1]
    rows = [row for row in rows if condition(row)]
    types = {field.title: field.type for field in entity.schema()}
    for title, descending in reversed(order):
        rows.sort(key=lambda row: sort_key(row[title], types[title], options), reverse=descending)
    page = to_int(params.get("page")) if is_number(params.get("page")) else 1
    start = (max(page, 1) - 1) * PAGE
    return [presented(entity.shown(row), selected, types, options)
            for row in rows[start:start + PAGE]]


def check_array(name, value):
    if value is not None and not is_array(value):
        raise ApiError(f"VALIDATION_{name.upper()}_TYPE")
    return members(value or [])


def check_title(entity, name, title):
    if not any(field.title == title for field in entity.schema()):
        raise ApiError(f"VALIDATION_FIELD_NOT_ALLOWED_IN_{name.upper()}", title=title)


def check_select(entity, select):
    """The titles, or none of them for all."""
    titles = list(check_array("select", select).values())
    for title in titles:
        if title != "*":
            check_title(entity, "select", title)
    return [] if "*" in titles else [title for title in titles if title not in entity.unlisted]


def check_order(entity, order):
    """Pairs of a title and whether it descends."""
    directions = check_array("order", order)
    for title in directions:
        check_title(entity, "order", title)
    for direction in directions.values():
        if str(direction).upper() not in ("ASC", "DESC"):
            raise ApiError("ERROR_ARGUMENT", value=str(direction).upper())
    return [(title, str(direction).upper() == "DESC")
            for title, direction in directions.items() if title not in entity.ignored]


def sort_key(value, kind, options):
    """NULL comes first."""
    return (value is not None, 0 if value is None else comparable(value, kind, options))


class Filter:
    """Turns the filter of a request into a function that says whether a row passes."""

    def __init__(self, entity, options):
        self.entity = entity
        self.types = {field.title: field.type for field in entity.schema()}
        self.options = options

    def compiled(self, given):
        return self.group(check_array("filter", given))

    def group(self, given):
        logic, conditions = "AND", []
        for key, value in given.items():
            operator, title = OPERATOR.fullmatch(key).groups()
            if key == "logic":
                logic = str(value).upper()
                if logic not in ("AND", "OR"):
                    raise ApiError("VALIDATION_INVALID_FILTER_LOGIC")
            elif key.isdecimal() and is_array(value):
                conditions.append(self.group(members(value)))
            else:
                self.check(title, value)
                # An empty list is left out, which is not what IN () means.
                if title not in self.entity.ignored and value not in ([], {}):
                    conditions.append(self.condition(operator or "=", title, value))
        if not conditions:
            return lambda row: True
        every = all if logic == "AND" else any
        return lambda row: every(condition(row) for condition in conditions)

    def check(self, title, value):
        check_title(self.entity, "filter", title)
        if not is_array(value):
            return
        for key, item in members(value).items():
            # The live service takes the members of a list for conditions of their own; numbers
            # are the only ones that get away with that.
            if not key.isdecimal() or is_array(item) or (
                    self.options["lists"] == "numbers" and not is_number(item)):
                raise ApiError("VALIDATION_FIELD_NOT_ALLOWED_IN_FILTER",
                               title=key.lstrip(PREFIXES))

    def condition(self, operator, title, value):
        kind = self.types[title]
        if operator in MEMBERSHIP:
            wanted = list(members(value).values()) if is_array(value) else [value]
            wanted = [self.comparable(item, kind) for item in wanted if item is not None]
            return self.test(title, lambda mine: (mine in wanted) == MEMBERSHIP[operator])
        if is_array(value):
            raise ApiError("INTERNAL_SERVER_ERROR")     # a database that is asked for nonsense
        if value is None:
            return lambda row: False
        if operator in COMPARISONS:
            compare, other = COMPARISONS[operator], self.comparable(value, kind)
            return self.test(title, lambda mine: compare(mine, other))
        text = self.folded(to_text(value))
        if operator == "%":
            return self.test(title, lambda mine: text in self.folded(str(mine)))
        pattern = re.compile(".*".join(map(re.escape, text.split("%"))), re.DOTALL)
        return self.test(title, lambda mine: bool(pattern.fullmatch(self.folded(str(mine)))))

    def test(self, title, passes):
        """What is NULL passes no test at all, as everywhere in SQL."""
        return lambda row: row[title] is not None and passes(
            self.comparable(row[title], self.types[title]))

    def comparable(self, value, kind):
        return comparable(value, kind, self.options)

    def folded(self, text):
        return folded(text, self.options)


def folded(text, options):
    return text.casefold() if options["case"] == "insensitive" else text


def comparable(value, kind, options):
    """A value of a field, or one to compare it with."""
    if kind == "integer":
        return to_int(value)
    if kind == "boolean":
        return to_bool(value) and value != "N"
    if kind == "datetime":
        text = to_text(value).replace("T", " ")
        return text + " 00:00:00" if DATE.fullmatch(text) else text
    return folded(json.dumps(value) if is_array(value) else to_text(value), options)


def presented(row, selected, types, options):
    """A row as the answer has it."""
    for title, value in row.items():
        is_id = types[title] == "integer" and title.lower().endswith("id")
        if is_id and options["ids"] == "string":
            row[title] = str(value)
        # Only of connectors, which have no dateUpdate, does the live service show such dates.
        is_hidden = types[title] == "datetime" and title in selected and "dateUpdate" in types
        if is_hidden and options["empty_dates"]:
            row[title] = {}
    return {title: row[title] for title in selected} if selected else row
