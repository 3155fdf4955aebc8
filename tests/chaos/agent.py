"""A simulated agent's console: rows, offers and opened conversations, as the real console keeps them.

Lines it writes beside those of `tests.chaos.customer` (``shown``, ``changed``, ``invoke``, ``acked``, ``refused``):
``holder`` (a row or control frame says who has a conversation under which epoch).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.journal import Journal
from tests.chaos.link import Frame, Link, Times
from tests.chaos.ordered_log import OrderedLog

# Nothing comes of trying the same words again after these.
_FINAL = frozenset({"not_yours", "illegal_move", "taken", "bad_input", "not_found", "forbidden", "too_large"})


@dataclass
class Draft:
    """Words an agent has sent and that nobody has confirmed. ``retry_at``: when to send them (again)."""

    client_id: str
    conversation: str
    text: str
    retry_at: float


@dataclass
class Desk:
    """What a console knows; a reload forgets all of it."""

    me: str | None = None
    feed: int = 0
    rows: dict[str, Frame] = field(default_factory=dict)
    offers: dict[str, Frame] = field(default_factory=dict)
    opened: dict[str, OrderedLog] = field(default_factory=dict)


class Agent:
    """One agent with one console. ``work`` in `tests.chaos.agent_life` moves it."""

    def __init__(
        self,
        email: str,
        address: Callable[[], str],
        *,
        token: Callable[[], str],
        signed_out: Callable[[], None],
        journal: Journal,
        rng: random.Random,
        times: Times,
    ) -> None:
        self.who = f"agent:{email}"
        self.journal = journal
        self.desk = Desk()
        self.rng = rng
        self.said = 0
        self.screens = 1
        self.unsent: dict[str, Draft] = {}
        self._signed_out = signed_out
        self.link = Link(
            self, address, who=self.who, journal=journal, rng=rng, times=times,
            headers=lambda: {"authorization": f"Bearer {token()}"},
        )  # fmt: skip

    def begin_screen(self) -> None:
        """The console is loaded anew: nothing is known yet."""
        self.screens += 1
        self.desk = Desk()
        self.journal.note(self.who, "screen", screen=self.screens)

    async def run(self) -> None:
        """The connection and what was not confirmed, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self._try_again())

    @property
    def settled(self) -> bool:
        """Everything this agent said was confirmed or refused for good."""
        return self.link.open and not self.unsent

    @property
    def mine(self) -> list[str]:
        """Conversations this agent has, as far as the console knows."""
        rows = self.desk.rows.values()
        return [row["conversation"] for row in rows if (row.get("agent") or {}).get("id") == self.desk.me]

    async def does(self, verb: str, conversation: str, **more: object) -> None:
        """A verb; what comes of it is seen in the rows, or in an error."""
        self.journal.note(self.who, "invoke", verb=verb, conversation=conversation, **more)
        await self.link.send({"type": verb, "conversation": conversation, **more})

    async def says(self, conversation: str, text: str) -> None:
        """Words with a client_id: sent again until they are confirmed or refused for good."""
        self.said += 1
        draft = Draft(f"{self.who}-{self.said}", conversation, f"{text} [{self.who}-{self.said}]", 0.0)
        self.journal.note(
            self.who, "invoke", verb="say", conversation=conversation, client_id=draft.client_id, text=draft.text
        )
        self.unsent[draft.client_id] = draft
        await self._transmit(draft)

    async def open(self, conversation: str) -> None:
        """Show a conversation, from what is shown of it already."""
        log = self.desk.opened.setdefault(conversation, OrderedLog())
        await self.link.send({"type": "open", "conversation": conversation, "after": log.last})

    async def _transmit(self, draft: Draft) -> None:
        draft.retry_at = asyncio.get_running_loop().time() + 5.0
        if draft.conversation not in self.desk.opened:
            await self.open(draft.conversation)
        seen = self.desk.opened[draft.conversation].last
        frame = {"type": "say", "conversation": draft.conversation, "client_id": draft.client_id, "seen": seen}
        await self.link.send({**frame, "text": draft.text})

    async def _try_again(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            now = asyncio.get_running_loop().time()
            for draft in list(self.unsent.values()):
                if draft.retry_at <= now and self.link.open:
                    await self._transmit(draft)

    async def greet(self) -> None:
        hello: Frame = {"type": "hello"}
        if self.desk.me is not None:
            hello["after"] = self.desk.feed
        await self.link.send(hello)
        for conversation in list(self.desk.opened):
            await self.open(conversation)

    def lost(self, code: int) -> None:
        if code == 4401:
            self._signed_out()

    async def heard(self, frame: Frame) -> None:
        desk, kind = self.desk, frame.get("type")
        if kind == "welcome":
            desk.me = frame["agent"]["id"]
            self.link.settled()
        elif kind == "heartbeat":
            desk.feed = int(frame["feed"])  # a row's number says nothing of the rows before it
        elif kind == "conversation":
            self._row(frame)
        elif kind == "conversations":
            for row in frame["rows"]:
                self._row(row)
        elif kind == "offer":
            desk.offers[frame["conversation"]] = frame
            self.journal.note(self.who, "rung", conversation=frame["conversation"], epoch=frame["epoch"])
        elif kind == "offer_gone":
            desk.offers.pop(frame["conversation"], None)
        elif kind == "entry":
            await self._entry(frame["conversation"], frame)
        elif kind == "control" and frame.get("conversation"):
            self._holder(frame["conversation"], frame, None, "control")
        elif kind == "error":
            await self._refused(frame)

    def _row(self, row: Frame) -> None:
        desk, conversation = self.desk, row["conversation"]
        self._holder(conversation, row, (row.get("agent") or {}).get("id"), "row")
        known = desk.rows.get(conversation)
        if known and known["feed"] > row["feed"]:
            return
        desk.rows[conversation] = row
        offer = desk.offers.get(conversation)
        if offer and (row["control"] != "offered" or row["epoch"] > offer["epoch"]):
            del desk.offers[conversation]

    def _holder(self, conversation: str, frame: Frame, agent: str | None, by: str) -> None:
        self.journal.note(
            self.who, "control", conversation=conversation, epoch=frame["epoch"], control=frame["control"],
            lifecycle=frame.get("lifecycle", "active"), agent=agent, by=by, feed=frame.get("feed"),
        )  # fmt: skip

    async def _entry(self, conversation: str, frame: Frame) -> None:
        log = self.desk.opened.get(conversation)
        if log is None:
            return
        before = log.shown_at(int(frame["offset"]))
        if before is not None and (before["text"], before["author"]) != (frame["text"], frame["author"]):
            self.journal.note(self.who, "changed", offset=frame["offset"], before=before["text"], now=frame["text"])
        own = self.unsent.pop(frame.get("client_id") or "", None)
        if own is not None:
            self.journal.note(self.who, "acked", client_id=own.client_id, offset=frame["offset"])
        for line in log.add(frame):
            self.journal.note(
                self.who, "shown", conversation=conversation, screen=self.screens, offset=line["offset"],
                author=line["author"]["kind"], kind=line["kind"], text=line["text"],
            )  # fmt: skip
        if log.has_gap:
            self.journal.note(self.who, "gap", conversation=conversation, last=log.last)
            await self.open(conversation)

    async def _refused(self, frame: Frame) -> None:
        own, code, conversation = frame.get("client_id"), frame["code"], frame.get("conversation")
        self.journal.note(
            self.who, "refused", client_id=own, conversation=conversation, code=code, message=frame.get("message")
        )
        for missed in frame.get("missed") or ():
            await self._entry(missed["conversation"], missed)
        draft = self.unsent.get(own or "")
        if draft is not None and code in _FINAL:
            del self.unsent[draft.client_id]
        elif draft is not None:
            pause = float(frame.get("retry_after") or 0.3)
            draft.retry_at = asyncio.get_running_loop().time() + pause
