"""Plumbing of both sockets: text JSON frames in, frames out, limits around, one error shape.

A bad frame is answered with an error frame and the connection goes on, until it has had too many of them.
The reader, a task, handles frames and never waits for the peer to read: what it answers is queued. The writer alone
sends; it is a task only while there is something to send, for most sockets are idle most of the time. Its queue is the
live feed's, which holds so much and no more (see `handover.ports.Follower`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

import structlog
from pydantic import TypeAdapter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handover.errors import BadInput, Busy, FellBehind, NotSignedIn, SwitchboardError, TooLarge, TooMany
from handover.frame_reading import BinaryFrame, error_frame, parse_frame
from handover.frames import Frame
from handover.limits import Buckets, SocketLimits, TokenBucket
from handover.meters import Meters
from handover.ports import Follower, Told
from handover.wire_end import WIRE, WireEnd

# The topic of what a socket queues for its own writer. Of these, kind "send" is a frame; others are wishes.
OWN = "own"

log = structlog.get_logger(__name__)
F = TypeVar("F", bound=Frame)

_TOO_FAST = "That is too fast. Please slow down."
FOR_A_PROGRAMMER = SwitchboardError("Something went wrong here. It has been logged; please try again.")


class HungUp(Exception):
    """The other side is gone: the end of a connection, not a failure."""


class Socket(Generic[F]):
    """One accepted websocket whose peer sends frames of ``parser`` and is ``side`` "customer" or "agent".

    ``heartbeat`` is the frame of its heartbeats when that is always the same.
    """

    __slots__ = (
        "_bucket", "_failure", "_handling", "_hear", "_hear_now", "_heartbeat", "_limits", "_meters", "_monotonic",
        "_parser", "_queue", "_sending_since", "_shared", "_side", "_strikes", "_task", "_websocket", "_wire",
        "_writer", "ending",
    )  # fmt: skip

    def __init__(
        self,
        websocket: WebSocket,
        parser: TypeAdapter[F],
        *,
        side: str,
        limits: SocketLimits,
        monotonic: Callable[[], float],
        meters: Meters,
        heartbeat: str | None = None,
    ) -> None:
        self._wire: WireEnd | None = websocket.scope.get("extensions", {}).get(WIRE, {}).get("wire")
        self._heartbeat = heartbeat
        self._websocket = websocket
        self._parser = parser
        self._side = side
        self._limits = limits
        self._meters = meters
        self._monotonic = monotonic
        self._strikes = 0
        self._shared: tuple[Buckets, str] | None = None
        self._queue: Follower | None = None
        self._hear: Callable[[Told], Awaitable[None]] | None = None
        self._hear_now: Callable[[Told], bool] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._failure: Exception | None = None  # what ended the writer
        self._handling = False
        self._sending_since: float | None = None
        self.ending: SwitchboardError | None = None
        self._bucket = TokenBucket(monotonic, per_second=limits.frames_per_second, burst=limits.frames_burst)

    async def hello(self, kind: type[Frame]) -> F:
        """The first frame, which must be a ``kind``. Raises BadInput, HungUp, or FellBehind when it is late."""
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                frame = self._parse(await self._receive())
        except TimeoutError as late:
            # Not "not signed in": a page would throw its token away, and its line or this process was only slow.
            raise FellBehind("No hello frame came in time. Connect again.") from late
        if not isinstance(frame, kind):
            raise BadInput("The first frame must be a hello.")
        return frame

    def listens(self, queue: Follower) -> None:
        """From here on what is put into ``queue`` waits for `serve`, and the task that called can be ended."""
        self._queue = queue
        self._task = asyncio.current_task()

    async def serve(
        self,
        queue: Follower,
        handle: Callable[[F], Awaitable[None]],
        begin: Callable[[], Awaitable[None]],
        hear: Callable[[Told], Awaitable[None]],
        hear_now: Callable[[Told], bool] | None = None,
    ) -> None:
        """Reader and writer, until one of them ends. The writer does ``begin``, then gives ``hear`` all that ``queue``
        is told, answers to frames too. ``hear_now`` does the same at once unless it would have to wait.

        Raises HungUp, or the SwitchboardError to close with; CancelledError after `end`.
        """
        self.listens(queue)
        self._hear, self._hear_now = hear, hear_now
        self._writer = asyncio.create_task(self._write(begin))
        queue.wakes(self._wake)
        try:
            await self.frames(handle)
        except asyncio.CancelledError:
            if self._failure is None or self._task is None:
                raise
            self._task.uncancel()  # the writer ended, and this is how the reader heard of it
            raise self._failure from None
        finally:
            queue.wakes(None)
            if self._writer is not None:
                self._writer.cancel()
                await asyncio.wait([self._writer])

    def _wake(self) -> None:
        """Something is queued: told at once, until something has to wait, which the writer begins with."""
        if self._writer is not None:
            return
        queue, hear_now, first = self._queue, self._hear_now, None
        with suppress(Exception):  # the writer meets it too, and what fails there ends the socket
            while queue is not None and hear_now is not None and self._wire is not None:
                first = queue.take()
                if first is None:
                    return
                if not hear_now(first):
                    break
                first = None
        self._writer = asyncio.create_task(self._write(None, first))

    async def _write(self, begin: Callable[[], Awaitable[None]] | None, first: Told | None = None) -> None:
        """Send what there is to send: ``first``, then what is queued."""
        queue, hear = self._queue, self._hear
        assert queue is not None
        assert hear is not None
        try:
            if begin is not None:
                await begin()
            told = first or queue.take()
            while told is not None:
                await hear(told)
                told = queue.take()
        except Exception as failure:
            self._failure = failure
            self._interrupt()
        finally:
            self._writer = None

    def beat(self) -> None:
        """A heartbeat is due, and a look whether the peer is there at all."""
        if self._hear is None:
            return  # nothing was told yet, and a heartbeat says that all was
        wire = self._wire
        if wire is not None:
            wire.probe()
            # While the writer is at work a heartbeat waits its turn: it tells that all before it has been sent.
            if self._heartbeat is not None and self._writer is None and wire.send_now(self._heartbeat):
                return
        self.ask("heartbeat")

    def paced_by(self, buckets: Buckets, key: str) -> None:
        """Frames also count against what ``key`` may send over all of its sockets."""
        self._shared = (buckets, key)

    def ask(self, kind: str, text: str = "", offset: int | None = None) -> None:
        """Queue a wish of our own for the writer."""
        self.put(Told(OWN, kind, text, offset))

    def put(self, told: Told) -> None:
        if self._queue is not None:
            self._queue.put(told)

    def end(self, error: SwitchboardError) -> None:
        """Close with ``error``: at once, or as soon as the frame that is being handled is done."""
        if self.ending is None:
            self.ending = error
            self._interrupt()

    def _interrupt(self) -> None:
        if self._task is not None and not self._handling:
            self._task.cancel()

    def stuck(self) -> bool:
        """Whether the peer has left a frame in the pipe for too long."""
        since = self._sending_since
        return since is not None and self._monotonic() - since > self._limits.send_seconds

    async def frames(self, handle: Callable[[F], Awaitable[None]]) -> None:
        """Hand each good frame to ``handle``, answer bad ones, until the peer hangs up.

        Raises HungUp, or the SwitchboardError to close with: too many bad frames, too fast, binary, signed out.
        """
        while True:
            raw = await self._receive()
            self._handling = True
            try:
                self._pace()
                await handle(self._parse(raw))
            except (NotSignedIn, HungUp, WebSocketDisconnect, asyncio.CancelledError):
                raise
            except Busy as full:
                self.refuse(full, raw)  # nobody's fault: no strike
            except SwitchboardError as error:
                self._strike(error, raw)
            except Exception:
                log.exception("frame_failed", side=self._side)
                self._strike(FOR_A_PROGRAMMER, raw)
            else:
                self._strikes = max(0, self._strikes - 1)
            finally:
                self._handling = False
            if self.ending is not None or self._failure is not None:
                raise self.ending or self._failure or HungUp

    async def send(self, frame: Frame) -> None:
        """Send one frame; waits while the peer is not reading. For the writer alone."""
        await self.send_text(frame.model_dump_json(exclude_none=True))

    async def send_text(self, text: str) -> None:
        """Send a frame that is JSON already. Raises HungUp. Who waits too long here is ended from outside."""
        self._sending_since = self._monotonic()
        try:
            await self._websocket.send_text(text)
        except (WebSocketDisconnect, RuntimeError) as gone:
            raise HungUp from gone
        finally:
            self._sending_since = None

    def send_now(self, text: str) -> bool:
        """Send a frame that is JSON already unless that would have to wait; whether it was sent."""
        return self._wire is not None and self._wire.send_now(text)

    def refuse(self, error: SwitchboardError, raw: str = "") -> None:
        """Tell the peer what was refused, and which of its frames that was."""
        self._meters.refusals.labels(self._side, error.code).inc()
        self.ask("send", error_frame(error, raw).model_dump_json(exclude_none=True))

    async def close(self, error: SwitchboardError) -> None:
        """Say why, then close with the error's code. Never raises: the peer may be gone, or may read nothing."""
        self.ending = self.ending or error
        self._meters.refusals.labels(self._side, error.code).inc()
        if isinstance(error, FellBehind):
            self._meters.fell_behind.labels(self._side).inc()
        if self._websocket.application_state is WebSocketState.DISCONNECTED:
            return
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError, HungUp):
            async with asyncio.timeout(self._limits.close_seconds):
                await self.send(error_frame(error))
                await self._websocket.close(error.close_code, error.code)

    async def _receive(self) -> str:
        try:
            message = await self._websocket.receive()
        except RuntimeError as gone:
            raise HungUp from gone
        if message["type"] == "websocket.disconnect":
            raise HungUp
        text = message.get("text")
        if text is None:
            raise BinaryFrame("Frames are JSON text, not binary.")
        if len(text.encode(errors="surrogatepass")) > self._limits.max_bytes:
            raise TooLarge(f"A frame may have at most {self._limits.max_bytes} bytes.")
        return str(text)

    def _pace(self) -> None:
        wait = self._bucket.take()
        if wait > 0:
            raise TooMany(_TOO_FAST, retry_after=round(wait, 3))
        if self._shared is not None:
            buckets, key = self._shared
            buckets.take(key, _TOO_FAST)

    def _parse(self, raw: str) -> F:
        frame = parse_frame(self._parser, raw)
        self._meters.frames.labels(self._side, getattr(frame, "type", "?")).inc()
        return frame

    def _strike(self, error: SwitchboardError, raw: str) -> None:
        self._strikes += 1
        if self._strikes > self._limits.strikes:
            # Too fast stays "too fast" (1008); a peer that sends nonsense is closed as one that does.
            raise error if isinstance(error, TooMany) else BadInput("Too many frames were refused.")
        self.refuse(error, raw)
