"""The event in an update of Telegram: one update is one event, told by which of its fields is there.

Source: Telegram Bot API 10.1, "Update", "Message", "Chat", "CallbackQuery", "ChatMemberUpdated". A message's number is
unique in its own chat alone, so our id of it holds the chat's too, and the business connection's when there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.buttons import ASK_FOR_HUMAN
from bot.channels.channel import Event, EventKind
from bot.channels.reading import (
    Broken,
    digest_of,
    id_in,
    kept,
    list_in,
    moment,
    object_in,
    read_json,
    text_in,
    words_in,
)
from bot.channels.telegram_files import attachments_of

CALLBACK = "callback:"  # before the id of a pressed button: whoever marks that as seen answers the press
BUSINESS = "business:"  # before the connection in a thread and in a message's id
PERSON_COMMANDS = frozenset({"/human", "/person", "/agent"})
_GROUPS = frozenset({"group", "supergroup", "channel"})
_SERVICE = ("new_chat_members", "left_chat_member", "group_chat_created", "supergroup_chat_created", "pinned_message")
_MOVED = ("migrate_to_chat_id", "migrate_from_chat_id")
_IGNORED = frozenset(
    {
        *("channel_post", "edited_channel_post", "inline_query", "chosen_inline_result", "poll", "poll_answer"),
        *("message_reaction_count", "chat_member", "chat_join_request", "chat_boost", "removed_chat_boost"),
        *("shipping_query", "pre_checkout_query", "purchased_paid_media", "guest_message"),
    }
)


def update_events(body: bytes) -> list[Event]:
    """The one event of an update. Raises BadInput for what is no JSON object."""
    update = read_json(body)
    raw: Mapping[str, Any] = kept(update)
    try:
        number = id_in(update, "update_id")
    except Broken:
        number = None
    key = number or digest_of(raw)
    try:
        return [_of_update(raw, key)]
    except Broken as why:
        return [Event(EventKind.ERROR, key, person=_somebody(raw), note=str(why), raw=raw)]


def message_id(message: Mapping[str, Any]) -> str | None:
    """Our id of a message: ``{chat}:{number}``, after ``business:{connection}:`` for one of a business account."""
    number, place = id_in(message, "message_id"), id_in(object_in(message, "chat"), "id")
    if number is None or place is None:
        return None
    connection = id_in(message, "business_connection_id")
    return f"{BUSINESS}{connection}:{place}:{number}" if connection else f"{place}:{number}"


def _of_update(raw: Mapping[str, Any], key: str) -> Event:
    for name, read in _READERS.items():
        if raw.get(name) is not None:
            return read(raw, object_in(raw, name), key)
    named = sorted(name for name in raw if name != "update_id")
    if any(name in _IGNORED for name in named):
        return Event(EventKind.IGNORE, key, note=named[0], raw=raw)
    return Event(EventKind.UNKNOWN, key, note=", ".join(named)[:200] or "nothing", raw=raw)


def _somebody(raw: Mapping[str, Any]) -> str | None:
    """The chat of a broken update, when at least that can be read."""
    for inner in raw.values():
        if isinstance(inner, dict):
            try:
                return id_in(object_in(inner, "chat"), "id")
            except Broken:
                return None
    return None


def _said(kind: EventKind, raw: Mapping[str, Any], message: Mapping[str, Any], key: str, **more: Any) -> Event:
    """What every event about a message has: where, who, when."""
    place = object_in(message, "chat")
    person, sender = id_in(place, "id"), object_in(message, "from")
    if person is None:
        raise Broken("chat has no id")
    group = words_in(place, "type") in _GROUPS or person.startswith("-")
    facts: dict[str, Any] = {
        "person": person,
        "at": moment(message.get("edit_date") or message.get("date")),
        "name": _name(sender) or _name(place),
        "language": words_in(sender, "language_code"),
        "thread": _thread(message),
        "group": group,
        "author": id_in(sender, "id") if group else None,
    }
    return Event(kind, key, raw=raw, **(facts | more))


def _name(who: Mapping[str, Any]) -> str | None:
    given = " ".join(word for word in (words_in(who, "first_name"), words_in(who, "last_name")) if word)
    return given or words_in(who, "title") or words_in(who, "username")


def _thread(message: Mapping[str, Any]) -> str | None:
    """``7`` for a topic, ``business:AbC`` for a business connection, ``business:AbC/7`` for both."""
    topic = id_in(message, "message_thread_id") if message.get("is_topic_message") is True else None
    connection = id_in(message, "business_connection_id")
    if not connection:
        return topic
    return f"{BUSINESS}{connection}/{topic}" if topic else f"{BUSINESS}{connection}"


def _message(raw: Mapping[str, Any], message: Mapping[str, Any], key: str) -> Event:
    if any(message.get(name) is not None for name in (*_SERVICE, *_MOVED)):
        named = next(name for name in (*_SERVICE, *_MOVED) if message.get(name) is not None)
        return _said(EventKind.SYSTEM, raw, message, key, note=named.replace("_", " "))
    text, attachments = text_in(message, "text") or text_in(message, "caption"), attachments_of(message)
    if text is None and not attachments:
        note = "The customer sent something that Telegram or this service cannot show here."
        return _said(EventKind.UNSUPPORTED, raw, message, key, id=message_id(message), note=note)
    event = _said(
        EventKind.MESSAGE,
        raw,
        message,
        key,
        id=message_id(message),
        text=text,
        attachments=attachments,
        reply_to=_answered(message),
        **_command(text),
    )
    return _owned(event, message, stickers=all(one.kind == "sticker" for one in attachments) and text is None)


def _owned(event: Event, message: Mapping[str, Any], *, stickers: bool) -> Event:
    """Whose words they are: in a business account both sides' arrive, the owner's from their own app."""
    sender = id_in(object_in(message, "from"), "id")
    if _connection(message) and sender and sender != event.person:
        by_a_bot = bool(object_in(message, "sender_business_bot"))
        return replace(event, kind=EventKind.ECHO, customer=False, human=not by_a_bot, payload=None, action=None)
    return replace(event, reply_due=not event.group and not stickers)


def _connection(message: Mapping[str, Any]) -> str | None:
    return id_in(message, "business_connection_id")


def _answered(message: Mapping[str, Any]) -> str | None:
    answered = object_in(message, "reply_to_message")
    if not answered or (message.get("is_topic_message") is True and "forum_topic_created" in answered):
        return None  # in a topic every message "answers" the one that made the topic
    connection = _connection(message)
    return message_id({**answered, "business_connection_id": connection} if connection else answered)


def _command(text: str | None) -> dict[str, Any]:
    """``/start order_1042`` is a deep link and its word the payload; ``/human`` asks for a person."""
    if not text or not text.startswith("/"):
        return {}
    word, _, rest = text.partition(" ")
    command = word.partition("@")[0].lower()
    if command in PERSON_COMMANDS:
        return {"action": command, "payload": ASK_FOR_HUMAN}
    return {"action": command, "payload": rest.strip() or None if command == "/start" else None}


def _edited(raw: Mapping[str, Any], message: Mapping[str, Any], key: str) -> Event:
    sender, target = id_in(object_in(message, "from"), "id"), message_id(message)
    text = text_in(message, "text") or text_in(message, "caption")
    event = _said(EventKind.EDIT, raw, message, key, target=target, text=text)
    if _connection(message) and sender and sender != event.person:
        return _said(EventKind.IGNORE, raw, message, key, customer=False, note="our own side edited its words")
    return event


def _deleted(raw: Mapping[str, Any], gone: Mapping[str, Any], key: str) -> Event:
    place, numbers = object_in(gone, "chat"), list_in(gone, "message_ids")
    known = [number for number in numbers if isinstance(number, int) and not isinstance(number, bool)]
    connection = _connection(gone)
    ids = [
        message_id({"message_id": number, "chat": place, "business_connection_id": connection}) or ""
        for number in known
    ]
    if not ids:
        raise Broken("message_ids names no message")
    return _said(EventKind.DELETE, raw, gone, key, target=ids[0], targets=tuple(ids))


def _pressed(raw: Mapping[str, Any], press: Mapping[str, Any], key: str) -> Event:
    """A button of ours. Its own moment is not told: the message under which it stands may be old, or gone (date 0)."""
    sender, message = object_in(press, "from"), object_in(press, "message")
    where = {**message, "from": sender, "date": None}
    if not object_in(message, "chat"):
        where["chat"] = {"id": id_in(sender, "id"), "type": "private"}
    data, identity = text_in(press, "data"), id_in(press, "id")
    event = _said(
        EventKind.POSTBACK,
        raw,
        where,
        key,
        id=f"{CALLBACK}{identity}" if identity else None,
        text=_title(message, data) or data,
        payload=data,
        target=message_id(where),
    )
    return replace(event, reply_due=not event.group)


def _title(message: Mapping[str, Any], data: str | None) -> str | None:
    """What the pressed button says, found by its data among the buttons that come back with the message."""
    rows = message.get("reply_markup")
    keyboard = rows.get("inline_keyboard") if isinstance(rows, dict) else None
    for row in keyboard if isinstance(keyboard, list) else []:
        for button in row if isinstance(row, list) else []:
            if isinstance(button, dict) and data is not None and button.get("callback_data") == data:
                return words_in(button, "text")
    return None


def _reacted(raw: Mapping[str, Any], reaction: Mapping[str, Any], key: str) -> Event:
    new = [one for one in list_in(reaction, "new_reaction") if isinstance(one, dict)]
    emoji = next((one["emoji"] for one in new if isinstance(one.get("emoji"), str)), None)
    where = {**reaction, "from": reaction.get("user")}
    action = "react" if new else "unreact"
    emoji = emoji or ("★" if new else None)  # a custom or paid one has no character of its own
    return _said(EventKind.REACTION, raw, where, key, target=message_id(where), action=action, emoji=emoji)


def _member(raw: Mapping[str, Any], change: Mapping[str, Any], key: str) -> Event:
    """In a private conversation: the person blocked the bot, or let it in again. In a group: the bot came or went."""
    status = words_in(object_in(change, "new_chat_member"), "status")
    gone = status in {"kicked", "left"}
    event = _said(EventKind.SUBSCRIPTION, raw, change, key, action="block" if gone else "unblock")
    if event.group:
        note = f"The bot is now {'no longer a member' if gone else status or 'a member'} of this group."
        return _said(EventKind.SYSTEM, raw, change, key, note=note)
    return event


def _connected(raw: Mapping[str, Any], connection: Mapping[str, Any], key: str) -> Event:
    on = connection.get("is_enabled") is True
    note = f"A business account was {'connected to' if on else 'disconnected from'} the bot."
    return Event(EventKind.SYSTEM, key, at=moment(connection.get("date")), customer=False, note=note, raw=raw)


_READERS = {
    "message": _message,
    "business_message": _message,
    "edited_message": _edited,
    "edited_business_message": _edited,
    "deleted_business_messages": _deleted,
    "callback_query": _pressed,
    "message_reaction": _reacted,
    "my_chat_member": _member,
    "business_connection": _connected,
}
ALLOWED_UPDATES = tuple(_READERS)
