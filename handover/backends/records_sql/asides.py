"""Private notes, drafts, hand-backs and ratings in SQL; implements `handover.record_ports.Asides`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handover.agents import Agent
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.hot import Hot
from handover.backends.records_sql.querying import Querying
from handover.entries import Citation, ConversationId, TurnId
from handover.stored import Draft, HandBack, Note, Rating

a = t.agents
_NOTES = sa.select(w.notes, a.c.email, a.c.name, a.c.role, a.c.availability, a.c.capacity).join(
    a, a.c.id == w.notes.c.agent
)
_RATINGS = Hot(
    sa.select(w.ratings).where(w.ratings.c.conversation == sa.bindparam("key")).order_by(w.ratings.c.stretch)
)


class SqlAsides:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def add_note(self, note: Note) -> None:
        values = {
            "id": note.id,
            "conversation": note.conversation,
            "agent": note.agent.id,
            "text": note.text,
            "at": note.at,
            "after_offset": note.after_offset,
            "client_id": note.client_id,
        }
        await self._on.execute(w.notes.insert(), values)

    async def notes(self, conversation: ConversationId) -> list[Note]:
        query = _NOTES.where(w.notes.c.conversation == conversation).order_by(w.notes.c.at, w.notes.c.id)
        return [_to_note(r) for r in await self._on.execute(query)]

    async def note_by_client_id(self, conversation: ConversationId, client_id: str) -> Note | None:
        query = _NOTES.where(w.notes.c.conversation == conversation, w.notes.c.client_id == client_id)
        found = (await self._on.execute(query)).first()
        return None if found is None else _to_note(found)

    async def add_draft(self, draft: Draft, turn: TurnId | None = None) -> bool:
        known = sa.select(w.drafts.c.id).where(w.drafts.c.turn == turn)
        if turn is not None and (await self._on.execute(known)).first() is not None:
            return False
        values = {
            "conversation": draft.conversation,
            "turn": turn,
            "text": draft.text,
            "citations": [[x.title, x.url, x.page] for x in draft.citations],
            "origin": draft.origin,
            "at": draft.at,
        }
        await self._on.execute(w.drafts.insert(), values)
        return True

    async def drafts(self, conversation: ConversationId) -> list[Draft]:
        query = sa.select(w.drafts).where(w.drafts.c.conversation == conversation).order_by(w.drafts.c.id)
        return [
            Draft(r.conversation, r.text, r.at, tuple(Citation(*x) for x in r.citations), r.origin)
            for r in await self._on.execute(query)
        ]

    async def add_hand_back(self, hand_back: HandBack) -> None:
        values = {
            "conversation": hand_back.conversation,
            "epoch": hand_back.epoch,
            "agent": hand_back.agent_id,
            "agent_name": hand_back.agent,
            "outcome": hand_back.outcome,
            "open_promises": list(hand_back.open_promises),
            "leave_alone": hand_back.leave_alone,
            "at": hand_back.at,
        }
        await self._on.execute(w.hand_backs.insert(), values)

    async def hand_backs(self, conversation: ConversationId) -> list[HandBack]:
        h = w.hand_backs
        query = sa.select(h).where(h.c.conversation == conversation).order_by(h.c.epoch)
        return [
            HandBack(
                conversation=r.conversation,
                epoch=r.epoch,
                agent=r.agent_name,
                agent_id=r.agent,
                outcome=r.outcome,
                open_promises=tuple(r.open_promises),
                leave_alone=r.leave_alone,
                at=r.at,
            )
            for r in await self._on.execute(query)
        ]

    async def rate(self, rating: Rating) -> None:
        r = w.ratings
        where = (r.c.conversation == rating.conversation, r.c.stretch == rating.stretch)
        values: dict[str, Any] = {"score": rating.score, "comment": rating.comment, "at": rating.at}
        changed = await self._on.execute(r.update().where(*where), values)
        if changed.rowcount == 0:
            keys = {"conversation": rating.conversation, "stretch": rating.stretch, "agent": rating.agent}
            await self._on.execute(r.insert(), values | keys)

    async def ratings(self, conversation: ConversationId) -> list[Rating]:
        found = await self._on.run(_RATINGS, {"key": conversation})
        return [Rating(x.conversation, x.stretch, x.score, x.comment, x.at, x.agent) for x in found]


def _to_note(r: Any) -> Note:
    agent = Agent(r.agent, r.email, r.name, r.role, r.availability, r.capacity)
    return Note(r.id, r.conversation, agent, r.text, r.at, r.after_offset, r.client_id)
