"""The texts written without a model are the models' own, letter by letter, for whatever the record may hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handover.agents import OUTSIDE, Agent
from handover.conversation import Control, Conversation, Lifecycle
from handover.entries import AgentId, Author, AuthorKind, Button, Citation, ConversationId, CustomerId, Entry, EntryKind
from handover.evidence import Reason
from handover.frame_texts import entry_text, for_agents, row_text
from handover.frames import EntryFrame
from handover.screens import conversation_frame
from handover.stored import ConversationRow, Customer, LastEntry

# What `handover.entries.keepable` lets through, with all that JSON asks to be escaped drawn often.
ESCAPED = st.sampled_from('"\\/\n\r\t\b\f\x01\x1f\x7f\u2028é')
TEXTS = st.text(st.characters(exclude_categories=["Cs"]) | ESCAPED)
MOMENTS = st.timedeltas(timedelta(0), timedelta(40_000)).map(lambda age: datetime(1980, 1, 1, tzinfo=UTC) + age)
NUMBERS = st.integers(0, 2**31 - 1)


def perhaps(one: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | one


ENTRIES = st.builds(
    Entry,
    conversation=TEXTS.map(ConversationId),
    offset=NUMBERS,
    author=st.builds(Author, st.sampled_from(AuthorKind), TEXTS, perhaps(TEXTS)),
    kind=st.sampled_from(EntryKind),
    text=TEXTS,
    at=MOMENTS,
    epoch=NUMBERS,
    html=perhaps(TEXTS),
    buttons=st.lists(st.builds(Button, TEXTS, TEXTS), max_size=3).map(tuple),
    citations=st.lists(st.builds(Citation, TEXTS, TEXTS, TEXTS), max_size=3).map(tuple),
    client_id=perhaps(TEXTS),
    payload=perhaps(TEXTS),
)
ROWS = st.builds(
    ConversationRow,
    conversation=st.builds(
        Conversation,
        id=TEXTS.map(ConversationId),
        inbox=st.sampled_from(["web", "whatsapp.4f2a", "x.1"]),
        customer=TEXTS.map(CustomerId),
        lifecycle=st.sampled_from(Lifecycle),
        control=st.sampled_from(Control),
        epoch=NUMBERS,
        last_offset=NUMBERS,
        last_customer_offset=NUMBERS,
        created_at=MOMENTS,
        changed_at=MOMENTS,
        agent=perhaps(st.sampled_from([AgentId("mia"), OUTSIDE])),
        waiting_since=perhaps(MOMENTS),
        snoozed_until=perhaps(MOMENTS),
    ),
    customer=st.builds(
        Customer, TEXTS.map(CustomerId), perhaps(TEXTS), perhaps(TEXTS), st.dictionaries(TEXTS, TEXTS, max_size=3)
    ),
    agent=perhaps(
        st.builds(
            Agent,
            id=TEXTS.map(AgentId),
            email=TEXTS,
            name=TEXTS,
            role=st.sampled_from(["admin", "lead", "agent"]),
            availability=st.sampled_from(["online", "busy", "offline"]),
            capacity=NUMBERS,
        )
    ),
    last=perhaps(st.builds(LastEntry, NUMBERS, st.sampled_from(AuthorKind), TEXTS, MOMENTS)),
    reason=perhaps(st.sampled_from(Reason)),
    rating=perhaps(st.integers(1, 5)),
    feed=NUMBERS,
    reply_due=perhaps(MOMENTS),
    team=perhaps(TEXTS),
    needs=st.frozensets(TEXTS, max_size=3),
    contact=perhaps(TEXTS),
    blocked=st.booleans(),
    customer_at=perhaps(MOMENTS),
)


@given(ENTRIES)
def test_a_line_is_what_its_frame_says(entry: Entry) -> None:
    text = entry_text(entry)
    assert text == EntryFrame.of(entry).model_dump_json(exclude_none=True)
    whole = EntryFrame.of(entry, for_agents=True).model_dump_json(exclude_none=True)
    assert for_agents(text, entry.conversation) == whole


@given(ROWS)
def test_a_row_is_what_its_frame_says(row: ConversationRow) -> None:
    frame = conversation_frame(row)
    text = row_text(row)
    assert text == frame.model_dump_json(exclude_none=True)
    json.loads(text)
