"""A service for page tests: holds conversations in memory and speaks both sockets' frames, built from the real models.

It decides nothing by itself: tests (and the demo scenes) say what happens. It is not the desk and proves nothing
about it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from handover.agent_frames import (
    OfferFrame,
    OfferGone,
    PacketFrame,
    PresenceFrame,
)
from handover.agent_parts import AgentPart
from handover.aside_frames import DraftFrame, NoteFrame
from handover.conversation import Control, Lifecycle
from handover.entries import AuthorKind, EntryKind
from handover.frames import (
    AuthorPart,
    ButtonPart,
    CitationPart,
    DeltaFrame,
    EntryFrame,
    Frame,
    TypingFrame,
    WaitingPart,
)
from handover.mark_frames import EntryMarkFrame
from tests.support.scripted_contacts import Contacts
from tests.support.scripted_files import Files
from tests.support.scripted_inboxes import Inboxes
from tests.support.scripted_people import People
from tests.support.scripted_talk import Talk

Send = Callable[[Frame], None]


class ScriptedService:
    """The state, who listens to it, and the verbs with which a test moves it."""

    def __init__(self) -> None:
        self.talks: dict[str, Talk] = {}
        self.tokens: dict[str, str] = {}  # token → conversation
        self.agents: dict[str, AgentPart] = {}
        self.people = People(self.agents)
        self.files = Files()
        self.inboxes = Inboxes()
        self.contacts = Contacts()
        self.feed = 0
        self.customer_screens: dict[str, set[Send]] = {}
        self.desk_screens: dict[str, set[Send]] = {}  # conversation → agents' screens that opened it
        self.agent_screens: list[Send] = []
        self.page = 50  # rows of a list that one HTTP answer holds
        self.viewing: dict[str, list[str]] = {}
        self.typing: dict[str, list[str]] = {}
        self.received: list[dict[str, Any]] = []  # every frame the pages sent, for tests to look at
        self.closers: set[Callable[[int], None]] = set()
        self.on_customer_words: Callable[[Talk, EntryFrame], None] | None = None
        self.refuse_say: Frame | None = None  # the answer to the next say, instead of an entry
        self.reply_seconds = 120.0  # for the first reply to a customer who waits
        self.swallow = 0  # so many of the next entries are recorded but told to nobody
        self.lines_held: list[Callable[[], None]] | None = None  # a list: lines of opened conversations wait in it
        self.accepting = True
        self.flows = asyncio.Event()  # cleared, an answer being written stops in the middle
        self.flows.set()
        self.later: set[asyncio.Task[None]] = set()

    # ---- what is said

    def say(  # every part of an entry may matter to a page
        self,
        talk: Talk,
        kind: AuthorKind,
        text: str,
        *,
        name: str = "",
        html: str | None = None,
        notice: bool = False,
        buttons: Sequence[tuple[str, str]] = (),
        citations: Sequence[tuple[str, str]] = (),
        client_id: str | None = None,
        ago: float = 0,
    ) -> EntryFrame:
        entry = EntryFrame(
            offset=len(talk.entries) + 1,
            author=AuthorPart(kind=kind, name=name),
            kind=EntryKind.NOTICE if notice else EntryKind.MESSAGE,
            text=text,
            at=datetime.now(UTC) - timedelta(seconds=ago),
            html=html,
            buttons=tuple(ButtonPart(title=t, payload=p) for t, p in buttons),
            citations=tuple(CitationPart(title=t, url=u) for t, u in citations),
            client_id=client_id,
        )
        talk.entries.append(entry)
        if self.swallow:
            self.swallow -= 1
        else:
            self.tell_customer(talk, entry)
            self.tell_desk(talk, entry.model_copy(update={"conversation": talk.id}))
        self.changed(talk)
        return entry

    def bot(self, talk: Talk, text: str, **more: Any) -> EntryFrame:
        return self.say(talk, AuthorKind.BOT, text, name="Juniper", **more)

    def customer(self, talk: Talk, text: str, **more: Any) -> EntryFrame:
        return self.say(talk, AuthorKind.CUSTOMER, text, name=talk.customer.name or "Customer", **more)

    def person(self, talk: Talk, text: str, **more: Any) -> EntryFrame:
        assert talk.agent, "no agent has this conversation"
        return self.say(talk, AuthorKind.AGENT, text, name=talk.agent.name, **more)

    def notice(self, talk: Talk, text: str, **more: Any) -> EntryFrame:
        return self.say(talk, AuthorKind.SYSTEM, text, name="Switchboard", notice=True, **more)

    def delta(self, talk: Talk, turn: str, text: str) -> None:
        self.tell_customer(talk, DeltaFrame(turn=turn, text=text))
        self.tell_desk(talk, DeltaFrame(turn=turn, text=text, conversation=talk.id))

    def types(self, talk: Talk, kind: AuthorKind, name: str) -> None:
        author = AuthorPart(kind=kind, name=name)
        if kind is not AuthorKind.CUSTOMER:
            self.tell_customer(talk, TypingFrame(author=author))
        self.tell_desk(talk, TypingFrame(author=author, conversation=talk.id))

    # ---- who may speak

    def moved(
        self,
        talk: Talk,
        control: Control,
        *,
        agent: AgentPart | None = None,
        lifecycle: Lifecycle = Lifecycle.ACTIVE,
        waiting: WaitingPart | None = None,
    ) -> None:
        taken = talk.agent is not None and agent is not None and talk.agent.id != agent.id
        talk.epoch += talk.control is not control or taken
        talk.control, talk.agent, talk.lifecycle, talk.waiting = control, agent, lifecycle, waiting
        talk.reply_due = talk.reply_due if control is Control.HUMAN else None
        if control is not Control.OFFERED and talk.offer:
            talk.offer = None
            gone = OfferGone(conversation=talk.id, taken_by=agent.name if agent else None, feed=self.next_feed())
            self.tell_agents(gone)
        self.tell_customer(talk, talk.control_frame())
        self.tell_desk(talk, talk.control_frame(for_agents=True))
        self.changed(talk)

    def offer(  # whatever the matcher may say of an offer may matter to a page
        self,
        talk: Talk,
        packet: dict[str, Any],
        *,
        desk_open: bool = True,
        seconds: float = 60,
        target: float = 120,
        **more: Any,
    ) -> None:
        now = datetime.now(UTC)
        talk.packet = packet
        self.moved(talk, Control.OFFERED, waiting=WaitingPart(desk_open=desk_open, since=now, position=1))
        talk.offer = OfferFrame(
            conversation=talk.id,
            epoch=talk.epoch,
            packet=packet,
            expires_at=now + timedelta(seconds=seconds),
            deadline=now + timedelta(seconds=target),
            weight=2,
            feed=self.next_feed(),
            **more,
        )
        self.tell_agents(talk.offer)
        self.tell_desk(talk, PacketFrame(conversation=talk.id, epoch=talk.epoch, packet=packet))

    def note(self, talk: Talk, author: AgentPart, text: str, client_id: str | None = None) -> None:
        note = NoteFrame(
            conversation=talk.id,
            id=f"note-{len(talk.notes) + 1}",
            author=author,
            text=text,
            at=datetime.now(UTC),
            after_offset=len(talk.entries),
            client_id=client_id,
        )
        talk.notes.append(note)
        self.tell_desk(talk, note)

    def draft(self, talk: Talk, text: str, **more: Any) -> None:
        draft = DraftFrame(conversation=talk.id, text=text, at=datetime.now(UTC), **more)
        talk.drafts.append(draft)
        self.tell_desk(talk, draft)

    def presence(self, talk: Talk) -> None:
        viewing, typing = tuple(self.viewing.get(talk.id, ())), tuple(self.typing.get(talk.id, ()))
        self.tell_desk(talk, PresenceFrame(conversation=talk.id, viewing=viewing, typing=typing))

    def mark(self, talk: Talk, offset: int, **more: Any) -> None:
        """A line's marks become these, on top of what they were; ``more`` as in `EntryMarkFrame`."""
        before = talk.marks.get(offset) or EntryMarkFrame(conversation=talk.id, offset=offset, version=0)
        talk.marks[offset] = before.model_copy(update={"version": before.version + 1, **more})
        self.tell_desk(talk, EntryMarkFrame.model_validate(talk.marks[offset].model_dump()))

    # ---- telling

    def next_feed(self) -> int:
        self.feed += 1
        return self.feed

    def changed(self, talk: Talk) -> None:
        talk.feed, talk.changed_at = self.next_feed(), datetime.now(UTC)
        self.tell_agents(talk.row())

    def tell_customer(self, talk: Talk, frame: Frame) -> None:
        for send in list(self.customer_screens.get(talk.id, ())):
            send(frame)

    def tell_desk(self, talk: Talk, frame: Frame) -> None:
        for send in list(self.desk_screens.get(talk.id, ())):
            send(frame)

    def tell_agents(self, frame: Frame) -> None:
        for send in list(self.agent_screens):
            send(frame)

    def cut(self, code: int = 1012) -> None:
        """Close every socket, as a restart does."""
        for close in list(self.closers):
            close(code)

    def soon(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.later.add(task)
        task.add_done_callback(self.later.discard)
