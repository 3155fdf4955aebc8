"""Limits on what one address or one socket may ask for: token buckets, and a waiting room for strangers."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from handover.errors import TooMany

Now = Callable[[], float]


class RateLimit(Protocol):
    """How often something may be done by each of many keys."""

    async def take(self, key: str, message: str) -> None:
        """Raises TooMany with ``message`` when ``key`` has used up its share."""
        ...


class Limits(Protocol):
    """Makes rate limits that hold for all processes of the service together, as far as they reach each other."""

    def limit(self, name: str, now: Now, *, per_second: float, burst: float) -> RateLimit:
        """A limit called ``name``. ``now`` gives seconds that only rise, for what is counted in this process."""
        ...


def address_key(address: str | None) -> str:
    """What counts as one address: an IPv4 address, or the /64 network of an IPv6 one, which is one household."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


class TokenBucket:
    """``burst`` tokens at once, ``per_second`` more as time goes by. ``now`` gives seconds that only rise."""

    __slots__ = ("_at", "_burst", "_level", "_now", "_per_second")

    def __init__(self, now: Now, *, per_second: float, burst: float) -> None:
        if per_second <= 0 or burst < 1:
            raise ValueError("a bucket needs a positive rate and room for one token")
        self._now = now
        self._per_second = per_second
        self._burst = burst
        self._level = burst
        self._at = now()

    def take(self) -> float:
        """Take one token. Returns 0 when there was one, else the seconds until there is."""
        self._refill()
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self._per_second

    def full(self) -> bool:
        """Whether nothing was taken lately, so that forgetting this bucket changes nothing."""
        self._refill()
        return self._level >= self._burst

    def _refill(self) -> None:
        now = self._now()
        self._level = min(self._burst, self._level + (now - self._at) * self._per_second)
        self._at = now


class Buckets:
    """One bucket per key, for at most ``room`` keys; the keys longest unused are forgotten first."""

    def __init__(self, now: Now, *, per_second: float, burst: float, room: int = 10_000) -> None:
        self._now = now
        self._per_second = per_second
        self._burst = burst
        self._room = room
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def take(self, key: str, message: str) -> None:
        """Raises TooMany with ``message`` when ``key`` has used up its share."""
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = TokenBucket(self._now, per_second=self._per_second, burst=self._burst)
            self._buckets[key] = bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._room:
            self._buckets.popitem(last=False)
        wait = bucket.take()
        if wait > 0:
            raise TooMany(message, retry_after=round(wait, 3))


class LocalLimit:
    """Implements `RateLimit` with buckets of this process."""

    def __init__(self, buckets: Buckets) -> None:
        self._buckets = buckets

    async def take(self, key: str, message: str) -> None:
        self._buckets.take(key, message)


class LocalLimits:
    """Implements `Limits` for a service of one process."""

    def limit(self, name: str, now: Now, *, per_second: float, burst: float) -> LocalLimit:
        return LocalLimit(Buckets(now, per_second=per_second, burst=burst))


class WaitingRoom:
    """How many sockets may be open that have not said who they are: in all, and from one address."""

    def __init__(self, *, per_address: int, total: int) -> None:
        self._per_address = per_address
        self._total = total
        self._inside: Counter[str] = Counter()

    @property
    def inside(self) -> int:
        """How many wait now."""
        return self._inside.total()

    @contextmanager
    def wait(self, address: str) -> Iterator[None]:
        """Hold a place for ``address``. Raises TooMany when there is none."""
        if self.inside >= self._total or self._inside[address] >= self._per_address:
            raise TooMany("Too many connections are being opened. Please try again shortly.", retry_after=5.0)
        self._inside[address] += 1
        try:
            yield
        finally:
            self._inside[address] -= 1
            if self._inside[address] <= 0:
                del self._inside[address]


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may do before it is refused, and then closed."""

    hello_seconds: float = 5.0
    max_bytes: int = 64 * 1024
    frames_per_second: float = 10.0
    frames_burst: int = 40
    strikes: int = 20  # refused frames before the connection is closed; one good frame takes one back
    send_seconds: float = 10.0  # how long a reader may leave a frame in the pipe
    close_seconds: float = 3.0  # how long the last words may take
