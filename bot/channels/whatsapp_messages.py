"""What we send through WhatsApp: words, words with buttons or a list, templates, ticks and dots.

Source: Meta, WhatsApp Cloud API "Messages", "Interactive reply buttons", "Interactive lists", "Typing indicators".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.channel import Part
from bot.channels.meta import shortened
from handover.entries import Button

LONGEST_TEXT = 4096
LONGEST_WITH_BUTTONS = 1024
MOST_BUTTONS = 3
MOST_ROWS = 10
LONGEST_TITLE = 20
_LONGEST_ROW = 24
_LONGEST_ROW_TEXT = 72
_LONGEST_BUTTON_ID = 256
_LONGEST_ROW_ID = 200
_OWN_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")  # a business-scoped id, for people without a number


def whatsapp_body(person: str, part: Part) -> dict[str, Any]:
    """The body of a send, with our key as the data that comes back in every status."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **addressed(person),
        **_content(part),
        "biz_opaque_callback_data": part.key,
    }


def addressed(person: str) -> dict[str, str]:
    """``recipient`` for a business-scoped id, else ``to`` with a plus: without it our country's code is put before."""
    if _OWN_ID.fullmatch(person):
        return {"recipient": person}
    return {"to": person if person.startswith("+") else f"+{person}"}


def _content(part: Part) -> dict[str, Any]:
    if part.template is not None:
        return {"type": "template", "template": template_body(part.template)}
    buttons = _fitting(part.buttons)
    if not buttons:
        return _text(part.text)
    if not 0 < len(part.text) <= LONGEST_WITH_BUTTONS:
        return _text(_with_choices(part.text, buttons))
    body = {"text": part.text}
    if len(buttons) <= MOST_BUTTONS:
        replies = [
            {"type": "reply", "reply": {"id": one.payload, "title": _title(one, LONGEST_TITLE)}} for one in buttons
        ]
        return {"type": "interactive", "interactive": {"type": "button", "body": body, "action": {"buttons": replies}}}
    action = {"button": "Choose", "sections": [{"title": "Choose", "rows": [_row(one) for one in buttons]}]}
    return {"type": "interactive", "interactive": {"type": "list", "body": body, "action": action}}


def _text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": words, "preview_url": False}}


def _fitting(buttons: Sequence[Button]) -> list[Button]:
    """At most ten choices with ids short enough and all different, or WhatsApp refuses the whole message."""
    most = _LONGEST_BUTTON_ID if len(buttons) <= MOST_BUTTONS else _LONGEST_ROW_ID
    by_id = {one.payload: one for one in buttons if one.title.strip() and 0 < len(one.payload) <= most}
    by_title = {_title(one, LONGEST_TITLE): one for one in by_id.values()}
    return list(by_title.values())[:MOST_ROWS]


def _title(button: Button, most: int) -> str:
    return shortened(button.title.strip(), most)


def _row(button: Button) -> dict[str, str]:
    row = {"id": button.payload, "title": _title(button, _LONGEST_ROW)}
    if row["title"] != button.title.strip():
        row["description"] = _title(button, _LONGEST_ROW_TEXT)
    return row


def _with_choices(words: str, buttons: Sequence[Button]) -> str:
    """The choices as lines to write, where the text is too long to carry buttons and they still fit."""
    whole = "\n".join([words, "", *(f"• {one.title.strip()}" for one in buttons)])
    return whole if len(whole) <= LONGEST_TEXT else words


def template_body(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template from ``{name, language, parameters}``; parameters in order, or by name when they are a mapping."""
    body: dict[str, Any] = {
        "name": str(template.get("name", "")),
        "language": {"code": str(template.get("language") or "en")},
    }
    given = template.get("parameters") or ()
    if isinstance(given, Mapping):
        parameters = [{"type": "text", "parameter_name": str(name), "text": str(one)} for name, one in given.items()]
    else:
        parameters = [{"type": "text", "text": str(one)} for one in given]
    if parameters:
        body["components"] = [{"type": "body", "parameters": parameters}]
    return body


def read_mark(last: str, *, typing: bool) -> dict[str, Any]:
    """Two blue ticks on the customer's message; with ``typing`` the dots too, for 25 seconds or until our message."""
    body: dict[str, Any] = {"messaging_product": "whatsapp", "status": "read", "message_id": last}
    return {**body, "typing_indicator": {"type": "text"}} if typing else body
