"""Turns and decisions in SQL; implements `handover.record_ports.Turns`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handover.backends.records_sql import evidence_json
from handover.backends.records_sql import tables as t
from handover.backends.records_sql import tables_of_work as w
from handover.backends.records_sql.hot import Hot
from handover.backends.records_sql.querying import Querying
from handover.entries import ConversationId, TurnId
from handover.evidence import Decision, Outcome, Reason
from handover.stored import StoredDecision, Turn, TurnState

_GET = Hot(sa.select(w.turns).where(w.turns.c.id == sa.bindparam("key")))
_LIVE = Hot(sa.select(w.turns).where(w.turns.c.conversation == sa.bindparam("key"), w.turns.c.state == "live"))
_SPEAKING = Hot(
    sa.select(w.turns)
    .join(t.conversations, t.conversations.c.id == w.turns.c.conversation)
    .where(
        w.turns.c.id == sa.bindparam("key"),
        w.turns.c.state == "live",
        w.turns.c.epoch == sa.bindparam("at_epoch"),
        t.conversations.c.epoch == w.turns.c.epoch,
        sa.or_(~w.turns.c.yields, t.conversations.c.last_customer_offset <= w.turns.c.last_offset),
    )
)
_BEGIN = Hot(w.turns.insert())
_DIALOGUE = Hot(sa.select(w.dialogues.c.state).where(w.dialogues.c.conversation == sa.bindparam("key")))
_KEEP_DIALOGUE = Hot(w.dialogues.update().where(w.dialogues.c.conversation == sa.bindparam("key")))
_KEEP_DECISION = Hot(w.decisions.insert())
_FENCE = w.turns.update().where(w.turns.c.conversation == sa.bindparam("key"), w.turns.c.state == "live")
_END = Hot(w.turns.update().where(w.turns.c.id == sa.bindparam("key"), w.turns.c.state == "live"))


class SqlTurns:
    def __init__(self, connection: Querying) -> None:
        self._on = connection

    async def live(self, conversation: ConversationId) -> Turn | None:
        found = (await self._on.run(_LIVE, {"key": conversation})).first()
        return None if found is None else _to_turn(found)

    async def all_live(self) -> list[Turn]:
        query = sa.select(w.turns).where(w.turns.c.state == "live").order_by(w.turns.c.started_at)
        return [_to_turn(r) for r in await self._on.execute(query)]

    async def get(self, turn: TurnId) -> Turn | None:
        found = (await self._on.run(_GET, {"key": turn})).first()
        return None if found is None else _to_turn(found)

    async def speaking(self, turn: TurnId, epoch: int) -> Turn | None:
        found = (await self._on.run(_SPEAKING, {"key": turn, "at_epoch": epoch})).first()
        return None if found is None else _to_turn(found)

    async def insert(self, turn: Turn) -> None:
        values = {
            "id": turn.id,
            "conversation": turn.conversation,
            "epoch": turn.epoch,
            "owner": turn.owner,
            "first_offset": turn.first_offset,
            "last_offset": turn.last_offset,
            "started_at": turn.started_at,
            "deadline": turn.deadline,
            "state": str(turn.state),
            "yields": turn.yields,
        }
        await self._on.put_off(_BEGIN, values)

    async def end(self, turn: TurnId, state: TurnState, entry_offset: int | None = None) -> None:
        await self._on.put_off(_END, {"key": turn, "state": str(state), "entry_offset": entry_offset})

    async def stay(self, turn: TurnId) -> None:
        await self._on.execute(w.turns.update().where(w.turns.c.id == turn), {"yields": False})

    async def fence(self, conversation: ConversationId) -> None:
        await self._on.execute(_FENCE, {"key": conversation, "state": str(TurnState.FENCED)})

    async def release(self, owner: str | None = None) -> None:
        live = w.turns.update().where(w.turns.c.state == "live")
        mine = live if owner is None else live.where(w.turns.c.owner == owner)
        await self._on.execute(mine, {"state": str(TurnState.SUPERSEDED)})

    async def past_deadline(self, at: datetime) -> list[Turn]:
        query = sa.select(w.turns).where(w.turns.c.state == "live", w.turns.c.deadline <= at)
        return [_to_turn(r) for r in await self._on.execute(query)]

    async def dialogue(self, conversation: ConversationId) -> Mapping[str, Any] | None:
        found = (await self._on.run(_DIALOGUE, {"key": conversation})).first()
        return None if found is None else found.state

    async def keep_dialogue(self, conversation: ConversationId, turn: TurnId, state: Mapping[str, Any]) -> None:
        values = {"turn": turn, "state": dict(state)}
        if (await self._on.run(_KEEP_DIALOGUE, {"key": conversation, **values})).rowcount == 0:
            await self._on.execute(w.dialogues.insert(), {"conversation": conversation, **values})

    async def keep_decision(self, decision: StoredDecision) -> None:
        taken = decision.decision
        values = {
            "turn": decision.turn,
            "conversation": decision.conversation,
            "epoch": decision.epoch,
            "first_offset": decision.first_offset,
            "last_offset": decision.last_offset,
            "entry_offset": decision.entry_offset,
            "outcome": str(taken.outcome),
            "reason": None if taken.reason is None else str(taken.reason),
            "because": taken.because,
            "evidence": evidence_json.to_json(decision.evidence),
            "slots": decision.slots,
            "actions": list(decision.actions),
            "seconds": decision.seconds,
            "at": decision.at,
        }
        await self._on.put_off(_KEEP_DECISION, values)

    async def decisions(self, conversation: ConversationId, limit: int = 50) -> list[StoredDecision]:
        d = w.decisions
        query = sa.select(d).where(d.c.conversation == conversation).order_by(d.c.at.desc(), d.c.last_offset.desc())
        found = [_to_decision(r) for r in await self._on.execute(query.limit(limit))]
        return found[::-1]


def _to_turn(r: Any) -> Turn:
    return Turn(
        id=r.id,
        conversation=r.conversation,
        epoch=r.epoch,
        owner=r.owner,
        first_offset=r.first_offset,
        last_offset=r.last_offset,
        started_at=r.started_at,
        deadline=r.deadline,
        state=TurnState(r.state),
        entry_offset=r.entry_offset,
        yields=r.yields,
    )


def _to_decision(r: Any) -> StoredDecision:
    reason = None if r.reason is None else Reason(r.reason)
    return StoredDecision(
        turn=r.turn,
        conversation=r.conversation,
        epoch=r.epoch,
        first_offset=r.first_offset,
        last_offset=r.last_offset,
        evidence=evidence_json.from_json(r.evidence),
        decision=Decision(Outcome(r.outcome), reason, r.because),
        slots=dict(r.slots),
        actions=tuple(r.actions),
        seconds=r.seconds,
        at=r.at,
        entry_offset=r.entry_offset,
    )
