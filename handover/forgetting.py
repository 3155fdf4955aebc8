"""What the record repeats of a line's words, without them: packets, decisions and drafts after a deletion or an edit.

Pure. Only what people said is touched; our own codes (a reason, an intent) stay whatever the customer's words were.
When in doubt it forgets more: a summary, a goal or a suggestion that may hold the words goes as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handover.packet import LONGEST


# Characters of a beginning by which longer words are known again, wherever they were cut.
_TELLING = 60


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The line at ``offset`` said ``before``; now it says ``instead``, or nothing any more when it was ``deleted``."""

    offset: int
    before: str
    instead: str
    deleted: bool

    def packet(self, packet: dict[str, Any]) -> dict[str, Any]:
        """A packet (`handover.packet.Packet` as JSON) that does not hold the old words."""
        goal, suggested = packet.get("goal"), packet.get("suggested_reply") or ""
        lost_goal = goal is not None and self.in_(goal)
        return packet | {
            "evidence": [self._quote(one) for one in packet.get("evidence", [])],
            "tried": [self._quote(one) for one in packet.get("tried", [])],
            "facts": [one for one in packet.get("facts", []) if not self._fact(one)],
            "goal": None if lost_goal else goal,
            "suggested_reply": "" if lost_goal or self.in_(suggested) else suggested,  # it is made from the goal
            "summary": None,
        }

    def evidence(self, evidence: dict[str, Any]) -> dict[str, Any]:
        """A decision's evidence, of a turn that answered the line; ``text`` holds the words of a whole burst."""
        text = str(evidence.get("text", ""))
        return evidence | {"text": text.replace(self.before, self.instead) if self.before in text else self.instead}

    def slots(self, slots: dict[str, str]) -> dict[str, str]:
        """What the dialogue knew, without what it had from the line."""
        return {name: value for name, value in slots.items() if not self._said(value)}

    def words(self, text: str) -> str:
        """Words of ours that may quote the line: nothing of them stays when they do."""
        return "" if self.in_(text) else text

    def in_(self, text: str) -> bool:
        """Whether ``text`` holds the old words, or as much of them as a packet keeps."""
        before, text = " ".join(self.before.split()), " ".join(text.split())
        return bool(before) and (before in text or before[:_TELLING] in text)

    def _quote(self, quote: dict[str, Any]) -> dict[str, Any]:
        return quote | {"text": self.instead[:LONGEST]} if quote.get("offset") == self.offset else quote

    def _fact(self, fact: dict[str, Any]) -> bool:
        return fact.get("offset") == self.offset or (fact.get("offset") is None and self._said(fact.get("value", "")))

    def _said(self, value: Any) -> bool:
        return bool(value) and str(value).casefold() in self.before.casefold()
