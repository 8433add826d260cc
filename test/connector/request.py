"""Request bodies: from bytes to a dictionary, what is wrong with them, and the way back."""

import json
import re
import urllib.parse


class RequestError(Exception):
    """Something is wrong with a request; becomes an error object with this HTTP status."""

    def __init__(self, status, error, description):
        super().__init__(description)
        self.status, self.error, self.description = status, error, description


def parse_form(text):
    """PHP's notation, which is what Bitrix24 sends: `a[x][0]=1` means {"a": {"x": ["1"]}}."""
    tree = {}
    for pair in filter(None, text.split("&")):
        key, _, value = (urllib.parse.unquote_plus(part, errors="strict")
                         for part in pair.partition("="))
        match = re.fullmatch(r"([^][]+)((?:\[[^][]*\])*)", key)
        if not match:
            # Mostly a raw "=" inside of a key.  PHP would drop such a filter without a word.
            raise RequestError(400, "BAD_BODY", "malformed key " + key)
        *path, last = [match[1]] + re.findall(r"\[(.*?)\]", match[2])
        node = tree
        for step in path:
            if not isinstance(node.get(step), dict):
                node[step] = {}
            node = node[step]
        node[last or str(len(node))] = value        # `a[]=1` appends
    return {key: with_lists(value) for key, value in tree.items()}


def with_lists(node):
    """An array whose keys are 0, 1, 2, ... is a list to PHP, and any other one a dictionary."""
    if not isinstance(node, dict):
        return node
    node = {key: with_lists(value) for key, value in node.items()}
    if list(node) == [str(index) for index in range(len(node))]:
        return list(node.values())
    return node


def form_of(params):
    """The form that has these members; what is empty cannot be expressed."""
    def pairs(value, key):
        if isinstance(value, dict):
            for name, item in value.items():
                yield from pairs(item, f"{key}[{name}]" if key else name)
        elif isinstance(value, list):
            yield from pairs({str(index): item for index, item in enumerate(value)}, key)
        else:
            yield key, value
    return urllib.parse.urlencode(list(pairs(params, "")))


def as_dict(value, what):
    """The other way round, for a member that is an object whatever its keys look like."""
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        raise RequestError(400, "BAD_REQUEST", what + " must be an object")
    return value


def as_list(value, what):
    if not isinstance(value, list):
        raise RequestError(400, "BAD_REQUEST", what + " must be an array")
    return value


PARSERS = {"application/x-www-form-urlencoded": ("form", parse_form),
           "application/json": ("json", json.loads)}


def parse_body(content_type, body):
    """The name of the body's format, and its members."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in PARSERS:
        raise RequestError(415, "UNSUPPORTED_MEDIA_TYPE", "send a form or JSON")
    name, parse = PARSERS[media_type]
    try:
        members = parse(body.decode("utf-8"))
        json.dumps(members, ensure_ascii=False).encode("utf-8")     # half a surrogate pair?
    except (ValueError, RecursionError):
        raise RequestError(400, "BAD_BODY", f"the body is no valid {name}") from None
    if not isinstance(members, dict):
        raise RequestError(400, "BAD_BODY", "the body must be an object")
    return name, members


# What goes into a log must not show the settings, which are passwords as often as not.

def masked(value):
    """The same structure without its values."""
    if isinstance(value, dict):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return "***"


def masked_text(name, text):
    """The text of a body without the values inside of `connection`."""
    if name == "form":
        pairs = (pair.partition("=") for pair in text.split("&"))
        return "&".join(
            key + "=***" if urllib.parse.unquote_plus(key).startswith("connection")
            else key + equals + value for key, equals, value in pairs)
    result, end = "", 0
    for match in re.finditer(r'"connection"\s*:\s*', text):
        if match.start() >= end:
            value, after = json.JSONDecoder().raw_decode(text, match.end())
            result += text[end:match.end()] + json.dumps(masked(value), ensure_ascii=False)
            end = after
    return result + text[end:]
