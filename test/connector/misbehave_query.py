"""What connectors in the field get wrong about the question: limit, select and filter.

`misbehave.py` says how these are switched on, and has what they get wrong about the answer.  They
are apart because the two have nothing in common but the register in `faults.py`, and because it is
here that a connector may lose rows without anybody noticing: a filter that finds too much does
little harm, one that finds too little makes a wrong figure.  Hence the many kinds, each alone.
"""

import datetime
import unicodedata
from collections import namedtuple

from faults import Instead, fault
from request import RequestError, as_dict
from tables import NUMBERS, Filter, scalar_text

EQUALITIES = ("=", "!=", "!", "@", "!@")
RANGES = ("<", "<=", ">", ">=")
LIKES = ("%", "=%", "%=")

# What both sides of a comparison go through before they are compared: the field as a template for
# SQL, the value as a function.
Folding = namedtuple("Folding", "operators types sql value")


class ReadAs(Exception):
    """Gives up the right meaning of a condition or group for this SQL."""

    def __init__(self, sql):
        super().__init__()
        self.sql = sql


class MisbehavingFilter(Filter):
    """A filter that understands what the faults tell it to.

    A reading is a function that gets what was asked and returns what is understood, or raises
    ReadAs or an error.  They are applied in the order of the faults.
    """

    substring_wildcards = False

    def __init__(self, field_of):
        super().__init__(field_of)
        self.group_readings = []    # functions: the members of a group -> its members
        self.readings = []          # functions: operator, field, value -> operator, value
        self.foldings = []

    def group(self, members):
        members = as_dict(members, "a filter")
        try:
            for reading in self.group_readings:
                members = reading(members)
        except ReadAs as other:
            return other.sql
        return super().group(members)

    def condition(self, operator, field, value):
        try:
            for reading in self.readings:
                operator, value = reading(operator, field, value)
        except ReadAs as other:
            return other.sql
        if operator in LIKES and (self.substring_wildcards or self.folded(operator, field)):
            return self.like(operator, field, scalar_text(field, value))
        return super().condition(operator, field, value)

    def folded(self, operator, field):
        """The foldings in force."""
        return [folding for folding in self.foldings
                if operator in folding.operators and field.type in folding.types]

    def operand(self, operator, field):
        sql = super().operand(operator, field)
        for folding in self.folded(operator, field):
            sql = folding.sql.format(sql)
        return sql

    def converted(self, operator, field, value):
        value = super().converted(operator, field, value)
        if value is not None:
            for folding in self.folded(operator, field):
                value = folding.value(value)
        return value

    def like(self, operator, field, text):
        """One of LIKES.  GLOB, as in the right filter; there, _ is nothing special."""
        sql = f"CAST({field.sql} AS TEXT)"
        for folding in self.folded(operator, field):
            sql, text = folding.sql.format(sql), folding.value(text)
        wildcards = {"%": "*"} if operator != "%" else {}
        if operator == "%" and self.substring_wildcards:
            wildcards = {"%": "*", "_": "?"}
        pattern = "".join(wildcards.get(char) or (f"[{char}]" if char in "*?[" else char)
                          for char in text)
        return f"{sql} GLOB {self.parameter(f'*{pattern}*' if operator == '%' else pattern)}"


# ------------------------------------------------------------------------ limit and select

@fault("query")
def limit_100(_call, query):
    """no limit, or 0, means 100 rows at most"""
    query.limit = query.limit or 100


@fault("query", argument=int)
def cap(_call, query, most):
    """N: never more than N rows, whatever was asked for"""
    query.limit = min(query.limit or most, most)


@fault("request", argument=int)
def max_limit(_call, params, most):
    """N: HTTP 500 for a limit above N"""
    if int(params.get("limit") or 0) > most:
        raise RequestError(500, "LIMIT", f"the limit is above {most}")


