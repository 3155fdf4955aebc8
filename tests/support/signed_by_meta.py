"""Meta's signature over a body, made as its documentation says and not by the code under test."""

from __future__ import annotations

import hashlib
import hmac


def signature(secret: str, body: bytes) -> dict[str, str]:
    """The header that Meta sends with ``body``; names in lower case, as the gate hands them on."""
    made = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={made}"}
