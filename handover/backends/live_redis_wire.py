"""One connection to Redis: every wait is bounded, and whatever goes wrong is `Lost`.

The client's own retries are off. They would connect again silently, and what was missed meanwhile would never be known.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import structlog
from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from handover.backends.live_redis_replies import Refused, Replies, packed
from handover.errors import BadInput

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 2.0
REPLY_SECONDS = 2.0
_FIRST_WAIT, _LONGEST_WAIT = 0.1, 2.0

Command = tuple[str | bytes, ...]


class Lost(Exception):
    """The connection to Redis broke, was refused, or gave no answer in time."""


class Wire:
    """An open connection. After a `Lost` it is of no use any more."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._replies = Replies(transport)

    async def send(self, *commands: Command) -> None:
        """Send commands whose answers somebody else reads."""
        with _losses():
            async with asyncio.timeout(REPLY_SECONDS):
                await self._replies.write(b"".join(map(packed, commands)))

    async def read(self, seconds: float) -> list[Any]:
        """Whatever Redis says next, at least one; each is bytes, a number, None or a list of them."""
        with _losses():
            async with asyncio.timeout(seconds):
                return await self._replies.read()

    async def ask(self, *commands: Command) -> list[Any]:
        """Send ``commands`` and wait for the answer to each."""
        answers: list[Any] = []
        with _losses():
            async with asyncio.timeout(REPLY_SECONDS):
                await self._replies.write(b"".join(map(packed, commands)))
                while len(answers) < len(commands):
                    answers += await self._replies.read()
        return answers


class RedisAddress:
    """Where Redis is. Raises BadInput for a text that is no address of one.

    ``prefix`` begins the name of everything of ours. It holds the number of the database: pub/sub knows no databases,
    and two installations that share a server must not hear each other.
    """

    def __init__(self, url: str) -> None:
        try:
            # RESP2: messages come as plain lists, whatever the server's age.
            self._pool = ConnectionPool.from_url(
                url,
                protocol=2,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=CONNECT_SECONDS,
            )
        except ValueError as why:  # its words may repeat the address, and with it a password
            raise BadInput("REDIS_URL is not an address of Redis: redis://host:6379/0 is one.") from why
        # Ours bound every wait. The client's own is asyncio.wait_for, which before Python 3.12 swallows a cancellation
        # that comes as the bytes go out: a listener would neither end nor connect again.
        self._pool.connection_kwargs["socket_timeout"] = None
        self.prefix = f"switchboard/{self._pool.connection_kwargs.get('db') or 0}/"

    @asynccontextmanager
    async def wire(self) -> AsyncIterator[Wire]:
        """A new connection, closed at the end of the block. Raises Lost."""
        connection = self._pool.connection_class(**self._pool.connection_kwargs)
        try:
            with _losses():
                async with asyncio.timeout(CONNECT_SECONDS + REPLY_SECONDS):
                    await connection.connect_check_health(check_health=False, retry_socket_connect=False)
            writer = connection._writer
            if writer is None:
                raise Lost("ConnectionError")
            transport: Any = writer.transport  # that of uvloop has another ancestor than asyncio's
            yield Wire(transport)
        finally:
            with suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)


class Waits:
    """Seconds between tries to connect: longer each time, and never the same for all replicas."""

    def __init__(self) -> None:
        self._next = _FIRST_WAIT

    def succeeded(self) -> None:
        self._next = _FIRST_WAIT

    def next(self) -> float:
        seconds = self._next * random.uniform(0.5, 1.0)
        self._next = min(_LONGEST_WAIT, self._next * 2)
        return seconds


async def keep_connected(connected: Callable[[], Awaitable[None]], waits: Waits, lost: Callable[[str], None]) -> None:
    """Run ``connected`` again whenever it fails, until cancelled. ``lost`` is told why, in a word."""
    while True:
        try:
            await connected()
        except* Lost as why:
            lost(str(why.exceptions[0]))
        except* Exception:
            log.exception("live_redis_failed")
        await asyncio.sleep(waits.next())


def channels(verb: str, names: Sequence[str]) -> list[Command]:
    """SUBSCRIBE or UNSUBSCRIBE for ``names``, some hundred at a time."""
    return [(verb, *names[at : at + 500]) for at in range(0, len(names), 500)]


@contextmanager
def _losses() -> Iterator[None]:
    try:
        yield
    except (RedisError, Refused, OSError, TimeoutError) as error:
        raise Lost(type(error).__name__) from error
