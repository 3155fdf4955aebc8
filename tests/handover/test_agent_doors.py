"""Who gets into the agents' socket, and when its screens are closed."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from handover.login_api import COOKIE
from tests.support.service import ADMIN, PASSWORD, Service, bearer, waiting_customer
from tests.support.talking import Json, page


async def _cookie(service: Service) -> str:
    answer = await service.http.post("/api/v1/login", json={"email": ADMIN, "password": PASSWORD})
    return f"{COOKIE}={answer.cookies[COOKIE]}"


async def test_a_console_page_signs_in_by_cookie_and_only_from_our_own_pages(service: Service) -> None:
    cookie = await _cookie(service)
    async with page(service.address, "/ws/agent", origin=service.origin, cookie=cookie) as console:
        await console.says(type="hello")
        assert (await console.hears("welcome"))["agent"]["role"] == "admin"
    port = service.address.rpartition(":")[2]
    for origin in (None, "null", "https://evil.example", f"http://localhost:{port}", f"https://{service.address}"):
        with pytest.raises(InvalidStatus) as refused:
            async with page(service.address, "/ws/agent", origin=origin, cookie=cookie):
                pass
        assert refused.value.response.status_code == 403


async def test_nobody_else_gets_in(service: Service) -> None:
    for token in ("", "nonsense", "x" * 500):
        with pytest.raises(InvalidStatus) as refused:
            async with page(service.address, "/ws/agent", origin=service.origin, authorization=f"Bearer {token}"):
                pass
        assert refused.value.response.status_code == 401


async def test_a_customers_token_opens_no_console(service: Service) -> None:
    async with service.new_customer() as (_, welcome):
        with pytest.raises(InvalidStatus) as refused:
            async with page(service.address, "/ws/agent", authorization=f"Bearer {welcome['token']}"):
                pass
        assert refused.value.response.status_code == 401


async def test_signing_out_closes_that_logins_screens_and_no_others(service: Service) -> None:
    one, two = await service.hire("Ada"), await service.sign_in("ada@example.com")
    async with service.console(one) as gone, service.console(two) as stays:
        assert (await service.http.post("/api/v1/logout", headers=bearer(one))).status_code == 204
        assert await gone.is_closed() == 4401
        await stays.says(type="open", conversation="none-such")
        await stays.hears("error", lambda frame: frame["code"] == "not_found")


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": "a brand new one"}])
async def test_a_closed_account_or_a_new_password_closes_all_of_its_screens(service: Service, change: Json) -> None:
    ada = await service.hire("Ada")
    admin = bearer(service.tokens[ADMIN])
    async with service.console(ada) as desk, service.console(ada) as phone:
        who = (await service.http.get("/api/v1/me", headers=bearer(ada))).json()["id"]
        answer = await service.http.patch(f"/api/v1/agents/{who}", json=change, headers=admin)
        assert answer.status_code == 200
        for peer in (desk, phone):
            assert await peer.is_closed() == 4401
        assert (await service.http.get("/api/v1/me", headers=bearer(ada))).status_code == 401


async def test_the_desk_is_open_while_an_online_agent_has_a_console_and_closes_with_the_last_one(
    service: Service,
) -> None:
    admin = bearer(await service.sign_in())
    ada = await service.hire("Ada")
    async with service.console(ada, online=False) as one, service.console(ada, online=False):
        await one.says(type="availability", state="online")
        async with waiting_customer(service):
            await one.hears("offer")
        assert (await service.http.get("/api/v1/desk", headers=admin)).json()["open"] is True
