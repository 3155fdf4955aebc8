"""Telegram: bots, the people who start them, and business accounts that a bot answers for.

Source: Telegram Bot API 10.1. There is no signature: Telegram says a secret of ours in a header of each webhook.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from bot.channels.channel import (
    Ability,
    Answer,
    Arrived,
    Attachment,
    Call,
    Event,
    Field,
    Handshake,
    Part,
    Unanswered,
)
from bot.channels.meta_messages import DISCLOSURE
from bot.channels.telegram_events import ALLOWED_UPDATES, BUSINESS, CALLBACK, update_events
from bot.channels.telegram_outcomes import telegram_result
from handover.entries import Button
from handover.inboxes import Inbox
from handover.outcomes import SendResult

SECRET_HEADER = "x-telegram-bot-api-secret-token"
_LONGEST_DATA = 64  # bytes of callback_data
_MOST_BUTTONS = 8
_FIELDS = (
    Field(
        "bot_token", "Bot token", "What @BotFather gave you when you made the bot, like 123456:ABC-DEF.", secret=True
    ),
    Field(
        "webhook_secret",
        "Webhook secret",
        "Only if the webhook was set by hand with a secret of its own; left empty, one is made from the token.",
        secret=True,
        required=False,
    ),
)


class Telegram:
    """See `bot.channels.channel.Channel`. A person is known by the number of their conversation with the bot.

    What a customer presses must be answered, or their button keeps turning: such an event's ``id`` begins with
    ``callback:``, and `seen` and `typing` with it as the newest message are the request that answers it.
    """

    name = "telegram"
    bases: Mapping[str, str] = {"telegram": "https://api.telegram.org", "telegram_file": "https://api.telegram.org"}
    ability = Ability(
        title="Telegram",
        limit=4096,
        unit="characters",
        fields=_FIELDS,
        account=Field("account", "Bot id", "The digits before the colon of the bot's token."),
        buttons=_MOST_BUTTONS,
        button_title=40,
        per_second=25.0,  # 30 to all people together: Telegram, "Bots FAQ: My bot is hitting limits"
        person_seconds=1.0,  # the same page: about one message a second to one person
        typing=True,
        seen=True,  # presses and business accounts; an ordinary conversation has no ticks for bots
        media_hosts=("api.telegram.org",),
    )

    def handshake(self, inbox: Inbox, asked: Arrived) -> Handshake:
        """Telegram asks nothing: a GET is somebody else."""
        return Handshake(ours=False)

    def verify(self, inbox: Inbox, arrived: Arrived) -> bool:
        expected = webhook_secret(inbox)
        given = arrived.headers.get(SECRET_HEADER, "")
        return bool(expected) and hmac.compare_digest(_octets(given), _octets(expected))

    def parse(self, body: bytes, headers: Mapping[str, str]) -> list[Event]:
        return update_events(body)

    def send(self, inbox: Inbox, person: str, part: Part) -> Call:
        body = {**_where(person, part.thread), "text": part.text}
        if keyboard := keyboard_of(part.buttons):
            body["reply_markup"] = keyboard
        return _call(inbox, "sendMessage", body)

    def result(self, answer: Answer | Unanswered) -> SendResult:
        return telegram_result(answer)

    def typing(self, inbox: Inbox, person: str, *, thread: str | None = None, last: str | None = None) -> Call | None:
        """The dots, for five seconds; or, after a press, the answer that stops the button from turning."""
        if last and last.startswith(CALLBACK):
            return _call(inbox, "answerCallbackQuery", {"callback_query_id": last.removeprefix(CALLBACK)})
        return _call(inbox, "sendChatAction", {**_where(person, thread), "action": "typing"})

    def seen(self, inbox: Inbox, person: str, last: str) -> Call | None:
        """A press is answered, a business account's message is marked; an ordinary one has nothing to mark."""
        if last.startswith(CALLBACK):
            return self.typing(inbox, person, last=last)
        if not last.startswith(BUSINESS):
            return None
        connection, _, rest = last.removeprefix(BUSINESS).partition(":")
        number = rest.rpartition(":")[2]
        if not number.isdecimal():
            return None
        body = {"business_connection_id": connection, "chat_id": person, "message_id": int(number)}
        return _call(inbox, "readBusinessMessage", body)

    def locate(self, inbox: Inbox, attachment: Attachment) -> Call | None:
        return _call(inbox, "getFile", {"file_id": attachment.ref}) if attachment.ref else None

    def located(self, inbox: Inbox, answer: Answer) -> tuple[str, Mapping[str, str]] | None:
        """Under the base URL ``telegram_file``: a Bot API server of one's own keeps its files elsewhere."""
        result = answer.json.get("result") if isinstance(answer.json, dict) else None
        path = result.get("file_path") if isinstance(result, dict) else None
        if not isinstance(path, str) or not path or ".." in path.split("/") or path.startswith("/"):
            return None
        return f"telegram_file:/file/bot{inbox.secrets.get('bot_token', '')}/{path}", {}

    def check(self, inbox: Inbox) -> Call | None:
        """Where Telegram sends our webhooks, how many wait, and what went wrong last."""
        return _call(inbox, "getWebhookInfo", {})

    def prepare(self, inbox: Inbox, webhook: str) -> Sequence[Call]:
        """The webhook with its secret and every kind of update we read; the menu with the way to a person."""
        hook = {
            "url": webhook,
            "secret_token": webhook_secret(inbox),
            "allowed_updates": list(ALLOWED_UPDATES),  # reactions come only when they are asked for
            "max_connections": 40,
        }
        commands = [
            {"command": "human", "description": "Talk to a person"},
            {"command": "start", "description": "Begin"},
        ]
        return (
            _call(inbox, "setWebhook", hook, "Have webhooks sent to us, and say what of"),
            _call(inbox, "setMyCommands", {"commands": commands}, "Show the menu with the way to a person"),
            _call(
                inbox,
                "setMyDescription",
                {"description": f"{DISCLOSURE} Write /human for a person."},
                "Say before the first message that an AI answers",
            ),
        )


