"""Accounts, logins and login tries in SQL; implements `handover.accounts.AccountRecords`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.accounts import Account, Login
from handover.agents import OUTSIDE
from handover.backends.records_sql.engine import SqlRecords
from handover.backends.records_sql.people import matching_columns, to_agent
from handover.backends.records_sql.tables import agents, login_tries, logins
from handover.entries import AgentId

# Names for `one_at_a_time`; any numbers will do.
_TRIES, _LOGINS = 7_310_001, 7_310_002


class SqlAccounts:
    """Accounts in the record's own database."""

    def __init__(self, records: SqlRecords) -> None:
        self._records = records

    async def add(self, account: Account) -> bool:
        agent = account.agent
        values = {
            "id": agent.id,
            "created_at": account.created_at,
            "availability": agent.availability,
            "capacity": agent.capacity,
            **matching_columns(agent),
            **_columns(account),
        }
        async with self._records.transaction() as work:
            return await work.connection.insert_new(agents, values)

    async def change(self, account: Account) -> None:
        """Writes what sign-in owns; availability and what matching goes by are the desk's to change."""
        changed = sa.update(agents).where(agents.c.id == account.agent.id).values(**_columns(account))
        async with self._records.transaction() as work:
            await work.connection.execute(changed)

    async def all(self) -> list[Account]:
        async with self._records.reading() as view:
            people = sa.select(agents).where(agents.c.id != OUTSIDE)  # an account is somebody's who can sign in
            rows = await view.connection.execute(people.order_by(agents.c.created_at, agents.c.id))
            return [_account(row) for row in rows]

    async def by_id(self, agent: AgentId) -> Account | None:
        return await self._one(agents.c.id == agent)

    async def by_email(self, email: str) -> Account | None:
        return await self._one(agents.c.email == email)

    async def add_login(self, login: Login) -> None:
        async with self._records.transaction() as work:
            # Ended logins are of no use to anybody: they go when the next one comes.
            await work.connection.one_at_a_time(_LOGINS)
            await work.connection.execute(sa.delete(logins).where(logins.c.expires_at <= login.created_at))
            await work.connection.execute(
                sa.insert(logins).values(
                    token_hash=login.token_hash,
                    agent_id=login.agent_id,
                    created_at=login.created_at,
                    expires_at=login.expires_at,
                    address=login.address,
                )
            )

    async def login(self, token_hash: str, at: datetime) -> Login | None:
        good = (logins.c.token_hash == token_hash) & logins.c.revoked_at.is_(None) & (logins.c.expires_at > at)
        async with self._records.reading() as view:
            row = (await view.connection.execute(sa.select(logins).where(good))).one_or_none()
        if row is None:
            return None
        return Login(row.token_hash, AgentId(row.agent_id), row.created_at, row.expires_at, row.address)

    async def end_logins(self, agent: AgentId, at: datetime, *, token_hash: str | None = None) -> None:
        which = (logins.c.agent_id == agent) & logins.c.revoked_at.is_(None)
        if token_hash is not None:
            which &= logins.c.token_hash == token_hash
        async with self._records.transaction() as work:
            await work.connection.execute(sa.update(logins).where(which).values(revoked_at=at))

    async def add_try(self, limits: dict[str, int], at: datetime, since: datetime) -> datetime | None:
        """Note a try under every key, unless one of them has had its share since ``since``.

        Returns None, or the oldest try that counts: when it is out of the window there is room again.
        """
        async with self._records.transaction() as work:
            # Otherwise many tries at once would all be counted before the first of them is noted.
            await work.connection.one_at_a_time(_TRIES)
            await work.connection.execute(sa.delete(login_tries).where(login_tries.c.at <= since))
            for key, limit in limits.items():
                count, oldest = (
                    await work.connection.execute(
                        sa.select(sa.func.count(), sa.func.min(login_tries.c.at)).where(login_tries.c.key == key)
                    )
                ).one()
                if count >= limit:
                    moment: datetime = oldest
                    return moment
            await work.connection.execute(sa.insert(login_tries), [{"key": key, "at": at} for key in limits])
        return None

    async def forget_tries(self, key: str) -> None:
        async with self._records.transaction() as work:
            await work.connection.execute(sa.delete(login_tries).where(login_tries.c.key == key))

    async def _one(self, which: sa.ColumnElement[bool]) -> Account | None:
        async with self._records.reading() as view:
            row = (await view.connection.execute(sa.select(agents).where(which))).one_or_none()
        return None if row is None else _account(row)


def _columns(account: Account) -> dict[str, Any]:
    return {
        "email": account.agent.email,
        "name": account.agent.name,
        "role": account.agent.role,
        "password_hash": account.password_hash,
        "disabled_at": account.disabled_at,
    }


def _account(row: sa.Row[Any]) -> Account:
    return Account(to_agent(row), row.password_hash, row.created_at, row.disabled_at)
