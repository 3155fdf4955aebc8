"""A python-socketio relay, as its documentation builds one: a room per conversation, words passed on to the others.

Served like our own sockets: uvicorn with ``websockets-sansio``, no compression, uvloop, one process. It keeps no
record: words are passed on without being stored, acknowledged, numbered, checked or limited, nobody signs in, and who
is away misses them. It tells no list of conversations either; Switchboard tells every agent's list of each message.

An agent's sockets can also ask for one event to be told to everybody in a room: ``["tell", room, words]``.
"""

from __future__ import annotations

import sys
from typing import Any

import socketio
import uvicorn


def relay() -> Any:
    """The ASGI application."""
    sio = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins=[])
    rooms: dict[str, str] = {}

    async def join(sid: str, names: list[str]) -> None:
        for name in names:
            await sio.enter_room(sid, name)
        rooms[sid] = names[0]
        await sio.emit("joined", to=sid)

    async def say(sid: str, words: str) -> None:
        await sio.emit("entry", words, room=rooms[sid], skip_sid=sid)

    async def tell(sid: str, room: str, words: str) -> None:
        await sio.emit("entry", words, room=room)

    for handler in (join, say, tell):
        sio.on(handler.__name__, handler)
    return socketio.ASGIApp(sio)


def main() -> None:
    uvicorn.run(
        relay(), host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", ws="websockets-sansio",
        ws_per_message_deflate=False, log_level="warning", access_log=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
