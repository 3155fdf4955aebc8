"""Each kind of event that Messenger and Instagram know: what stands in it and what it means to us."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.channels.channel import Event, EventKind
from bot.channels.meta_attachments import attachments_of, story_answered
from bot.channels.reading import Broken, digest_of, id_in, key_of, list_in, moment, object_in, text_in, words_in

PAGE_INBOX = "263902037430900"  # the app id of Meta's own page inbox: a person wrote there
_ONLY_SEEN = frozenset({"sticker", "story"})  # a thumb or a mention alone asks for nothing
_EMOJI = {"love": "❤️", "like": "👍", "dislike": "👎", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠"}


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an entry, with what its entry says. ``standby``: another app has the conversation."""

    account: str
    raw: Mapping[str, Any]
    sender: str | None
    recipient: str | None
    at: datetime | None
    standby: bool

    def event(self, kind: EventKind, key: str, **more: Any) -> Event:
        """An event of this item, said by its sender: the customer, unless the sender is our own account."""
        ours = self.sender is not None and self.sender == self.account
        person = self.recipient if ours else self.sender
        start = Event(kind, key, self.account, person, at=self.at, customer=not ours, raw=self.raw)
        return replace(start, **more)


def _message(item: Item) -> Event:
    message = object_in(item.raw, "message")
    mid = id_in(message, "mid")
    ours = message.get("is_echo") is True or (item.sender is not None and item.sender == item.account)
    person = item.recipient if ours else item.sender
    if person is None:
        raise Broken("a message that names nobody")
    known: dict[str, Any] = {"person": person, "customer": not ours}
    if message.get("is_deleted") is True:
        return item.event(EventKind.DELETE, key_of("delete", mid), target=_needed(mid), **known)
    key = key_of(mid) if mid else _derived(item)
    if message.get("is_self") is True:
        return item.event(EventKind.IGNORE, key, id=mid, note="a message to ourselves", **known)
    known |= _content(message)
    if ours:
        return _echo(item, message, key, mid, known)
    if message.get("is_unsupported") is True or not (known["text"] or known["attachments"] or known["payload"]):
        note = "The customer sent something that the platform does not show to apps."
        return item.event(EventKind.UNSUPPORTED, key, id=mid, **known | {"note": note})
    asks = bool(known["text"]) or any(shown.kind not in _ONLY_SEEN for shown in known["attachments"])
    if item.standby:
        return item.event(EventKind.STANDBY, key, id=mid, **known)
    return item.event(EventKind.MESSAGE, key, id=mid, reply_due=asks, **known)


