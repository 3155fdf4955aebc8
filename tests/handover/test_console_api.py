"""The console's REST: who may ask what, from where, and what every answer looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handover.login_api import COOKIE
from tests.support.service import ADMIN, PASSWORD, Service, bearer, running_service

LOGIN = {"email": ADMIN, "password": PASSWORD}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


async def test_the_login_cookie_is_out_of_reach_for_scripts_and_other_sites(service: Service) -> None:
    answer = await service.http.post("/api/v1/login", json=LOGIN)
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"].lower()
    assert COOKIE in cookie
    for part in ("httponly", "samesite=lax", "path=/"):
        assert part in cookie
    assert "secure" not in cookie
    assert answer.json().get("token") is None
    assert PASSWORD not in answer.text


async def test_behind_https_the_cookie_is_secure(service: Service) -> None:
    answer = await service.http.post("/api/v1/login", json=LOGIN, headers={"x-forwarded-proto": "https"})
    assert "secure" in answer.headers["set-cookie"].lower()


async def test_a_change_that_rests_on_the_cookie_must_come_from_our_own_pages(service: Service) -> None:
    await service.http.post("/api/v1/login", json=LOGIN)
    body = {"email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    for origin in (
        None,
        "null",
        "https://evil.example",
        f"{service.origin}.evil.example",
        f"https://{service.address}",
    ):
        headers = {} if origin is None else {"origin": origin}
        answer = await service.http.post("/api/v1/agents", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), origin
    answer = await service.http.post("/api/v1/agents", json=body, headers={"origin": service.origin})
    assert answer.status_code == 201
    assert (await service.http.get("/api/v1/agents")).status_code == 200  # reading needs no Origin


async def test_another_sites_page_cannot_sign_anybody_in(service: Service) -> None:
    answer = await service.http.post("/api/v1/login", json=LOGIN, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(service: Service) -> None:
    wrong = await service.http.post("/api/v1/login", json={**LOGIN, "password": "not the one"})
    unknown = await service.http.post("/api/v1/login", json={**LOGIN, "email": "nobody@example.com"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_too_many_tries_are_told_how_long_to_wait(tmp_path: Path) -> None:
    async with running_service(tmp_path, tries_per_email=2) as service:
        for _ in range(2):
            await service.http.post("/api/v1/login", json={**LOGIN, "password": "not the one"})
        answer = await service.http.post("/api/v1/login", json=LOGIN)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
        assert int(answer.headers["retry-after"]) > 0
        metrics = (await service.http.get("/metrics")).text
        assert 'switchboard_logins_total{outcome="wrong"} 2.0' in metrics
        assert 'switchboard_logins_total{outcome="limited"} 1.0' in metrics


async def test_only_admins_manage_accounts(service: Service) -> None:
    ada = bearer(await service.hire("Ada"))
    body = {"email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    assert (await service.http.post("/api/v1/agents", json=body, headers=ada)).status_code == 403
    who = (await service.http.get("/api/v1/me", headers=ada)).json()["id"]
    assert (await service.http.patch(f"/api/v1/agents/{who}", json={"disabled": True}, headers=ada)).status_code == 403
    names = [row["agent"]["name"] for row in (await service.http.get("/api/v1/agents", headers=ada)).json()]
    assert names == ["Admin", "Ada"]


async def test_nobody_locks_the_own_account(service: Service) -> None:
    admin = bearer(await service.sign_in())
    who = (await service.http.get("/api/v1/me", headers=admin)).json()["id"]
    answer = await service.http.patch(f"/api/v1/agents/{who}", json={"disabled": True}, headers=admin)
    assert answer.status_code == 400


async def test_changing_the_own_password_wants_the_present_one_and_ends_every_login(service: Service) -> None:
    ada = bearer(await service.hire("Ada"))
    wrong = {"present": "a wrong one", "new": "my next password"}
    assert (await service.http.post("/api/v1/me/password", json=wrong, headers=ada)).status_code == 401
    right = {"present": PASSWORD, "new": "my next password"}
    assert (await service.http.post("/api/v1/me/password", json=right, headers=ada)).status_code == 204
    assert (await service.http.get("/api/v1/me", headers=ada)).status_code == 401
    await service.sign_in("ada@example.com", "my next password")


async def test_an_agent_reads_conversations_and_their_entries(service: Service) -> None:
    admin = bearer(await service.sign_in())
    async with service.new_customer() as (customer, welcome):
        await customer.says(type="say", client_id="a1", text="Hello there")
        last = await customer.hears("entry", lambda frame: frame["text"] == "You said: Hello there")
    name = welcome["conversation"]
    rows = (await service.http.get("/api/v1/conversations", params={"view": "bot"}, headers=admin)).json()["rows"]
    assert [row["conversation"] for row in rows] == [name]
    whole = (await service.http.get(f"/api/v1/conversations/{name}", headers=admin)).json()
    assert whole["row"]["last_entry"]["text"] == "You said: Hello there"
    assert whole["notes"] == []

    async def offsets(**asked: int) -> list[int]:
        answer = await service.http.get(f"/api/v1/conversations/{name}/entries", params=asked, headers=admin)
        return [entry["offset"] for entry in answer.json()["entries"]]

    everything = list(range(1, last["offset"] + 1))
    assert await offsets() == everything
    assert await offsets(after=1) == everything[1:]
    assert await offsets(before=3) == [1, 2]
    assert await offsets(before=3, limit=1) == [2]


NOT_THERE = [
    ("GET", "/api/v1/conversations?view=secret", 400),
    ("GET", "/api/v1/conversations?limit=0", 400),
    ("GET", "/api/v1/conversations?limit=100000", 400),
    ("GET", "/api/v1/conversations?before=99999999999999999999999", 400),
    ("GET", "/api/v1/conversations/none-such", 404),
    ("GET", "/api/v1/conversations/none-such/entries", 404),
    ("GET", "/api/v1/conversations/x/entries?after=1&before=2", 400),
    ("GET", "/api/v1/conversations/%00", 404),
    ("PATCH", "/api/v1/agents/none-such", 404),
    ("DELETE", "/api/v1/agents", 405),
    ("GET", "/api/v1/nothing", 404),
]


async def test_what_is_not_there_or_makes_no_sense_is_refused(service: Service) -> None:
    admin = bearer(await service.sign_in())
    for method, path, status in NOT_THERE:
        body: dict[str, Any] = {"json": {"disabled": True}} if method == "PATCH" else {}
        answer = await service.http.request(method, path, headers=admin, **body)
        assert answer.status_code == status, path
        assert set(answer.json()) <= {"code", "message", "detail"}


async def test_readiness_names_every_part_and_what_is_wrong_with_it(service: Service) -> None:
    answer = await service.http.get("/readyz")
    parts = answer.json()["parts"]
    assert list(parts) == ["store", "live_feed", "rasa", "actions", "model"]
    assert answer.status_code == 503
    assert {name for name, part in parts.items() if not part["ok"]} == {"actions"}
    assert parts["actions"]["why"]
    assert (await service.http.get("/healthz")).json() == {"status": "alive"}


async def test_leads_and_admins_say_what_an_agent_can_do_and_nobody_else(service: Service) -> None:
    admin, ada = bearer(await service.sign_in()), bearer(await service.hire("Ada"))
    body = {"email": "lea@example.com", "name": "Lea", "password": PASSWORD, "role": "lead"}
    assert (await service.http.post("/api/v1/agents", json=body, headers=admin)).status_code == 201
    lea = bearer(await service.sign_in("lea@example.com", PASSWORD))
    who = (await service.http.get("/api/v1/me", headers=ada)).json()["id"]
    wish = {"skills": ["payments", "orders"], "languages": ["de"], "teams": ["service"], "capacity": 4}

    async def patch(asked: dict[str, Any], headers: dict[str, str]) -> Any:
        return await service.http.patch(f"/api/v1/agents/{who}", json=asked, headers=headers)

    assert (await patch(wish, ada)).status_code == 403
    assert (await patch({"password": "another one"}, lea)).status_code == 403
    changed = await patch(wish, lea)
    assert changed.status_code == 200
    part = changed.json()["agent"]
    assert (part["skills"], part["languages"], part["teams"]) == (["orders", "payments"], ["de"], ["service"])
    assert (part["capacity"], part["held"]) == (4, 0)
    (row,) = [r for r in (await service.http.get("/api/v1/agents", headers=ada)).json() if r["agent"]["id"] == who]
    assert row["agent"] == part
    for wrong in ({"skills": ["juggling"]}, {"teams": ["circus"]}, {"languages": ["German"]}, {"capacity": 0}):
        answer = await patch(wrong, lea)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_input"), wrong
    teams = (await service.http.get("/api/v1/teams", headers=ada)).json()
    assert {"team": "service", "members": [who], "here": 0, "waiting": 0} in teams
    assert (await patch({"role": "lead"}, admin)).json()["agent"]["role"] == "lead"


async def test_colleagues_see_whose_console_is_open(service: Service) -> None:
    token = await service.sign_in()
    me = (await service.http.get("/api/v1/me", headers=bearer(token))).json()["id"]

    async def here() -> bool:
        rows = (await service.http.get("/api/v1/agents", headers=bearer(token))).json()
        return next(bool(row["here"]) for row in rows if row["agent"]["id"] == me)

    assert not await here()
    async with service.console(token, online=False):
        assert await here()


async def test_an_admin_does_not_give_up_the_own_role(service: Service) -> None:
    admin = bearer(await service.sign_in())
    who = (await service.http.get("/api/v1/me", headers=admin)).json()["id"]
    answer = await service.http.patch(f"/api/v1/agents/{who}", json={"role": "agent"}, headers=admin)
    assert answer.status_code == 400
