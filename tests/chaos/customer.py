"""A simulated customer's page: what the real widget keeps and does, over a real socket, with everything written down.

Lines it writes: ``screen`` (a page begins, with nothing shown), ``invoke`` (the customer does something; verb,
client_id, text), ``sent`` (a frame was given to the socket), ``acked`` (the service told the customer's own entry),
``refused`` (an error names the client_id), ``silence`` (no answer came; the customer tries again), ``shown`` (a line
appears: conversation, offset, author, kind, text), ``control`` (who speaks, as welcome or control frames say),
``changed`` (a line came again and was another one), ``forgot`` (the service said that it does not know them).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.journal import Journal
from tests.chaos.link import Frame, Link, Times
from tests.chaos.ordered_log import OrderedLog

ANSWER_IN = 20.0  # seconds; a message nobody confirmed by then is shown as not sent, and the customer tries again


def settled_by(verb: str, control: str) -> bool:
    """Whether a wish about control is fulfilled by what is seen of control."""
    if verb == "ask_for_human":
        return control in ("offered", "human")
    return verb == "stop_waiting" and control != "offered"


@dataclass
class Unsent:
    """Something the service has not confirmed. ``at``: when it was sent last; ``retry_at``: when the customer presses
    "try again", once it was refused."""

    frame: Frame
    at: float | None = None
    refused: bool = False
    retry_at: float = 0.0


@dataclass
class Page:
    """What a page knows; a reload forgets the lines and keeps the rest, as the widget's memory does."""

    token: str | None = None
    conversation: str | None = None
    welcomed: bool = False  # on this connection: what the customer wrote before goes out first, in its order
    control: str = "bot"
    lifecycle: str = "active"
    epoch: int = 0
    log: OrderedLog = field(default_factory=OrderedLog)
    unsent: list[Unsent] = field(default_factory=list)


