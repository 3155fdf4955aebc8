"""The packet: what an agent gets along with a conversation. Built by rules from the record, at once; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from handover.entries import AuthorKind, Entry, EntryKind
from handover.evidence import Reason
from handover.promises import promises_in
from handover.stored import Customer, HandBack, StoredDecision

VERSION = 1
# A packet is read in seconds: the newest few of each, each line cut.
MOST = 6
LONGEST = 400

# Slots that say how the dialogue goes, not what is known.
_NOT_FACTS = frozenset(
    (
        *("identity", "identity_tries", "form_misses", "order_wish", "pending_offer", "last_topic"),
        *("requested_slot", "session_started_metadata"),
    )
)
# What people say around their wish; the wish is elsewhere.
_NOT_GOALS = frozenset(
    (
        *("greet", "goodbye", "affirm", "deny", "thanks", "stop", "help", "inform", "bot_challenge", "human_handoff"),
        *("out_of_scope", "frustration", "complaint", "not_helpful", "nlu_fallback", "what_was_agreed"),
    )
)


@dataclass(frozen=True, slots=True)
class Quote:
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Fact:
    """``said_by`` is customer, agent or system; ``offset`` the line it was said in, None when it was looked up."""

    name: str
    value: str
    said_by: str
    offset: int | None


@dataclass(frozen=True, slots=True)
class Source:
    title: str
    url: str
    score: float


@dataclass(frozen=True, slots=True)
class Promise:
    """``by`` is "bot" or an agent's name."""

    by: str
    text: str
    offset: int | None


@dataclass(frozen=True, slots=True)
class HandBackPart:
    agent: str
    outcome: str
    open_promises: tuple[str, ...]
    leave_alone: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Packet:
    """Version 1. ``summary`` is a model's and comes later, or never."""

    reason: Reason
    because: str
    evidence: tuple[Quote, ...]
    goal: str | None
    facts: tuple[Fact, ...]
    tried: tuple[Quote, ...]
    retrieved: tuple[Source, ...]
    promises: tuple[Promise, ...]
    language: str
    identity: str
    suggested_reply: str
    hand_backs: tuple[HandBackPart, ...] = ()
    summary: str | None = None
    version: int = VERSION

    def as_json(self) -> dict[str, Any]:
        """A JSON object with exactly the members of docs/protocol.md."""
        body = asdict(self)
        body["reason"] = str(self.reason)
        for part in body["hand_backs"]:
            part["at"] = part["at"].isoformat()
            part["open_promises"] = list(part["open_promises"])
        return {name: list(value) if isinstance(value, tuple) else value for name, value in body.items()}


def build(
    *,
    reason: Reason,
    because: str,
    stretch_start: int,
    entries: Sequence[Entry],
    decisions: Sequence[StoredDecision],
    hand_backs: Sequence[HandBack],
    customer: Customer,
) -> Packet:
    """The packet of a handover now. ``entries`` are the newest lines, oldest first; ``stretch_start`` the last offset
    before the stretch that ends with it."""
    said = [e for e in entries if e.kind is EntryKind.MESSAGE]
    stretch = [e for e in said if e.offset > stretch_start] or said
    goal = _goal(stretch, decisions)
    slots = decisions[-1].slots if decisions else {}
    return Packet(
        reason=reason,
        because=because,
        evidence=_evidence(stretch, reason),
        goal=goal,
        facts=_facts(slots, said, customer),
        tried=tuple(_quote(e) for e in stretch if e.author.kind is AuthorKind.BOT and e.offset > 1)[-MOST:],
        retrieved=_retrieved([d for d in decisions if d.first_offset > stretch_start]),
        promises=_promises(said, hand_backs),
        language="en",
        identity=slots.get("identity", "none"),
        suggested_reply=_suggest(reason, goal, customer),
        hand_backs=tuple(HandBackPart(h.agent, h.outcome, h.open_promises, h.leave_alone, h.at) for h in hand_backs),
    )


def _quote(entry: Entry) -> Quote:
    return Quote(entry.offset, _cut(entry.text))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


