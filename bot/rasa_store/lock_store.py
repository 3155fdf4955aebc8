"""Rasa's lock store for turns that our service takes one at a time: it waits briefly, and never stands in the way.

What keeps turns apart is the record's lease, and `bot.rasa_store.tracker_store` drops what comes late. Rasa's own
stores let a message wait a whole second for the one before it, for a minute when a process died with the lock, and
refuse it when Redis is away or was emptied. With a ``url``, Redis holds the locks of several Rasa processes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import redis
from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore
from rasa.utils.endpoints import EndpointConfig

from bot.rasa_store.held_turn import held

log = logging.getLogger(__name__)

_WAIT = 0.05  # seconds between two looks
_PATIENCE = 2.0  # seconds; the service's own limit for giving Rasa its tracker is 3
_AWAY = 5.0  # seconds during which a Redis that failed is not asked
_TIMEOUT = 0.3
_T = TypeVar("_T")


class BriefLockStore(LockStore):
    def __init__(self, endpoint_config: EndpointConfig | None = None) -> None:
        """``url`` (a host, or a whole address) and port, db, password as Rasa's own Redis store has them."""
        self._here: dict[str, TicketLock] = {}
        self._redis = _redis_of(endpoint_config) if endpoint_config is not None and endpoint_config.url else None
        self._away_until = 0.0
        super().__init__()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = _WAIT
    ) -> AsyncGenerator[TicketLock, None]:
        """Wait for whoever is before, but not for long; a turn that is held shares nothing, and waits for nobody."""
        if held(conversation_id) is not None:
            yield TicketLock(conversation_id)
            return
        number = self.issue_ticket(conversation_id, lock_lifetime)
        try:
            yield await self._brief(conversation_id, number, wait_time_in_seconds)
        finally:
            self.cleanup(conversation_id, number)

    async def _brief(self, conversation: str, number: int, wait: float) -> TicketLock:
        try:
            return await asyncio.wait_for(self._acquire_lock(conversation, number, wait), _PATIENCE)
        except (asyncio.TimeoutError, LockError):
            log.warning("the lock of %s is stuck or lost; going on without", conversation)
            return TicketLock(conversation)

    def get_lock(self, conversation_id: str) -> TicketLock | None:
        def far(there: Any) -> TicketLock | None:
            found = there.get(_key(conversation_id))
            return TicketLock.from_dict(json.loads(found)) if found else None

        return self._of_both(far, lambda: self._here.get(conversation_id))

    def save_lock(self, lock: TicketLock) -> None:
        def near() -> None:
            self._here[lock.conversation_id] = lock

        lifetime = int(LOCK_LIFETIME) * 2  # a lock nobody gives back goes by itself
        self._of_both(lambda there: there.set(_key(lock.conversation_id), lock.dumps(), ex=lifetime), near)

    def delete_lock(self, conversation_id: str) -> None:
        self._here.pop(conversation_id, None)
        self._of_both(lambda there: there.delete(_key(conversation_id)), lambda: None)

    def _of_both(self, far: Callable[[Any], _T], near: Callable[[], _T]) -> _T:
        """From Redis; from this process when there is none, or while it is away."""
        if self._redis is None or time.monotonic() < self._away_until:
            return near()
        try:
            return far(self._redis)
        except redis.RedisError as away:
            log.warning("Redis holds no locks now (%s); this process does", type(away).__name__)
            self._away_until = time.monotonic() + _AWAY
            return near()


def _redis_of(config: EndpointConfig) -> Any:
    limits: dict[str, Any] = {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT}
    if "://" in config.url:
        return redis.Redis.from_url(config.url, **limits)
    given = config.kwargs
    port, db, password = int(given.get("port", 6379)), int(given.get("db", 1)), given.get("password")
    return redis.Redis(config.url, port, db, password=password or None, **limits)


def _key(conversation: str) -> str:
    return f"switchboard:rasa-lock:{conversation}"
