"""The simulator's own page: write as a customer of any channel, see what arrived there and what was wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2

from tests.sim.calls import Asked, Reply, Told
from tests.sim.driver import Simulator
from tests.sim.platforms import Page
from tests.sim.world import NotThere

_HTML = Path(__file__).with_name("page.html")


def page_of(simulator: Simulator) -> Page:
    """``GET /`` the page, ``GET /calls`` everything so far, ``POST /tell`` {channel, kind, person, hook?, …}."""

    async def answer(asked: Asked) -> Reply:
        way = (asked.method, f"/{asked.base}")
        if way == ("GET", "/"):
            return Reply(200, _HTML.read_bytes(), {"content-type": "text/html; charset=utf-8"})
        if way == ("GET", "/calls"):
            calls = [_shown(one) for one in simulator.calls()]
            return Reply(200, {"calls": calls, "violations": simulator.violations})
        if way == ("POST", "/tell"):
            return await _tell(simulator, asked)
        return Reply(404, {"why": "no such page"})

    return answer


async def _tell(simulator: Simulator, asked: Asked) -> Reply:
    """Tell it once; the answer says what the product answered."""
    try:
        given: dict[str, Any] = json.loads(asked.body)
        channel, kind, person = (str(given.pop(name)) for name in ("channel", "kind", "person"))
        account = simulator.world.accounts.of(channel)
        account.hook = str(given.pop("hook", "")) or account.hook
        said, event = simulator.words(channel, kind, person, **{name: str(one) for name, one in given.items()})
    except (ValueError, TypeError, LookupError, NotThere) as why:
        return Reply(400, {"why": str(why)})
    statuses: list[int | str] = []
    for hook in simulator.hooks(channel, [event]):
        try:
            statuses.append((await simulator.post_here(hook)).status_code)
        except httpx2.HTTPError as why:
            statuses.append(f"{type(why).__name__}: {why}")
    return Reply(200, {"id": said.id, "answered": statuses, "hook": account.hook})


def _shown(told: Told) -> dict[str, Any]:
    return {
        "channel": told.channel,
        "what": told.what,
        "person": told.person,
        "text": told.text,
        "buttons": [list(one) for one in told.buttons],
        "at": told.at.isoformat() if told.at else None,
        "id": told.provider_id,
        "status": told.status,
    }
