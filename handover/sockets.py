"""Plumbing of both sockets: text JSON frames in, frames out, limits around, one error shape.

A bad frame is answered with an error frame and the connection goes on, until it has had too many of them.
Nothing is queued here without bound: reading stops while a frame is handled, and a send waits for its reader.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from handover.errors import BadInput, FellBehind, NotSignedIn, StaleView, SwitchboardError, TooLarge, TooMany
from handover.frames import EntryFrame, ErrorFrame, Frame
from handover.limits import TokenBucket, address_key
from handover.meters import Meters

log = structlog.get_logger(__name__)
F = TypeVar("F", bound=Frame)

# An escaped NUL in JSON text. No customer types one and PostgreSQL stores none.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_FOR_A_PROGRAMMER = SwitchboardError("Something went wrong here. It has been logged; please try again.")


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """What one socket may do before it is refused, and then closed."""

    hello_seconds: float = 5.0
    max_bytes: int = 64 * 1024
    frames_per_second: float = 10.0
    frames_burst: int = 40
    strikes: int = 20  # refused frames before the connection is closed; one good frame takes one back
    send_seconds: float = 20.0  # how long a reader may leave a frame in the pipe
    recheck_seconds: float = 30.0  # how often the record is asked whether the live feed lost something


class HungUp(Exception):
    """The other side is gone: the end of a connection, not a failure."""


class Socket(Generic[F]):
    """One accepted websocket whose peer sends frames of ``parser`` and is ``side`` "customer" or "agent"."""

    def __init__(
        self,
        websocket: WebSocket,
        parser: TypeAdapter[F],
        *,
        side: str,
        limits: SocketLimits,
        monotonic: Callable[[], float],
        meters: Meters,
    ) -> None:
        self._websocket = websocket
        self._parser = parser
        self._side = side
        self._limits = limits
        self._meters = meters
        self._strikes = 0
        self._bucket = TokenBucket(monotonic, per_second=limits.frames_per_second, burst=limits.frames_burst)

    async def hello(self, kind: type[Frame]) -> F:
        """The first frame, which must be a ``kind`` and come in time. Raises BadInput or HungUp."""
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                frame = self._parse(await self._receive())
        except TimeoutError as late:
            raise NotSignedIn("No hello frame came in time.") from late
        if not isinstance(frame, kind):
            raise BadInput("The first frame must be a hello.")
        return frame

    async def frames(self, handle: Callable[[F], Awaitable[None]]) -> None:
        """Hand each good frame to ``handle``, answer bad ones, until the peer hangs up.

        Raises HungUp, or the SwitchboardError to close with: too many bad frames, too fast, binary, signed out.
        """
        while True:
            raw = await self._receive()
            try:
                self._pace()
                frame = self._parse(raw)
                await handle(frame)
            except NotSignedIn:
                raise
            except SwitchboardError as error:
                await self._strike(error, raw)
            except (HungUp, WebSocketDisconnect, asyncio.CancelledError):
                raise
            except Exception:
                log.exception("frame_failed", side=self._side)
                await self._strike(_FOR_A_PROGRAMMER, raw)
            else:
                self._strikes = max(0, self._strikes - 1)

    async def send(self, frame: Frame) -> None:
        """Send one frame; waits while the peer is not reading. Raises FellBehind when that takes too long."""
        await self.send_text(frame.model_dump_json(exclude_none=True))

    async def send_text(self, text: str) -> None:
        """Send a frame that is JSON already. Raises FellBehind or HungUp."""
        try:
            async with asyncio.timeout(self._limits.send_seconds):
                await self._websocket.send_text(text)
        except TimeoutError as slow:
            raise FellBehind("This connection reads too slowly. Connect again and resume.") from slow
        except (WebSocketDisconnect, RuntimeError) as gone:
            raise HungUp from gone

    async def refuse(self, error: SwitchboardError, raw: str = "") -> None:
        """Tell the peer what was refused, and which of its frames that was."""
        self._meters.refusals.labels(self._side, error.code).inc()
        await self.send(error_frame(error, raw))

    async def close(self, error: SwitchboardError) -> None:
        """Say why, then close with the error's code. Never raises: the peer may be gone."""
        if isinstance(error, FellBehind):
            self._meters.fell_behind.labels(self._side).inc()
        with suppress(HungUp, SwitchboardError):
            await self.refuse(error)
        await self._close(error.close_code, error.code)

    async def _close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is WebSocketState.DISCONNECTED:
            return
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            async with asyncio.timeout(self._limits.send_seconds):
                await self._websocket.close(code, reason)

    async def _receive(self) -> str:
        try:
            message = await self._websocket.receive()
        except RuntimeError as gone:
            raise HungUp from gone
        if message["type"] == "websocket.disconnect":
            raise HungUp
        text = message.get("text")
        if text is None:
            raise _BinaryFrame("Frames are JSON text, not binary.")
        if len(text.encode(errors="surrogatepass")) > self._limits.max_bytes:
            raise TooLarge(f"A frame may have at most {self._limits.max_bytes} bytes.")
        return str(text)

    def _pace(self) -> None:
        wait = self._bucket.take()
        if wait > 0:
            raise TooMany("That is too fast. Please slow down.", retry_after=round(wait, 3))

    def _parse(self, raw: str) -> F:
        frame = parse_frame(self._parser, raw)
        self._meters.frames.labels(self._side, getattr(frame, "type", "?")).inc()
        return frame

    async def _strike(self, error: SwitchboardError, raw: str) -> None:
        self._strikes += 1
        if self._strikes > self._limits.strikes:
            # Too fast stays "too fast" (1008); a peer that sends nonsense is closed as one that does.
            raise error if isinstance(error, TooMany) else BadInput("Too many frames were refused.")
        await self.refuse(error, raw)


