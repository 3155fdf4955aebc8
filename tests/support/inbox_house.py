"""The routes about inboxes over a real record and the real door, and platforms that answer what a test says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from bot.channels.channel import Answer, Call, Unanswered
from bot.channels.inbox_api import inbox_routes
from bot.channels.registry import CHANNELS
from bot.http_errors import install
from handover.accounts import Accounts, Passwords
from handover.backends import Backends, open_backends
from handover.backends.records_sql.accounts import SqlAccounts
from handover.inbox_book import InboxBook
from handover.inbox_cipher import Cipher, new_key
from handover.login_api import Door, login_routes
from handover.meters import Meters
from tests.support.desk_world import fresh_record
from tests.support.hand_clock import HandClock
from tests.support.service import bearer

PASSWORD = "correct horse battery"
OURS = "https://help.example"
# What an inbox of each channel needs; every secret has a piece that is looked for wherever it must not be.
MARK = "SeCrEtPiEcE"
NEEDED: dict[str, dict[str, str]] = {
    name: {f.name: f"{MARK}-{name}-{f.name}" for f in channel.ability.fields if f.secret and f.required}
    for name, channel in CHANNELS.items()
}


@dataclass
class ScriptedCalls:
    """Implements `bot.channels.inbox_keeping.Calls`: each answer is for one call, in order; none may be left over."""

    answers: list[Answer | Unanswered] = field(default_factory=list)
    asked: list[Call] = field(default_factory=list)

    async def call(self, call: Call) -> Answer | Unanswered:
        self.asked.append(call)
        assert self.answers, f"nobody expected {call.base} to be asked"
        return self.answers.pop(0)


@dataclass
class House:
    """``admin`` and ``agent`` are the headers of somebody signed in."""

    http: httpx2.AsyncClient
    backends: Backends
    book: InboxBook
    clock: HandClock
    calls: ScriptedCalls
    admin: dict[str, str] = field(default_factory=dict)
    agent: dict[str, str] = field(default_factory=dict)

    async def asks(self, method: str, path: str, *, by: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """A request by the admin, or by somebody else."""
        return await self.http.request(method, f"/api/v1{path}", headers=self.admin if by is None else by, **more)

    async def add(self, channel: str = "telegram", account: str = "4711", **more: Any) -> dict[str, Any]:
        answer = await self.asks("POST", "/inboxes", json=a_body(channel, account, **more))
        assert answer.status_code == 201, answer.text
        added: dict[str, Any] = answer.json()
        return added


def a_body(channel: str = "telegram", account: str = "4711", **more: Any) -> dict[str, Any]:
    """What makes an inbox of the channel."""
    return {"channel": channel, "name": f"Our {channel}", "account": account, "secrets": NEEDED[channel]} | more


def json_answer(status: int, body: Any) -> Answer:
    return Answer(status, {}, body, "")


@asynccontextmanager
async def a_house(folder: Path, cipher: Cipher | None = None, url: str | None = None) -> AsyncIterator[House]:
    """The record is a file in ``folder``, unless there is a ``url``. At the end every expected call must have come."""
    clock, calls, sealed = HandClock(), ScriptedCalls(), cipher or Cipher([new_key()])
    async with open_backends(url or await fresh_record(folder)) as backends:
        records = backends.records
        accounts = Accounts(SqlAccounts(records), backends.live, clock, passwords=Passwords(memory_kib=64))
        book, meters, app = InboxBook(records, clock, sealed), Meters(), FastAPI()
        install(app, meters=meters, max_body=65_536)
        door = Door(accounts, frozenset({"http://house.example"}))
        app.include_router(login_routes(accounts, door, meters))
        app.include_router(
            inbox_routes(records, book, sealed, CHANNELS, door, calls=calls, public_address=OURS, clock=clock)
        )
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://house.example") as http:
            house = House(http, backends, book, clock, calls)
            for name, role in (("admin", "admin"), ("ann", "agent")):
                email = f"{name}@example.com"
                if url is None:
                    await accounts.add(email=email, name=name.title(), password=PASSWORD, role=role)
                _, token, _ = await accounts.sign_in(email, PASSWORD, "127.0.0.1")
                (house.admin if role == "admin" else house.agent).update(bearer(token))
            yield house
    assert not calls.answers, "platforms that nobody asked"
