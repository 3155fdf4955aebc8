"""Contacts over HTTP: who may look customers up, join and split them, and what they read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from bot.http_errors import install
from handover.accounts import Accounts, Passwords
from handover.backends.records_sql.accounts import SqlAccounts
from handover.backends.records_sql.tables_of_intake import identities
from handover.contacts_api import contact_routes
from handover.conversation import Conversation
from handover.entries import AgentId
from handover.login_api import COOKIE, Door
from handover.meters import Meters
from tests.support.desk_world import World, open_world
from tests.support.service import PASSWORD, bearer

TELEGRAM = "telegram.aaaa0001"
ORIGIN = "http://desk.example"


@dataclass
class Asked:
    """The routes in an app of their own, with Ines signed in by ``token``."""

    world: World
    http: httpx2.AsyncClient
    token: str
    web: Conversation
    telegram: Conversation

    async def get(self, path: str, **query: str) -> Any:
        answer = await self.http.get(f"/api/v1/customers{path}", params=query, headers=bearer(self.token))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self.http.post(f"/api/v1/customers{path}", json=body, headers=headers or bearer(self.token))


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    async with open_world(tmp_path) as world:
        records, live = SqlAccounts(world.backends.records), world.backends.live
        accounts = Accounts(records, live, world.clock, passwords=Passwords(memory_kib=64))
        await accounts.add(email="ines@example.com", name="Ines", password=PASSWORD)
        _, token, _ = await accounts.sign_in("ines@example.com", PASSWORD, "::1")
        app = FastAPI()
        install(app, meters=Meters(), max_body=10_000)
        app.include_router(contact_routes(world.desk.contacts, Door(accounts, frozenset({ORIGIN}))))
        web, telegram = await world.conversation("hello"), await world.conversation("hi", inbox=TELEGRAM)
        async with world.backends.records.transaction() as tx:
            values = {"inbox": TELEGRAM, "external_id": "4711", "customer": telegram.customer, "name": "annie_77"}
            await tx.connection.execute(identities.insert(), values | {"blocked_at": world.clock.now()})
            await tx.intake.also(TELEGRAM, "4711", "US.1")
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as http:
            yield Asked(world, http, token, web, telegram)


async def test_a_customer_is_found_by_what_a_platform_calls_them(asked: Asked) -> None:
    for query in ("annie_", "4711", "us.1"):
        (found,) = (await asked.get("", query=query))["customers"]
        assert (found["id"], found["name"], found["channels"]) == (asked.telegram.customer, "Ann Lee", ["telegram"])
        assert found["identities"] == [
            {
                "inbox": TELEGRAM,
                "channel": "telegram",
                "external_id": "4711",
                "name": "annie_77",
                "blocked": True,
                "also": ["US.1"],
            }
        ]
    both = (await asked.get("", query="ann lee"))["customers"]
    assert {one["id"] for one in both} == {asked.web.customer, asked.telegram.customer}
    assert (await asked.get("", query="%"))["customers"] == []


async def test_joined_customers_show_each_others_conversations_until_they_are_split(asked: Asked) -> None:
    one, other = asked.web.customer, asked.telegram.customer
    joined = await asked.post(f"/{one}/join", {"with": other})
    assert joined.status_code == 200
    assert joined.json() == await asked.get(f"/{one}")
    seen = await asked.get(f"/{other}")
    assert [member["id"] for member in seen["members"]] == [other, one]
    assert {(row["conversation"], row["channel"], row["last_entry"]["text"]) for row in seen["conversations"]} == {
        (asked.web.id, "web", "hello"),
        (asked.telegram.id, "telegram", "hi"),
    }
    (deed,) = seen["deeds"]
    assert (deed["deed"], deed["agent"], deed["one"], deed["others"]) == ("joined", "Ines", [one], [other])
    split = await asked.post(f"/{one}/split")
    assert (split.status_code, [member["id"] for member in split.json()["members"]]) == (200, [one])
    assert [row["conversation"] for row in (await asked.get(f"/{other}"))["conversations"]] == [asked.telegram.id]


async def test_what_cannot_be_done_is_said_in_the_one_shape(asked: Asked) -> None:
    one, other = asked.web.customer, asked.telegram.customer
    for path, body, status, code in [
        (f"/{one}/join", {"with": one}, 400, "bad_input"),
        (f"/{one}/join", {"with": "nobody"}, 404, "not_found"),
        (f"/{one}/join", {"with": 7}, 400, "bad_input"),
        (f"/{one}/join", {"other": other}, 400, "bad_input"),
        (f"/{one}/join", {"with": other, "why": "x"}, 400, "bad_input"),
        (f"/{one}/join", None, 400, "bad_input"),
        ("/nobody/split", None, 404, "not_found"),
        (f"/{one}/split", None, 409, "illegal_move"),
        (f"/{one}/join", {"with": other}, 200, None),
        (f"/{other}/join", {"with": one}, 409, "already_there"),
    ]:
        answer = await asked.post(path, body)
        assert (answer.status_code, answer.json().get("code")) == (status, code), (path, body)
    for path in ("", "?query=", f"?query={'x' * 201}", f"/{'x' * 65}", "?query=%20"):
        answer = await asked.http.get(f"/api/v1/customers{path}", headers=bearer(asked.token))
        assert answer.status_code == 400, path


async def test_only_who_is_signed_in_and_on_our_own_page_may_ask(asked: Asked) -> None:
    one, other = asked.web.customer, asked.telegram.customer
    for method, path in [("GET", "?query=a"), ("GET", f"/{one}"), ("POST", f"/{one}/join"), ("POST", f"/{one}/split")]:
        body = {"with": other} if path.endswith("join") else None
        answer = await asked.http.request(method, f"/api/v1/customers{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), path
    cookie = {"cookie": f"{COOKIE}={asked.token}"}
    for headers in ({}, {"origin": "https://evil.example"}):
        for verb, body in (("join", {"with": other}), ("split", None)):
            answer = await asked.post(f"/{one}/{verb}", body, **cookie, **headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert len((await asked.get(f"/{one}"))["members"]) == 1
    assert (await asked.post(f"/{one}/join", {"with": other}, **cookie, origin=ORIGIN)).status_code == 200
    assert (await asked.world.desk.reading.notes(asked.web.id))[0].agent.id != AgentId("ines")
