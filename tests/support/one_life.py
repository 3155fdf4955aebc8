"""A process that does nothing but live: `python -m tests.support.one_life URL` says its name and waits."""

from __future__ import annotations

import asyncio
import sys

from handover.backends import open_backends


async def live(url: str) -> None:
    """Until the process is ended."""
    async with open_backends(url) as backends:
        print(backends.lives.owner, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1]))
