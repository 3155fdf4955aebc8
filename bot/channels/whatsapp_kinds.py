"""Each type of WhatsApp message: what stands in it and what it means to us. Source: Cloud API, "Messages" webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.channels.channel import Attachment, Event, EventKind
from bot.channels.reading import Broken, id_in, list_in, object_in, objects_in, text_in, words_in

_FILES = {"image": "image", "video": "video", "audio": "audio", "document": "file", "sticker": "sticker"}
_RESEND = "131060"
_NEW_IDS = ("wa_id", "new_wa_id", "user_id", "new_user_id")  # WhatsApp's own names in a system message


def first_error(source: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Code and words of the first error in a list ``errors``; None for what is not told."""
    error = next(iter(objects_in(source, "errors")), {})
    code = error.get("code")
    details = error.get("error_data")
    told = words_in(details, "details") if isinstance(details, dict) else None
    known = isinstance(code, int | str) and not isinstance(code, bool)
    return (str(code)[:20] if known else None), told or words_in(error, "message") or words_in(error, "title")


def content_of(message: Mapping[str, Any]) -> dict[str, Any]:
    """Words, files, pressed button and answered message of a message, as fields of an `Event`.

    A type with no reader is an attachment of kind ``other``, so that its place in the thread is not empty.
    """
    kind = text_in(message, "type") or "nothing"
    read = _CONTENT.get(kind)
    told = read(message, kind) if read else {"attachments": (Attachment("other", text=kind[:40]),)}
    return {**told, "reply_to": id_in(object_in(message, "context"), "id")}


def _inner(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = object_in(message, name)
    if not inner:
        raise Broken(f"a message of type {name} without its {name}")
    return inner


def _text(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"text": text_in(_inner(message, "text"), "body")}


def _file(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The bytes are asked for by id; an address beside the id is only good with our token, like the one we ask for."""
    inner = _inner(message, kind)
    ref = id_in(inner, "id")
    one = Attachment(
        _FILES[kind],
        url=None if ref else words_in(inner, "url"),
        ref=ref,
        name=words_in(inner, "filename"),
        media_type=words_in(inner, "mime_type"),
        text="a voice message" if inner.get("voice") is True else None,
    )
    return {"text": text_in(inner, "caption"), "attachments": (one,)}


def _location(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    place = _inner(message, "location")
    degrees = [place.get("latitude"), place.get("longitude")]
    if any(isinstance(one, bool) or not isinstance(one, int | float) for one in degrees):
        raise Broken("a location without its degrees")
    name = ", ".join(word for word in (words_in(place, "name"), words_in(place, "address")) if word)
    return {"attachments": (Attachment("location", text=f"{degrees[0]},{degrees[1]}", name=name or None),)}


def _contacts(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {"attachments": tuple(_contact(one) for one in list_in(message, "contacts"))}


def _contact(card: Any) -> Attachment:
    if not isinstance(card, dict):
        raise Broken("a contact is not an object")
    name = object_in(card, "name")
    numbers = [words_in(phone, "phone") for phone in objects_in(card, "phones")]
    whole = words_in(name, "formatted_name") or words_in(name, "first_name")
    return Attachment("contact", name=whole, text=", ".join(one for one in numbers if one) or None)


def _interactive(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """A button of ours, a row of a list of ours, or a filled-in form."""
    inner = _inner(message, "interactive")
    for name in ("button_reply", "list_reply"):
        if chosen := object_in(inner, name):
            return {"text": text_in(chosen, "title"), "payload": text_in(chosen, "id")}
    form = _inner(inner, "nfm_reply")
    return {"text": text_in(form, "body"), "payload": text_in(form, "response_json")}


def _button(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    inner = _inner(message, "button")
    return {"text": text_in(inner, "text"), "payload": text_in(inner, "payload")}


def _order(message: Mapping[str, Any], kind: str) -> dict[str, Any]:
    order = _inner(message, "order")
    items = [f"{one.get('quantity')} × {one.get('product_retailer_id')}" for one in objects_in(order, "product_items")]
    return {"text": text_in(order, "text"), "attachments": (Attachment("order", text=", ".join(items)[:1000]),)}


_CONTENT: dict[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
    "text": _text,
    **dict.fromkeys(_FILES, _file),
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
}


def _said(raw: Mapping[str, Any], start: Event) -> Event:
    told = content_of(raw)
    asks = not start.group and not _only_a_sticker(told)
    return replace(start, kind=EventKind.MESSAGE, reply_due=asks, note=_how_it_came(raw), **told)


def _only_a_sticker(told: Mapping[str, Any]) -> bool:
    return any(one.kind == "sticker" for one in told.get("attachments", ()))


def _how_it_came(raw: Mapping[str, Any]) -> str | None:
    """Forwarded, or from an ad: for agents to know."""
    context, ad = object_in(raw, "context"), object_in(raw, "referral")
    told = [
        "forwarded many times" if context.get("frequently_forwarded") is True else "",
        "forwarded" if context.get("forwarded") is True else "",
        f"came from an ad: {words_in(ad, 'headline') or words_in(ad, 'source_id') or ''}" if ad else "",
    ]
    return ", ".join(word for word in told if word) or None


def _reaction(raw: Mapping[str, Any], start: Event) -> Event:
    """No emoji, or an empty one, takes the reaction back."""
    reaction = _inner(raw, "reaction")
    emoji = text_in(reaction, "emoji")
    target = _target(id_in(reaction, "message_id"))
    action = "react" if emoji else "unreact"
    return replace(start, kind=EventKind.REACTION, target=target, emoji=emoji, action=action)


def _edit(raw: Mapping[str, Any], start: Event) -> Event:
    edit = _inner(raw, "edit")
    told = content_of(_inner(edit, "message"))
    target = _target(id_in(edit, "original_message_id"))
    return replace(start, kind=EventKind.EDIT, target=target, **told)


def _revoke(raw: Mapping[str, Any], start: Event) -> Event:
    target = _target(id_in(_inner(raw, "revoke"), "original_message_id"))
    return replace(start, kind=EventKind.DELETE, target=target)


def _target(own: str | None) -> str:
    if own is None:
        raise Broken("it does not say which message it is about")
    return own


def _system(raw: Mapping[str, Any], start: Event) -> Event:
    """A new number or a new id is another id of the same person; a changed identity is for agents to know."""
    system = object_in(raw, "system")
    new = [id_in(system, name) for name in _NEW_IDS]
    aliases = dict.fromkeys([*start.aliases, *(one for one in new if one and one != start.person)])
    return replace(
        start,
        kind=EventKind.SYSTEM,
        aliases=tuple(aliases),
        action=text_in(system, "type"),
        note=text_in(system, "body"),
    )


def _unsupported(raw: Mapping[str, Any], start: Event) -> Event:
    code, told = first_error(raw)
    note = f"The customer sent something that WhatsApp does not pass on: {told or 'it does not say what'}"
    if code == _RESEND:
        note = "WhatsApp could not pass on this customer's first message. Ask them to send it again."
    return replace(start, kind=EventKind.UNSUPPORTED, code=code, note=note)


def _welcome(raw: Mapping[str, Any], start: Event) -> Event:
    note = "The customer opened the conversation for the first time."
    return replace(start, kind=EventKind.SYSTEM, action="request_welcome", note=note)


KINDS: dict[str, Callable[[Mapping[str, Any], Event], Event]] = {
    **dict.fromkeys(_CONTENT, _said),
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "unsupported": _unsupported,
    "request_welcome": _welcome,
}
