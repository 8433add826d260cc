#!/usr/bin/env python3
"""A Bitrix24 portal: the REST methods of BI connectors, sources and datasets, to test against.

    POST /rest/METHOD                   with an access token
    POST /rest/USERID/SECRET/METHOD     a webhook
    GET or POST /oauth/token/           new tokens for a refresh token
    POST /control                       what it is to do wrong; only for tests

It needs nothing but Python's standard library and the files beside it and in ../connector.
"""

import datetime
import re
import threading
import urllib.parse

from auth import Access, Bucket, OAuthError, Token
from connectors import Connectors
from datasets import Datasets, Tables
from errors import ApiError
from options import BEHAVIOUR, checked, parse_options
from rules import AFTER, BEFORE, Dropped, Instead, Rules
from shared import HttpHandler, RequestError, Server, masked, parse_body, parse_form, serve
from sources import Sources
from store import Clock, Store

SIX = ("add", "update", "get", "list", "delete", "fields")
FAMILIES = {"connector": (Connectors, SIX), "source": (Sources, SIX),
            "dataset": (Datasets, SIX + ("fields.update",)),
            "table": (Tables, SIX + ("fields.update",))}
FOR_WEBHOOKS = ".fields"        # how the methods end that a webhook may call

# Members of a request that the log must not show; of `settings` it is the values.
SECRETS = ("auth", "client_secret", "refresh_token", "value")
EXTRA = {"extraText": "nobody knows this", "extraNumber": 42, "extraList": [{"a": None}, []]}


class Portal:
    """What all connections share: the objects, who may call, and how to behave."""

    def __init__(self, options):
        self.start = options
        self.lock = threading.RLock()
        self.reset()

    def reset(self):
        """Everything is as it was at the start."""
        self.options = {name: getattr(self.start, name) for name in BEHAVIOUR}
        self.store = Store(Clock(self.start.clock))
        self.access = Access(self.start, self.options["token_calls"])
        self.bucket = None
        self.rules = Rules()
        self.entities = {name: entity(self) for name, (entity, _) in FAMILIES.items()}
        self.set_options({"rate_limit": self.options["rate_limit"]})

    def set_options(self, options):
        self.options.update({name: checked(name, value) for name, value in options.items()})
        if "rate_limit" in options:
            limit = self.options["rate_limit"]
            self.bucket = Bucket(limit) if limit else None
        if "token_calls" in options:
            self.access.calls = self.options["token_calls"]

    def knows(self, method):
        prefix, _, rest = method.partition(".")
        name, _, call = rest.partition(".")
        hidden = {"dataset": ("table",), "table": ("dataset",)}.get(self.options["family"], ())
        return (prefix == "biconnector" and name in FAMILIES and name not in hidden
                and call in FAMILIES[name][1])

    def run(self, method, params, user=1):
        """What a method does, without anything that stands before it."""
        if not self.knows(method):
            raise ApiError("ERROR_METHOD_NOT_FOUND")
        _, name, call = method.split(".", 2)
        return getattr(self.entities[name], call.replace(".", "_"))(params, user)

    def denied(self):
        """A webhook may not call this.  The live service has an error of its own for that."""
        if self.options["error_shape"] == "result":
            return ApiError("ACCESS_DENIED", "Access denied.")
        return ApiError("ACCESS_DENIED")

    def control(self, wanted):
        """Does what a test wants and says how things are."""
        unknown = set(wanted) - {"reset", "options", "tokens", "rules", "calls"}
        if unknown:
            raise RequestError(400, "BAD_CONTROL", f"there is no {', '.join(sorted(unknown))}")
        with self.lock:
            if wanted.get("reset"):
                self.reset()
            self.set_options(wanted.get("options", {}))
            for name, token in wanted.get("tokens", {}).items():
                self.access.tokens[name] = Token(**token)
            for rule in wanted.get("rules", []):
                self.rules.add(rule)
        results = [self.run(call["method"], call.get("params", {}))
                   for call in wanted.get("calls", [])]
        with self.lock:
            return {"options": self.options, "rules": self.rules.rules, "results": results,
                    "objects": {kind: len(rows) for kind, rows in self.store.rows.items()}}


