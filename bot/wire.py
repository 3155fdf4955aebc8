"""The server's end of one web socket: what uvicorn asks of a socket protocol, kept small while nothing happens.

Uvicorn's own keeps the request, its answer, queues, locks and a timer while the socket is open. This one forgets the
handshake, makes the rest when it is needed, and is told when to ping (`handover.rounds`), so that there are no timers.
What a frame is stays the business of `websockets`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from http import HTTPStatus
from typing import Any, cast

from starlette.types import Message
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from bot.handshake import Handshake
from handover.wire_end import WIRE

log = logging.getLogger("uvicorn.error")

_CLOSE_SECONDS = 10.0  # how long a peer may take to answer our close
# What `Wire.probe` finds: the peer was heard since the last time, was not, or was asked for a sign and gave none.
_HEARD, _SILENT, _ASKED = range(3)


class Wire(asyncio.Protocol):
    """Serves one socket: runs the app in one task, and turns frames into its messages and back.

    The app finds it in its scope's extensions under ``WIRE``, for `send_now` and `probe`.
    """

    __slots__ = (
        "_app_state", "_closer", "_config", "_connection", "_ended", "_gone", "_handshake", "_held_back", "_life",
        "_messages", "_parts", "_server_state", "_text", "_transport", "_waiting", "_writable",
    )  # fmt: skip

    def __init__(self, config: Config, server_state: Any, app_state: dict[str, Any]) -> None:
        self._config = config
        self._server_state = server_state
        self._app_state = app_state
        self._transport: asyncio.Transport
        self._connection = _connection(config, State.CONNECTING)
        self._handshake: Handshake | None = Handshake(config, self._connection, server_state.default_headers)
        self._ended = False  # our close was sent, or an answer that opens nothing
        self._gone = False
        self._life = _HEARD
        self._held_back = False  # nothing is read until the app has taken what there is
        self._messages: deque[Message] | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._writable: asyncio.Event | None = None  # there while the peer takes too little
        self._parts: list[bytes] | None = None  # of a message of which not all has come
        self._text = False
        self._closer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server_state.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server_state.connections.discard(self)
        self._gone = True
        self._put(_left(1006 if self._handshake else 1005))
        self.resume_writing()  # nobody else would any more, and nothing will be taken
        self._stop_closer()
        if exc is None:
            self._transport.close()

    def pause_writing(self) -> None:
        self._writable = self._writable or asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    def shutdown(self) -> None:
        """The server stops: say so and hang up."""
        if self._handshake is not None:
            self._end(self._handshake.refused(HTTPStatus.INTERNAL_SERVER_ERROR))
        elif not self._ended:
            self._put(_left(1012))
            self._connection.send_close(1012)
            self._flush()
        self._stop_closer()
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._life = _HEARD
        self._connection.receive_data(data)
        if self._connection.parser_exc is not None or (self._handshake and self._connection.handshake_exc):
            self._fail()
            return
        for event in self._connection.events_received():
            if isinstance(event, Request):
                self._begin(event)
            elif isinstance(event, Frame):
                self._hear(event)

    def _begin(self, request: Request) -> None:
        assert self._handshake is not None
        refusal = self._handshake.begun(request)
        if refusal is not None:
            self._end(refusal)
            return
        self._transport.pause_reading()  # until the app has answered
        scope = self._handshake.scope(request, self._transport, self._app_state)
        scope["extensions"][WIRE] = {"wire": self}
        self._put({"type": "websocket.connect"})
        running = asyncio.get_running_loop().create_task(self._config.loaded_app(scope, self.receive, self.send))
        running.add_done_callback(self._app_is_done)
        self._server_state.tasks.add(running)

    def _answer(self, handshake: Handshake, message: Message) -> None:
        kind = message["type"]
        if kind == "websocket.accept":
            self._transport.write(handshake.accepted(message))
            # Another one for what follows: the first holds the request and what was read of it.
            self._connection, self._handshake = _connection(self._config, State.OPEN), None
            if not self._transport.is_closing():
                self._transport.resume_reading()
        elif kind == "websocket.close":
            self._end(handshake.refused(HTTPStatus.FORBIDDEN))
        elif (answer := handshake.answered(message)) is not None:
            self._end(answer)

    def _end(self, answer: bytes) -> None:
        """Answer the handshake without opening a socket."""
        self._handshake, self._ended = None, True
        self._put(_left(1006))
        self._transport.write(answer)
        self._transport.close()

    def _app_is_done(self, running: asyncio.Task[None]) -> None:
        self._server_state.tasks.discard(running)
        failure = None if running.cancelled() else running.exception()
        if running.cancelled() or (failure is not None and not isinstance(failure, ClientDisconnected)):
            log.error("The app failed", exc_info=failure)
        if self._handshake is not None and not self._gone:
            self._end(self._handshake.refused(HTTPStatus.INTERNAL_SERVER_ERROR))
        if self._closer is None:
            self._transport.close()

    def _hear(self, frame: Frame) -> None:
        if frame.opcode is Opcode.CLOSE:
            self._hear_close()
        elif frame.opcode is Opcode.PING:
            self._flush()  # `websockets` has answered it
        elif frame.opcode is not Opcode.PONG:
            if self._parts is None:
                self._text, self._parts = frame.opcode is Opcode.TEXT, []
            self._parts.append(bytes(frame.data))
            if frame.fin:
                data, self._parts = b"".join(self._parts), None
                self._hear_message(data)

    def _hear_message(self, data: bytes) -> None:
        if self._ended:  # the app reads nothing more
            return
        try:
            said = {"text": data.decode()} if self._text else {"bytes": data}
        except UnicodeDecodeError:
            self._connection.send_close(1007)
            self._fail()
            return
        if (self._waiting is None or self._messages) and not self._held_back:
            self._held_back = True
            self._transport.pause_reading()
        self._put({"type": "websocket.receive", **said})

    def _hear_close(self) -> None:
        if self._ended:
            # The peer's answer to ours.
            if self._closer is not None:
                self._stop_closer()
                self._transport.close()
        elif not self._transport.is_closing():
            said = self._connection.close_rcvd
            assert said is not None
            self._put(_left(said.code, said.reason))
            self._flush()
            self._transport.close()

    def _fail(self) -> None:
        """The peer broke the rules: `websockets` has said so, in a frame or not at all."""
        said = self._connection.close_sent
        self._put(_left(said.code if said else 1006))
        self._flush()
        self._ended = True
        self._transport.close()

    def _put(self, message: Message) -> None:
        if self._messages is None:
            self._messages = deque()
        self._messages.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def receive(self) -> Message:
        """ASGI's ``receive``, for one task."""
        while not self._messages:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        message = self._messages.popleft()
        if not self._messages:
            self._messages = None
            self._read_on()
        return message

    def _read_on(self) -> None:
        if self._held_back and not self._transport.is_closing():
            self._held_back = False
            self._transport.resume_reading()

    async def send(self, message: Message) -> None:
        """ASGI's ``send``; waits while the peer takes too little."""
        if self._writable is not None:
            await self._writable.wait()
        if self._gone:
            raise ClientDisconnected
        if self._handshake is not None:
            self._answer(self._handshake, message)
        elif self._ended:
            raise RuntimeError(f"{message['type']!r} after the end of the socket.")
        elif message["type"] == "websocket.send":
            self._say(message["text"])
        else:
            self._say_close(message.get("code", 1000), message.get("reason") or "")

    def _say(self, text: str) -> None:
        try:
            self._connection.send_text(text.encode())
        except InvalidState:
            raise ClientDisconnected from None
        self._flush()

    def _say_close(self, code: int, reason: str) -> None:
        if self._transport.is_closing():
            return
        self._put(_left(code, reason))
        try:
            self._connection.send_close(code, reason)
        except InvalidState:
            raise ClientDisconnected from None
        self._flush()
        self._ended = True
        self._read_on()
        self._closer = asyncio.get_running_loop().call_later(_CLOSE_SECONDS, self._transport.close)

    def send_now(self, text: str) -> bool:
        """Send ``text`` unless it would have to wait; whether it was sent."""
        may = self._writable is None and self._is_open() and self._connection.state is State.OPEN
        if may:
            self._say(text)
        return may

    def probe(self) -> None:
        """Is the peer there? Called every now and then: a silent one is pinged, one that does not answer hung up on."""
        if self._held_back or not self._is_open():
            return  # it is we who do not listen, or the end is near
        if self._life == _HEARD:
            self._life = _SILENT
        elif self._life == _SILENT:
            self._life = _ASKED
            self._connection.send_ping(b"here")
            self._flush()
        else:
            self._connection.fail(1011, "no sign of life")
            self._fail()

    def _is_open(self) -> bool:
        return self._handshake is None and not (self._ended or self._gone or self._transport.is_closing())

    def _flush(self) -> None:
        self._transport.write(b"".join(self._connection.data_to_send()))

    def _stop_closer(self) -> None:
        if self._closer is not None:
            self._closer.cancel()
            self._closer = None


def _left(code: int, reason: str = "") -> Message:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def _connection(config: Config, state: State) -> ServerProtocol:
    return ServerProtocol(state=state, max_size=config.ws_max_size, logger=log)
