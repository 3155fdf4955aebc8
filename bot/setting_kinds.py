"""What some settings must be, beyond a number or a text. Each raises ValueError with what to write instead."""

from __future__ import annotations

from ipaddress import ip_network
from urllib.parse import urlsplit


def exact_origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    """Origins whose pages may open sockets: each one address, as a browser says it."""
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}" or not parts.hostname:
            raise ValueError(f"{origin!r} is not an origin such as https://shop.example")
        if "*" in origin or "@" in parts.netloc or origin != origin.lower():
            raise ValueError(f"{origin!r}: an origin is one exact lower-case address, no pattern")
    return origins


def proxies(value: str) -> str:
    """Addresses, networks or ``*``, divided by commas: a name would be compared with addresses and never be true."""
    for proxy in (one.strip() for one in value.split(",")):
        if proxy != "*":
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(f"{proxy!r} is no address such as 10.0.0.7, 10.0.0.0/8 or *") from None
    return value


def email(value: str) -> str:
    """Something before an @ and something after it."""
    if not all(value.strip().partition("@")):
        raise ValueError("must be an e-mail address such as ada@shop.example")
    return value
