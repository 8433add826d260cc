"""What can be told a portal, on the command line and partly at run time."""

import argparse
from collections import namedtuple

from auth import Bucket
from shared import RequestError, assignment, server_options

# How a portal behaves: these can be changed at run time.  `values` are those it may have, or a
# function that checks one.
Behaviour = namedtuple("Behaviour", "default values help")


def positive(value):
    if int(value) < 0:
        raise ValueError(value)
    return int(value)


def rate(value):
    Bucket(value)
    return value


BEHAVIOUR = {
    "error_shape": Behaviour("top", ("top", "result"),
                             "where errors of the methods stand: on top, or inside of result"),
    "error_status": Behaviour(200, positive, "the HTTP status of the methods' errors on top"),
    "family": Behaviour("both", ("dataset", "table", "both"),
                        "how the methods for datasets are called"),
    "later": Behaviour(False, bool, "know what the later documentation added: supportMapping "
                       "and sourceCode, settings of type INT, fields of type money and timezone"),
    "ids": Behaviour("string", ("string", "number"), "how lists write ids"),
    "case": Behaviour("insensitive", ("insensitive", "sensitive"),
                      "whether filter and order tell upper from lower case"),
    "lists": Behaviour("any", ("any", "numbers"), "what a list in a filter may have"),
    "unordered": Behaviour(False, bool, "lists that are not ordered come backwards"),
    "extra_keys": Behaviour(False, bool, "answers have keys that nobody knows"),
    "null_dates": Behaviour(False, bool,
                            "what was never updated has no dateUpdate, and updatedById 0"),
    "empty_dates": Behaviour(False, bool, "dates of sources and datasets that a list selects by "
                             "name are {}"),
    "webhook_may_all": Behaviour(False, bool, "webhooks may call more than the fields methods"),
    "check": Behaviour("on", ("on", "off"), "whether urlCheck of connectors is called"),
    "rate_limit": Behaviour(None, rate, "N[/BURST]: so many calls a second, and in a row"),
    "token_calls": Behaviour(None, positive, "how many calls a token is good for"),
}


def with_user(text):
    """`NAME[=USERID]`, as a pair."""
    name, _, user = text.partition("=")
    return name, int(user or 1)


def webhook(text):
    user, slash, _ = text.partition("/")
    if not slash or not user.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form USERID/SECRET")
    return text


def parse_options(arguments=None):
    parser = argparse.ArgumentParser(description="A Bitrix24 portal to test against.")
    server_options(parser)

    def repeatable(name, kind, metavar, text):
        parser.add_argument(name, action="append", default=[], type=kind, metavar=metavar,
                            help=text + "; may be repeated")
    repeatable("--token", with_user, "TOKEN[=USERID]", "an access token")
    repeatable("--webhook", webhook, "USERID/SECRET", "a webhook")
    repeatable("--client", assignment, "ID=SECRET", "an OAuth client")
    repeatable("--refresh-token", with_user, "TOKEN[=USERID]", "a refresh token")
    parser.add_argument("--clock", metavar="'Y-m-d H:i:s'",
                        help="a time that stands still, but for a second at each call that writes")
    for name, behaviour in BEHAVIOUR.items():
        if behaviour.values is bool:
            how = {"action": "store_true"}
        elif isinstance(behaviour.values, tuple):
            how = {"choices": behaviour.values}
        else:
            how = {"type": behaviour.values, "metavar": "N"}
        parser.add_argument("--" + name.replace("_", "-"), default=behaviour.default,
                            help=behaviour.help, **how)
    return parser.parse_args(arguments)


def checked(name, value):
    """A behaviour that is asked for at run time."""
    if name not in BEHAVIOUR:
        raise RequestError(400, "BAD_OPTION", f"there is no option {name}")
    default, values, _ = BEHAVIOUR[name]
    if values is bool:
        right = isinstance(value, bool)
    elif isinstance(values, tuple):
        right = value in values
    else:
        try:
            right = value == default or values(value) == value
        except (TypeError, ValueError, AttributeError):
            right = False
    if not right:
        raise RequestError(400, "BAD_OPTION", f"{value!r} is no value for {name}")
    return value
