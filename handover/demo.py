"""First start: the accounts a new desk needs, and in demo mode a few past conversations. Doing it again does nothing.

The past conversations go through the desk's own verbs under a clock that stands in the past: nothing here writes
into the record by another way.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from handover.accounts import Accounts
from handover.agents import Agent, Role
from handover.backends import Backends
from handover.conversation import Control
from handover.desk import CustomerMessage, Desk, open_desk
from handover.entries import ConversationId
from handover.errors import BadInput
from handover.evidence import Decision, Evidence, Outcome, Reason, Reply, TurnReport
from handover.policy_settings import PolicySettings
from handover.ports import Clock


@dataclass(frozen=True, slots=True)
class _Hire:
    """Somebody of the demo desk."""

    email: str
    name: str
    role: Role
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    teams: tuple[str, ...]


DEMO_AGENTS = (
    _Hire("agent1@example.com", "Ada", "agent", ("orders", "payments", "complaints"), ("en", "de"), ("service",)),
    _Hire("agent2@example.com", "Ben", "agent", ("orders", "products"), ("en", "nl"), ("service", "workshop")),
    _Hire("lead@example.com", "Lea", "lead", ("complaints", "press", "safety"), ("en", "de", "fr"), ("office",)),
)
STORIES = Path(__file__).resolve().parent.parent / "data" / "demo" / "conversations.yml"


class Beaten(Exception):
    """Another replica starts for the first time at this moment, and makes what is needed."""


@dataclass(frozen=True, slots=True)
class MadeAccounts:
    """Which accounts were made just now. ``random`` says whether ``password`` has to be shown, now or never."""

    emails: tuple[str, ...]
    password: str
    random: bool


async def make_first_accounts(
    accounts: Accounts, *, admin_email: str, demo: bool, password: str | None
) -> MadeAccounts | None:
    """The admin when there is nobody at all, the demo agents in demo mode; None when all are there.

    Raises Beaten when another replica makes them meanwhile: one makes them all, and shows the password.
    """
    there = {one.agent.email for one in await accounts.everyone()}
    chosen = password or secrets.token_urlsafe(9)
    made = []
    if not there:
        made.append(await _add(accounts, email=admin_email, name="Admin", password=chosen, role="admin"))
    for hire in DEMO_AGENTS if demo else ():
        if hire.email not in there:
            # Online from the start: opening the console is then all it takes to be there for customers.
            made.append(await _add(accounts, **asdict(hire), password=chosen, availability="online"))
    if not made:
        return None
    return MadeAccounts(tuple(agent.email for agent in made), chosen, random=password is None)


async def _add(accounts: Accounts, *, email: str, **more: Any) -> Agent:
    try:
        return await accounts.add(email=email, **more)
    except BadInput as refused:
        if email.strip().lower() in {one.agent.email for one in await accounts.everyone()}:
            raise Beaten from refused
        raise


async def tell_demo_stories(
    backends: Backends, accounts: Accounts, *, clock: Clock, policy: PolicySettings, inbox: str, greeting: str
) -> int:
    """Write the past conversations into an empty record; returns how many. A record that holds any is left alone."""
    desk = open_desk(backends, clock=clock, policy=policy)
    if await desk.reading.feed() > 0:
        return 0
    agents = {one.agent.name.lower(): one.agent for one in await accounts.everyone()}
    stories = yaml.safe_load(STORIES.read_text(encoding="utf-8"))
    for story in stories:
        then = _Then(clock.now() - timedelta(hours=story["hours_ago"]))
        past = open_desk(backends, clock=then, policy=policy)
        await _Story(past, then, agents).tell(story, inbox, greeting)
    return len(stories)


class _Then:
    """A clock that stands in the past and moves a little with every line."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self._elapsed += seconds


class _Story:
    def __init__(self, desk: Desk, clock: _Then, agents: dict[str, Agent]) -> None:
        self._desk = desk
        self._clock = clock
        self._agents = agents
        self._conversation = ConversationId("")
        self._agent: Agent | None = None
        self._stretch = 0

    async def tell(self, story: dict[str, Any], inbox: str, greeting: str) -> None:
        customer = await self._desk.customers.new_customer(**story["customer"])
        self._conversation = (await self._desk.customers.start(inbox, customer.id, greeting=greeting)).id
        for number, line in enumerate(story["lines"]):
            await self._clock.sleep(40)
            ((verb, what),) = line.items()
            await self._line(verb, what, f"demo-{number}")

    async def _line(self, verb: str, what: Any, client_id: str) -> None:
        desk, here = self._desk, self._conversation
        now = await desk.reading.conversation(here)
        if now.control is Control.HUMAN:
            self._stretch = now.epoch
        match verb:
            case "customer":
                await desk.customers.record_customer_message(here, CustomerMessage(text=what, client_id=client_id))
            case "bot":
                await self._turn(Reply(what), Decision(Outcome.ANSWER))
            case "hand_over":
                await self._turn(None, Decision(Outcome.HAND_OVER, Reason(what["reason"]), what["because"]))
            case "accept":
                self._agent = self._agents[what]
                await desk.agents.accept(self._agent, here, now.epoch)
            case "agent":
                await desk.agents.say(self._who(), here, client_id, what, now.last_offset)
            case "note":
                await desk.agents.note(self._who(), here, what)
            case "hand_back":
                promises = tuple(what.get("open_promises", ()))
                await desk.agents.hand_back(self._who(), here, now.epoch, what["outcome"], promises, None)
            case "resolve":
                await desk.agents.resolve(self._agents[what], here, None)
            case "rate":
                await desk.customers.rate(here, self._stretch, what, None)
            case _:
                raise BadInput(f"{STORIES.name}: no story line is called {verb!r}.")

    async def _turn(self, reply: Reply | None, decision: Decision) -> None:
        brief = await self._desk.bot.begin_turn(self._conversation, owner="demo", seconds=15)
        if brief is None:
            raise BadInput(f"{STORIES.name}: the bot has nothing to answer here.")
        evidence = Evidence(text=brief.text, reply=reply.text if reply else None)
        await self._desk.bot.record_turn(brief, reply, decision, TurnReport(evidence))

    def _who(self) -> Agent:
        if self._agent is None:
            raise BadInput(f"{STORIES.name}: no agent has accepted yet.")
        return self._agent
