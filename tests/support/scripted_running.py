"""Runs the scripted service on a free port in a thread, for tests; or with the demo scenes, for whoever builds pages.

python -m tests.support.scripted_running 8123
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.support.scripted_scenes import fill
from tests.support.scripted_service import ScriptedService
from tests.support.scripted_sockets import scripted_app


class Running:
    """A scripted service that runs; ``do`` moves it from the test's thread and returns what the work returned."""

    def __init__(self, service: ScriptedService, url: str, loop: asyncio.AbstractEventLoop) -> None:
        self.service, self.url, self.loop = service, url, loop

    def do(self, work: Callable[[ScriptedService], Any]) -> Any:
        async def there() -> Any:
            return work(self.service)

        return asyncio.run_coroutine_threadsafe(there(), self.loop).result(timeout=10)


@contextmanager
def running() -> Iterator[Running]:
    service = ScriptedService()
    fill(service)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # whoever connects before the server runs waits, and is not refused
    server = uvicorn.Server(
        uvicorn.Config(scripted_app(service), log_level="warning", ws="websockets-sansio", lifespan="off")
    )
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve([listener])), daemon=True)
    thread.start()
    try:
        yield Running(service, f"http://127.0.0.1:{listener.getsockname()[1]}", loop)
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)
        loop.close()
        listener.close()


if __name__ == "__main__":
    demo = ScriptedService()
    fill(demo)
    uvicorn.run(scripted_app(demo), port=int(sys.argv[1]), log_level="warning")
