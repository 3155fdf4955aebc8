"""The events in a webhook of X: the X Activity API's envelope, and the older Account Activity one.

Source: X API documentation, "X Activity API: event payloads", "Account Activity API". ``dm.read`` and
``dm.indicate_typing`` have no published payload: they are read as the older API writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.channel import Attachment, Event, EventKind
from bot.channels.reading import (
    Broken,
    digest_of,
    id_in,
    kept,
    key_of,
    list_in,
    moment,
    object_in,
    objects_in,
    read_json,
    text_in,
    words_in,
)

ACTIVITIES = ("dm.received", "dm.sent", "dm.read", "dm.indicate_typing", "chat.received", "chat.sent", "oauth.revoke")
ENCRYPTED = (
    "An encrypted message arrived (X Chat). It cannot be shown here; it can be read in the X app, or the customer can "
    "be asked to write another way."
)
_MESSAGES = "direct_message_events"
_TYPINGS = "direct_message_indicate_typing_events"
_READS = "direct_message_mark_read_events"
_LISTS = (_MESSAGES, _TYPINGS, _READS)
_KIND_OF_LIST = {_TYPINGS: EventKind.TYPING, _READS: EventKind.READ}


def activity_events(body: bytes) -> list[Event]:
    """The events of a webhook. Raises BadInput for what is no JSON object."""
    envelope: Mapping[str, Any] = kept(read_json(body))
    try:
        if envelope.get("data") is not None:
            return _of_activity(object_in(envelope, "data"))
        return _of_account_activity(envelope)
    except Broken as why:
        return [Event(EventKind.ERROR, digest_of(envelope), note=str(why), raw=envelope)]


def _of_activity(data: Mapping[str, Any]) -> list[Event]:
    """One activity. Its ``event_uuid`` is of the delivery; a direct message is told by its own id."""
    named = text_in(data, "event_type") or ""
    key = id_in(data, "event_uuid") or digest_of(data)
    account = id_in(object_in(data, "filter"), "user_id") or ""
    payload = object_in(data, "payload")
    if named.startswith("chat."):
        return [_encrypted(payload, key, account, named)]
    if named == "oauth.revoke":
        return [_revoked(data, key, account or id_in(payload, "user_id") or "", moment(payload.get("date_time")))]
    if named.startswith("dm."):
        return _of_payload(payload, account, key, named)
    return [Event(EventKind.UNKNOWN, key, account, note=named[:200] or "nothing", raw=data)]


def _of_payload(payload: Mapping[str, Any], account: str, key: str, named: str) -> list[Event]:
    if any(name in payload for name in _LISTS):
        return _of_lists(payload, account, sent=named == "dm.sent")
    kind = {"dm.read": EventKind.READ, "dm.indicate_typing": EventKind.TYPING}.get(named)
    if kind is None:
        return [Event(EventKind.UNKNOWN, key, account, note=named[:200], raw=payload)]
    return [_mark(kind, payload, account, key)]


def _of_account_activity(envelope: Mapping[str, Any]) -> list[Event]:
    account = id_in(envelope, "for_user_id") or ""
    if any(name in envelope for name in _LISTS):
        return _of_lists(envelope, account, sent=False)
    if "user_event" in envelope:
        revoke = object_in(object_in(envelope, "user_event"), "revoke")
        whose = id_in(object_in(revoke, "source"), "user_id") or account
        return [_revoked(envelope, digest_of(envelope), whose, moment(revoke.get("date_time")))]
    names = sorted(name for name in envelope if name not in {"for_user_id", "users", "apps"})
    ours = {"replay_job_status", "user_has_blocked"}
    known = any(name in ours or name.startswith("tweet_") or name.endswith("_events") for name in names)
    kind = EventKind.IGNORE if known else EventKind.UNKNOWN
    return [Event(kind, digest_of(envelope), account, note=", ".join(names)[:200] or "nothing", raw=envelope)]


def _of_lists(holder: Mapping[str, Any], account: str, *, sent: bool) -> list[Event]:
    found: list[Event] = []
    for name in _LISTS:
        try:
            items = list_in(holder, name)
        except Broken as why:
            found.append(Event(EventKind.ERROR, digest_of(holder), account, note=str(why), raw=holder))
            continue
        found.extend(_of_item(name, raw, account, holder.get("users"), sent=sent) for raw in items)
    return found


def _of_item(name: str, raw: Any, account: str, people: Any, *, sent: bool) -> Event:
    """The one event of an item, whatever is wrong with it."""
    if not isinstance(raw, dict):
        return Event(EventKind.ERROR, digest_of(raw), account, note="an item is no object", raw={"value": raw})
    try:
        if name == _MESSAGES:
            return _message(raw, account, people, sent=sent)
        return _mark(_KIND_OF_LIST[name], raw, account, None)
    except Broken as why:
        return Event(EventKind.ERROR, digest_of([account, raw]), account, note=str(why), raw=raw)


def _message(raw: Mapping[str, Any], account: str, people: Any, *, sent: bool) -> Event:
    created = object_in(raw, "message_create")
    if not created:
        kind = text_in(raw, "type") or "nothing"
        return Event(EventKind.UNKNOWN, digest_of([account, raw]), account, note=kind[:200], raw=raw)
    sender, recipient = id_in(created, "sender_id"), id_in(object_in(created, "target"), "recipient_id")
    ours = sent or (bool(account) and sender == account)
    person = recipient if ours else sender
    if person is None:
        raise Broken("the message names nobody")
    said, identity = object_in(created, "message_data"), id_in(raw, "id")
    text, attachments = text_in(said, "text"), _attachments(said)
    return Event(
        EventKind.ECHO if ours else EventKind.MESSAGE,
        identity or digest_of([account, raw]),
        account,
        person=person,
        at=moment(raw.get("created_timestamp")),
        customer=not ours,
        reply_due=not ours and (text is not None or bool(attachments)),
        id=identity,
        text=text,
        payload=words_in(object_in(said, "quick_reply_response"), "metadata"),
        name=_name(people, person),
        attachments=attachments,
        app=id_in(created, "source_app_id"),
        raw=raw,
    )


def _name(people: Any, person: str) -> str | None:
    """The name in the map of people; the X Activity API has each under ``data``."""
    known = people.get(person) if isinstance(people, dict) else None
    inner = known.get("data") if isinstance(known, dict) else None
    described = inner if isinstance(inner, dict) else known
    return words_in(described, "name") if isinstance(described, dict) else None


def _attachments(said: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The one picture or film of a message, at the address that needs no signature when there is one."""
    media = object_in(object_in(said, "attachment"), "media")
    if not media:
        return ()
    variants = objects_in(object_in(media, "video_info"), "variants")
    films = [words_in(one, "url") for one in variants if one.get("content_type") == "video/mp4"]
    film = next((url for url in films if url), None)
    kind = "image" if text_in(media, "type") in {None, "photo"} else "video"
    return (Attachment(kind, url=film or words_in(media, "media_url_https")),)