# For these the whole run of words is the evidence, for the others the last words are.
_SHOWN_BY_A_RUN = frozenset({Reason.MISUNDERSTOOD, Reason.REPEATED, Reason.ANGER})


def _evidence(stretch: Sequence[Entry], reason: Reason) -> tuple[Quote, ...]:
    customer = [_quote(e) for e in stretch if e.author.kind is AuthorKind.CUSTOMER]
    return tuple(customer[-3:] if reason in _SHOWN_BY_A_RUN else customer[-1:])


def _goal(stretch: Sequence[Entry], decisions: Sequence[StoredDecision]) -> str | None:
    """The words of the newest turn that had a wish in it, else the longest thing the customer said."""
    customer = [e for e in stretch if e.author.kind is AuthorKind.CUSTOMER]
    by_offset = {e.offset: e for e in customer}
    for decision in reversed(decisions):
        intent = decision.evidence.intent
        entry = by_offset.get(decision.last_offset)
        if entry is not None and intent is not None and intent not in _NOT_GOALS:
            return _cut(decision.evidence.text)
    longest = max(customer, key=lambda e: len(e.text), default=None)
    return None if longest is None else _cut(longest.text)


def _facts(slots: dict[str, str], said: Sequence[Entry], customer: Customer) -> tuple[Fact, ...]:
    known = {name: value for name, value in slots.items() if name not in _NOT_FACTS and value}
    if customer.email and "email" not in known:
        known["email"] = customer.email
    return tuple(_fact(name, value, said) for name, value in sorted(known.items()))


def _fact(name: str, value: str, said: Sequence[Entry]) -> Fact:
    for entry in reversed(said):
        people = entry.author.kind in (AuthorKind.CUSTOMER, AuthorKind.AGENT)
        if people and value.casefold() in entry.text.casefold():
            return Fact(name, value, str(entry.author.kind), entry.offset)
    return Fact(name, value, str(AuthorKind.SYSTEM), None)


def _retrieved(decisions: Sequence[StoredDecision]) -> tuple[Source, ...]:
    best: dict[str, Source] = {}
    for decision in decisions:
        for page in decision.evidence.retrieved:
            if page.page not in best or best[page.page].score < page.score:
                best[page.page] = Source(page.title, page.url, page.score)
    return tuple(sorted(best.values(), key=lambda s: -s.score)[:MOST])


def _promises(said: Sequence[Entry], hand_backs: Sequence[HandBack]) -> tuple[Promise, ...]:
    found = [Promise(h.agent, text, None) for h in hand_backs for text in h.open_promises]
    for entry in said:
        if entry.author.kind is AuthorKind.CUSTOMER:
            continue
        by = "bot" if entry.author.kind is AuthorKind.BOT else entry.author.name
        found += [Promise(by, text, entry.offset) for text in promises_in(entry.text)]
    return tuple(found[-MOST:])


_OPENINGS = {
    Reason.ANGER: "I am sorry that this has been so frustrating.",
    Reason.REPEATED: "I am sorry that you had to ask several times.",
    Reason.MISUNDERSTOOD: "I am sorry that the assistant did not understand you.",
    Reason.BOT_STALLED: "Thank you for waiting.",
    Reason.BOT_FAILED: "Thank you for waiting.",
    Reason.TOOL_FAILED: "I am sorry that our system did not answer.",
    Reason.TRANSFERRED: "My colleague passed your conversation to me.",
}


def _suggest(reason: Reason, goal: str | None, customer: Customer) -> str:
    """A first reply without a model: honest, and about the customer's own words."""
    name = f" {customer.name.split()[0]}" if customer.name and customer.name.strip() else ""
    parts = [f"Hello{name}, I have read your conversation so far.", _OPENINGS.get(reason, "")]
    if goal:
        first_line = " ".join(goal.split())
        shown = first_line if len(first_line) <= 140 else first_line[:139].rstrip() + "…"
        parts.append(f"You wrote: “{shown}” I am looking into it now.")
    return " ".join(part for part in parts if part)