class _BinaryFrame(BadInput):
    close_code = 1003


def parse_frame(parser: TypeAdapter[F], raw: str) -> F:
    """The frame in ``raw``. Raises BadInput, which names the field that is wrong but never repeats its value.

    A text that is too long is TooLarge, so that a page can say so in its own words.
    """
    if _NUL.search(raw):
        raise BadInput("A frame may not hold the NUL character.")
    try:
        return parser.validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # A union puts the chosen type first in the location: "say.text" is what a reader wants to see.
        where = ".".join(str(part) for part in first["loc"]) or "frame"
        what = TooLarge if first["type"] == "string_too_long" else BadInput
        raise what(f"{where}: {first['msg']}", detail={"field": where}) from None


def error_frame(error: SwitchboardError, raw: str = "") -> ErrorFrame:
    """The one error shape as a frame; names the refused frame's ``client_id`` and ``conversation`` if it had them."""
    missed = None
    if isinstance(error, StaleView):
        missed = tuple(EntryFrame.of(entry, for_agents=True) for entry in getattr(error, "missed", ()))
    return ErrorFrame(
        code=error.code,
        message=error.message,
        detail=error.detail,
        retry_after=error.retry_after if isinstance(error, TooMany) else None,
        client_id=_named(raw, "client_id"),
        conversation=_named(raw, "conversation"),
        missed=missed,
    )


def _named(raw: str, key: str) -> str | None:
    try:
        value = json.loads(raw).get(key)
    except (ValueError, AttributeError, RecursionError):
        return None
    if not isinstance(value, str) or not 0 < len(value) <= 80:
        return None
    return value if value.isprintable() else None  # a lone surrogate could not be sent back


def allowed_origin(websocket: WebSocket, origins: frozenset[str]) -> bool:
    """Whether the page that opens this socket is one of ``origins``, letter by letter.

    A client that sends no Origin is no browser, so no other site's page can be behind it.
    """
    sent = websocket.headers.getlist("origin")
    return not sent or (len(sent) == 1 and sent[0] in origins)


async def deny(websocket: WebSocket, error: SwitchboardError) -> None:
    """Refuse the handshake itself, with the error as an HTTP answer where the server can send one."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        await websocket.send_denial_response(JSONResponse(error.as_dict(), status_code=error.http_status))
    else:
        await websocket.close(error.close_code, error.code)


@asynccontextmanager
async def answering(websocket: WebSocket, socket: Socket[F]) -> AsyncIterator[None]:
    """Whatever ends the block ends the connection in the one shape; a peer that hung up is no error."""
    try:
        yield
    except HungUp:
        return
    except SwitchboardError as error:
        await _end(websocket, socket, error)
    except Exception:
        log.exception("socket_failed")
        await _end(websocket, socket, _FOR_A_PROGRAMMER)


async def _end(websocket: WebSocket, socket: Socket[F], error: SwitchboardError) -> None:
    if websocket.application_state is WebSocketState.CONNECTING:
        await deny(websocket, error)
    else:
        await socket.close(error)


def address_of(websocket: WebSocket) -> str:
    """What limits per address go by."""
    return address_key(websocket.client.host if websocket.client else None)


async def side_by_side(*works: Coroutine[Any, Any, None]) -> None:
    """Run ``works`` until one of them ends, cancel the rest, and raise what the first one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task in done:
            task.result()
