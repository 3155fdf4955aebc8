"""What an agent's frame asks of the desk: one verb for one frame, and nothing decided here."""

from __future__ import annotations

from handover.agent_frames import (
    Accept,
    AgentSends,
    AgentTyping,
    Availability,
    Decline,
    HandBack,
    Note,
    Resolve,
    Say,
    Snooze,
    Take,
    Transfer,
)
from handover.agents import Agent
from handover.conversation import Control
from handover.desk import Desk
from handover.entries import AgentId, AuthorKind, ConversationId, Entry
from handover.errors import BadInput
from handover.frames import AuthorPart, TypingFrame
from handover.presence import Presence
from handover.screens import customer_topic, desk_topic, told


class Verbs:
    """Calls the desk for frames that change something."""

    def __init__(self, desk: Desk, presence: Presence) -> None:
        self._desk = desk
        self._presence = presence

    async def do(self, agent: Agent, frame: AgentSends) -> Entry | None:
        """Do what ``frame`` asks. Returns the entry when words were said. Raises what the desk refuses with."""
        agents = self._desk.agents
        match frame:
            case Availability():
                await agents.set_availability(agent, frame.state)
            case Accept():
                await agents.accept(agent, ConversationId(frame.conversation), frame.epoch)
            case Decline():
                await agents.decline(agent, ConversationId(frame.conversation), frame.reason)
            case Take():
                await agents.take(agent, ConversationId(frame.conversation), frame.epoch)
            case Say():
                return await self._say(agent, frame)
            case Note():
                await agents.note(agent, ConversationId(frame.conversation), frame.text, frame.client_id)
            case AgentTyping():
                await self._typing(agent, ConversationId(frame.conversation))
            case _:
                await self._let_go(agent, frame)
        return None

    async def _let_go(self, agent: Agent, frame: AgentSends) -> None:
        agents = self._desk.agents
        match frame:
            case HandBack():
                await agents.hand_back(
                    agent,
                    ConversationId(frame.conversation),
                    frame.epoch,
                    frame.outcome,
                    frame.open_promises,
                    frame.leave_alone,
                )
            case Resolve():
                await agents.resolve(agent, ConversationId(frame.conversation), frame.epoch)
            case Snooze():
                await agents.snooze(agent, ConversationId(frame.conversation), frame.until, frame.epoch)
            case Transfer():
                to = AgentId(frame.to) if frame.to is not None else None
                await agents.transfer(agent, ConversationId(frame.conversation), frame.epoch, to, frame.team)
            case _:
                raise BadInput(f"A {frame.type} frame does not belong here.")

    async def _say(self, agent: Agent, frame: Say) -> Entry:
        if not frame.text.strip():
            raise BadInput("A message needs words.", detail={"field": "text"})
        conversation = ConversationId(frame.conversation)
        template = {} if frame.template is None else {"template": frame.template.model_dump(mode="json")}
        entry = await self._desk.agents.say(agent, conversation, frame.client_id, frame.text, frame.seen, **template)
        self._presence.said(conversation, agent.id)
        return entry

    async def _typing(self, agent: Agent, conversation: ConversationId) -> None:
        if not self._presence.types(conversation, agent.id):
            return
        now = await self._desk.reading.conversation(conversation)
        await self._desk.live.publish(told(desk_topic(conversation), self._presence.frame(conversation)))
        if now.control is Control.HUMAN and now.agent == agent.id:
            # Only who may speak is seen writing: a colleague who reads along is nobody's business.
            typing = TypingFrame(author=AuthorPart(kind=AuthorKind.AGENT, name=agent.name))
            await self._desk.live.publish(told(customer_topic(conversation), typing))
            self._desk.attention.writes(now)
