"""The plain reference: what the desk promises of one conversation, told without a database, a lock or a clock.

It shares no code with the product. Verbs return what must come of them: "done", "nothing" (already so), or the code
of the error that must be raised. Words are remembered with the offset the record gave them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

OUTSIDE = "external"  # somebody who answers in the platform's own app; no agent of ours
WEIGHT = 2  # slots one conversation of the website takes, see data/policy/policy.yml
Answer = Literal["done", "nothing", "taken", "illegal_move", "not_yours", "stale_view", "bad_input"]


@dataclass(frozen=True)
class Line:
    """Somebody's words; notices of the desk are not kept here."""

    offset: int
    who: str  # "customer", "bot", or an agent's id
    text: str


@dataclass
class Turn:
    """A bot answer on its way."""

    epoch: int
    upto: int
    live: bool = True
    released: bool = False


@dataclass
class Reference:
    """One conversation: who may speak, what was said, what is unanswered."""

    life: str = "active"
    control: str = "bot"
    epoch: int = 1
    holder: str | None = None
    lines: list[Line] = field(default_factory=list)
    keys: dict[str, Line] = field(default_factory=dict)
    asked: set[tuple[str, str]] = field(default_factory=set)
    unanswered: list[int] = field(default_factory=list)
    turns: dict[str, Turn] = field(default_factory=dict)
    given_up: dict[int, tuple[str, str]] = field(default_factory=dict)  # epoch → who ended it, and how
    named: str | None = None

    @property
    def state(self) -> tuple[str, str, int, str | None]:
        return self.life, self.control, self.epoch, self.holder

    def copy(self) -> Reference:
        """As it is now; later changes of one do not show in the other."""
        turns = {name: replace(turn) for name, turn in self.turns.items()}
        return replace(
            self, lines=list(self.lines), keys=dict(self.keys), asked=set(self.asked), turns=turns,
            unanswered=list(self.unanswered), given_up=dict(self.given_up),
        )  # fmt: skip

    def to(self, control: str, *, life: str = "active", holder: str | None = None) -> None:
        """Control passes on: the epoch rises, and whatever the bot has under way is worth nothing."""
        if control != self.control or self.holder == OUTSIDE:
            self.epoch += 1
            for turn in self.turns.values():
                turn.live = False
        self.life, self.control, self.holder, self.named = life, control, holder, None

    def forgets_turns(self) -> None:
        """The only process has ended: nobody is at work, and the words may be taken up again at once."""
        for turn in self.turns.values():
            turn.released, turn.live = turn.released or turn.live, False

    def live_turn(self) -> Turn | None:
        return next((turn for turn in self.turns.values() if turn.live), None)

    def comes_back(self, *, room: bool) -> None:
        """The customer is heard again: a resolved conversation is the bot's, a snoozed one its agent's."""
        if self.life == "resolved":
            self.to("bot")
        elif self.life == "snoozed" and room:
            self.life = "active"
        elif self.life == "snoozed":
            self.to("offered")

    def customer_says(self, client: str, *, room: bool, open_desk: bool) -> Answer:
        if client in self.keys:
            return "nothing"
        self.comes_back(room=room)
        if self.control == "nobody" and open_desk:
            self.to("offered")
        return "done"

    def heard(self, client: str, line: Line) -> None:
        """The record has given the words their place."""
        self.lines.append(line)
        self.keys[client] = line
        if line.who == "customer":
            self.unanswered.append(line.offset)
        else:
            self.unanswered.clear()

    def asks(self, client: str, *, room: bool) -> Answer:
        if not self._first(client, "ask"):
            return "nothing"
        self.comes_back(room=room)
        if self.control in ("bot", "nobody"):
            self.to("offered")
        return "done"

    def stops_waiting(self, client: str) -> Answer:
        if not self._first(client, "stop"):
            return "nothing"
        if self.control == "offered":
            self.to("bot")
        return "done"

    def leaves_address(self, client: str) -> Answer:
        if (client, "leave") in self.asked:
            return "nothing"
        if self.control != "offered":
            return "illegal_move"
        self.asked.add((client, "leave"))
        self.to("nobody")
        return "done"

    def _first(self, client: str, verb: str) -> bool:
        new = (client, verb) not in self.asked
        self.asked.add((client, verb))
        return new

    def begins_turn(self) -> bool:
        return self.control == "bot" and bool(self.unanswered) and self.live_turn() is None

    def ends_turn(self, turn: Turn, *, even_if_newer: bool, hands_over: bool) -> str:
        """How it must end; the bot's words are added by `bot_spoke`."""
        if turn.released:
            return "superseded"
        if not turn.live or turn.epoch != self.epoch:
            turn.live = False
            return "fenced"
        turn.live = False
        if not even_if_newer and any(offset > turn.upto for offset in self.unanswered):
            return "superseded"
        self.unanswered = [offset for offset in self.unanswered if offset > turn.upto]
        if hands_over:
            self.to("offered")
        return "committed"

    def wins(self, agent: str, epoch: int, verb: str, *, room: bool) -> Answer:
        """``verb`` "accept" is for offers only; "take" is for whatever no other person has."""
        if self.control == "human" and self.holder != OUTSIDE:
            return "nothing" if self.holder == agent else "taken"
        if epoch != self.epoch:
            return "illegal_move"
        if not room or self.life == "resolved" or (verb == "accept" and self.control != "offered"):
            return "illegal_move"
        self.to("human", holder=agent)
        self.unanswered.clear()
        return "done"

    def spoken_outside(self, message: str) -> Answer:
        """Somebody answered in the platform's own app: the bot is silent, and who has it at the desk keeps it."""
        if message in self.keys:
            return "nothing"
        if self.control != "human" and self.life != "snoozed":
            self.to("human", holder=OUTSIDE)
        return "done"

    def agent_says(self, agent: str, client: str, seen: int, *, room: bool) -> Answer:
        if client in self.keys:
            return "nothing" if self.keys[client].who == agent else "bad_input"
        if self.holder != agent:
            return "not_yours"
        if any(line.offset > seen and line.who != agent for line in self.lines):
            return "stale_view"
        if self.life == "snoozed" and not room:
            return "illegal_move"
        self.life = "active"
        return "done"

    def lets_go(self, agent: str, epoch: int, how: str) -> Answer:
        """``how``: "hand_back", "transfer" or "resolve"."""
        if how == "resolve":
            return self._resolves(agent)
        if self.given_up.get(epoch) == (agent, how):
            return "nothing"
        if self.holder != agent:
            return "not_yours"
        if epoch != self.epoch:
            return "illegal_move"
        self.given_up[epoch] = (agent, how)
        self.to("bot" if how == "hand_back" else "offered")
        return "done"

    def _resolves(self, agent: str) -> Answer:
        if self.life == "resolved":
            return "nothing"
        if self.control == "offered":
            return "illegal_move"
        if self.control == "human" and self.holder != agent:
            return "not_yours"
        self.to("nobody", life="resolved")
        self.unanswered.clear()
        return "done"

    def snoozes(self, agent: str) -> Answer:
        if self.holder != agent:
            return "not_yours"
        self.life = "snoozed"
        return "done"

    def may_have_become(self, life: str, control: str, epoch: int, holder: str | None) -> bool:
        """What time alone may do: end leases, wake the snoozed, call people when the bot is silent."""
        here = (self.life, self.control)
        if (life, control, epoch, holder) == self.state:
            return True
        offered = (life, control, epoch, holder) == ("active", "offered", self.epoch + 1, None)
        if here == ("active", "bot"):
            return offered and any(turn.live for turn in self.turns.values())
        if self.holder == OUTSIDE:
            return (life, control, epoch, holder) == ("active", "bot", self.epoch + 1, None)
        if here == ("active", "human"):
            return offered
        if here == ("snoozed", "human"):
            return offered or (life, control, epoch, holder) == ("active", "human", self.epoch, self.holder)
        return False
