"""A FastAPI websocket endpoint as its tutorial writes one: accept, and echo text. On uvicorn as we use it.

No record, no sign-in, no limits, nobody to tell anything to: only what the framework adds to a bare connection.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


@app.websocket("/")
async def echo(websocket: WebSocket) -> None:
    """Until it hangs up."""
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        return


def main() -> None:
    uvicorn.run(
        app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", ws="websockets-sansio",
        ws_per_message_deflate=False, ws_ping_interval=45, ws_ping_timeout=20, log_level="warning", access_log=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
