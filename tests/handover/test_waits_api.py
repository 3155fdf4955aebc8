"""The report on waits over HTTP: who may read it, and what it looks like."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.service import Service, bearer, running_service


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running_service(tmp_path) as running:
        yield running


async def test_an_admin_reads_how_waits_went_and_an_agent_does_not(service: Service) -> None:
    admin = await service.sign_in()
    async with service.new_customer() as (customer, _):
        await customer.says(type="ask_for_human", client_id="h1")
        await customer.hears("control", lambda frame: frame["control"] == "offered")
        await customer.says(type="stop_waiting", client_id="s1")
        await customer.hears("control", lambda frame: frame["control"] == "bot")
    answer = await service.http.get("/api/v1/waits/report", params={"days": 7}, headers=bearer(admin))
    assert answer.status_code == 200
    found = answer.json()
    assert (found["days"], found["complete"], found["all"]["waits"], found["all"]["gave_up"]) == (7, True, 1, 1)
    assert found["all"]["within_range"] is None
    assert [hour["waits"] for hour in found["by_hour"]] == [1]

    eve = await service.hire("Eve")
    refused = await service.http.get("/api/v1/waits/report", headers=bearer(eve))
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await service.http.get("/api/v1/waits/report")).status_code == 401
    wrong = await service.http.get("/api/v1/waits/report", params={"days": 0}, headers=bearer(admin))
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_input")
