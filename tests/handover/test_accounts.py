"""Accounts: who may sign in, how often somebody may try, and what ends a login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from handover.accounts import Accounts, Passwords
from handover.backends import open_backends
from handover.backends.records_sql.accounts import SqlAccounts
from handover.entries import AgentId
from handover.errors import BadInput, NotFound, NotSignedIn, TooMany
from handover.ports import Told
from tests.support.hand_clock import HandClock

PASSWORD = "a good long one"
HERE = "192.0.2.7"


class Scene:
    """Accounts in a fresh database, with a clock that stands still and cheap hashes."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self.clock = HandClock()
        self.passwords = Passwords(memory_kib=64)

    async def open(self) -> Scene:
        self.backends = await self._stack.enter_async_context(
            open_backends(f"sqlite+aiosqlite:///{self._folder / 'record.db'}")
        )
        self.records = SqlAccounts(self.backends.records)
        self.accounts = Accounts(
            self.records, self.backends.live, self.clock, passwords=self.passwords,
            login_hours=2, tries_per_email=3, tries_per_address=6,
        )  # fmt: skip
        self.ada = await self.accounts.add(email="Ada@Example.com", name="Ada", password=PASSWORD)
        return self

    async def ada_signs_in(self, password: str = PASSWORD, address: str = HERE) -> str:
        return (await self.accounts.sign_in("ada@example.com", password, address))[1]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        yield await Scene(stack, tmp_path).open()


async def test_an_agent_signs_in_and_is_known_by_the_token(scene: Scene) -> None:
    token = await scene.ada_signs_in()
    agent, _ = await scene.accounts.agent_of(token)
    assert (agent.email, agent.name) == ("ada@example.com", "Ada")


async def test_neither_password_nor_token_is_in_the_database(scene: Scene) -> None:
    token = await scene.ada_signs_in()
    account = await scene.accounts.one(scene.ada.id)
    assert account.password_hash.startswith("$argon2id$")
    async with scene.backends.records.engine.connect() as connection:
        raw = await connection.exec_driver_sql("SELECT * FROM logins")
        assert token not in str(raw.all())
    assert len(token) >= 43  # 32 bytes


def test_real_passwords_cost_what_they_should() -> None:
    hasher = Passwords()._hasher
    assert hasher.memory_cost >= 19 * 1024
    assert (hasher.time_cost, hasher.parallelism, hasher.type.name) == (2, 1, "ID")


@pytest.mark.parametrize("token", [None, "", "nonsense", "é", "\ud800", "x" * 5_000])
async def test_nothing_else_is_a_login(scene: Scene, token: str | None) -> None:
    with pytest.raises(NotSignedIn):
        await scene.accounts.agent_of(token)


async def test_a_login_ends_by_itself(scene: Scene) -> None:
    token = await scene.ada_signs_in()
    scene.clock.advance(2 * 3600)
    with pytest.raises(NotSignedIn):
        await scene.accounts.agent_of(token)


async def test_a_wrong_password_and_an_unknown_address_look_and_cost_the_same(scene: Scene) -> None:
    with pytest.raises(NotSignedIn) as wrong:
        await scene.accounts.sign_in("ada@example.com", "not this one", HERE)
    after_wrong = scene.passwords.checked
    with pytest.raises(NotSignedIn) as unknown:
        await scene.accounts.sign_in("nobody@example.com", PASSWORD, HERE)
    assert wrong.value.as_dict() == unknown.value.as_dict()
    assert after_wrong == 1
    assert scene.passwords.checked == 2


async def test_guessing_one_agents_password_is_stopped_for_a_while_from_everywhere(scene: Scene) -> None:
    for number in range(3):
        with pytest.raises(NotSignedIn):
            await scene.ada_signs_in("wrong wrong", f"192.0.2.{number}")
    with pytest.raises(TooMany) as limited:
        await scene.ada_signs_in()
    assert 0 < limited.value.retry_after <= 900
    assert scene.passwords.checked == 3  # a refused try costs us no hash
    scene.clock.advance(limited.value.retry_after + 1)
    await scene.ada_signs_in()


async def test_trying_many_addresses_from_one_place_is_stopped_and_others_are_not_harmed(scene: Scene) -> None:
    for number in range(6):
        with pytest.raises(NotSignedIn):
            await scene.accounts.sign_in(f"guess{number}@example.com", PASSWORD, "198.51.100.1")
    with pytest.raises(TooMany):
        await scene.accounts.sign_in("ada@example.com", PASSWORD, "198.51.100.1")
    await scene.ada_signs_in()


async def test_signing_in_well_forgets_the_tries_before(scene: Scene) -> None:
    for _ in range(3):
        with pytest.raises(NotSignedIn):
            await scene.ada_signs_in("wrong wrong", "192.0.2.1")
        scene.clock.advance(301)
    await scene.ada_signs_in()
    with pytest.raises(NotSignedIn):
        await scene.ada_signs_in("wrong wrong", "192.0.2.2")


async def _told(scene: Scene) -> list[Told]:
    told: list[Told] = []
    async with scene.backends.live.follow(f"agent:{scene.ada.id}") as follower:
        token = await scene.ada_signs_in()
        await scene.accounts.sign_out(*(await scene.accounts.agent_of(token)))
        await scene.accounts.set_password(scene.ada.id, "another good one")
        await scene.accounts.set_disabled(scene.ada.id, True)
        async for one in follower:
            told.append(one)
            if len(told) == 3:
                break
    return told


async def test_signing_out_a_new_password_and_a_closed_account_are_told_to_open_screens(scene: Scene) -> None:
    told = await _told(scene)
    assert [one.kind for one in told] == ["signed_out"] * 3
    assert [bool(one.text) for one in told] == [True, False, False]  # one login, then all of them


async def test_a_new_password_ends_every_login_and_the_old_one_is_good_for_nothing(scene: Scene) -> None:
    tokens = [await scene.ada_signs_in(), await scene.ada_signs_in()]
    await scene.accounts.set_password(scene.ada.id, "another good one")
    for token in tokens:
        with pytest.raises(NotSignedIn):
            await scene.accounts.agent_of(token)
    with pytest.raises(NotSignedIn):
        await scene.ada_signs_in()
    await scene.ada_signs_in("another good one")


async def test_a_closed_account_cannot_be_used_and_a_reopened_one_can(scene: Scene) -> None:
    token = await scene.ada_signs_in()
    await scene.accounts.set_disabled(scene.ada.id, True)
    with pytest.raises(NotSignedIn):
        await scene.accounts.agent_of(token)
    with pytest.raises(NotSignedIn):
        await scene.ada_signs_in()
    await scene.accounts.set_disabled(scene.ada.id, False)
    await scene.ada_signs_in()


@pytest.mark.parametrize(
    ("email", "name", "password"),
    [
        ("ada@example.com", "Ada again", PASSWORD),
        ("ADA@EXAMPLE.COM", "Ada again", PASSWORD),
        ("no address", "Bo", PASSWORD),
        ("bo@example.com", " ", PASSWORD),
        ("bo@example.com", "Bo", "short"),
        ("bo@example.com", "Bo", "x" * 257),
    ],
)
async def test_an_impossible_account_is_refused(scene: Scene, email: str, name: str, password: str) -> None:
    with pytest.raises(BadInput):
        await scene.accounts.add(email=email, name=name, password=password)


async def test_an_agent_who_is_not_there_cannot_be_changed(scene: Scene) -> None:
    with pytest.raises(NotFound):
        await scene.accounts.set_disabled(AgentId("nobody"), True)
