"""The first start: accounts, and believable past conversations, made once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from handover.accounts import Accounts, Passwords
from handover.backends import open_backends
from handover.backends.records_sql.accounts import SqlAccounts
from handover.demo import Beaten, MadeAccounts, make_first_accounts, tell_demo_stories
from handover.desk import open_desk
from handover.errors import NotSignedIn
from handover.policy_settings import load_policy
from tests.support.hand_clock import HandClock


async def test_the_first_start_makes_what_a_desk_needs_and_the_second_makes_nothing(tmp_path: Path) -> None:
    clock, policy = HandClock(), load_policy()
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        accounts = Accounts(SqlAccounts(backends.records), backends.live, clock, passwords=Passwords(memory_kib=64))

        async def start() -> tuple[object, int]:
            made = await make_first_accounts(accounts, admin_email="Boss@example.com", demo=True, password=None)
            told = await tell_demo_stories(
                backends, accounts, clock=clock, policy=policy, inbox="web", greeting="Hi, I am an AI."
            )
            return made, told

        _, told = await start()
        assert told == 5
        assert await start() == (None, 0)
        desk = open_desk(backends, clock=clock, policy=policy)
        rows = await desk.reading.rows("all", None)
        assert len(rows) == 5
        assert Counter(row.lifecycle for row in rows) == {"resolved": 3, "active": 2}
        assert all(row.changed_at < clock.now() for row in rows)
        assert {row.rating for row in rows} == {None, 4, 5}
        everyone = {one.agent.email: one.agent for one in await accounts.everyone()}
        assert {email: agent.role for email, agent in everyone.items()} == {
            "boss@example.com": "admin",
            "agent1@example.com": "agent",
            "agent2@example.com": "agent",
            "lead@example.com": "lead",
        }
        for agent in everyone.values():
            policy.matching.check(agent)


async def test_a_random_password_works_and_a_given_one_is_never_printed(tmp_path: Path) -> None:
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        accounts = Accounts(
            SqlAccounts(backends.records), backends.live, HandClock(), passwords=Passwords(memory_kib=64)
        )
        made = await make_first_accounts(accounts, admin_email="boss@example.com", demo=False, password=None)
        assert made is not None
        assert made.random
        await accounts.sign_in("boss@example.com", made.password, "192.0.2.1")
        with pytest.raises(NotSignedIn):
            await accounts.sign_in("agent1@example.com", made.password, "192.0.2.1")
        later = await make_first_accounts(accounts, admin_email="x@example.com", demo=True, password="given by hand")
        assert later is not None
        assert not later.random
        assert later.emails == ("agent1@example.com", "agent2@example.com", "lead@example.com")


async def test_of_two_replicas_that_start_for_the_first_time_one_makes_the_accounts(tmp_path: Path) -> None:
    async with open_backends(f"sqlite+aiosqlite:///{tmp_path / 'record.db'}") as backends:
        accounts = Accounts(
            SqlAccounts(backends.records), backends.live, HandClock(), passwords=Passwords(memory_kib=64)
        )
        starts = [
            make_first_accounts(accounts, admin_email="boss@example.com", demo=True, password="given by hand")
            for _ in range(2)
        ]
        ends = await asyncio.gather(*starts, return_exceptions=True)
        assert {type(end) for end in ends} == {MadeAccounts, Beaten}
        assert len(await accounts.everyone()) == 4
