"""Sorts the events of a webhook into inboxes: never into one whose secret did not vouch for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.channels.channel import Channel, Event, EventKind
from bot.channels.event_json import to_data
from bot.channels.reading import key_of
from handover.inboxes import Inbox
from handover.record_ports_intake import Arrival, Heard

UNKNOWN_INBOX = "No inbox of ours that this webhook was signed for has this account."
NOBODY = ""  # the person of what concerns a whole account
_LONGEST_NAME = 200  # characters of a person's id: the record keeps them in an index
_AHEAD = timedelta(minutes=5)  # a platform's clock that is further ahead of ours is wrong


def heard_in(channel: Channel, arrival: Arrival, inboxes: Mapping[str, Inbox]) -> list[Heard]:
    """The events of ``arrival``, each with its inbox. Raises BadInput when nothing in it can be read.

    ``inboxes`` are those that vouched for it and are still there, by id.
    """
    events = channel.parse(arrival.body, arrival.headers)
    return [
        _heard(event, inbox_of(event.account, arrival, inboxes), arrival)
        for event in events
        if event.kind is not EventKind.IGNORE
    ]


def inbox_of(account: str, arrival: Arrival, inboxes: Mapping[str, Inbox]) -> str | None:
    """Whose event it is: the account's inbox; without an account the named one, or the only one. None: nobody's."""
    if account:
        return next((one.id for one in inboxes.values() if one.account == account), None)
    if arrival.named is not None:
        return arrival.named if arrival.named in inboxes else None
    return next(iter(inboxes)) if len(inboxes) == 1 else None


def _heard(event: Event, inbox: str | None, arrival: Arrival) -> Heard:
    person, aliases, problem = _people(event)
    note = problem if inbox is not None else UNKNOWN_INBOX
    # What is nobody's must not take the key of what is somebody's.
    key = key_of(event.key) if inbox is not None else key_of(event.account, event.key)
    return Heard(
        inbox=inbox or arrival.channel,
        key=key,
        person=person,
        kind=str(event.kind),
        at=_moment(event, arrival.received_at),
        received_at=arrival.received_at,
        data=to_data(event),
        aliases=aliases,
        message=_id(event.id),
        target=_id(event.target),
        note=note,
    )


def _people(event: Event) -> tuple[str, tuple[str, ...], str | None]:
    names: Sequence[str] = [name for name in (event.person, *event.aliases) if name]
    if any(len(name) > _LONGEST_NAME for name in names):
        return NOBODY, (), "The id of whoever wrote it is too long."
    if not event.person:
        return NOBODY, (), None
    return event.person, tuple(name for name in names[1:] if name != event.person), None


def _moment(event: Event, received_at: datetime) -> datetime:
    at = event.at
    return received_at if at is None or at > received_at + _AHEAD else at


def _id(platforms: str | None) -> str | None:
    return key_of(platforms) if platforms else None
