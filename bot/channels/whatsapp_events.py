"""The events in a webhook of WhatsApp's Cloud API: whose number it is, who wrote, and every item read by itself.

Sources: Meta, WhatsApp Cloud API "Webhooks" (payload reference), "Business-scoped user IDs" (May 2026). People are
matched to ``contacts`` by their ids, never by place: a batch lists them in any order, and some not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.channels.channel import Event, EventKind
from bot.channels.reading import (
    UNREADABLE,
    Broken,
    digest_of,
    id_in,
    kept,
    key_of,
    list_in,
    moment,
    objects_in,
    read_json,
    text_in,
    why,
    words_in,
)
from bot.channels.whatsapp_kinds import KINDS, content_of, first_error
from bot.channels.whatsapp_outcomes import words_for
from handover.errors import BadInput

_PRODUCT = "whatsapp_business_account"
_SYNCING = frozenset({"history", "smb_app_state_sync"})  # old messages and contacts of the phone app: nothing new
_WARNINGS = frozenset(
    {
        *("account_alerts", "account_review_update", "account_update", "business_capability_update"),
        *("business_status_update", "phone_number_name_update", "phone_number_quality_update", "security"),
        *("message_template_status_update", "message_template_quality_update", "template_category_update"),
    }
)
_STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Value:
    """What a change says about all of its items. ``account`` is the id of our number."""

    account: str
    field: str
    at: datetime | None
    contacts: tuple[Mapping[str, Any], ...]

    def person(self, raw: Mapping[str, Any], number: str, own: str) -> tuple[str | None, tuple[str, ...], str | None]:
        """Id, other ids and name of the person whose phone number and own id stand under these names in an item."""
        told = [one for one in (id_in(raw, number), id_in(raw, own)) if one]
        contact = next((one for one in self.contacts if set(told) & set(_ids(one))), {})
        ids = tuple(dict.fromkeys([*told, *_ids(contact)]))
        profile = contact.get("profile")
        name = words_in(profile, "name") or words_in(profile, "username") if isinstance(profile, dict) else None
        return (ids[0] if ids else None), ids[1:], name


def _ids(contact: Mapping[str, Any]) -> list[str]:
    return [one for one in (words_in(contact, "wa_id"), words_in(contact, "user_id")) if one]


def whatsapp_events(body: bytes) -> list[Event]:
    """The events of a webhook. Raises BadInput when it holds no entries or is for another product."""
    envelope = read_json(body)
    entries = envelope.get("entry")
    if not isinstance(entries, list):
        raise BadInput("The webhook has no entries.")
    if envelope.get("object", _PRODUCT) != _PRODUCT:
        raise BadInput("The webhook is for another product than WhatsApp.")
    return [event for entry in entries for event in _of_entry(entry)]


def _of_entry(entry: Any) -> Iterator[Event]:
    if not isinstance(entry, dict) or not isinstance(entry.get("changes"), list):
        yield _broken(kept(entry), "", "an entry without changes")
        return
    for change in entry["changes"]:
        yield from _of_change(kept(change), moment(entry.get("time")))


def _of_change(change: Any, sent_at: datetime | None) -> Iterator[Event]:
    value = change.get("value") if isinstance(change, dict) else None
    if not isinstance(value, dict):
        yield _broken(change, "", "a change without a value")
        return
    about = Value(_account(value), words_in(change, "field") or "", sent_at, tuple(objects_in(value, "contacts")))
    if about.field in _SYNCING:
        yield Event(EventKind.IGNORE, digest_of(change), about.account, at=sent_at, raw=change)
        return
    found = False
    for name, read in _LISTS.items():
        if name in value:
            found = True
            yield from _of_list(about, value, name, read)
    if not found:
        yield _of_the_account(about, change, value)


def _account(value: Mapping[str, Any]) -> str:
    metadata = value.get("metadata")
    try:
        return id_in(metadata, "phone_number_id") or "" if isinstance(metadata, dict) else ""
    except Broken:
        return ""


def _of_list(
    about: Value, value: Mapping[str, Any], name: str, read: Callable[[Value, Mapping[str, Any]], Event]
) -> Iterator[Event]:
    """One event for each item, whatever is wrong with it or with the list."""
    try:
        items = list_in(value, name)
    except Broken as odd:
        yield _broken(dict(value), about.account, str(odd))
        return
    for raw in items:
        if not isinstance(raw, dict):
            yield _broken(raw, about.account, f"an item of {name} is not an object")
            continue
        try:
            yield read(about, raw)
        except UNREADABLE as failed:
            yield _broken(raw, about.account, why(failed), words_in(raw, "from") if name == "messages" else None)


def _broken(raw: Any, account: str, reason: str, person: str | None = None) -> Event:
    whole = raw if isinstance(raw, dict) else {"value": raw}
    return Event(EventKind.ERROR, digest_of([account, raw]), account, person=person, note=reason, raw=whole)


def _message(about: Value, raw: Mapping[str, Any]) -> Event:
    person, aliases, name = about.person(raw, "from", "from_user_id")
    if person is None:
        raise Broken("a message that names nobody")
    start = _start(about, raw, EventKind.UNKNOWN)
    return _told(raw, replace(start, person=person, aliases=aliases, name=name))


def _echo(about: Value, raw: Mapping[str, Any]) -> Event:
    """Said in our name: with the phone app's field a person said it, for certain."""
    person, aliases, name = about.person(raw, "to", "to_user_id")
    if person is None:
        raise Broken("an echo that names nobody")
    start = replace(_start(about, raw, EventKind.ECHO), person=person, aliases=aliases, name=name, customer=False)
    if words_in(raw, "type") in {"edit", "revoke"}:
        return _told(raw, start)
    return replace(start, human=about.field == "smb_message_echoes", **content_of(raw))


