"""What the scripted service says over HTTP of the desk's people, of waits and of lines that were not delivered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from handover.agent_parts import AgentPart
from handover.agents_api import AgentChange, AgentRow, Team
from handover.dead_letters_api import DeadLetterRow, OutboxState
from handover.errors import BadInput, Forbidden, NotFound
from handover.waits_report import HourFigures, WaitFigures, WaitsReport

SKILLS = ("orders", "payments", "products", "complaints", "safety")
TEAMS = ("service", "workshop", "office")


@dataclass
class People:
    """``refusing`` answers the next change or look at the outbox, once; ``no_teams`` every question for the teams."""

    agents: dict[str, AgentPart]
    away: set[str] = field(default_factory=set)
    waiting: dict[str, int] = field(default_factory=dict)
    letters: list[DeadLetterRow] = field(default_factory=list)
    queued: int = 0
    settled: list[tuple[str, int]] = field(default_factory=list)
    changes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refusing: Exception | None = None
    no_teams: Exception | None = None
    page: int = 50  # letters that one answer holds
    teams_too: tuple[str, ...] = ()  # beside the usual ones

    def rows(self) -> list[AgentRow]:
        return [self.row(key) for key in self.agents]

    def row(self, key: str) -> AgentRow:
        email = f"{key}@example.com"
        return AgentRow(agent=self.agents[key], email=email, disabled=False, here=key not in self.away)

    def teams(self) -> list[Team]:
        if self.no_teams:
            raise self.no_teams
        return [self.team(name) for name in (*TEAMS, *self.teams_too)]

    def team(self, name: str) -> Team:
        members = [agent.id for agent in self.agents.values() if name in (agent.teams or ())]
        here = sum(key not in self.away for key in members)
        return Team(team=name, members=members, here=here, waiting=self.waiting.get(name, 0))

    def change(self, by: AgentPart, key: str, raw: dict[str, Any]) -> AgentRow:
        self.refuse()
        if by.role == "agent":
            raise Forbidden("Only a lead or an admin may do this.")
        asked = AgentChange.model_validate(raw).model_dump(exclude_none=True)
        for name, known in (("skills", SKILLS), ("teams", TEAMS)):
            unknown = sorted(set(asked.get(name, ())).difference(known))
            if unknown:
                words = f"There is no {name[:-1]} called {', '.join(unknown)}; policy.yml lists them."
                raise BadInput(words, detail={"field": name, "known": list(known)})
        self.changes.append((key, asked))
        self.agents[key] = self.agents[key].model_copy(
            update={k: tuple(v) if isinstance(v, list) else v for k, v in asked.items()}
        )
        return self.row(key)

    def outbox(self, before: int | None) -> OutboxState:
        self.refuse()
        under = [one for one in sorted(self.letters, key=lambda one: -one.id) if before is None or one.id < before]
        rows = under[: self.page]
        following = rows[-1].id if len(rows) == self.page else None
        oldest = datetime.now(UTC) - timedelta(minutes=3) if self.queued else None
        return OutboxState(queued=self.queued, oldest=oldest, dead=len(self.letters), rows=rows, next=following)

    def settle(self, verb: str, number: int) -> None:
        self.refuse()
        if verb not in ("retry", "drop", "arrived") or all(one.id != number for one in self.letters):
            raise NotFound("There is no such line among those that could not be delivered.")
        self.settled.append((verb, number))
        self.letters = [one for one in self.letters if one.id != number]

    def refuse(self) -> None:
        if self.refusing:
            refusal, self.refusing = self.refusing, None
            raise refusal


def letter(number: int, conversation: str, text: str, **more: Any) -> DeadLetterRow:
    """A line that two tries could not deliver."""
    now = datetime.now(UTC)
    known: dict[str, Any] = {
        "inbox": "mail",
        "offset": number,
        "author": "agent",
        "why": "The mail server refused the address.",
        "tries": 6,
        "queued_at": now - timedelta(hours=2),
        "gave_up_at": now - timedelta(minutes=20),
        "overtaken": False,
    }
    return DeadLetterRow(id=number, conversation=conversation, text=text, **{**known, **more})


def figures(waits: int) -> dict[str, Any]:
    """Of so many waits, most of them answered as they were told."""
    return WaitFigures(
        waits=waits,
        taken=waits - waits // 5,
        gave_up=waits // 5,
        left_message=waits // 10,
        still_waiting=0,
        predicted=waits,
        judged=waits - waits // 5,
        within_range=0.83,
        median_wait=95.0,
        median_error=20.0,
        median_bias=12.0,
    ).model_dump()


def waits_report(days: int) -> WaitsReport:
    """More waits the more days."""
    hours = [HourFigures(hour=hour, **figures(days * (hour % 5 + 1))) for hour in range(8, 19)]
    every = WaitFigures(**figures(sum(hour.waits for hour in hours)))
    return WaitsReport(days=days, time_zone="Europe/Berlin", complete=True, all=every, by_hour=hours)
