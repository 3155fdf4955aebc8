"""The events in a webhook of LINE, each read by itself. Source: Messaging API reference, "Webhook event objects"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Attachment, Event, EventKind
from bot.channels.reading import (
    Broken,
    digest_of,
    id_in,
    kept,
    moment,
    object_in,
    read_json,
    text_in,
    words_in,
)
from handover.errors import BadInput

_PLACES = {"user": "userId", "group": "groupId", "room": "roomId"}
_FILES = frozenset({"image", "video", "audio", "file"})
_NOTES = {
    "join": "The account was added to a group.",
    "leave": "The account was removed from a group.",
    "memberJoined": "Somebody joined the group.",
    "memberLeft": "Somebody left the group.",
    "activated": "The account's module was activated.",
    "deactivated": "The account's module was deactivated.",
    "botSuspended": "LINE has suspended the account.",
    "botResumed": "LINE has lifted the account's suspension.",
    "module": "The account's module was attached or detached.",
}
_IGNORED = frozenset({"beacon", "videoPlayComplete", "delivery", "membership"})


def webhook_events(body: bytes) -> list[Event]:
    """The events of a webhook; none for LINE's Verify button. Raises BadInput when there is no list of events."""
    envelope = read_json(body)
    events = envelope.get("events")
    if not isinstance(events, list):
        raise BadInput("The webhook has no events.")
    return [_of_item(kept(raw)) for raw in events]


def _of_item(raw: Any) -> Event:
    if not isinstance(raw, dict):
        return Event(EventKind.ERROR, digest_of(raw), note="an event is not an object", raw={"value": raw})
    try:
        key = id_in(raw, "webhookEventId") or digest_of(_unrepeated(raw))
    except Broken:
        key = digest_of(_unrepeated(raw))
    try:
        return _of_event(raw, key)
    except Broken as why:
        return Event(EventKind.ERROR, key, person=_somebody(raw), note=str(why), raw=raw)


def _unrepeated(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An event without what differs when it comes again."""
    return {name: value for name, value in raw.items() if name != "deliveryContext"}


def _somebody(raw: Mapping[str, Any]) -> str | None:
    try:
        return _person(object_in(raw, "source"))
    except Broken:
        return None


def _person(source: Mapping[str, Any]) -> str | None:
    """Who a conversation is with: the person, or the group or room as a whole."""
    kind = text_in(source, "type") or "user"
    return id_in(source, _PLACES.get(kind, "userId"))


def _of_event(raw: Mapping[str, Any], key: str) -> Event:
    kind = text_in(raw, "type")
    read = _READERS.get(kind or "")
    if read is not None:
        return read(raw, key)
    if kind in _NOTES:
        return _event(EventKind.SYSTEM, raw, key, note=_NOTES[kind])
    if kind in _IGNORED:
        return _event(EventKind.IGNORE, raw, key, note=kind)
    return _event(EventKind.UNKNOWN, raw, key, note=(kind or "nothing")[:200])


def _event(kind: EventKind, raw: Mapping[str, Any], key: str, **more: Any) -> Event:
    source = object_in(raw, "source")
    person = _person(source)
    facts: dict[str, Any] = {
        "person": person,
        "at": moment(raw.get("timestamp")),
        "group": text_in(source, "type") in {"group", "room"},
        "author": id_in(source, "userId") if text_in(source, "type") in {"group", "room"} else None,
    }
    return Event(kind, key, raw=raw, **(facts | more))


def _message(raw: Mapping[str, Any], key: str) -> Event:
    """In standby another module has the conversation: kept, not answered."""
    message = object_in(raw, "message")
    kind = text_in(message, "type")
    identity, attachments = id_in(message, "id"), _attachments(message, kind)
    if kind != "text" and not attachments:
        note = f"The customer sent a message of a kind we do not know: {(kind or 'none')[:40]}."
        return _event(EventKind.UNSUPPORTED, raw, key, id=identity, note=note)
    standby = raw.get("mode") == "standby"
    one_to_one = text_in(object_in(raw, "source"), "type") in {None, "user"}
    event = _event(
        EventKind.STANDBY if standby else EventKind.MESSAGE,
        raw,
        key,
        id=identity,
        text=text_in(message, "text") if kind == "text" else None,
        attachments=attachments,
        reply_to=id_in(message, "quotedMessageId"),
        reply_due=one_to_one and not standby and kind != "sticker",
    )
    if event.person is None:
        raise Broken("source names nobody")
    return event


def _attachments(message: Mapping[str, Any], kind: str | None) -> tuple[Attachment, ...]:
    if kind in _FILES:
        provider = object_in(message, "contentProvider")
        elsewhere = text_in(provider, "originalContentUrl") if provider.get("type") == "external" else None
        name = words_in(message, "fileName")
        return (Attachment(kind, url=elsewhere, ref=None if elsewhere else id_in(message, "id"), name=name),)
    if kind == "sticker":
        words = message.get("keywords")
        known = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
        return (Attachment("sticker", text=words_in(message, "text") or ", ".join(known[:3]) or None),)
    if kind == "location":
        where = [message.get(name) for name in ("latitude", "longitude")]
        numbers = [str(one) for one in where if isinstance(one, int | float) and not isinstance(one, bool)]
        name = words_in(message, "title") or words_in(message, "address")
        return (Attachment("location", name=name, text=",".join(numbers) if len(numbers) == 2 else None),)
    return ()


def _edited(raw: Mapping[str, Any], key: str) -> Event:
    message = object_in(raw, "message")
    return _event(EventKind.EDIT, raw, key, target=id_in(message, "id"), text=text_in(message, "text"))


def _unsent(raw: Mapping[str, Any], key: str) -> Event:
    target = id_in(object_in(raw, "unsend"), "messageId")
    if target is None:
        raise Broken("unsend names no message")
    return _event(EventKind.DELETE, raw, key, target=target, targets=(target,))


def _pressed(raw: Mapping[str, Any], key: str) -> Event:
    """A button of ours; what a date picker chose comes beside its data."""
    postback = object_in(raw, "postback")
    chosen = [value for value in object_in(postback, "params").values() if isinstance(value, str)]
    one_to_one = text_in(object_in(raw, "source"), "type") in {None, "user"}
    return _event(
        EventKind.POSTBACK,
        raw,
        key,
        payload=text_in(postback, "data"),
        text=" ".join(chosen) or None,
        reply_due=one_to_one and raw.get("mode") != "standby",
    )


def _followed(raw: Mapping[str, Any], key: str) -> Event:
    return _event(EventKind.SUBSCRIPTION, raw, key, action="unblock")


def _unfollowed(raw: Mapping[str, Any], key: str) -> Event:
    return _event(EventKind.SUBSCRIPTION, raw, key, action="block")


def _linked(raw: Mapping[str, Any], key: str) -> Event:
    return _event(EventKind.ACCOUNT_LINK, raw, key, status=words_in(object_in(raw, "link"), "result"))


_READERS = {
    "message": _message,
    "messageEdited": _edited,
    "unsend": _unsent,
    "postback": _pressed,
    "follow": _followed,
    "unfollow": _unfollowed,
    "accountLink": _linked,
}