@fault("query")
def limit_before_filter(_call, query):
    """the limit counts the rows before the filter, not after it"""
    if query.limit:
        query.source = f"(SELECT * FROM {query.source} LIMIT {query.limit})"
        query.limit = 0


@fault("query")
def ignore_limit(_call, query):
    """the limit is ignored: all rows come"""
    query.limit = 0


@fault("request")
def select_ignored(_call, params):
    """select is ignored: all fields come"""
    params.pop("select", None)


@fault("request")
def select_500(_call, params):
    """HTTP 500 for a select"""
    if params.get("select"):
        raise RequestError(500, "SELECT", "select is not supported")


# ------------------------------------------------------------------------ any filter

@fault("request")
def ignore_filter(_call, params):
    """the filter is ignored; the limit is not"""
    params.pop("filter", None)


@fault("query")
def filter_loses_all(_call, query):
    """any filter finds nothing"""
    if query.where:
        query.where, query.values = "0", []


@fault("request")
def filter_500(_call, params):
    """HTTP 500 for any filter"""
    if params.get("filter"):
        raise RequestError(500, "FILTER", "filters are not supported")


@fault("request")
def filter_error_200(call, params):
    """an error object with HTTP 200 for any filter"""
    if params.get("filter"):
        raise Instead(call.json_answer(
            {"error": "FILTER", "error_description": "filters are not supported"}))


@fault("request")
def prefixes_500(_call, params):
    """HTTP 500 for a filter key with an operator in front"""
    if has_prefix(params.get("filter")):
        raise RequestError(500, "FILTER", "what does this operator mean?")


def has_prefix(group):
    if isinstance(group, list):
        return any(map(has_prefix, group))
    return isinstance(group, dict) and any(
        Filter.KEY.fullmatch(key)[1] or key.isdecimal() and has_prefix(value)
        for key, value in group.items())


@fault("filter")
def first_key_only(_call, condition):
    """only the first condition of a filter or group counts"""
    condition.group_readings.append(lambda members: dict(conditions_of(members)[:1]))


@fault("filter")
def last_key_only(_call, condition):
    """only the last condition of a filter or group counts"""
    condition.group_readings.append(lambda members: dict(conditions_of(members)[-1:]))


@fault("filter")
def strict_types(_call, condition):
    """a string finds nothing in a field of numbers (and a form has only strings)"""
    def reading(operator, field, value):
        values = value if isinstance(value, list) else [value]
        if field.type in NUMBERS and any(isinstance(item, str) for item in values):
            raise ReadAs("0")
        return operator, value
    condition.readings.append(reading)


@fault("filter")
def vendor(call, condition):
    """the vendor's example: misreads !, !@, LIKE, arrays on ranges and dates; 100 rows"""
    def reading(operator, field, value):
        if operator in ("=%", "%="):
            raise ReadAs("0")
        if operator == "%":
            pattern = condition.parameter(f"%{scalar_text(field, value)}%")
            raise ReadAs(f"CAST({field.sql} AS TEXT) LIKE {pattern}")
        if operator in ("!", "!@") or operator in RANGES and isinstance(value, list):
            operator = "="
        return operator, value
    condition.readings.append(reading)
    date_boundary(call, condition)


fault("query", name="vendor")(limit_100)


# ------------------------------------------------------------------------ filter: equality and IN

@fault("filter")
def case_insensitive(call, condition):
    """equality and IN do not tell upper from lower case, in any script"""
    fold_case(call, condition, EQUALITIES)


@fault("filter")
def accent_insensitive(call, condition):
    """equality and IN do not see accents: é = e, ё = е"""
    call.db.create_function("unaccent", 1, lambda text: text and without_accents(text))
    condition.foldings.append(
        Folding(EQUALITIES, ("STRING",), "unaccent({})", without_accents))


@fault("filter")
def ignore_trailing_blanks(_call, condition):
    """equality and IN do not see blanks at the end"""
    condition.foldings.append(
        Folding(EQUALITIES, ("STRING",), "rtrim({}, ' ')", lambda text: text.rstrip(" ")))


