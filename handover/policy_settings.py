"""Loads data/policy/policy.yml: every threshold, every time limit, the words customers read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from handover.errors import BadInput
from handover.evidence import Outcome, Reason
from handover.matcher import Rules
from handover.matching_settings import MatchingSettings

POLICY_FOLDER = Path(__file__).parents[1] / "data" / "policy"

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Count = Annotated[int, Field(ge=1, le=1_000)]
Words = Annotated[str, Field(min_length=1, max_length=500)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DecideSettings(_Part):
    asked_confidence: Share
    asked_intents: tuple[str, ...]
    topic_confidence: Share
    misunderstood_turns: Count
    repeats: Count
    anger_at_once: Share
    anger_rising: Share
    unsupported_share: Share
    unsupported_claims: Count
    some_unsupported: Outcome
    lacks_knowledge_first: Outcome
    lacks_knowledge_again: Outcome
    tool_failed: Outcome


class OfferSettings(_Part):
    lease_seconds: Seconds
    transfer_lease_seconds: Seconds
    ring_at: Annotated[int, Field(ge=0, le=1_000)]
    escalate_after_rounds: Annotated[int, Field(ge=1, le=20)]
    first_reply_seconds: Seconds
    packet_entries: Count
    summary_seconds: Seconds


class TurnSettings(_Part):
    grace_seconds: Seconds
    history_entries: Count
    stretch_entries: Count


class AgentSettings(_Part):
    gone_seconds: Seconds
    gone_idle_seconds: Seconds


class ChannelSettings(_Part):
    external_quiet_seconds: Annotated[float, Field(gt=0, le=2_592_000)]


class OutboxSettings(_Part):
    lease_seconds: Seconds
    tries: Count
    first_pause_seconds: Seconds
    longest_pause_seconds: Seconds
    retry_seconds: Seconds
    unknown_seconds: Seconds
    poison: Count


class WordSettings(_Part):
    why: dict[Reason, Words]
    why_topic: dict[str, Words]
    passing_on: Words
    soon: Words
    in_line: Words
    nobody_here: Words
    closed: Words
    taking_long: Words
    joined: Words
    transferred: Words
    agent_gone: Words
    no_reply: Words
    no_room: Words
    handed_back: Words
    went_on_with_bot: Words
    message_left: Words
    message_left_closed: Words
    resolved: Words
    talk_to_person: Words
    system_name: Words
    bot_name: Words

    @field_validator("why")
    @classmethod
    def _every_reason(cls, given: dict[Reason, str]) -> dict[Reason, str]:
        missing = [reason.value for reason in Reason if reason not in given]
        if missing:
            raise ValueError(f"words are missing for {', '.join(missing)}")
        return given


class PolicySettings(_Part):
    """All of policy.yml; each option is explained there, beside its value."""

    decide: DecideSettings
    offers: OfferSettings
    matching: MatchingSettings
    turns: TurnSettings
    agents: AgentSettings
    channels: ChannelSettings
    outbox: OutboxSettings
    words: WordSettings

    @property
    def rules(self) -> Rules:
        """How offers ring."""
        return Rules(
            ring_at=self.offers.ring_at,
            escalate_after=self.offers.escalate_after_rounds,
            lease=timedelta(seconds=self.offers.lease_seconds),
            transfer_lease=timedelta(seconds=self.offers.transfer_lease_seconds),
        )


def load_policy(path: Path = POLICY_FOLDER / "policy.yml") -> PolicySettings:
    """The settings in ``path``. Raises BadInput naming the file and the option that is wrong or missing."""
    try:
        read: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(f"The policy file {path} is missing.") from error
    except yaml.YAMLError as error:
        raise BadInput(f"The policy file {path} is not YAML: {error}") from error
    try:
        return PolicySettings.model_validate(read)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'the file'}: {e['msg']}" for e in error.errors())
        raise BadInput(f"The policy file {path} is wrong. {wrong}") from error
