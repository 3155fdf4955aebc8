"""The two frames that every message makes, lines and list rows, as JSON straight from the record's rows.

A model between the two costs more than all the rest of telling a message. What the frames are stays the models' to say:
these are their texts letter by letter, and the tests hold one against the other.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Callable
from datetime import UTC, datetime

from handover.agents import OUTSIDE, Agent
from handover.entries import ConversationId, Entry
from handover.inboxes import channel_of
from handover.stored import ConversationRow

_text: Callable[[str], str] = json.encoder.encode_basestring  # quoted, and only what JSON asks for escaped


def entry_text(entry: Entry) -> str:
    """As `handover.frames.EntryFrame.of` for customers."""
    said, button, source = entry.author, "", ""
    if entry.buttons:
        button = ",".join(f'{{"title":{_text(b.title)},"payload":{_text(b.payload)}}}' for b in entry.buttons)
    if entry.citations:
        source = ",".join(f'{{"title":{_text(c.title)},"url":{_text(c.url)}}}' for c in entry.citations)
    html = "" if entry.html is None else f',"html":{_text(entry.html)}'
    client_id = "" if entry.client_id is None else f',"client_id":{_text(entry.client_id)}'
    return (
        f'{{"type":"entry","offset":{entry.offset},"author":{{"kind":"{said.kind}","name":{_text(said.name)}}},'
        f'"kind":"{entry.kind}","text":{_text(entry.text)},"at":{_moment(entry.at)}{html},"buttons":[{button}],'
        f'"citations":[{source}]{client_id}}}'
    )


def for_agents(text: str, conversation: ConversationId) -> str:
    """The line ``text`` of a customer's screen as the agents' screens get it, who show many conversations."""
    return f'{text[:-1]},"conversation":{_text(conversation)}}}'


def row_text(row: ConversationRow) -> str:
    """As `handover.screens.conversation_frame`."""
    now, who, last = row.conversation, row.customer, row.last
    profile = ",".join(f"{_text(name)}:{_text(value)}" for name, value in who.profile.items())
    needs = "" if not row.needs else f',"needs":[{",".join(map(_text, sorted(row.needs)))}]'
    line = ""
    if last is not None:
        line = (
            f',"last_entry":{{"offset":{last.offset},"author":"{last.author}","text":{_text(last.text)},'
            f'"at":{_moment(last.at)}}}'
        )
    return (
        f'{{"type":"conversation","conversation":{_text(now.id)},"inbox":{_text(now.inbox)},'
        f'"lifecycle":"{now.lifecycle}","control":"{now.control}","epoch":{now.epoch},"customer":{{"id":{_text(who.id)}'
        f"{_named('name', who.name)}{_named('email', who.email)},"
        f'"profile":{{{profile}}}{_named("contact", row.contact)},"blocked":{_truth(row.blocked)}}},"feed":{row.feed}'
        f"{_agent(row.agent)}{_named('reason', row.reason)}{_at('waiting_since', now.waiting_since)},"
        f'"changed_at":{_moment(now.changed_at)}{line}{"" if row.rating is None else f""","rating":{row.rating}"""}'
        f"{_named('team', row.team)}{needs}{_at('reply_due', row.reply_due)},"
        f'"channel":{_text(channel_of(now.inbox))},"external":{_truth(now.agent == OUTSIDE)}'
        f"{_at('customer_at', row.customer_at)}}}"
    )


def _agent(agent: Agent | None) -> str:
    if agent is None:
        return ""
    return (
        f',"agent":{{"id":{_text(agent.id)},"name":{_text(agent.name)},"role":"{agent.role}",'
        f'"availability":"{agent.availability}","capacity":{agent.capacity}}}'
    )


def _named(name: str, value: str | None) -> str:
    """A field that is left out when there is none."""
    return "" if value is None else f',"{name}":{_text(value)}'


def _at(name: str, moment: datetime | None) -> str:
    return "" if moment is None else f',"{name}":{_moment(moment)}'


def _moment(moment: datetime) -> str:
    """ISO 8601, in UTC with its letter."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f'"{moment.isoformat()[:-6]}Z"'


def _truth(value: bool) -> str:
    return "true" if value else "false"
