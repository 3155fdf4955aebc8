"""The agents' socket of the scripted service: the real models check every frame; answers are as the desk's."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from handover.agent_frames import PacketFrame, Welcome, agent_sends
from handover.agent_parts import AgentPart
from handover.conversation import Control, Lifecycle
from handover.frames import ErrorFrame, Frame
from tests.support.scripted_service import ScriptedService
from tests.support.scripted_talk import Talk


class AgentSocket:
    def __init__(self, send: Callable[[Frame], None], service: ScriptedService, agent: AgentPart) -> None:
        self.send, self.service, self.agent = send, service, agent
        self.opened: set[str] = set()

    def gone(self) -> None:
        if self.send in self.service.agent_screens:
            self.service.agent_screens.remove(self.send)
        for conversation in list(self.opened):
            self.close(conversation)

    def take(self, raw: dict[str, Any]) -> None:
        frame = agent_sends.validate_json(json.dumps(raw))  # JSON, as on the wire: times are text
        if raw["type"] == "hello":
            self.hello(frame.after)
        elif raw["type"] == "availability":
            self.agent = self.agent.model_copy(update={"availability": frame.state})
            self.service.agents[self.agent.id] = self.agent
            self.send(Welcome(agent=self.agent, feed=self.service.feed))
        else:
            talk = self.service.talks[frame.conversation]
            getattr(self, f"on_{raw['type']}")(talk, frame)

    def hello(self, after: int | None) -> None:
        if self.send not in self.service.agent_screens:
            self.service.agent_screens.append(self.send)
        self.send(Welcome(agent=self.agent, feed=self.service.feed))
        for talk in self.service.talks.values():
            if talk.feed > (after or -1):
                self.send(talk.row())
            if talk.offer:
                self.send(talk.offer)

    def on_open(self, talk: Talk, frame: Any) -> None:
        self.opened.add(talk.id)
        self.service.desk_screens.setdefault(talk.id, set()).add(self.send)
        for item in [*talk.notes, *talk.drafts, *talk.marks.values()]:
            self.send(item)
        if self.service.lines_held is None:
            self.tell_lines(talk, frame.after or 0)
        else:
            self.service.lines_held.append(lambda: self.tell_lines(talk, frame.after or 0))
        if talk.packet:
            self.send(PacketFrame(conversation=talk.id, epoch=talk.epoch, packet=talk.packet))
        viewing = self.service.viewing.setdefault(talk.id, [])
        if self.agent.id not in viewing:
            viewing.append(self.agent.id)
        self.service.presence(talk)

    def tell_lines(self, talk: Talk, after: int) -> None:
        for entry in talk.entries[after:]:
            self.send(entry.model_copy(update={"conversation": talk.id}))

    def on_close(self, talk: Talk, frame: Any) -> None:
        self.close(talk.id)

    def close(self, conversation: str) -> None:
        self.opened.discard(conversation)
        self.service.desk_screens.get(conversation, set()).discard(self.send)
        viewing = self.service.viewing.get(conversation, [])
        if self.agent.id in viewing:
            viewing.remove(self.agent.id)
            self.service.presence(self.service.talks[conversation])

    def on_accept(self, talk: Talk, frame: Any) -> None:
        if talk.control is not Control.OFFERED:
            who = talk.agent.name if talk.agent else "somebody"
            message = f"{who} took this conversation."
            self.send(ErrorFrame(code="taken", message=message, detail={"taken_by": who}, conversation=talk.id))
            return
        self.join(talk)

    def on_decline(self, talk: Talk, frame: Any) -> None:
        talk.offer = None

    def on_take(self, talk: Talk, frame: Any) -> None:
        if talk.control is Control.HUMAN and not talk.row().external:
            self.on_accept(talk, frame)
        else:
            self.join(talk)

    def join(self, talk: Talk) -> None:
        if talk.control is Control.OFFERED:
            talk.reply_due = datetime.now(UTC) + timedelta(seconds=self.service.reply_seconds)
        self.service.moved(talk, Control.HUMAN, agent=self.agent)
        self.service.notice(talk, f"{self.agent.name} joined.")

    def on_say(self, talk: Talk, frame: Any) -> None:
        if self.service.refuse_say:
            refusal, self.service.refuse_say = self.service.refuse_say, None
            self.send(refusal.model_copy(update={"client_id": frame.client_id, "conversation": talk.id}))
            return
        missed = tuple(
            entry.model_copy(update={"conversation": talk.id})
            for entry in talk.entries[frame.seen :]
            if entry.author.kind == "customer"
        )
        if missed:
            message = "The customer has written since."
            error = ErrorFrame(
                code="stale_view", message=message, client_id=frame.client_id, conversation=talk.id, missed=missed
            )
            self.send(error)
            return
        talk.reply_due = None
        self.service.person(talk, frame.text, client_id=frame.client_id)

    def on_note(self, talk: Talk, frame: Any) -> None:
        self.service.note(talk, self.agent, frame.text, frame.client_id)

    def on_hand_back(self, talk: Talk, frame: Any) -> None:
        self.service.notice(talk, f"{self.agent.name} left. Juniper, the assistant, goes on.")
        self.service.moved(talk, Control.BOT)

    def on_resolve(self, talk: Talk, frame: Any) -> None:
        self.service.notice(talk, "This conversation was closed.")
        self.service.moved(talk, Control.NOBODY, lifecycle=Lifecycle.RESOLVED)

    def on_snooze(self, talk: Talk, frame: Any) -> None:
        self.service.moved(talk, Control.HUMAN, agent=talk.agent, lifecycle=Lifecycle.SNOOZED)

    def on_transfer(self, talk: Talk, frame: Any) -> None:
        whom = {"to": frame.to, "team": frame.team}
        self.service.offer(talk, {**(talk.packet or {}), "reason": "transferred"}, **whom)

    def on_typing(self, talk: Talk, frame: Any) -> None:
        self.service.typing[talk.id] = [self.agent.id]
        self.service.presence(talk)

    def on_suggest(self, talk: Talk, frame: Any) -> None:
        self.service.draft(talk, "I am sorry about the wait. Your parcel left us on Tuesday and is due tomorrow.")
