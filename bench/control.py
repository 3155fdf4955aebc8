"""Starts a control as a process of its own: a module or a script of bench/controls that takes a port."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.service import ROOT, cpu_seconds, memory_kib, pinned
from tests.support.processes import Child, free_port

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Control:
    """A running control on the loopback."""

    address: tuple[str, int]
    pid: int

    def memory_kib(self) -> float:
        """Resident memory, in KiB."""
        return memory_kib([self.pid])

    def cpu_seconds(self) -> float:
        """CPU time used, in seconds."""
        return cpu_seconds([self.pid])


@asynccontextmanager
async def control(name: str, folder: Path, core: int | None = None) -> AsyncIterator[Control]:
    """``name``: ``relay_python``, or ``relay_node.js`` for Node. Raises RuntimeError when it does not come up."""
    port = free_port()
    script = name.endswith(".js")
    command = ["node", f"bench/controls/{name}"] if script else [sys.executable, "-m", f"bench.controls.{name}"]
    child = Child(name, pinned([*command, str(port)], core), ROOT, {}, folder / f"{name}.log")
    try:
        child.start()
        await _answers(child, port)
        assert child.process is not None
        yield Control(("127.0.0.1", port), child.process.pid)
    finally:
        await asyncio.to_thread(child.stop)


async def _answers(child: Child, port: int) -> None:
    async with asyncio.timeout(_SECONDS):
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            if child.process is None or child.process.poll() is not None:
                raise RuntimeError(f"{child.name} ended early: {child.tail()}")
            await asyncio.sleep(0.05)
