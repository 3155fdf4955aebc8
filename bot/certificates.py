"""The authorities whose certificates are accepted over TLS, read once: each client would need 20 ms to read them."""

from __future__ import annotations

import ssl
from functools import cache

import httpx2


@cache
def authorities(*, from_environment: bool = False) -> ssl.SSLContext:
    """For ``verify`` of a client. ``from_environment``: SSL_CERT_FILE and SSL_CERT_DIR may name others."""
    return httpx2.create_ssl_context(trust_env=from_environment)
