"""Where we may fetch from: https, hosts a channel names, and no address inside anybody's network. Pure but for DNS.

A name is looked up once and every address it has is judged; the connection is then made to the judged address, so a
name that changes its mind meanwhile (rebinding) changes nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Lookup = Callable[[str], Awaitable[Sequence[str]]]
_HTTPS = 443
_LONGEST_URL = 4096
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: IPv4 addresses written as IPv6
# What Python's own properties leave out: relays of 6to4, site-local addresses, NAT64 within a network (RFC 8215).
_CLOSED = tuple(ipaddress.ip_network(one) for one in ("192.88.99.0/24", "fec0::/10", "64:ff9b:1::/48", "::/96"))


class Forbidden(Exception):
    """We do not fetch from there; the message is for agents and holds no address."""


class NotFoundByName(Exception):
    """The host's name could not be looked up just now."""


@dataclass(frozen=True, slots=True)
class Target:
    """A judged place: ``address`` to connect to, as the ``host`` that is asked for. ``secure`` False: loopback only."""

    host: str
    port: int
    address: str
    path: str = field(repr=False)
    secure: bool = True

    @property
    def url(self) -> str:
        """The URL with the judged address in the host's place."""
        literal = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.secure else 'http'}://{literal}:{self.port}{self.path}"

    @property
    def authority(self) -> str:
        """What goes into the Host header."""
        usual = _HTTPS if self.secure else 80
        return self.host if self.port == usual else f"{self.host}:{self.port}"


async def judged(url: str, hosts: Sequence[str], own: Sequence[str], lookup: Lookup) -> Target:
    """``url`` as a place we may fetch from.

    ``hosts`` are names, or ".x.com" for every host under x.com. ``own`` are the base URLs from our configuration: one
    on a loopback address may be fetched from as it is (a simulator), any other host of them counts as named. Raises
    Forbidden, or NotFoundByName when the name cannot be looked up.
    """
    split = _split(url)
    if _origin(split) in {_origin(urlsplit(base)) for base in own if _on_loopback(base)}:
        return _loopback(split)
    host = _host(split)
    if not _named(host, [*hosts, *(urlsplit(base).hostname or "" for base in own)]):
        raise Forbidden("The file lies on a host that this channel's files do not come from.")
    addresses = await lookup(host)
    if not addresses:
        raise NotFoundByName
    if not all(public(address) for address in addresses):
        raise Forbidden("The file lies on an address inside a private network.")
    return Target(host, _HTTPS, addresses[0], _path(split))


def public(text: str) -> bool:
    """Whether an address is out in the open: none that is private, loopback, link-local, reserved or stands for one."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if address in _NAT64:  # how a network without IPv4 writes every IPv4 address
        return _open(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return all(_open(one) for one in (address, *_hidden(address)))


def _open(one: Address) -> bool:
    closed = one.is_private or one.is_loopback or one.is_link_local or one.is_multicast or one.is_reserved
    return one.is_global and not closed and not one.is_unspecified and not any(one in net for net in _CLOSED)


def _hidden(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    return [one for one in found if one is not None]


async def look_up(host: str) -> Sequence[str]:
    """Every address of ``host``; none when there is no such name."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, _HTTPS, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return [str(entry[4][0]) for entry in found]


def _split(url: str) -> SplitResult:
    """The pieces of an address with nothing odd in it: what two parsers may read differently is refused."""
    plain = url.isascii() and url.isprintable() and not any(mark in url for mark in " \\\"'<>^`{|}")
    try:
        split = urlsplit(url)
        _ = split.port
    except ValueError:
        plain = False
    if not plain or len(url) > _LONGEST_URL or split.username is not None or split.password is not None:
        raise Forbidden("The file's address cannot be read.")
    return split


def _host(split: SplitResult) -> str:
    if split.scheme != "https" or split.port not in {None, _HTTPS}:
        raise Forbidden("The file's address is not a secure one (https).")
    return (split.hostname or "").rstrip(".")


def _named(host: str, hosts: Sequence[str]) -> bool:
    return any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts if one.strip("."))


def _path(split: SplitResult) -> str:
    return (split.path or "/") + (f"?{split.query}" if split.query else "")


def _origin(split: SplitResult) -> tuple[str, str, int | None]:
    return split.scheme, split.hostname or "", split.port


def _on_loopback(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _loopback(split: SplitResult) -> Target:
    host = split.hostname or ""
    secure = split.scheme == "https"
    address = "127.0.0.1" if host == "localhost" else host
    return Target(host, split.port or (_HTTPS if secure else 80), address, _path(split), secure)
