"""The service of the run: the product as it is, with a dialogue that repeats what it hears."""

from __future__ import annotations

import asyncio
import hashlib

from bot.app import create_app
from bot.dialogue import TurnRequest, TurnResult
from bot.server import server
from bot.settings import read_settings
from handover.accounts import Passwords


class Repeating:
    """Answers with the first of the words and a mark of all, so that no two replies are the same."""

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        await asyncio.sleep(0.02)
        lines = request.text.splitlines()
        mark = hashlib.sha256(request.text.encode()).hexdigest()[:12]
        return TurnResult(f"Heard {len(lines)}: {lines[0]} [{mark}]", intent="inform", confidence=1.0)

    async def ping(self) -> None:
        return None


def main() -> None:
    """Runs until it is stopped or killed."""
    settings = read_settings(_env_file=None)
    app = create_app(settings, dialogue=Repeating(), passwords=Passwords(memory_kib=64))
    asyncio.run(server(settings, app).serve())


if __name__ == "__main__":
    main()
