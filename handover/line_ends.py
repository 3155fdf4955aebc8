"""Before and after a socket's frames: who may open one, how it is refused, and how it ends."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, TypeVar

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket, WebSocketState

from handover.errors import SwitchboardError
from handover.frames import Frame
from handover.limits import address_key
from handover.sockets import FOR_A_PROGRAMMER, HungUp, Socket

log = structlog.get_logger(__name__)
F = TypeVar("F", bound=Frame)


def allowed_origin(websocket: WebSocket, origins: frozenset[str]) -> bool:
    """Whether the page that opens this socket is one of ``origins``, letter by letter.

    A client that sends no Origin is no browser, so no other site's page can be behind it.
    """
    sent = Headers(scope=websocket.scope).getlist("origin")
    return not sent or (len(sent) == 1 and sent[0] in origins)


def address_of(websocket: WebSocket) -> str:
    """What limits per address go by."""
    return address_key(websocket.client.host if websocket.client else None)


async def deny(websocket: WebSocket, error: SwitchboardError) -> None:
    """Refuse the handshake itself, with the error as an HTTP answer where the server can send one."""
    if "websocket.http.response" in websocket.scope.get("extensions", {}):
        headers = {} if error.retry_after is None else {"retry-after": str(max(1, round(error.retry_after)))}
        await websocket.send_denial_response(JSONResponse(error.as_dict(), error.http_status, headers))
    else:
        await websocket.close(error.close_code, error.code)


def forget_request(websocket: WebSocket) -> None:
    """The handshake is done: what the request was is not kept for as long as the socket is open."""
    websocket.scope.clear()


class Answering:
    """Whatever ends the block ends the connection in the one shape; a peer that hung up is no error."""

    __slots__ = ("_socket", "_websocket")

    def __init__(self, websocket: WebSocket, socket: Socket[Any]) -> None:
        self._websocket = websocket
        self._socket = socket

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, SwitchboardError):
            await _end(self._websocket, self._socket, error)
        elif isinstance(error, asyncio.CancelledError):
            task = asyncio.current_task()
            if self._socket.ending is None or task is None:
                return False
            task.uncancel()  # the socket was ended from our side, and this is how it heard of it
            await _end(self._websocket, self._socket, self._socket.ending)
        elif isinstance(error, Exception) and not isinstance(error, HungUp):
            log.error("socket_failed", exc_info=error)
            await _end(self._websocket, self._socket, FOR_A_PROGRAMMER)
        return error is None or isinstance(error, Exception | asyncio.CancelledError)


async def _end(websocket: WebSocket, socket: Socket[F], error: SwitchboardError) -> None:
    if websocket.application_state is WebSocketState.CONNECTING:
        await deny(websocket, error)
    else:
        await socket.close(error)