@fault("filter")
def floats_as_text(_call, condition):
    """equality and IN compare a DOUBLE as text: 3 is not 3.0"""
    condition.foldings.append(Folding(EQUALITIES, ("DOUBLE",), "CAST({} AS TEXT)", str))


@fault("filter")
def ne_as_eq(_call, condition):
    """!= and ! act as equality"""
    condition.readings.append(lambda operator, field, value: (
        "=" if operator in ("!=", "!") else operator, value))


@fault("filter")
def not_in_as_in(_call, condition):
    """!@ acts as @"""
    condition.readings.append(lambda operator, field, value: (
        "@" if operator == "!@" else operator, value))


@fault("filter")
def first_of_list(_call, condition):
    """an array means its first value"""
    condition.readings.append(lambda operator, field, value: (
        operator, value[:1] if isinstance(value, list) else value))


@fault("filter", argument=int)
def long_list(_call, condition, most):
    """N: an array of more than N values finds nothing"""
    def reading(operator, _field, value):
        if isinstance(value, list) and len(value) > most:
            raise ReadAs("0")
        return operator, value
    condition.readings.append(reading)


@fault("filter")
def list_500(_call, condition):
    """HTTP 500 for an array"""
    def reading(operator, _field, value):
        if isinstance(value, list):
            raise RequestError(500, "FILTER", "Array to string conversion")
        return operator, value
    condition.readings.append(reading)


# ------------------------------------------------------------------------ filter: ranges

@fault("filter")
def ge_as_gt(_call, condition):
    """>= acts as >"""
    condition.readings.append(lambda operator, field, value: (
        ">" if operator == ">=" else operator, value))


@fault("filter")
def le_as_lt(_call, condition):
    """<= acts as <"""
    condition.readings.append(lambda operator, field, value: (
        "<" if operator == "<=" else operator, value))


@fault("filter")
def ranges_as_text(_call, condition):
    """<, <=, > and >= compare numbers as text: 10 is less than 9"""
    condition.foldings.append(Folding(RANGES, NUMBERS, "CAST({} AS TEXT)", str))


@fault("filter")
def ranges_ignore_case(call, condition):
    """<, <=, > and >= do not tell upper from lower case: B is not less than a"""
    fold_case(call, condition, RANGES)


@fault("filter")
def ranges_ignored(_call, condition):
    """<, <=, > and >= are always true"""
    def reading(operator, _field, value):
        if operator in RANGES:
            raise ReadAs("1")
        return operator, value
    condition.readings.append(reading)


@fault("filter")
def ranges_skipped(_call, condition):
    """<, <=, > and >= are left out; of an OR, the rest remains"""
    condition.group_readings.append(lambda members: {
        key: value for key, value in members.items()
        if Filter.KEY.fullmatch(key)[1] not in RANGES})


@fault("filter")
def ranges_500(_call, condition):
    """HTTP 500 for <, <=, > and >="""
    refuse(condition, RANGES)


# ------------------------------------------------------------------------ filter: LIKE

@fault("filter")
def substring_wildcards(_call, condition):
    """% and _ in the value of % are wildcards"""
    condition.substring_wildcards = True


@fault("filter")
def like_case_insensitive(call, condition):
    """%, =% and %= do not tell upper from lower case, in any script"""
    fold_case(call, condition, LIKES)


@fault("filter")
def like_equals(_call, condition):
    """=% and %= compare without any wildcard"""
    def reading(operator, field, value):
        if operator in ("=%", "%="):
            mark = condition.parameter(scalar_text(field, value))
            raise ReadAs(f"CAST({field.sql} AS TEXT) = {mark}")
        return operator, value
    condition.readings.append(reading)


@fault("filter")
def like_500(_call, condition):
    """HTTP 500 for %, =% and %="""
    refuse(condition, LIKES)


# ------------------------------------------------------------------------ filter: groups

