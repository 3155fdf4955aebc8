"""The events in a webhook of Messenger or Instagram: one envelope, two products, each event read by itself.

Sources: Meta, Messenger Platform "Webhook events"; Instagram Platform "Webhooks: examples". One item of ``messaging``
or ``standby`` is one event. ``changes`` holds the dashboard's tests, and with Instagram Login the same items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.channels.channel import Event, EventKind
from bot.channels.meta_kinds import KINDS, Item
from bot.channels.reading import UNREADABLE, Broken, digest_of, id_in, kept, list_in, moment, object_in, read_json, why
from handover.errors import BadInput

_TEST_PEOPLE = frozenset({"12334", "23245"})  # the ids in the dashboard's test messages
_ENVELOPE = frozenset({"sender", "recipient", "timestamp"})


def messaging_events(body: bytes, product: str) -> list[Event]:
    """The events of a webhook for ``product``, the envelope's ``object``: page or instagram. Raises BadInput."""
    envelope = read_json(body)
    entries = envelope.get("entry")
    if not isinstance(entries, list):
        raise BadInput("The webhook has no entries.")
    if envelope.get("object", product) != product:
        raise BadInput(f"The webhook is for another product than {product}.")
    return [event for entry in entries for event in _of_entry(entry)]


def _of_entry(entry: Any) -> Iterator[Event]:
    if not isinstance(entry, dict):
        yield broken(kept(entry), "", "an entry is not an object")
        return
    account, sent_at = _account(entry), moment(entry.get("time"))
    known = [name for name in ("messaging", "standby", "changes") if name in entry]
    for name in known:
        try:
            items = list_in(entry, name)
        except Broken as odd:
            yield broken(kept(entry), account, str(odd))
            continue
        for raw in items:
            yield _of_item(name, kept(raw), account, sent_at)
    if not known:
        yield unknown(kept(entry), account, entry)


def _account(entry: Mapping[str, Any]) -> str:
    """Our side's id; "" for the dashboard's tests, which name entry 0, and for what is no id."""
    try:
        account = id_in(entry, "id") or ""
    except Broken:
        return ""
    return "" if account == "0" else account


def _of_item(name: str, raw: Any, account: str, sent_at: datetime | None) -> Event:
    """The one event of an item, whatever is wrong with it."""
    if not isinstance(raw, dict):
        return broken(raw, account, f"an item of {name} is not an object")
    try:
        if name == "changes":
            return _of_change(raw, account, sent_at)
        return _of_message(raw, account, sent_at, standby=name == "standby")
    except UNREADABLE as failed:
        return broken(raw, account, why(failed))


def _of_change(raw: Mapping[str, Any], account: str, sent_at: datetime | None) -> Event:
    """A change that holds a real message is that message; a test of the dashboard, a comment, a like are ignored."""
    value = raw.get("value")
    if account and isinstance(value, dict) and _ENVELOPE & value.keys() and not _is_test(value):
        return _of_message(value, account, sent_at, standby=raw.get("field") == "standby")
    return Event(EventKind.IGNORE, digest_of([account, str(sent_at), raw]), account, note="no message", raw=raw)


def _is_test(value: Mapping[str, Any]) -> bool:
    return any(id_in(object_in(value, side), "id") in _TEST_PEOPLE for side in ("sender", "recipient"))


def _of_message(raw: Mapping[str, Any], account: str, sent_at: datetime | None, *, standby: bool) -> Event:
    item = Item(
        account=account,
        raw=raw,
        sender=id_in(object_in(raw, "sender"), "id"),
        recipient=id_in(object_in(raw, "recipient"), "id"),
        at=moment(raw.get("timestamp")) or sent_at,
        standby=standby,
    )
    kind = next((name for name in KINDS if raw.get(name) is not None), None)
    if kind is None:
        return replace(unknown(raw, account, raw), person=item.event(EventKind.UNKNOWN, "").person, at=item.at)
    return KINDS[kind](item)


def broken(raw: Any, account: str, reason: str) -> Event:
    """An event that could not be read: kept beside its neighbours, for people to look at."""
    whole = raw if isinstance(raw, dict) else {"value": raw}
    return Event(
        EventKind.ERROR, digest_of([account, raw]), account, person=_somebody(whole, account), note=reason, raw=whole
    )


def _somebody(raw: Mapping[str, Any], account: str) -> str | None:
    """The customer in a broken event, when at least that can be read."""
    try:
        sender = id_in(object_in(raw, "sender"), "id")
    except Broken:
        return None
    return None if sender == account else sender


def unknown(raw: Any, account: str, named: Mapping[str, Any]) -> Event:
    """An event of a kind we do not know, named by the keys that nobody told us about."""
    kinds = ", ".join(sorted(str(name)[:40] for name in named if name not in _ENVELOPE)[:5])
    return Event(EventKind.UNKNOWN, digest_of([account, raw]), account, note=kinds or "nothing", raw=raw)