def _content(message: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says: words, pictures, the button, what it answers, where it came from."""
    answered = object_in(message, "reply_to")
    return {
        "text": text_in(message, "text"),
        "attachments": attachments_of(message) + story_answered(answered),
        "payload": text_in(object_in(message, "quick_reply"), "payload"),
        "reply_to": id_in(answered, "mid"),
        "note": _came_from(object_in(message, "referral")),
    }


def _echo(item: Item, message: Mapping[str, Any], key: str, mid: str | None, known: dict[str, Any]) -> Event:
    app = id_in(message, "app_id")
    return item.event(
        EventKind.ECHO,
        key,
        id=mid,
        correlation=words_in(message, "metadata"),
        app=app,
        human=app == PAGE_INBOX,
        **known,
    )


def _edit(item: Item) -> Event:
    edit = object_in(item.raw, "message_edit")
    mid = _needed(id_in(edit, "mid"))
    key = key_of("edit", mid, edit.get("num_edit"), _stamp(item))
    return item.event(EventKind.EDIT, key, id=mid, target=mid, text=text_in(edit, "text"))


def _reaction(item: Item) -> Event:
    reaction = object_in(item.raw, "reaction")
    mid, action = _needed(id_in(reaction, "mid")), text_in(reaction, "action") or "react"
    named = words_in(reaction, "reaction")
    emoji = words_in(reaction, "emoji") or _EMOJI.get(named or "", named)
    key = key_of("reaction", mid, item.sender, action, _stamp(item))
    return item.event(EventKind.REACTION, key, target=mid, action=action, emoji=emoji if action == "react" else None)


def _postback(item: Item) -> Event:
    postback = object_in(item.raw, "postback")
    mid = id_in(postback, "mid")
    if item.sender is None:
        raise Broken("a postback that names nobody")
    return item.event(
        EventKind.STANDBY if item.standby else EventKind.POSTBACK,
        key_of(mid) if mid else key_of("postback", item.sender, text_in(postback, "payload"), _stamp(item)),
        id=mid,
        text=text_in(postback, "title"),
        payload=text_in(postback, "payload"),
        reply_due=not item.standby,
        note=_came_from(object_in(postback, "referral")),
    )


def _delivery(item: Item) -> Event:
    delivery = object_in(item.raw, "delivery")
    mids = tuple(mid for mid in list_in(delivery, "mids") if isinstance(mid, str) and mid)
    watermark = moment(delivery.get("watermark"))
    if not mids and watermark is None:
        raise Broken("a delivery of nothing")
    key = key_of("delivery", item.sender, *mids, "" if mids else delivery.get("watermark"))
    return item.event(EventKind.DELIVERY, key, targets=mids, watermark=watermark, at=item.at or watermark)


def _read(item: Item) -> Event:
    read = object_in(item.raw, "read")
    mid, watermark = id_in(read, "mid"), moment(read.get("watermark"))
    if mid is None and watermark is None:
        raise Broken("a reading of nothing")
    key = key_of("read", item.sender, mid or read.get("watermark"))
    return item.event(EventKind.READ, key, target=mid, watermark=watermark)


def _optin(item: Item) -> Event:
    optin = object_in(item.raw, "optin")
    status = words_in(optin, "notification_messages_status") or words_in(optin, "type") or "plugin"
    key = key_of("optin", item.sender or words_in(optin, "user_ref"), digest_of(optin), _stamp(item))
    return item.event(EventKind.OPTIN, key, payload=words_in(optin, "ref"), note=f"agreed to hear from us: {status}")


def _referral(item: Item) -> Event:
    referral = object_in(item.raw, "referral")
    key = key_of("referral", item.sender, digest_of(referral), _stamp(item))
    return item.event(EventKind.REFERRAL, key, payload=words_in(referral, "ref"), note=_came_from(referral))


def _account_link(item: Item) -> Event:
    status = words_in(object_in(item.raw, "account_linking"), "status")
    return item.event(EventKind.ACCOUNT_LINK, key_of("account", item.sender, status, _stamp(item)), action=status)


def _handover(name: str, action: str, app: str) -> Callable[[Item], Event]:
    def read(item: Item) -> Event:
        thread = object_in(item.raw, name)
        key = key_of(action, item.sender, _stamp(item), id_in(thread, app))
        return item.event(
            EventKind.HANDOVER,
            key,
            action=action,
            app=id_in(thread, app),
            note=words_in(thread, "metadata"),
        )

    return read


def _app_roles(item: Item) -> Event:
    roles = object_in(item.raw, "app_roles")
    return item.event(
        EventKind.HANDOVER,
        key_of("app_roles", digest_of(roles), _stamp(item)),
        action="app_roles",
        note="The page's owner changed which app answers first.",
    )


def _policy(name: str) -> Callable[[Item], Event]:
    def read(item: Item) -> Event:
        policy = object_in(item.raw, name)
        action = words_in(policy, "action")
        key = key_of("policy", item.account, digest_of(policy), _stamp(item))
        return item.event(EventKind.POLICY, key, action=action, note=words_in(policy, "reason") or action)

    return read


def _request(item: Item) -> Event:
    """The value is a bare word: accept."""
    word = text_in(item.raw, "message_request")
    key = key_of("request", item.sender, word, _stamp(item))
    return item.event(
        EventKind.SYSTEM, key, action="message_request", note=f"The message request was answered: {word}."
    )


def _came_from(referral: Mapping[str, Any]) -> str | None:
    """Where a person came from, for agents: the link, the ad, the shop."""
    told = [words_in(referral, name) for name in ("source", "type", "ref", "ad_id")]
    return "came from " + " ".join(word for word in told if word) if any(told) else None


def _needed(mid: str | None) -> str:
    if mid is None:
        raise Broken("it does not say which message it is about")
    return mid


def _stamp(item: Item) -> str:
    """The time in a derived key. An event without one is told apart by what stands in it."""
    told = item.raw.get("timestamp")
    return str(told) if isinstance(told, int | str) else digest_of(item.raw)


def _derived(item: Item) -> str:
    return key_of("message", item.sender, digest_of(item.raw))


KINDS: dict[str, Callable[[Item], Event]] = {
    "message": _message,
    "message_edit": _edit,
    "reaction": _reaction,
    "postback": _postback,
    "delivery": _delivery,
    "read": _read,
    "optin": _optin,
    "referral": _referral,
    "account_linking": _account_link,
    "pass_thread_control": _handover("pass_thread_control", "pass", "new_owner_app_id"),
    "take_thread_control": _handover("take_thread_control", "take", "previous_owner_app_id"),
    "request_thread_control": _handover("request_thread_control", "request", "requested_owner_app_id"),
    "app_roles": _app_roles,
    "policy_enforcement": _policy("policy_enforcement"),
    "policy-enforcement": _policy("policy-enforcement"),
    "message_request": _request,
}
