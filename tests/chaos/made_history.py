"""A small made-up run in which everything is as it should be: what the checker's own tests spoil, one law at a time."""

from __future__ import annotations

from typing import Any

from tests.chaos.checker import History, Limits
from tests.chaos.final_record import Record, Row
from tests.chaos.journal import Line

C, ANNA, ADA, BEN = "conversation-1", "customer:1", "ada", "ben"


def _entry(offset: int, epoch: int, kind: str, text: str, *, by: str | None = None, key: str | None = None) -> Row:
    return {
        "conversation": C, "offset": offset, "epoch": epoch, "author_kind": kind, "author_id": by, "text": text,
        "kind": "notice" if kind == "system" else "message", "client_id": key, "at": 100.0 + offset,
    }  # fmt: skip


def _stretch(epoch: int, control: str, after: int, at: float, agent: str | None = None) -> Row:
    return {
        "conversation": C, "epoch": epoch, "control": control, "agent": agent, "after_offset": after, "began_at": at,
    }  # fmt: skip


def _turn(name: str, epoch: int, first: int, last: int, state: str, entry: int | None) -> Row:
    return {
        "id": name, "conversation": C, "epoch": epoch, "first_offset": first, "last_offset": last, "state": state,
        "entry_offset": entry, "started_at": 100.0 + last,
    }  # fmt: skip


def _record() -> Record:
    """Anna asks, the bot answers; she writes on, an agent takes it in mid-turn, answers, hands back to the bot."""
    return Record(
        conversations=[
            {
                "id": C, "customer": "anna", "inbox": "web", "lifecycle": "active", "control": "bot", "epoch": 4,
                "last_offset": 10, "last_customer_offset": 9, "answered": 9, "agent": None, "slots": 0,
            },
        ],
        entries=[
            _entry(1, 1, "bot", "Hello, I am a bot."),
            _entry(2, 1, "customer", "tell [customer:1-1]", key="customer:1-1"),
            _entry(3, 1, "bot", "reply t1 to: tell [customer:1-1]"),
            _entry(4, 1, "customer", "slow [customer:1-2]", key="customer:1-2"),
            _entry(5, 1, "system", "You are passed on."),
            _entry(6, 3, "system", "Ada has joined."),
            _entry(7, 3, "agent", "as a person [agent:ada-1]", by=ADA, key="agent:ada-1"),
            _entry(8, 3, "system", "Ada has handed back."),
            _entry(9, 4, "customer", "tool [customer:1-3]", key="customer:1-3"),
            _entry(10, 4, "bot", "reply t3 to: tool [customer:1-3]"),
        ],
        stretches=[
            _stretch(1, "bot", 0, 100.0), _stretch(2, "offered", 5, 105.0), _stretch(3, "human", 5, 106.0, ADA),
            _stretch(4, "bot", 8, 108.0),
        ],
        agents=[{"id": ADA, "capacity": 1}, {"id": BEN, "capacity": 1}],
        turns=[
            _turn("t1", 1, 2, 2, "committed", 3), _turn("t2", 1, 4, 4, "fenced", None),
            _turn("t3", 4, 9, 9, "committed", 10),
        ],
        decisions=[
            {"turn": "t1", "conversation": C, "at": 103.0}, {"turn": "t3", "conversation": C, "at": 110.0},
        ],
        offers=[
            {
                "conversation": C, "epoch": 2, "made_at": 105.0, "closed_at": 106.0, "taken_by": ADA,
            },
        ],
        outbox=[
            {"conversation": C, "offset": 3, "state": "sent", "gate_epoch": 1, "note": None},
            {"conversation": C, "offset": 7, "state": "sent", "gate_epoch": None, "note": None},
            {"conversation": C, "offset": 10, "state": "withdrawn", "gate_epoch": 4, "note": "control had moved on"},
        ],
    )  # fmt: skip


def _line(who: str, what: str, **more: Any) -> Line:
    return {"t": 99.0, "m": 99.0, "who": who, "what": what, **more}


def _said(who: str, number: int, text: str, offset: int) -> list[Line]:
    key = f"{who}-{number}"
    return [
        _line(who, "invoke", verb="say", client_id=key, text=text),
        _line(who, "acked", client_id=key, offset=offset),
    ]


def _shown(who: str, record: Record, last: int) -> list[Line]:
    return [
        _line(
            who, "shown", conversation=C, screen=1, offset=entry["offset"], author=entry["author_kind"],
            kind=entry["kind"], text=entry["text"],
        )
        for entry in record.entries[:last]
    ]  # fmt: skip


def _control(who: str, epoch: int, control: str, agent: str | None = None, feed: int | None = None) -> Line:
    """Seen when it began."""
    seen = {1: 100.0, 2: 105.0, 3: 106.0, 4: 108.0}
    return _line(
        who, "control", conversation=C, epoch=epoch, control=control, lifecycle="active", agent=agent, feed=feed,
        by="control" if feed is None else "row", t=seen[epoch],
    )  # fmt: skip


def made_history() -> History:
    """Anew each time, so that it may be spoilt."""
    record = _record()
    lines = [
        _line(ANNA, "screen", screen=1),
        *_said(ANNA, 1, "tell [customer:1-1]", 2),
        *_said(ANNA, 2, "slow [customer:1-2]", 4),
        _control(ANNA, 2, "offered"),
        _control("agent:ada", 3, "human", ADA, feed=6),
        *_said("agent:ada", 1, "as a person [agent:ada-1]", 7),
        *_said(ANNA, 3, "tool [customer:1-3]", 9),
        _control(ANNA, 4, "bot"),
        _control("agent:ada", 4, "bot", feed=8),
        *_shown(ANNA, record, 10),
        *_shown("agent:ada", record, 8),
    ]
    effects = [_line("tool", "effect", turn="t3", epoch=4, conversation=C, asked_at=109.5)]
    deliveries = [
        {"conversation": C, "offset": 3, "t": 103.5, "text": "reply t1 to: tell [customer:1-1]"},
        {"conversation": C, "offset": 7, "t": 107.5, "text": "as a person [agent:ada-1]"},
        {"conversation": C, "offset": 3, "t": 104.0, "text": "reply t1 to: tell [customer:1-1]"},
    ]
    return History(lines, record, effects, [], deliveries, Limits(outcome=5.0, allowance=0.0, overlap=1.0))
