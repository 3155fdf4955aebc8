"""What must hold when everything is over: each message once in the record, each reply at most once at its platform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from tests.sim.calls import Told
from tests.webhooks.load import Message

_LEFT = {
    "webhooks not read": "SELECT count(*) FROM arrivals",
    "events not applied": "SELECT count(*) FROM channel_events WHERE state = 'queued'",
    "lines on their way": "SELECT count(*) FROM outbox WHERE state = 'queued'",
    "customers to answer": "SELECT count(*) FROM conversations WHERE reply_due IS NOT NULL",
}
_SAID = """SELECT e.provider_message_id, i.external_id, e.text FROM entries e
    JOIN conversations c ON c.id = e.conversation JOIN identities i ON i.customer = c.customer AND i.inbox = c.inbox
    WHERE e.author_kind = 'customer'"""
_LINES = """SELECT i.external_id, e.text, o.state, o.delivery FROM outbox o
    JOIN entries e ON e.conversation = o.conversation AND e."offset" = o."offset"
    JOIN conversations c ON c.id = o.conversation JOIN identities i ON i.customer = c.customer AND i.inbox = c.inbox"""


@dataclass
class Verdict:
    """``wrong`` is empty when everything holds; ``figures`` are for people."""

    wrong: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


async def left(database_url: str) -> dict[str, int]:
    """What is still to be done."""
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            return {name: int((await connection.execute(sa.text(q))).scalar_one()) for name, q in _LEFT.items()}
    finally:
        await engine.dispose()


async def judged(database_url: str, expected: Sequence[Message], sent: Sequence[Told]) -> Verdict:
    """Compare the record with what was posted and with what the platforms took."""
    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            said = [tuple(row) for row in await connection.execute(sa.text(_SAID))]
            lines = [tuple(row) for row in await connection.execute(sa.text(_LINES))]
    finally:
        await engine.dispose()
    verdict = Verdict()
    compare_messages(verdict, expected, said)
    compare_replies(verdict, lines, sent)
    return verdict


def compare_messages(verdict: Verdict, expected: Sequence[Message], said: Sequence[tuple[str, str, str]]) -> None:
    """``said``: (the platform's id, person, text) of each line of a customer."""
    there = Counter((person, text) for _, person, text in said)
    wanted = Counter((message.person, message.text) for message in expected)
    for one in (wanted - there).elements():
        verdict.wrong.append(f"missing in the record: {one}")
    for one in (there - wanted).elements():
        verdict.wrong.append(f"in the record too often, or never said: {one}")
    verdict.figures["messages"] = sum(wanted.values())
    verdict.figures["customer lines in the record"] = len(said)


def compare_replies(verdict: Verdict, lines: Sequence[tuple[str, str, str, str]], sent: Sequence[Told]) -> None:
    """``lines``: (person, text, state, delivery) of each line of ours."""
    taken = Counter(((one.person or "").removeprefix("+"), one.text) for one in sent)
    by_state: Counter[str] = Counter()
    for person, text, state, delivery in lines:
        doubtful = state == "failed" and delivery == "unknown"
        by_state["unknown" if doubtful else state] += 1
        count = taken.pop((person, text), 0)
        if count > 1:
            verdict.wrong.append(f"sent {count} times to {person}: {text[:80]!r}")
        if state == "sent" and count == 0:
            verdict.wrong.append(f"never sent to {person}, and the record says it was: {text[:80]!r}")
        if state == "failed" and not doubtful:
            verdict.wrong.append(f"given up for {person}: {text[:80]!r}")
        if state == "withdrawn" and count:
            verdict.wrong.append(f"withdrawn, and sent to {person}: {text[:80]!r}")
    verdict.wrong += [f"nobody knows of {one}" for one in taken]
    verdict.figures |= {f"replies {state}": count for state, count in sorted(by_state.items())}
    verdict.figures["answers lost on the way"] = sum(one.status is None for one in sent)
    verdict.figures["taken by the platforms"] = len(sent)
