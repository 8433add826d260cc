"""Values as the service sees them, which is with the eyes of PHP."""

import re

NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
NOTHING = (None, False, 0, "", "0", [], {})


def is_array(value):
    """PHP knows no difference between a list and an object."""
    return isinstance(value, (list, dict))


def members(array):
    """The members of an array, by key."""
    return dict(zip(map(str, range(len(array))), array)) if isinstance(array, list) else array


def is_number(value):
    if isinstance(value, str):
        return bool(NUMBER.fullmatch(value))
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def to_int(value):
    """A number, or what stands for one, without its fraction; anything else is 0."""
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return int(float(value)) if is_number(value) and abs(float(value)) < 2 ** 63 else 0


def to_bool(value):
    return value not in NOTHING


def to_text(value):
    if isinstance(value, bool) or value is None:
        return "1" if value else ""
    return str(value)
