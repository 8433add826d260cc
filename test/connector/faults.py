"""The register of misbehaviours: what one is, and how it is found by its name.

`misbehave.py` says what this is for.
"""

from collections import namedtuple

from connector import ENDPOINTS
from request import RequestError

# A fault changes what there is at one stage of the work: function(handler, subject[, argument]).
#   request  the members of the request     tables  the tables there are      fields  of a table
#   filter   a MisbehavingFilter            query   a tables.Query            rows    connector.Rows
#   answer   a connector.Answer
Fault = namedtuple("Fault", "stage endpoints argument function")
FAULTS = {}                     # name -> its faults: one, or one for each of several stages
DATA = ("data",)
LATER = ("table_description", "data")       # the endpoints that are told a table


def fault(stage, endpoints=DATA, argument=None, name=None):
    """Makes a function a misbehaviour; `argument` converts what follows the colon in its name."""
    def register(function):
        FAULTS.setdefault(name or function.__name__, []).append(
            Fault(stage, endpoints, argument, function))
        return function
    return register


class Instead(Exception):
    """Gives up the right answer for another one."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer


def find_faults(text, endpoint):
    """The faults behind `[endpoint/]name[:argument]` that concern this endpoint."""
    path, colon, argument = text.partition(":")
    only, _, name = path.rpartition("/")
    if name not in FAULTS or only not in ("", *ENDPOINTS):
        raise RequestError(400, "UNKNOWN_MISBEHAVIOUR", f"there is no misbehaviour {text}")
    for found in FAULTS[name]:
        if bool(found.argument) != bool(colon):
            raise RequestError(400, "UNKNOWN_MISBEHAVIOUR", f"{name} takes "
                               f"{'an' if found.argument else 'no'} argument")
        if endpoint in ((only,) if only else found.endpoints):
            try:
                yield found, (found.argument(argument),) if found.argument else ()
            except ValueError:
                raise RequestError(400, "UNKNOWN_MISBEHAVIOUR",
                                   f"{argument!r} is no argument for {name}") from None
