"""What the machine drives: one or two replicas of the real desk on one record, and the faults that befall them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Protocol

from handover.errors import Unavailable
from tests.support.desk_world import World, fresh_record, open_world
from tests.support.distributed import flush
from tests.support.failing_disk import as_after_a_kill, new_folder
from tests.support.hand_clock import HandClock
from tools.local_servers import PostgresServer, RedisServer


class Ground(Protocol):
    """``worlds``: the replicas, at least one. ``clock`` is theirs together.

    ``alone``: a replica that starts knows that no other is there, and that no turn is under way.
    """

    worlds: list[World]
    clock: HandClock
    alone: bool

    def run(self, work: Coroutine[Any, Any, Any]) -> Any: ...

    def kill(self, replica: int) -> None:
        """The replica ends as it stands, and comes back."""
        ...

    def lose_live_feed(self) -> None: ...

    def restart_record(self) -> None: ...

    def close(self) -> None: ...


class OnSqlite:
    """One process on one file."""

    alone = True

    def __init__(self) -> None:
        self.clock = HandClock()
        self._loop = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._folder = new_folder()
        self._url = self.run(fresh_record(self._folder))
        self.worlds = [self.run(self._open())]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run(work)

    async def _open(self) -> World:
        return await self._stack.enter_async_context(open_world(url=self._url, clock=self.clock))

    def kill(self, replica: int) -> None:
        crashed = as_after_a_kill(self._folder)
        self.run(self._stack.aclose())
        shutil.rmtree(self._folder)
        self._folder, self._url = crashed, f"sqlite+aiosqlite:///{crashed / 'record.db'}"
        self.worlds = [self.run(self._open())]

    def lose_live_feed(self) -> None:
        """In one process there is none to lose."""

    def restart_record(self) -> None:
        self.kill(0)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class OnServers:
    """Two replicas on PostgreSQL and Redis."""

    alone = False

    def __init__(self, postgres: PostgresServer, redis: RedisServer) -> None:
        """Within a `records_on` of ``postgres``."""
        self.clock = HandClock()
        self._loop = asyncio.Runner()
        self._url = self.run(fresh_record(Path()))
        self._postgres, self._redis = postgres, redis
        self._stacks = [AsyncExitStack(), AsyncExitStack()]
        self.worlds = [self.run(self._open(replica)) for replica in (0, 1)]

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run(work)

    async def _open(self, replica: int) -> World:
        opened = open_world(url=self._url, clock=self.clock, redis_url=self._redis.url)
        return await self._stacks[replica].enter_async_context(opened)

    def kill(self, replica: int) -> None:
        self.run(self._stacks[replica].aclose())
        self._stacks[replica] = AsyncExitStack()
        self.worlds[replica] = self.run(self._open(replica))

    def lose_live_feed(self) -> None:
        flush(self._redis)
        self._redis.kill()
        self._redis.start()

    def restart_record(self) -> None:
        self._postgres.kill()
        self._postgres.start()
        self.run(self._back())

    async def _back(self) -> None:
        """Each replica finds the record again by itself; how many tries that takes is not the machine's affair."""
        for world in self.worlds:
            for _ in range(200):
                try:
                    await world.desk.reading.feed()
                    break
                except Unavailable:
                    await asyncio.sleep(0.05)

    def close(self) -> None:
        for stack in self._stacks:
            self.run(stack.aclose())
        self._loop.close()
