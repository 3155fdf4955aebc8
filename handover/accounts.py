"""Accounts of the people at the desk: passwords, logins and who may sign in how often.

`Accounts.agent_of` is the only way from something a network client sent to an `Agent`. Passwords are kept as
argon2id, login tokens as their sha256; neither can be read back.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from handover.agents import Agent, AvailabilityState, Role
from handover.entries import AgentId
from handover.errors import BadInput, NotFound, NotSignedIn, TooMany
from handover.limits import address_key
from handover.ports import Clock, LiveFeed, Told
from handover.screens import agent_topic

# OWASP's least for argon2id: 19 MiB, two passes, one lane.
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1
_AT_ONCE = 2  # hashes at the same time: 38 MiB, and a core is left for customers
_WINDOW = timedelta(minutes=15)
_EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+")
_WRONG = "E-mail address or password is wrong."


@dataclass(frozen=True, slots=True)
class Account:
    """An agent and what only sign-in needs to know of it."""

    agent: Agent
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """One signed-in browser or program. ``token_hash`` is the sha256 of what it holds, in hex."""

    token_hash: str
    agent_id: AgentId
    created_at: datetime
    expires_at: datetime
    address: str


class AccountRecords(Protocol):
    """Where accounts are kept. E-mail addresses are lower-case here."""

    async def add(self, account: Account) -> bool: ...  # False: the address is taken
    async def change(self, account: Account) -> None: ...
    async def all(self) -> list[Account]: ...
    async def by_id(self, agent: AgentId) -> Account | None: ...
    async def by_email(self, email: str) -> Account | None: ...
    async def add_login(self, login: Login) -> None: ...
    async def login(self, token_hash: str, at: datetime) -> Login | None: ...  # None: unknown, ended or revoked
    async def end_logins(self, agent: AgentId, at: datetime, *, token_hash: str | None = None) -> None: ...
    async def add_try(self, limits: dict[str, int], at: datetime, since: datetime) -> datetime | None: ...
    async def forget_tries(self, key: str) -> None: ...


class Passwords:
    """argon2id, off the event loop and a few at a time. ``checked`` counts hashes computed to compare."""

    def __init__(self, *, memory_kib: int = _MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(time_cost=_PASSES, memory_cost=memory_kib, parallelism=_LANES)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._of_nobody: str | None = None
        self.checked = 0

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Whether ``password`` is right; with no hash (nobody has that address) the same work is done for nothing."""
        if hashed is None:
            if self._of_nobody is None:
                self._of_nobody = await self.hash(secrets.token_urlsafe(32))
            await self.matches(password, self._of_nobody)
            return False
        self.checked += 1
        async with self._turns:
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, password)
            except (VerificationError, InvalidHashError):
                return False