@fault("filter")
def logic_ignored(_call, condition):
    """LOGIC is ignored: OR is read as AND"""
    condition.group_readings.append(lambda members: dict(conditions_of(members)))


@fault("filter")
def groups_ignored(_call, condition):
    """groups are left out"""
    condition.group_readings.append(lambda members: {
        key: value for key, value in members.items() if not is_group(key, value)})


@fault("filter")
def groups_nothing(_call, condition):
    """a filter with a group finds nothing"""
    def reading(members):
        if any(is_group(*member) for member in members.items()):
            raise ReadAs("0")
        return members
    condition.group_readings.append(reading)


@fault("filter")
def groups_500(_call, condition):
    """HTTP 500 for a group"""
    def reading(members):
        if any(is_group(*member) for member in members.items()):
            raise RequestError(500, "FILTER", "there is no field 0")
        return members
    condition.group_readings.append(reading)


# ------------------------------------------------------------------------ filter: dates and numbers

@fault("filter")
def date_boundary(_call, condition):
    """values for a DATE get a time, 00:00:00, and the field has none: =, IN and >= lose the day"""
    condition.foldings.append(Folding(
        EQUALITIES + RANGES, ("DATE",), "{}",
        lambda text: text if " " in text else text + " 00:00:00"))


@fault("fields")
def date_at_noon(_call, fields):
    """a DATE is stored and shown with a time: 2024-02-29 12:00:00"""
    store(fields, ("DATE",), "({} || ' 12:00:00')")


@fault("filter", argument=int)
def filter_zone(_call, condition, hours):
    """H: values for a DATETIME are moved by H hours"""
    def moved(text):
        seconds, point, fraction = text.partition(".")
        try:
            moment = datetime.datetime.fromisoformat(seconds) + datetime.timedelta(hours=hours)
        except (ValueError, OverflowError):
            return text                     # such a moment does not exist, or not in Python
        return str(moment) + point + fraction
    condition.foldings.append(Folding(EQUALITIES + RANGES, ("DATETIME",), "{}", moved))


@fault("fields")
def fractions_hidden(_call, fields):
    """a DATETIME is stored with 0.7 seconds more than are shown"""
    store(fields, ("DATETIME",), "({} || '.7')")


@fault("query", name="fractions_hidden")
def fractions_not_shown(_call, query):
    show(query, ("DATETIME",), "substr({}, 1, 19)")


@fault("query")
def rounded_shown(_call, query):
    """a DOUBLE or MONEY is shown with 1 digit after the point, and stored with more"""
    show(query, ("DOUBLE", "MONEY"), "round({}, 1)")


# ------------------------------------------------------------------------ tools

def conditions_of(members):
    """The members of a group without its LOGIC."""
    return [(key, value) for key, value in members.items() if key not in ("LOGIC", "logic")]


def is_group(key, value):
    return key.isdecimal() and isinstance(value, (dict, list))


def refuse(condition, operators):
    """HTTP 500 for these operators."""
    def reading(operator, _field, value):
        if operator in operators:
            raise RequestError(500, "FILTER", f"what does {operator} mean?")
        return operator, value
    condition.readings.append(reading)


def fold_case(call, condition, operators):
    """With these operators, strings are the same in upper and lower case."""
    call.db.create_function("casefold", 1, lambda text: text and text.casefold())
    condition.foldings.append(Folding(operators, ("STRING",), "casefold({})", str.casefold))


def without_accents(text):
    return "".join(char for char in unicodedata.normalize("NFD", text)
                   if not unicodedata.combining(char))


def store(fields, types, sql):
    """Fields of these types are something else, to filters and to those who read them."""
    fields[:] = [field._replace(sql=sql.format(field.sql)) if field.type in types else field
                 for field in fields]


def show(query, types, sql):
    """Fields of these types are shown as something else; filters know nothing of it."""
    query.columns[:] = [
        (name, field._replace(sql=sql.format(field.sql)) if field.type in types else field)
        for name, field in query.columns]
