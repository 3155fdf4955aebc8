"""Rate limits that all processes count together, in Redis; while it is away each process counts for itself."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from handover.backends.live_redis_wire import RedisAddress
from handover.errors import TooMany
from handover.limits import Buckets, Now

log = structlog.get_logger(__name__)

# A limit must not become what a newcomer waits for.
_ANSWER_SECONDS = 0.5
_MAX_CONNECTIONS = 16

# One token bucket, by the clock of Redis itself. Returns the seconds until there is a token, "0" when one was taken.
_TAKE = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
level = math.min(burst, level + math.max(0, now - at) * rate)
local wait = 0
if level >= 1 then level = level - 1 else wait = (1 - level) / rate end
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(burst / rate * 1000) + 1000)
return string.format('%.6f', wait)
"""


class RedisLimits:
    """Implements `handover.limits.Limits`; a context manager that closes its connections.

    ``healthy`` says whether it is worth asking Redis at all.
    """

    def __init__(self, url: str, healthy: Callable[[], bool]) -> None:
        self._prefix = RedisAddress(url).prefix
        self._healthy = healthy
        pool = ConnectionPool.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=_ANSWER_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            max_connections=_MAX_CONNECTIONS,
        )
        self._redis = Redis(connection_pool=pool)

    def limit(self, name: str, now: Now, *, per_second: float, burst: float) -> _RedisLimit:
        own = Buckets(now, per_second=per_second, burst=burst)
        return _RedisLimit(self, f"{self._prefix}limit/{name}/", own, per_second, burst)

    async def wait_of(self, key: str, per_second: float, burst: float) -> float | None:
        """Take a token. Seconds to wait for one when there is none, 0 when it was taken; None: Redis does not say."""
        if not self._healthy():
            return None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                wait = float(await self._redis.eval(_TAKE, 1, key, str(per_second), str(burst)))
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            log.warning("limit_counted_here", why=type(error).__name__)
            return None
        return wait if math.isfinite(wait) else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()


class _RedisLimit:
    """Implements `handover.limits.RateLimit`."""

    def __init__(self, limits: RedisLimits, prefix: str, own: Buckets, per_second: float, burst: float) -> None:
        self._limits = limits
        self._prefix = prefix
        self._own = own
        self._per_second = per_second
        self._burst = burst

    async def take(self, key: str, message: str) -> None:
        wait = await self._limits.wait_of(self._prefix + key, self._per_second, self._burst)
        if wait is None:
            self._own.take(key, message)
        elif wait > 0:
            raise TooMany(message, retry_after=round(wait, 3))
