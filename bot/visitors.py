"""Visitor tokens: what lets a returning browser prove that it is the same customer, and nothing else.

A token is a JWT signed with HS256 under a key derived from SECRET_KEY. It names the customer (``sub``), is meant
for one audience and ends after a long but finite time. It is no proof of a name, an e-mail address or an order.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from handover.entries import CustomerId
from handover.errors import NotSignedIn
from handover.ports import Clock

_ALGORITHM = "HS256"
_AUDIENCE = "switchboard:visitor"


class Visitors:
    """Issues and reads visitor tokens. ``days`` is how long one lives."""

    def __init__(self, secret: bytes, *, clock: Clock, days: int = 180) -> None:
        # A key of its own: what signs buttons must never verify as a visitor token.
        self._key = OctKey.import_key(hmac.digest(secret, b"switchboard visitor tokens v1", hashlib.sha256))
        self._clock = clock
        self._life = timedelta(days=days)

    def token_for(self, customer: CustomerId) -> str:
        """A new token for ``customer``, good from now."""
        now = self._clock.now()
        claims = {
            "sub": customer,
            "aud": _AUDIENCE,
            "iat": _seconds(now),
            "exp": _seconds(now + self._life),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode({"alg": _ALGORITHM, "typ": "JWT"}, claims, self._key, algorithms=[_ALGORITHM])

    def customer_of(self, token: str) -> CustomerId:
        """Whom the token names. Raises NotSignedIn when it is forged, expired, another's, or no token at all."""
        return self._read(token)[0]

    def known(self, token: str) -> tuple[CustomerId, str]:
        """Whom the token names, and the same token while it has more than half its life left, else a fresh one.

        Raises NotSignedIn as ``customer_of`` does.
        """
        customer, ends = self._read(token)
        left = ends - _seconds(self._clock.now())
        return customer, token if left > self._life.total_seconds() / 2 else self.token_for(customer)

    def _read(self, token: str) -> tuple[CustomerId, int]:
        """Whom it names, and when it ends, in seconds since 1970."""
        registry = _Claims(
            now=_seconds(self._clock.now()),
            leeway=0,
            sub={"essential": True},
            aud={"essential": True, "value": _AUDIENCE},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            decoded = jwt.decode(token, self._key, algorithms=[_ALGORITHM])
            registry.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, UnicodeError) as why:
            raise NotSignedIn("This visitor token is not valid any more.") from why
        subject = decoded.claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 80:
            raise NotSignedIn("This visitor token names nobody.")
        return CustomerId(subject), int(decoded.claims["exp"])


class _Claims(jwt.JWTClaimsRegistry):
    def validate_iat(self, value: object) -> None:
        """A token from the future is ours all the same: replicas' clocks differ, and clocks are set back.

        Whoever comes with it would otherwise be a stranger to their own conversation.
        """
        self.check_value("iat", value)


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