class Handler(HttpHandler):
    """One TCP connection with a client of the portal."""

    server_version = "portal/1.0"

    def answer(self):
        path = urllib.parse.urlsplit(self.path)
        self.record = {
            "n": self.number, "method": None, "via": None, "user": None, "format": None,
            "path": re.sub("^(/rest/[^/]*/)[^/]+", r"\1***", path.path), "params": None,
            "connection": self.connection_number, "status": None, "error": None}
        self.started = self.server.portal.store.clock.now()
        try:
            body = self.read_body()
            if path.path == "/control":
                return self.control(body)
            if path.path.rstrip("/") == "/oauth/token":
                answer = self.call("oauth.token", path, body, self.new_tokens)
            else:
                answer = self.call(self.rest_method(path.path), path, body, self.rest)
        except ApiError as error:
            answer = self.refusal(error)
        except RequestError as error:
            self.record["error"] = error.error
            answer = self.error_answer(error)
        except Instead as instead:
            answer = instead.answer
        except Dropped:
            self.server.log(self.record)
            raise ConnectionError("dropped") from None
        except ConnectionError:
            self.server.log({**self.record, "event": "aborted"})
            raise
        self.record["status"] = answer.status
        self.server.log(self.record)
        return answer

    def aborted(self):
        """The line of such a request is already in the log."""

    # --- calls of methods

    def rest_method(self, path):
        """The method's name; what stands before it is the webhook."""
        parts = path.strip("/").split("/")
        if parts[0] != "rest" or len(parts) not in (2, 4):
            raise RequestError(404, "NOT_FOUND", "there is nothing at this path")
        self.webhook = parts[1:3] if len(parts) == 4 else None
        name = parts[-1].lower()
        return name[:-len(".json")] if name.endswith(".json") else name

    def call(self, method, path, body, function):
        """The answer to a call, with what the rules say before and after it."""
        self.method = self.record["method"] = method
        if self.command != "POST" and not (self.command == "GET" and method == "oauth.token"):
            raise RequestError(405, "METHOD_NOT_ALLOWED", "use POST")
        params = parse_form(path.query)
        if body:
            self.record["format"], more = parse_body(self.headers.get("Content-Type", ""), body)
            params.update(more)
        self.record["params"] = hidden(params)
        return function(params)

    def with_rules(self, effect):
        portal = self.server.portal
        with portal.lock:
            rules = portal.rules.of_call(self.method)
        portal.rules.apply(rules, BEFORE, self)
        answer = effect()
        portal.rules.apply(rules, AFTER, self, answer)
        return answer

    def rest(self, params):
        portal = self.server.portal
        if not portal.knows(self.method):
            raise ApiError("ERROR_METHOD_NOT_FOUND")
        with portal.lock:
            if portal.bucket:
                portal.bucket.take()
            user = self.record["user"] = self.user(params)
        params.pop("auth", None)
        return self.with_rules(lambda: self.result_answer(portal.run(self.method, params, user)))

    def result_answer(self, result):
        answer = {"result": result, "time": self.times()}
        extra = self.server.portal.options["extra_keys"]
        return self.json_answer(with_extra_keys(answer) if extra else answer)

    def user(self, params):
        """The user in whose name the call is made."""
        portal = self.server.portal
        if self.webhook:
            self.record["via"] = "webhook"
            user = portal.access.user_of_webhook(*self.webhook)
            if not self.method.endswith(FOR_WEBHOOKS) and not portal.options["webhook_may_all"]:
                raise portal.denied()
            return user
        self.record["via"] = "token"
        bearer = self.headers.get("Authorization", "").partition("Bearer ")[2]
        return portal.access.user_of_token(params.get("auth") or bearer)

    def new_tokens(self, params):
        self.record["via"] = "oauth"
        return self.with_rules(lambda: self.json_answer(self.refreshed(params)))

    def refreshed(self, params):
        portal = self.server.portal
        base = f"http{'s' if self.server.options.tls_cert else ''}://{self.headers['Host']}/rest/"
        with portal.lock:
            tokens = portal.access.refresh(params)
            expires = portal.store.clock.now().replace(tzinfo=datetime.timezone.utc).timestamp()
        return {**tokens, "expires": int(expires) + tokens["expires_in"],
                "client_endpoint": base, "server_endpoint": base, "domain": self.headers["Host"],
                "member_id": "0" * 32}

    # --- answers

    def times(self):
        """What an answer says of how long it took."""
        finished = self.server.portal.store.clock.now()
        start, finish = (moment.replace(tzinfo=datetime.timezone.utc)
                         for moment in (self.started, finished))
        seconds = (finish - start).total_seconds()
        return {"start": start.timestamp(), "finish": finish.timestamp(), "duration": seconds,
                "processing": seconds, "date_start": start.isoformat(timespec="seconds"),
                "date_finish": finish.isoformat(timespec="seconds"),
                **({"operating": 0} if self.method.endswith(".add") else {})}

    def refusal(self, error):
        """An error, where the portal's options say that it stands."""
        options = self.server.portal.options
        self.record["error"] = error.code
        members = {"error": error.code, "error_description": error.description}
        if isinstance(error, OAuthError):
            return self.json_answer({"error": error.code}, error.status)
        shape = error.shape or ("top" if error.status else options["error_shape"])
        if shape == "result":
            return self.json_answer({"result": {"error": members}, "time": self.times()},
                                    error.status or 200)
        return self.json_answer(members, error.status or options["error_status"])

    def control(self, body):
        try:
            if self.command != "POST":
                raise RequestError(405, "METHOD_NOT_ALLOWED", "use POST")
            return self.json_answer(self.server.portal.control(
                parse_body("application/json", body)[1]))
        except RequestError as error:
            return self.error_answer(error)
        except ApiError as error:
            return self.error_answer(RequestError(400, error.code, error.description))
        except (KeyError, TypeError, AttributeError) as error:
            return self.error_answer(RequestError(400, "BAD_CONTROL", repr(error)))


class PortalServer(Server):

    def __init__(self, options, handler):
        self.portal = Portal(options)
        super().__init__(options, handler)


def with_extra_keys(value):
    """The same with something more in every object."""
    if isinstance(value, dict):
        return {**EXTRA, **{key: with_extra_keys(item) for key, item in value.items()}}
    return [with_extra_keys(item) for item in value] if isinstance(value, list) else value


def hidden(value, key=""):
    """The members of a request without what is nobody's business."""
    if key in SECRETS or key == "settings" and not isinstance(value, list):
        return masked(value)
    if isinstance(value, dict):
        return {name: hidden(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [masked(item) if key == "settings" and not isinstance(item, dict)
                else hidden(item) for item in value]
    return value


def main():
    serve(PortalServer(parse_options(), Handler))


if __name__ == "__main__":
    main()