def webhook_secret(inbox: Inbox) -> str:
    """What Telegram is to say with each webhook: the inbox's own, else one made from the bot's token; "" without one.

    43 characters of ``A-Za-z0-9_-``, which is all that Telegram allows.
    """
    if own := inbox.secrets.get("webhook_secret", ""):
        return own
    token = inbox.secrets.get("bot_token", "")
    if not token:
        return ""
    made = hmac.digest(_octets(token), f"switchboard webhook {inbox.id}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def keyboard_of(buttons: Sequence[Button]) -> dict[str, Any] | None:
    """Buttons under the message; where a payload is longer than Telegram carries, a keyboard that says the titles."""
    shown = [button for button in buttons if button.title][:_MOST_BUTTONS]
    if not shown:
        return None
    if all(0 < len(_octets(button.payload)) <= _LONGEST_DATA for button in shown):
        return {"inline_keyboard": [[{"text": one.title, "callback_data": one.payload}] for one in shown]}
    rows = [[{"text": button.title}] for button in shown]
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True}


def _where(person: str, thread: str | None) -> dict[str, Any]:
    """The conversation, its topic and the business connection that speaks there."""
    where: dict[str, Any] = {"chat_id": person}
    if thread and thread.startswith(BUSINESS):
        where["business_connection_id"], _, thread = thread.removeprefix(BUSINESS).partition("/")
    if thread and thread.isdecimal():
        where["message_thread_id"] = int(thread)
    return where


def _call(inbox: Inbox, method: str, body: Mapping[str, Any], what: str = "") -> Call:
    return Call(base="telegram", path=f"/bot{inbox.secrets.get('bot_token', '')}/{method}", json=body, what=what)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", errors="backslashreplace")  # a comparison of text raises for non-ASCII
