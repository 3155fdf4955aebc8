"""Runs an app on a real server on a free loopback port, as production does, for tests that need real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.wire import Wire


@asynccontextmanager
async def serving(make_app: Callable[[int], ASGIApp], *, max_bytes: int = 65_536) -> AsyncIterator[str]:
    """Serve ``make_app(port)``; yields "127.0.0.1:port" once it answers, and stops cleanly at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            make_app(port),
            ws=Wire,
            ws_max_size=max_bytes,
            ws_per_message_deflate=False,
            lifespan="on",
            log_level="critical",
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if running.done():
                await running
                raise RuntimeError("the server ended before it started")
            await asyncio.sleep(0.005)
        try:
            yield f"127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await running
