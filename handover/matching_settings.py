"""What an editor may choose about matching: skills, teams, what conversations weigh and need, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from handover.agents import Agent
from handover.errors import BadInput
from handover.evidence import Reason
from handover.inboxes import channel_of

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Slots = Annotated[int, Field(ge=1, le=20)]
_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class MatchingSettings(BaseModel):
    """The section ``matching`` of policy.yml; each option is explained there, beside its value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    skills: tuple[Name, ...]
    teams: tuple[Name, ...]
    needs_by_reason: dict[Reason, tuple[str, ...]]
    needs_by_topic: dict[str, tuple[str, ...]]
    needs_by_intent: dict[str, tuple[str, ...]]
    weight: Slots
    weight_by_inbox: dict[str, Slots]
    target_seconds: _Seconds
    target_seconds_by_reason: dict[Reason, _Seconds]

    @field_validator("skills", "teams")
    @classmethod
    def _once_each(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({name for name in given if given.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands there twice")
        return given

    @model_validator(mode="after")
    def _known_skills(self) -> MatchingSettings:
        for option in ("needs_by_reason", "needs_by_topic", "needs_by_intent"):
            for of, needs in getattr(self, option).items():
                unknown = [skill for skill in needs if skill not in self.skills]
                if unknown:
                    raise ValueError(f"{option}: {of} needs {', '.join(unknown)}, which is not among the skills")
        return self

    def needs_of(self, reason: Reason, topics: Iterable[str], intent: str | None) -> frozenset[str]:
        """The skills a conversation asks for."""
        wanted = {*self.needs_by_reason.get(reason, ()), *self.needs_by_intent.get(intent or "", ())}
        return frozenset(wanted.union(*(self.needs_by_topic.get(topic, ()) for topic in topics)))

    def weight_of(self, inbox: str) -> int:
        """Slots of an agent's capacity that a conversation of ``inbox`` takes."""
        by_channel = self.weight_by_inbox.get(channel_of(inbox), self.weight)
        return self.weight_by_inbox.get(inbox, by_channel)

    @property
    def heaviest(self) -> int:
        """What a conversation takes at most, for whoever counts how many more somebody could have."""
        return max(self.weight, *self.weight_by_inbox.values())

    def target_of(self, reason: Reason) -> float:
        """Seconds within which somebody should have accepted."""
        return self.target_seconds_by_reason.get(reason, self.target_seconds)

    def check(self, agent: Agent) -> None:
        """Raises BadInput naming a skill or team of ``agent`` that policy.yml does not know."""
        for field, has, known in (("skills", agent.skills, self.skills), ("teams", agent.teams, self.teams)):
            unknown = sorted(has.difference(known))
            if unknown:
                raise BadInput(
                    f"There is no {field[:-1]} called {', '.join(unknown)}; policy.yml lists them.",
                    detail={"field": field, "known": sorted(known)},
                )
