"""The way in against everything that may come: ruined fixtures, signatures that are none, inboxes of nobody."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from bot.channels.registry import CHANNELS
from bot.channels.way_in import WayIn, open_way_in
from bot.http_errors import install
from bot.settings import read_settings
from handover.backends import Backends
from handover.meters import Meters
from tests.sim.accounts import Account, account_of, demo_inbox
from tests.sim.calls import FIXTURES
from tests.sim.driver import simulating
from tests.sim.post import Webhook, fitted, signature, webhook
from tests.support.channel_world import ScriptedFiles, ScriptedReports
from tests.support.relay_world import SECRET, World, a_world, backends_in
from tests.support.scripted_channel import ScriptedBook
from tests.support.scripted_dialogue import ScriptedDialogue

ROWS = json.loads((FIXTURES / "index.json").read_text())
INBOXES = [demo_inbox(channel) for channel in CHANNELS]
OTHERS = [
    replace(
        one,
        id=f"{one.channel}.0ther000",
        account=f"{one.account}9",
        secrets={name: f"{secret}!" for name, secret in one.secrets.items()},
    )
    for one in INBOXES
]
WRONG: tuple[Any, ...] = (None, True, -1, 1e308, "", "é\x00\ud800", [], {}, [[]], {"a": {}}, "9" * 400)


class Hostile:
    """The gate and the intake of every channel, two inboxes each."""

    def __init__(self, way_in: WayIn, http: httpx2.AsyncClient, backends: Backends, world: World) -> None:
        self.way_in, self.http, self.backends, self.world = way_in, http, backends, world

    async def post(self, hook: Webhook, **headers: str) -> httpx2.Response:
        return await self.http.post(hook.path, content=hook.body, headers={**hook.headers, **headers})

    async def settle(self) -> None:
        for _ in range(4):
            while await self.way_in.intake.read_some():
                pass
            while await self.way_in.intake.apply_some():
                pass
            self.world.clock.advance(400)

    async def left(self) -> int:
        async with self.backends.records.reading() as tx:
            return (await tx.intake.backlog())[0]


@asynccontextmanager
async def hostile(folder: Path) -> AsyncIterator[Hostile]:
    settings = read_settings(secret_key=SECRET.decode(), public_url="https://help.example/", handshakes_per_minute=600)
    async with backends_in(folder) as backends, a_world(backends, ScriptedDialogue(otherwise="Yes.")) as world:
        way_in = open_way_in(
            settings, backends, world.desk, channels=CHANNELS, book=ScriptedBook([*INBOXES, *OTHERS]),
            relay=world.relay, reports=ScriptedReports(), files=ScriptedFiles(), registry=CollectorRegistry(),
        )  # fmt: skip
        app = FastAPI()
        install(app, meters=Meters(), max_body=65_536)
        app.include_router(way_in.gate.routes())
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://gate.example") as http:
            yield Hostile(way_in, http, backends, world)
        await way_in.arrivals.close()


def account(channel: str) -> Account:
    return account_of(next(one for one in INBOXES if one.channel == channel))


def fixtures(channel: str) -> list[str]:
    return [row["file"] for row in ROWS if row["channel"] == channel and row["format"] == "webhook"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body, the body itself left out."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def ruined(body: Any, rng: random.Random) -> Any:
    """``body`` with one thing in it of another type."""
    made = copy.deepcopy(body)
    *way, last = rng.choice(list(places(made)))
    where = made
    for key in way:
        where = where[key]
    where[last] = rng.choice(WRONG)
    return made


@pytest.mark.parametrize("channel", CHANNELS)
async def test_ruined_webhooks_are_taken_harm_nobody_and_leave_the_way_open(tmp_path: Path, channel: str) -> None:
    rng = random.Random(channel)
    async with hostile(tmp_path) as here:
        for file in fixtures(channel):
            body = fitted(account(channel), file)
            for _ in range(4):
                raw = json.dumps(ruined(body, rng)).encode()
                hook = Webhook(account(channel).hook, raw, signature(account(channel), raw))
                assert (await here.post(hook)).status_code == 200, file
        await here.settle()
        with simulating(*INBOXES) as sim:
            person = "U" + "9" * 32 if channel == "line" else "5999999999"
            (healthy,) = sim.hooks(channel, [sim.words(channel, "text", person, text="are you there?")[1]])
            assert (await here.post(healthy)).status_code == 200
        await here.settle()
        assert await here.left() == 0
        async with here.backends.records.reading() as tx:
            mine = await tx.intake.identity(demo_inbox(channel).id, person)
            assert mine is not None
            assert mine.customer is not None
            row = await tx.conversations.open_one(mine.inbox, mine.customer)
        assert row is not None
        said = await here.world.desk.reading.entries(row.conversation.id)
        assert "are you there?" in [entry.text for entry in said]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_no_signature_but_the_right_one_opens_the_way(tmp_path: Path, channel: str) -> None:
    async with hostile(tmp_path) as here:
        hook = webhook(account(channel), fitted(account(channel), fixtures(channel)[0]))
        ((name, right),) = ((k, v) for k, v in hook.headers.items() if k.lower().startswith("x-"))
        for wrong in (
            "",
            right[:-1],
            right + "0",
            right.swapcase(),
            right[::-1],
            "sha256=",
            "sha1=" + right[7:],
            "ü" * 40,
        ):
            answer = await here.http.post(
                hook.path,
                content=hook.body,
                headers=[(b"content-type", b"application/json"), (name.encode(), wrong.encode())],
            )
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature"), wrong
        missing = await here.http.post(hook.path, content=hook.body)
        changed = await here.http.post(hook.path, content=hook.body + b" ", headers=dict(hook.headers))
        assert missing.status_code == 401
        assert changed.status_code == (200 if channel == "telegram" else 401)  # Telegram says a word and signs nothing
        assert await here.left() == (1 if channel == "telegram" else 0)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_replayed_webhook_changes_nothing_and_one_for_another_account_goes_nowhere(
    tmp_path: Path, channel: str
) -> None:
    async with hostile(tmp_path) as here:
        with simulating(*INBOXES) as sim:
            person = "U" + "9" * 32 if channel == "line" else "5999999999"
            (hook,) = sim.hooks(channel, [sim.words(channel, "text", person, text="hello")[1]])
        for _ in range(3):
            assert (await here.post(hook)).status_code == 200
            await here.settle()
        other = next(one for one in OTHERS if one.channel == channel)
        to_other = f"/webhooks/{channel}/{other.id.partition('.')[2]}"
        # Its own secret vouches for it wherever it is posted; but it stays its own inbox's.
        assert (await here.post(Webhook(to_other, hook.body, hook.headers))).status_code == 200
        nobody = Webhook(f"/webhooks/{channel}/nobody00", hook.body, hook.headers)
        assert (await here.post(nobody)).status_code == 200
        await here.settle()
        async with here.backends.records.reading() as tx:
            mine = await tx.intake.identity(demo_inbox(channel).id, person)
            assert mine is not None
            assert mine.customer is not None
            row = await tx.conversations.open_one(mine.inbox, mine.customer)
            assert await tx.intake.identity(other.id, person) is None
        assert row is not None
        said = await here.world.desk.reading.entries(row.conversation.id)
        assert [entry.text for entry in said if entry.author.kind == "customer"] == ["hello"]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"", b"null", b"12", b'{"object":1}'])
async def test_bodies_that_nobody_can_read_are_kept_aside_and_not_asked_for_again(
    tmp_path: Path, channel: str, body: bytes
) -> None:
    async with hostile(tmp_path) as here:
        one = account(channel)
        answer = await here.post(Webhook(one.hook, body, signature(one, body)))
        challenge = channel == "x" and body in (b"null", b"12")  # what could be a challenge is never signed for
        assert answer.status_code == (401 if challenge else 200)
        await here.settle()
        assert await here.left() == 0


# A thousand are a thousand commits and as many turns: a slow disk needs more than the usual limit.
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("channel", "count"), [("messenger", 1000), ("instagram", 50), ("whatsapp", 50), ("line", 50)])
async def test_a_thousand_events_in_one_webhook_are_all_there_and_in_order(
    tmp_path: Path, channel: str, count: int
) -> None:
    async with hostile(tmp_path) as here:
        person = "U" + "9" * 32 if channel == "line" else "5999999999"
        with simulating(*INBOXES) as sim:
            began = sim.now()
            at = [began + timedelta(milliseconds=number) for number in range(count)]
            events = [sim.words(channel, "text", person, text=str(n), at=one)[1] for n, one in enumerate(at)]
            hooks = sim.hooks(channel, events)
        for hook in hooks:
            assert (await here.post(hook)).status_code == 200
        await here.settle()
        async with here.backends.records.reading() as tx:
            mine = await tx.intake.identity(demo_inbox(channel).id, person)
            assert mine is not None
            assert mine.customer is not None
            row = await tx.conversations.open_one(mine.inbox, mine.customer)
        assert row is not None
        said: list[str] = []
        last = 0
        while fresh := await here.world.desk.reading.entries(row.conversation.id, after=last):
            said += [entry.text for entry in fresh if entry.author.kind == "customer"]
            last = fresh[-1].offset
        assert said == [str(number) for number in range(count)]