class Accounts:
    """Who works at the desk, and who of them is signed in."""

    def __init__(
        self,
        records: AccountRecords,
        live: LiveFeed,
        clock: Clock,
        *,
        passwords: Passwords | None = None,
        login_hours: float = 12,
        tries_per_email: int = 10,
        tries_per_address: int = 30,
    ) -> None:
        self._records = records
        self._live = live
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._life = timedelta(hours=login_hours)
        self._per_email = tries_per_email
        self._per_address = tries_per_address

    async def sign_in(self, email: str, password: str, address: str) -> tuple[Agent, str, datetime]:
        """The agent, a new login token and when it ends. Raises TooMany, or NotSignedIn which never says why."""
        email, address = email.strip().lower(), address_key(address)
        now = self._clock.now()
        by_email = f"email:{hashlib.sha256(email.encode(errors='replace')).hexdigest()}"
        limits = {by_email: self._per_email, f"address:{address}": self._per_address}
        oldest = await self._records.add_try(limits, now, now - _WINDOW)
        if oldest is not None:
            wait = max(1.0, (oldest + _WINDOW - now).total_seconds())
            raise TooMany("Too many tries to sign in. Please wait.", retry_after=wait)
        account = await self._records.by_email(email)
        right = await self._passwords.matches(password, account.password_hash if account else None)
        if account is None or not right or account.disabled_at is not None:
            raise NotSignedIn(_WRONG)
        await self._records.forget_tries(by_email)
        token = secrets.token_urlsafe(32)
        login = Login(_digest(token), account.agent.id, now, now + self._life, address)
        await self._records.add_login(login)
        return account.agent, token, login.expires_at

    async def agent_of(self, token: str | None) -> tuple[Agent, str]:
        """The agent a cookie or bearer token belongs to, and the login's hash. Raises NotSignedIn."""
        login = await self._records.login(_digest(token), self._clock.now()) if token else None
        if login is None:
            raise NotSignedIn("Please sign in.")
        return await self.still(login.token_hash), login.token_hash

    async def still(self, token_hash: str) -> Agent:
        """The agent of a login that was good a moment ago, as it is now. Raises NotSignedIn."""
        login = await self._records.login(token_hash, self._clock.now())
        account = await self._records.by_id(login.agent_id) if login else None
        if account is None or account.disabled_at is not None:
            raise NotSignedIn("This login has ended. Please sign in.")
        return account.agent

    async def sign_out(self, agent: Agent, token_hash: str) -> None:
        """End one login and close its sockets."""
        await self._records.end_logins(agent.id, self._clock.now(), token_hash=token_hash)
        await self._tell_signed_out(agent.id, token_hash)

    async def everyone(self) -> list[Account]:
        """All accounts, the oldest first; disabled ones too."""
        return await self._records.all()

    async def one(self, agent: AgentId) -> Account:
        """Raises NotFound."""
        account = await self._records.by_id(agent)
        if account is None:
            raise NotFound("There is no such agent.")
        return account

    async def add(
        self,
        *,
        email: str,
        name: str,
        password: str,
        role: Role = "agent",
        capacity: int = 8,
        availability: AvailabilityState = "offline",
        skills: Collection[str] = (),
        languages: Collection[str] = (),
        teams: Collection[str] = (),
    ) -> Agent:
        """A new account. Raises BadInput when the address is taken or something is impossible."""
        email, name = email.strip().lower(), name.strip()
        if not _EMAIL.fullmatch(email) or len(email) > 254:
            raise BadInput("That is not an e-mail address.", detail={"field": "email"})
        if not 0 < len(name) <= 80:
            raise BadInput("A name has 1 to 80 characters.", detail={"field": "name"})
        agent = Agent(
            id=AgentId(secrets.token_hex(8)), email=email, name=name, role=role, availability=availability,
            capacity=capacity, skills=frozenset(skills), languages=frozenset(languages), teams=frozenset(teams),
        )  # fmt: skip
        account = Account(agent, await self._hash(password), self._clock.now())
        if not await self._records.add(account):
            raise BadInput("Somebody has that e-mail address already.", detail={"field": "email"})
        return agent

    async def set_password(self, agent: AgentId, password: str) -> None:
        """Change a password: every login of that agent ends. Raises NotFound or BadInput."""
        account = await self.one(agent)
        hashed = await self._hash(password)
        await self._records.change(replace(account, password_hash=hashed))
        await self._end_all(agent)

    async def set_role(self, agent: AgentId, role: Role) -> None:
        """What an agent may do from now on. Raises NotFound."""
        account = await self.one(agent)
        await self._records.change(replace(account, agent=replace(account.agent, role=role)))

    async def set_disabled(self, agent: AgentId, disabled: bool) -> None:
        """Close or reopen an account; closing ends every login. Raises NotFound."""
        account = await self.one(agent)
        at = (account.disabled_at or self._clock.now()) if disabled else None
        await self._records.change(replace(account, disabled_at=at))
        if disabled:
            await self._end_all(agent)

    async def check_password(self, agent: AgentId, password: str) -> None:
        """Raises NotSignedIn when ``password`` is not that agent's."""
        account = await self.one(agent)
        if not await self._passwords.matches(password, account.password_hash):
            raise NotSignedIn("The present password is wrong.")

    async def _hash(self, password: str) -> str:
        if not 8 <= len(password) <= 256:
            raise BadInput("A password has 8 to 256 characters.", detail={"field": "password"})
        return await self._passwords.hash(password)

    async def _end_all(self, agent: AgentId) -> None:
        await self._records.end_logins(agent, self._clock.now())
        await self._tell_signed_out(agent, None)

    async def _tell_signed_out(self, agent: AgentId, token_hash: str | None) -> None:
        # Ends on the service's side of the feed: sockets read it and close, it is never sent to a page.
        await self._live.publish(Told(agent_topic(agent), "signed_out", token_hash or ""))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
