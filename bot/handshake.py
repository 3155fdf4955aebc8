"""The beginning of one web socket: the request as an ASGI scope, and the app's answer to it.

All of it is forgotten once the socket is open (see `bot.wire`).
"""

from __future__ import annotations

import email.utils
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from starlette.types import Message, Scope
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

Pairs = list[tuple[bytes, bytes]]
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Handshake:
    """What `websockets` makes of the request; the app may answer it once it is ``begun``."""

    def __init__(self, config: Config, connection: ServerProtocol, standing: Pairs) -> None:
        self._config = config
        self._connection = connection
        self._standing = standing  # headers of every answer
        self._response: Response | None = None
        self._status = 0
        self._headers: Pairs = []
        self._body: list[bytes] = []

    def begun(self, request: Request) -> bytes | None:
        """Look at the request. What to answer with when it cannot become a socket, else None."""
        self._response = self._connection.accept(request)
        return None if self._response.status_code == 101 else self._sent(self._response)

    def scope(self, request: Request, transport: Any, state: dict[str, Any]) -> Scope:
        """The request as apps read it."""
        path, _, query = request.path.partition("?")
        root = self._config.root_path
        named = [name for line in request.headers.get_all("Sec-WebSocket-Protocol") for name in line.split(",")]
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(transport) else "ws",
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "root_path": root,
            "path": root + unquote(path),
            "raw_path": (root + path).encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": [
                (name.lower().encode("ascii"), value.encode("ascii", errors="surrogateescape"))
                for name, value in request.headers.raw_items()
            ],
            "subprotocols": [name.strip() for name in named],
            "state": state.copy(),
            "extensions": {"websocket.http.response": {}},
        }

    def accepted(self, message: Message) -> bytes:
        """The answer that opens the socket."""
        response = self._response
        assert response is not None
        del response.headers["Date"]
        for name, value in _text([*self._standing, *message.get("headers", [])]):
            response.headers[name] = value
        if message.get("subprotocol"):
            response.headers["Sec-WebSocket-Protocol"] = message["subprotocol"]
        return self._sent(response)

    def refused(self, status: HTTPStatus) -> bytes:
        """An answer without a page."""
        return self._sent(self._connection.reject(status, "" if status == HTTPStatus.FORBIDDEN else status.phrase))

    def answered(self, message: Message) -> bytes | None:
        """The app answers in HTTP. The whole answer once ``message`` was its last part, else None."""
        if message["type"] == "websocket.http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", []))
            return None
        self._body.append(message["body"])
        if message.get("more_body", False):
            return None
        body = b"".join(self._body)
        headers = Headers(_text(self._headers))
        for name, value in (
            ("Date", email.utils.formatdate(usegmt=True)),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
            ("Content-Type", "text/plain; charset=utf-8"),
        ):
            headers.setdefault(name, value)
        return self._sent(Response(self._status, _PHRASES.get(self._status, ""), headers, body))

    def _sent(self, response: Response) -> bytes:
        self._connection.send_response(response)
        return b"".join(self._connection.data_to_send())


def _text(headers: Pairs) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
