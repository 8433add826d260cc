"""What the portal does wrong on request: rules, each with an action for some calls of a method.

    {"method": "biconnector.source.*", "skip": 2, "times": 1, "action": "delay", "seconds": 3}

`method` is a pattern, `*` by default; a request for a token is a call of `oauth.token`.  The first
`skip` calls (none) are left alone, and the next `times` (one; null: all) get the action.  Rules
that concern the same call act one after the other.
"""

import fnmatch
import json
from collections import namedtuple

from errors import METHOD_ERRORS, SYSTEM_ERRORS, WITHOUT_CODE, ApiError
from shared import Answer, RequestError

# `stage` says whether it happens before or after what the call does; `needed` and `optional` are
# members of the rule.
Action = namedtuple("Action", "stage needed optional function")
ACTIONS = {}
BEFORE, AFTER = "before", "after"
COMMON = ("method", "skip", "times", "action")


class Dropped(Exception):
    """The connection is closed in the place of an answer."""


class Instead(Exception):
    """Another answer than the right one."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer


class Placeholders(dict):
    """What stands for anything in a text is replaced by its own name."""

    def __missing__(self, name):
        return name


def action(name, stage, needed=(), optional=()):
    def register(function):
        ACTIONS[name] = Action(stage, needed, optional, function)
        return function
    return register


class Rules:
    """The rules that are in force, each with how many calls it has met."""

    def __init__(self):
        self.rules = []

    def add(self, rule):
        known = ACTIONS.get(rule.get("action"))
        if known is None:
            raise RequestError(400, "BAD_RULE", f"there is no action {rule.get('action')}")
        for name in known.needed:
            if name not in rule:
                raise RequestError(400, "BAD_RULE", f"{rule['action']} needs {name}")
        for name in rule:
            if name not in COMMON + known.needed + known.optional:
                raise RequestError(400, "BAD_RULE", f"{rule['action']} knows no {name}")
        self.rules.append({"method": "*", "skip": 0, "times": 1, **rule, "met": 0})

    def of_call(self, method):
        """The rules that a call meets, which counts for each of them."""
        met = []
        for rule in self.rules:
            if fnmatch.fnmatchcase(method, rule["method"]):
                rule["met"] += 1
                left = rule["met"] - rule["skip"]
                if left > 0 and (rule["times"] is None or left <= rule["times"]):
                    met.append(rule)
        return met

    @staticmethod
    def apply(rules, stage, call, subject=None):
        for rule in rules:
            if ACTIONS[rule["action"]].stage == stage:
                ACTIONS[rule["action"]].function(call, rule, subject)


# ------------------------------------------------------------------------ the actions
# Each gets the call (portal.Handler), its rule and, after the effect, the answer.

@action("calls", BEFORE, needed=("calls",))
def calls(call, rule, _answer):
    """other calls are made before this one: [{"method": ..., "params": {...}}, ...]"""
    for other in rule["calls"]:
        call.server.portal.run(other["method"], other.get("params", {}))


@action("error", BEFORE, needed=("error",), optional=("description", "status", "shape"))
@action("error_after_effect", AFTER, needed=("error",),
        optional=("description", "status", "shape"))
def error(call, rule, _answer):
    """an error, with the text that belongs to its code if none is given"""
    code = rule["error"]
    status, text = SYSTEM_ERRORS.get(code, (None, METHOD_ERRORS.get(code)))
    if code == "-":
        text = WITHOUT_CODE.get(call.method)
    text = (text or "").format_map(Placeholders())
    failure = ApiError(code, rule.get("description", text), rule.get("status", status))
    failure.shape = rule.get("shape")
    raise failure


@action("delay", BEFORE, needed=("seconds",))
@action("delay_after_effect", AFTER, needed=("seconds",))
def delay(call, rule, _answer):
    """the answer, or already the effect, comes late"""
    call.pause(rule["seconds"])


@action("drop_before_effect", BEFORE)
@action("drop_after_effect", AFTER)
def drop(_call, _rule, _answer):
    """the connection is closed without an answer"""
    raise Dropped


@action("drop_inside_answer", AFTER)
def drop_inside(_call, _rule, answer):
    """the connection is closed in the middle of the answer"""
    def parts(body):
        yield body[:len(body) // 2]
        raise ConnectionError("dropped")
    answer.parts = parts(b"".join(answer.parts))
    answer.stream_from = -1


@action("answer", BEFORE, needed=("body",), optional=("status", "content_type"))
@action("answer_after_effect", AFTER, needed=("body",), optional=("status", "content_type"))
def other_answer(_call, rule, _answer):
    """this text is the answer: HTML, JSON of another kind, nothing at all"""
    body = rule["body"] if isinstance(rule["body"], str) else json.dumps(rule["body"])
    raise Instead(Answer([body.encode("utf-8")], rule.get("status", 200),
                         content_type=rule.get("content_type", "application/json")))


@action("cut", AFTER, needed=("bytes",))
def cut(_call, rule, answer):
    """the answer is so many bytes long, and to HTTP all is fine"""
    answer.parts = [b"".join(answer.parts)[:rule["bytes"]]]
