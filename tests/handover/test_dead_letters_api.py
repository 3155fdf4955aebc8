"""Lines that no channel took, as agents see them over HTTP and operators on the command line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handover.backends import Backends, open_backends
from handover.clock import SystemClock
from handover.desk import open_desk
from handover.outbox import OutboxWorker
from handover.outbox_lines import Line, PartRow, Plan
from handover.outcomes import Outcome, SendResult
from handover.policy_settings import load_policy
from tests.support.service import Service, bearer, running_service

ROOT = Path(__file__).parents[2]
RUDE = "[red]<script>alert(1)</script>\x1b[2J"


class Refuses:
    """A channel that takes nothing."""

    idempotent = False

    async def plan(self, line: Line) -> Plan:
        refused = SendResult(Outcome.FINAL_PERSON, note="This number is not on the channel.", todo="Write a letter.")
        return Plan(refused=refused)

    async def pace(self, line: Line, plan: Plan) -> float:
        raise AssertionError("nothing is sent")

    async def send(self, line: Line, plan: Plan, part: PartRow, last: bool) -> SendResult:
        raise AssertionError("nothing is sent")

    async def stop(self, inbox: str, why: str) -> None:
        raise AssertionError("nothing is wrong with the inbox")


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    # Before the service runs: its own sender would take the line.
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        await _dead_letter(backends)
    async with running_service(tmp_path) as running:
        yield running


async def _dead_letter(backends: Backends) -> None:
    """A greeting that a channel refused."""
    policy = load_policy()
    desk = open_desk(backends, clock=SystemClock(), policy=policy)
    customer = await desk.customers.new_customer()
    await desk.customers.start("telegram", customer.id, greeting=RUDE)
    worker = OutboxWorker(backends.records, SystemClock(), {"telegram": Refuses()}, policy.outbox)
    assert await worker.send_due() == 1


async def _state(service: Service) -> dict[str, Any]:
    answer = await service.http.get("/api/v1/outbox", headers=bearer(await service.sign_in()))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def test_strangers_see_nothing_of_it(service: Service) -> None:
    for method, path in (("GET", ""), ("POST", "/1/retry"), ("POST", "/1/drop"), ("POST", "/1/arrived")):
        answer = await service.http.request(method, f"/api/v1/outbox{path}")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_an_agent_sees_why_a_line_did_not_arrive_and_has_it_tried_again(service: Service) -> None:
    state = await _state(service)
    (row,) = state["rows"]
    assert (state["queued"], state["dead"]) == (0, 1)
    assert (row["text"], row["why"], row["inbox"]) == (RUDE, "This number is not on the channel.", "telegram")
    headers = bearer(await service.sign_in())
    assert (await service.http.post(f"/api/v1/outbox/{row['id']}/retry", headers=headers)).status_code == 204
    assert (await service.http.post(f"/api/v1/outbox/{row['id']}/retry", headers=headers)).status_code == 404


async def test_a_line_that_may_have_arrived_says_so_and_what_can_be_done(service: Service) -> None:
    row = (await _state(service))["rows"][0]
    assert (row["unknown"], row["todo"]) == (False, "Write a letter.")
    in_doubt = sa.text("UPDATE outbox SET delivery = 'unknown', delivery_todo = 'Ask the customer.'")
    async with service.backends.records.transaction() as tx:
        await tx.connection.execute(in_doubt)
    row = (await _state(service))["rows"][0]
    assert (row["unknown"], row["todo"]) == (True, "Ask the customer.")
    headers = bearer(await service.sign_in())
    assert (await service.http.post(f"/api/v1/outbox/{row['id']}/arrived", headers=headers)).status_code == 204
    assert (await _state(service))["rows"] == []
    assert (await service.http.post(f"/api/v1/outbox/{row['id']}/arrived", headers=headers)).status_code == 404


async def test_a_line_given_up_is_not_shown_again(service: Service) -> None:
    row = (await _state(service))["rows"][0]
    headers = bearer(await service.sign_in())
    assert (await service.http.post(f"/api/v1/outbox/{row['id']}/drop", headers=headers)).status_code == 204
    assert (await _state(service))["rows"] == []


async def _cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'record.db'}", "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    command = [sys.executable, "-m", "bot.cli", "outbox", *arguments]
    # In a thread: the service shares this loop, and must not be stopped in the middle of a transaction.
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, cwd=ROOT, env=env, timeout=50
    )


async def test_the_command_line_lists_retries_and_gives_up_beside_a_running_service(
    service: Service, tmp_path: Path
) -> None:
    shown = await _cli(tmp_path, "list")
    assert shown.returncode == 0, shown.stderr
    assert "0 waiting; 1 could not be delivered." in shown.stdout
    assert "This number is not on the channel." in shown.stdout
    assert "[red]<script>" in shown.stdout
    assert "\x1b[2J" not in shown.stdout
    assert (await _cli(tmp_path, "retry")).returncode == 1
    assert "1 will be tried again." in (await _cli(tmp_path, "retry", "--all")).stdout
    gone = await _cli(tmp_path, "drop", "1")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "no such line" in gone.stderr
