"""Who may call: access tokens, webhooks, OAuth, and the limit to how often."""

import time

from errors import OAUTH_ERRORS, ApiError
from values import to_text

EXPIRES_IN = 3600


class Token:
    """An access token.  `calls` is how many it is good for, `error` what is answered to it."""

    def __init__(self, user=1, calls=None, error=None):
        self.user, self.calls, self.error = user, calls, error


class Access:
    """Everything that somebody may show to be let in."""

    def __init__(self, options, calls=None):
        self.calls = calls              # how many calls each token is good for
        self.tokens = {token: Token(user, calls) for token, user in options.token}
        self.refresh_tokens = dict(options.refresh_token)
        self.webhooks = [tuple(webhook.split("/", 1)) for webhook in options.webhook]
        self.clients = dict(options.client)
        self.refreshes = 1

    def user_of_token(self, name):
        token = self.tokens.get(name) if isinstance(name, str) else None
        if token is None:
            raise ApiError("NO_AUTH_FOUND")
        if token.calls == 0:
            token.error = "expired_token"
        if token.error:
            raise ApiError(token.error)
        if token.calls is not None:
            token.calls -= 1
        return token.user

    def user_of_webhook(self, user, secret):
        if (user, secret) not in self.webhooks:
            raise ApiError("NO_AUTH_FOUND")
        return int(user)

    def refresh(self, params):
        """A new pair of tokens for a refresh token, which is used up by that."""
        if params.get("grant_type") != "refresh_token":
            raise OAuthError("unsupported_grant_type" if "grant_type" in params
                             else "invalid_request")
        client, secret, token = (to_text(params.get(name)) for name in (
            "client_id", "client_secret", "refresh_token"))
        if client not in self.clients or self.clients[client] != secret:
            raise OAuthError("invalid_client")
        user = self.refresh_tokens.pop(token, None)
        if user is None:
            raise OAuthError("invalid_grant")
        self.refreshes += 1
        access, refresh = f"access-{self.refreshes}", f"refresh-{self.refreshes}"
        self.tokens[access] = Token(user, self.calls)
        self.refresh_tokens[refresh] = user
        return {"access_token": access, "expires_in": EXPIRES_IN, "scope": "biconnector",
                "status": "L", "user_id": user, "refresh_token": refresh}


class OAuthError(ApiError):

    def __init__(self, code):
        super().__init__(code, None, OAUTH_ERRORS[code])


class Bucket:
    """So many calls in a row, and so many a second after that."""

    def __init__(self, limit, now=time.monotonic):
        rate, _, burst = limit.partition("/")
        self.rate = float(rate)
        self.burst = int(burst or 1)
        self.level, self.now, self.last = 0.0, now, now()
        if self.rate < 0 or self.burst < 1:
            raise ValueError(limit)

    def take(self):
        now = self.now()
        self.level = max(0.0, self.level - (now - self.last) * self.rate)
        self.last = now
        if self.level + 1 > self.burst:
            raise ApiError("QUERY_LIMIT_EXCEEDED")
        self.level += 1
