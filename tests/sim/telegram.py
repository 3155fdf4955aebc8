"""Telegram as its Bot API answers and as it writes updates. Source: Telegram Bot API 10.1; the fixtures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.sim.accounts import Account
from tests.sim.calls import Asked, Refusal, Reply, Told, fixture_reply
from tests.sim.checking import body_of, demand, many, only, words
from tests.sim.world import NotThere, Words, World

_PATH = re.compile(r"/bot([^/]+)/(\w+)")
_FILE = re.compile(r"/file/bot([^/]+)/files/(.+)")
_SET_UP = {
    "setWebhook": {"url", "secret_token", "allowed_updates", "max_connections", "drop_pending_updates"},
    "setMyCommands": {"commands", "scope", "language_code"},
    "setMyDescription": {"description", "language_code"},
}
_CHECKS = {"getWebhookInfo", "getMe"}
_COURTESIES = {
    "sendChatAction": ("typing", {"chat_id", "action"}, {"message_thread_id", "business_connection_id"}),
    "answerCallbackQuery": ("seen", {"callback_query_id"}, {"text", "show_alert", "url", "cache_time"}),
    "readBusinessMessage": ("seen", {"business_connection_id", "chat_id", "message_id"}, set[str]()),
}


class Telegram:
    """See `tests.sim.world.Platform`. The account's id is the bot's number; a person is the number of a private one."""

    channel = "telegram"

    def __init__(self, world: World) -> None:
        self._world = world

    def understand(self, asked: Asked) -> Told:
        if asked.base == "telegram_file":
            return self._file(asked)
        found = _PATH.fullmatch(asked.path)
        account = found and self._world.accounts.by_token(found[1], self.channel)
        if found is None or not account:
            raise Refusal(f"{asked.method} {asked.path[:12]}…: no such bot or path", _error(404, "Not Found"))
        method = found[2]
        if method in _CHECKS:
            return Told(self.channel, account.id, "check", tag=method)
        body = body_of(asked, _bad)
        if method == "sendMessage":
            return _said(account, body)
        if method == "getFile":
            only(body, {"file_id"}, set(), _bad, method)
            return Told(self.channel, account.id, "where", body=body["file_id"])
        if method in _COURTESIES:
            what, needed, allowed = _COURTESIES[method]
            only(body, needed, allowed, _bad, method)
            return Told(self.channel, account.id, what, str(body["chat_id"]) if "chat_id" in body else None, body=body)
        if method not in _SET_UP:
            raise Refusal(f"no such method: {method}", _error(404, "Not Found: method not found"))
        only(body, set(), _SET_UP[method], _bad, method)
        return Told(self.channel, account.id, "set up", tag=method, body=body)

    def _file(self, asked: Asked) -> Told:
        found = _FILE.fullmatch(asked.path)
        account = found and self._world.accounts.by_token(found[1], self.channel)
        if asked.method != "GET" or found is None or not account or found[2] not in self._world.files:
            raise Refusal("no such file", _error(404, "Not Found"))
        return Told(self.channel, account.id, "file", body=found[2])

    def take(self, told: Told) -> Reply:
        account = self._world.accounts.of(self.channel, told.account)
        if told.what == "send":
            return self._take_send(account, told)
        if told.what == "file":
            return Reply(200, self._world.files[str(told.body)].content, {"content-type": "application/octet-stream"})
        if told.what == "where":
            if told.body not in self._world.files:
                raise Refusal("no such file", _bad("invalid file_id"))
            file = self._world.files[told.body]
            about = {"file_id": file.id, "file_unique_id": f"u{file.id}", "file_size": len(file.content)}
            return _ok({**about, "file_path": f"files/{file.id}"})
        if told.what == "check":
            if told.tag == "getMe":
                return _ok(_bot(account))
            return _ok({"url": account.hook, "has_custom_certificate": False, "pending_update_count": 0})
        if told.tag == "setWebhook":
            url = words(told.body.get("url"), 2000, _bad, "url")
            account.hook = "/" + url.split("://", 1)[-1].partition("/")[2]
            account.said = told.body.get("secret_token", "")
        return _ok(True)

    def _take_send(self, account: Account, told: Told) -> Reply:
        person = str(told.person)
        if self._world.since(account, person) is None:
            raise Refusal(f"telegram: {person} has never written", _bad("chat not found"))
        if self._world.blocked(account, person):
            reply = _error(403, "Forbidden: bot was blocked by the user")
            raise Refusal(f"{person} has blocked us", reply, wrong=False)
        number = self._world.number()
        told.provider_id, told.accepted = str(number), True
        now = int(self._world.clock.now().timestamp())
        where = {"id": int(person), "first_name": "Ana", "type": "private"}
        result = {"message_id": number, "from": _bot(account), "chat": where, "date": now, "text": told.text}
        return _ok(result)

    def afterwards(self, told: Told) -> list[Mapping[str, Any]]:
        """Nothing: Telegram sends neither echoes nor receipts."""
        return []

    def event(self, kind: str, account: Account, words: Words) -> Mapping[str, Any]:
        who = {"id": int(words.person), "is_bot": False, "first_name": words.name, "language_code": "en"}
        where = {"id": int(words.person), "first_name": words.name, "type": "private"}
        seconds = int(words.at.timestamp())
        return {"update_id": 800_000_000 + self._world.number(), **_update(kind, account, words, who, where, seconds)}

    def bodies(self, account: Account, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """One webhook for each update."""
        return events

    def new_id(self) -> str:
        return str(self._world.number())


def _update(
    kind: str, account: Account, words: Words, who: dict[str, Any], where: dict[str, Any], seconds: int
) -> dict[str, Any]:
    about = {"from": who, "chat": where, "date": seconds}
    if kind in {"text", "attachment"}:
        message: dict[str, Any] = {"message_id": int(words.id), **about}
        if words.reply_to:
            message["reply_to_message"] = {"message_id": int(words.reply_to), "chat": where, "date": seconds}
        return {"message": message | _content(kind, words)}
    if kind == "edit":
        message = {"message_id": int(words.target), **about, "edit_date": seconds, "text": words.text}
        return {"edited_message": message}
    if kind == "postback":
        shown = {"message_id": int(words.target or 1), "from": _bot(account), "chat": where, "date": seconds}
        query = {"id": words.id, "from": who, "message": {**shown, "text": "text"}, "chat_instance": "-1"}
        return {"callback_query": {**query, "data": words.payload}}
    if kind == "reaction":
        new = [{"type": "emoji", "emoji": words.emoji}] if words.emoji else []
        told = {"chat": where, "message_id": int(words.target), "user": who, "date": seconds}
        return {"message_reaction": {**told, "old_reaction": [], "new_reaction": new}}
    if kind in {"block", "unblock"}:
        states = [{"user": _bot(account), "status": state} for state in ("member", "kicked")]
        old, new_state = states if kind == "block" else states[::-1]
        told = {"chat": where, "from": who, "date": seconds}
        return {"my_chat_member": {**told, "old_chat_member": old, "new_chat_member": new_state}}
    raise NotThere(f"Telegram never tells a bot of {kind}")


def _content(kind: str, words: Words) -> dict[str, Any]:
    if kind == "text" or words.file is None:
        return {"text": words.text}
    caption = {"caption": words.text} if words.text else {}
    about: dict[str, Any] = {"file_id": words.file.id, "file_unique_id": f"u{words.file.id}"}
    about["file_size"] = len(words.file.content)
    if words.kind == "image":
        return {"photo": [{**about, "width": 90, "height": 67}], **caption}
    return {"document": {**about, "file_name": words.file.name, "mime_type": words.file.media_type}, **caption}


def _said(account: Account, body: Mapping[str, Any]) -> Told:
    allowed = {"parse_mode", "reply_parameters", "message_thread_id", "business_connection_id", "reply_markup"}
    only(body, {"chat_id", "text"}, allowed, _bad, "sendMessage")
    person = str(body["chat_id"])
    demand(person.lstrip("-").isdecimal(), f"chat_id {person!r} is no number", _bad)
    text = words(body["text"], 4096, _bad, "message text")
    buttons = _keyboard(body["reply_markup"]) if "reply_markup" in body else ()
    return Told("telegram", account.id, "send", person, text, buttons, body=body)


def _keyboard(given: Any) -> tuple[tuple[str, str], ...]:
    if "keyboard" in given:
        only(given, {"keyboard"}, {"one_time_keyboard", "resize_keyboard"}, _bad, "reply_markup")
        return tuple((words(one["text"], 200, _bad, "a key"), "") for row in given["keyboard"] for one in row)
    only(given, {"inline_keyboard"}, set(), _bad, "reply_markup")
    found: list[tuple[str, str]] = []
    for row in many(given["inline_keyboard"], 100, _bad, "inline_keyboard"):
        for one in many(row, 8, _bad, "a row"):
            only(one, {"text", "callback_data"}, set(), _bad, "a button")
            data = words(one["callback_data"], 64, _bad, "callback_data", unit="bytes")
            found.append((words(one["text"], 200, _bad, "a button's text"), data))
    return tuple(found)


def _bot(account: Account) -> dict[str, Any]:
    return {"id": int(account.id), "is_bot": True, "first_name": "Shop", "username": "shop_bot"}


def _ok(result: Any) -> Reply:
    return Reply(200, {**fixture_reply("telegram/api_send_ok").body, "result": result})


def _error(status: int, description: str) -> Reply:
    return Reply(status, {"ok": False, "error_code": status, "description": description})


def _bad(why: str) -> Reply:
    return _error(400, f"Bad Request: {why}")