def _mark(kind: EventKind, raw: Mapping[str, Any], account: str, key: str | None) -> Event:
    """Read up to a message, or writing. An account's own marks come to it too, and are nobody's."""
    sender, at = id_in(raw, "sender_id"), moment(raw.get("created_timestamp"))
    target = id_in(raw, "last_read_event_id")
    made = key or key_of(kind.value, account, sender, target, raw.get("created_timestamp"))
    if sender is None or (account and sender == account):
        return Event(EventKind.IGNORE, made, account, customer=False, note=f"our own {kind.value}", raw=raw)
    return Event(kind, made, account, person=sender, at=at, target=target, watermark=_read_up_to(kind, at), raw=raw)


def _read_up_to(kind: EventKind, at: Any) -> Any:
    return at if kind is EventKind.READ else None


def _encrypted(payload: Mapping[str, Any], key: str, account: str, named: str) -> Event:
    """What cannot be read by anybody without the account's private keys."""
    sender, at = id_in(payload, "sender_id"), moment(payload.get("created_at_msec"))
    if named == "chat.received" and sender is not None and sender != account:
        identity = id_in(payload, "id")
        return Event(
            EventKind.UNSUPPORTED, key, account, person=sender, at=at, id=identity, note=ENCRYPTED, raw=payload
        )
    return Event(EventKind.IGNORE, key, account, at=at, customer=False, note="our own encrypted message", raw=payload)


def _revoked(raw: Mapping[str, Any], key: str, account: str, at: Any) -> Event:
    note = "The account's owner took our app's access away: connect it anew, then resume the inbox."
    return Event(EventKind.SYSTEM, key, account, at=at, note=note, raw=raw)