class Customer:
    """One customer with one page. ``live`` in `tests.chaos.customer_life` moves it."""

    def __init__(
        self, number: int, address: Callable[[], str], *, journal: Journal, rng: random.Random, times: Times
    ) -> None:
        self.who = f"customer:{number}"
        self.journal = journal
        self.page = Page()
        self.rng = rng
        self.said = 0
        self.screens = 0
        self.link = Link(self, address, who=self.who, journal=journal, rng=rng, times=times)
        self.begin_screen()

    def begin_screen(self) -> None:
        """The page is loaded (anew): nothing is shown yet."""
        self.screens += 1
        self.page.log = OrderedLog()
        self.journal.note(self.who, "screen", screen=self.screens)

    @property
    def settled(self) -> bool:
        """Everything the customer did was confirmed, and nothing waits for a gap."""
        words = [one for one in self.page.unsent if one.frame["type"] in ("say", "leave_message")]
        return self.page.welcomed and not words and not self.page.log.has_gap

    async def run(self) -> None:
        """The connection, and the customer's patience, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.link.run())
            group.create_task(self._try_again())

    async def does(self, verb: str, **more: str) -> None:
        """The customer does something with a client_id: it is sent, and again after each reconnect until confirmed."""
        self.said += 1
        client_id = f"{self.who}-{self.said}"
        frame = {"type": verb, "client_id": client_id, **more}
        self.journal.note(self.who, "invoke", verb=verb, client_id=client_id, text=more.get("text"))
        one = Unsent(frame)
        self.page.unsent.append(one)
        await self._transmit(one)

    async def sends(self, **frame: object) -> None:
        """A frame without a client_id: lost when the connection is."""
        await self.link.send(dict(frame))

    async def _transmit(self, one: Unsent) -> None:
        if self.page.welcomed and await self.link.send(one.frame):
            one.at = asyncio.get_running_loop().time()
            self.journal.note(self.who, "sent", client_id=one.frame["client_id"])

    async def _try_again(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            now = asyncio.get_running_loop().time()
            for one in list(self.page.unsent):
                silent = one.at is not None and now - one.at > ANSWER_IN
                if not one.refused and self.link.open and silent:
                    one.refused, one.retry_at = True, now + 3.0 * self.rng.random()
                    self.journal.note(self.who, "silence", client_id=one.frame["client_id"])
                elif one.refused and one.retry_at <= now:
                    one.refused = False
                    await self._transmit(one)

    async def greet(self) -> None:
        page = self.page
        hello: Frame = {"type": "hello"}
        if page.token:
            hello["token"] = page.token
        if page.conversation:
            hello["conversation"] = page.conversation
            if page.log.last:
                hello["after"] = page.log.last
        await self.link.send(hello)

    def lost(self, code: int) -> None:
        self.page.welcomed = False
        if code in (4401, 4403, 4404) and self.page.token:
            self._forget(f"closed {code}")

    async def heard(self, frame: Frame) -> None:
        kind = frame.get("type")
        if kind == "welcome":
            await self._welcomed(frame)
        elif kind == "entry":
            await self._entry(frame)
        elif kind == "control":
            self._controlled(frame)
        elif kind == "error":
            self._refused(frame)

    async def _welcomed(self, frame: Frame) -> None:
        page = self.page
        if page.conversation not in (None, frame["conversation"]):
            self.journal.note(self.who, "moved", before=page.conversation, now=frame["conversation"])
            self.begin_screen()
        page.token, page.conversation, page.welcomed = frame["token"], frame["conversation"], True
        self._control(frame, "welcome")
        self.link.settled()
        for one in list(page.unsent):
            if not one.refused:
                await self._transmit(one)

    async def _entry(self, frame: Frame) -> None:
        page = self.page
        before = page.log.shown_at(int(frame["offset"]))
        if before is not None and (before["text"], before["author"]) != (frame["text"], frame["author"]):
            self.journal.note(self.who, "changed", offset=frame["offset"], before=before["text"], now=frame["text"])
        own = frame.get("client_id")
        if own and any(one.frame["client_id"] == own for one in page.unsent):
            self.journal.note(self.who, "acked", client_id=own, offset=frame["offset"])
            page.unsent = [one for one in page.unsent if one.frame["client_id"] != own]
        for line in page.log.add(frame):
            self.journal.note(
                self.who, "shown", conversation=page.conversation, screen=self.screens, offset=line["offset"],
                author=line["author"]["kind"], kind=line["kind"], text=line["text"],
            )  # fmt: skip
        if page.log.has_gap:
            self.journal.note(self.who, "gap", last=page.log.last, early=sorted(page.log.early)[:3])
            await self.greet()

    def _controlled(self, frame: Frame) -> None:
        page = self.page
        if frame["epoch"] < page.epoch:
            self._control(frame, "late")
            return
        self._control(frame, "control")

    def _control(self, frame: Frame, by: str) -> None:
        page = self.page
        if by != "late":
            page.control, page.epoch = frame["control"], int(frame["epoch"])
            page.lifecycle = frame.get("lifecycle", "active")
            page.unsent = [one for one in page.unsent if not settled_by(one.frame["type"], page.control)]
        self.journal.note(
            self.who, "control", conversation=page.conversation, epoch=frame["epoch"], control=frame["control"],
            lifecycle=frame.get("lifecycle", "active"), by=by,
        )  # fmt: skip

    def _refused(self, frame: Frame) -> None:
        own, code = frame.get("client_id"), frame["code"]
        self.journal.note(self.who, "refused", client_id=own, code=code, message=frame.get("message"))
        if code == "not_signed_in":
            self._forget("not signed in")
        pause = float(frame.get("retry_after") or 1.0)
        for one in list(self.page.unsent):
            if one.frame["client_id"] != own:
                continue
            if code in ("bad_input", "illegal_move", "too_large"):
                self.page.unsent.remove(one)  # trying again cannot help
            else:
                one.refused, one.retry_at = True, asyncio.get_running_loop().time() + pause

    def _forget(self, why: str) -> None:
        self.journal.note(self.who, "forgot", why=why, conversation=self.page.conversation)
        self.page = Page(unsent=self.page.unsent)
        self.begin_screen()
