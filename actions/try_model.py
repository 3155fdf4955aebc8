"""Ask the configured writer one question and see the whole result: ``python -m actions.try_model "question"``."""

from __future__ import annotations

import asyncio
import json
import sys

from actions.briefing import Briefing
from actions.reply import write_reply
from actions.settings import settings_from_env
from actions.wiring import build_tools


async def ask(question: str) -> None:
    settings = settings_from_env()
    print(settings.describe())
    reply = await write_reply(Briefing(text=question), build_tools(settings))
    print(f"\n{reply['text']}\n")
    for page in reply["citations"]:
        print(f"  {page['title']}  {page['url']}")
    print(json.dumps(reply["evidence"], indent=2, ensure_ascii=False))


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit('usage: python -m actions.try_model "question"')
    asyncio.run(ask(sys.argv[1]))


if __name__ == "__main__":
    main()