def _start(about: Value, raw: Mapping[str, Any], kind: EventKind) -> Event:
    own = id_in(raw, "id")
    return Event(
        kind,
        key_of(own) if own else digest_of([about.account, raw]),
        about.account,
        id=own,
        at=moment(raw.get("timestamp")) or about.at,
        group=id_in(raw, "group_id") is not None,
        raw=raw,
    )


def _told(raw: Mapping[str, Any], start: Event) -> Event:
    """``start`` with what its type of message says."""
    kind = text_in(raw, "type") or ""
    known = KINDS.get(kind)
    return replace(start, note=kind[:40] or "nothing") if known is None else known(raw, start)


def _status(about: Value, raw: Mapping[str, Any]) -> Event:
    """The fate of one message of ours; a failed one may come without any contact."""
    person, aliases, _name = about.person(raw, "recipient_id", "recipient_user_id")
    own, status = id_in(raw, "id"), text_in(raw, "status")
    if own is None or status is None:
        raise Broken("a status of nothing")
    code, _ = first_error(raw)
    key = key_of(own, status)
    return Event(
        EventKind.STATUS if status in _STATES else EventKind.UNKNOWN,
        key,
        about.account,
        person,
        aliases,
        at=moment(raw.get("timestamp")) or about.at,
        customer=False,
        id=key,
        target=own,
        status=_STATES.get(status),
        code=code,
        note=words_for(code) if code else None,
        correlation=words_in(raw, "biz_opaque_callback_data"),
        raw=raw,
    )


def _error(about: Value, raw: Mapping[str, Any]) -> Event:
    """Something went wrong that belongs to no message."""
    code, told = first_error({"errors": [raw]})
    key = digest_of([about.account, str(about.at), raw])
    return Event(EventKind.ERROR, key, about.account, at=about.at, customer=False, code=code, note=told, raw=raw)


def _call(about: Value, raw: Mapping[str, Any]) -> Event:
    """A telephone call: we take none, and it opens the window like a message."""
    person, aliases, name = about.person(raw, "from", "from_user_id")
    key = key_of(id_in(raw, "id"), words_in(raw, "event"), words_in(raw, "status"), words_in(raw, "timestamp"))
    start = replace(_start(about, raw, EventKind.SYSTEM), key=key, person=person, aliases=aliases, name=name)
    return replace(start, action="call", note="The customer called this number. Calls are not answered here.")


def _preference(about: Value, raw: Mapping[str, Any]) -> Event:
    """Marketing messages are no longer wanted, or wanted again: answers to what they ask are not meant."""
    person, aliases, name = about.person(raw, "wa_id", "user_id")
    start = _start(about, raw, EventKind.SYSTEM)
    action = words_in(raw, "value")
    note = words_in(raw, "detail") or f"Marketing messages: {action}"
    return replace(start, person=person, aliases=aliases, name=name, action=action, note=note)


def _of_the_account(about: Value, change: Mapping[str, Any], value: Mapping[str, Any]) -> Event:
    """A change that is about our account, or one that we do not know."""
    kind = EventKind.POLICY if about.field in _WARNINGS else EventKind.UNKNOWN
    told = [words_in(value, name) for name in ("event", "decision", "reason", "alert_type", "message_template_name")]
    note = " ".join([about.field[:40] or "nothing", *(word[:100] for word in told if word)])
    key = digest_of([str(about.at), change])
    return Event(kind, key, about.account, at=about.at, customer=False, note=note, raw=change)


_LISTS: dict[str, Callable[[Value, Mapping[str, Any]], Event]] = {
    "messages": _message,
    "message_echoes": _echo,
    "statuses": _status,
    "errors": _error,
    "calls": _call,
    "user_preferences": _preference,
}
