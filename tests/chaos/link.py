"""One connection that comes back by itself, as the pages' own does: backoff with jitter, and a watch on silence.

The times are shorter than a page's (a page asks after 25 s of silence and gives up after 8 more), for a run of
minutes must see many losses; the rules are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException

from tests.chaos.journal import Journal

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds: silence after which a page asks, and gives up; first and longest pause before connecting again."""

    quiet: float = 6.0
    answer: float = 4.0
    first: float = 0.25
    longest: float = 3.0
    opening: float = 8.0


class Listener(Protocol):
    """Whoever owns the connection."""

    async def greet(self) -> None: ...

    async def heard(self, frame: Frame) -> None: ...

    def lost(self, code: int) -> None: ...


class Link:
    """``address`` chooses where to connect, anew each time; ``headers`` are asked for each time too."""

    def __init__(
        self,
        listener: Listener,
        address: Callable[[], str],
        *,
        who: str,
        journal: Journal,
        rng: random.Random,
        times: Times,
        headers: Callable[[], dict[str, str]] = dict,
    ) -> None:
        self._listener = listener
        self._address = address
        self._who = who
        self._journal = journal
        self._rng = rng
        self._times = times
        self._headers = headers
        self._socket: ClientConnection | None = None
        self._attempt = 0
        self.connections = 0
        self.lost_open = 0  # connections that ended without a good-bye
        self.lost_in_handshake = 0

    @property
    def open(self) -> bool:
        return self._socket is not None

    def settled(self) -> None:
        """The service answered properly: the next loss starts with the short pause again."""
        self._attempt = 0

    async def send(self, frame: Frame) -> bool:
        """True when the frame was given to the socket."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(json.dumps(frame))
        except ConnectionClosed:
            return False
        return True

    async def send_raw(self, raw: str | bytes) -> None:
        """Send what is no frame of ours; nobody minds when there is no connection."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(raw)

    def drop(self) -> None:
        """The network is gone, with no good-bye."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            before = self.connections
            code = await self._once()
            self._socket = None
            opened = self.connections > before
            if code == 1006:
                self.lost_open += opened
                self.lost_in_handshake += not opened
            self._journal.note(self._who, "lost", code=code, opened=opened)
            self._listener.lost(code)
            whole = min(self._times.longest, self._times.first * 2 ** min(self._attempt, 10))
            self._attempt += 1
            await asyncio.sleep(whole / 2 + whole / 2 * self._rng.random())

    async def _once(self) -> int:
        """One connection from its beginning to its end; the close code, 1006 when there was none."""
        try:
            async with connect(
                self._address(),
                additional_headers=self._headers(),
                compression=None,
                proxy=None,
                open_timeout=self._times.opening,
                close_timeout=0.5,
                ping_interval=None,
                max_size=2**22,
            ) as socket:
                self._socket = socket
                self.connections += 1
                self._journal.note(self._who, "connected")
                await self._listener.greet()
                try:
                    return await self._listen(socket)
                finally:
                    self._socket = None
                    socket.transport.abort()
        except InvalidHandshake as refused:
            status = getattr(getattr(refused, "response", None), "status_code", 0)
            return 4401 if status == 401 else 1006
        except (OSError, WebSocketException, TimeoutError, EOFError):
            return 1006

    async def _listen(self, socket: ClientConnection) -> int:
        asked = False
        while True:
            try:
                async with asyncio.timeout(self._times.answer if asked else self._times.quiet):
                    raw = await socket.recv()
            except TimeoutError:
                if asked:
                    return 1006
                asked = True
                await self._listener.greet()
                continue
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
            asked = False
            frame = self._read(raw)
            if frame is not None:
                await self._listener.heard(frame)

    def _read(self, raw: str | bytes) -> Frame | None:
        try:
            frame = json.loads(raw)
        except ValueError:
            self._journal.note(self._who, "garbled")
            return None
        return frame if isinstance(frame, dict) else None
