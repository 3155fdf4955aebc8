"""The least an ASGI application does with a websocket: accept it, and send back what comes. On uvicorn as we use it.

Calibrates a load (its echo is what loopback, uvicorn and the load itself cost) and is the floor for what an idle
connection costs. No record, no sign-in, no limits, no frames of its own, nobody to tell anything to.
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.types import Receive, Scope, Send


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """The application."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


def main() -> None:
    uvicorn.run(
        echo, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", ws="websockets-sansio", lifespan="off",
        ws_per_message_deflate=False, ws_ping_interval=45, ws_ping_timeout=20, log_level="warning", access_log=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
