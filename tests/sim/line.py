"""LINE as its Messaging API answers and as it writes webhooks. Sources: LINE Developers' reference; the fixtures."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from tests.sim.accounts import Account
from tests.sim.calls import Asked, Refusal, Reply, Told, fixture_reply
from tests.sim.checking import body_of, demand, many, only, words
from tests.sim.clock import millis
from tests.sim.world import NotThere, Words, World

_CONTENT = re.compile(r"/v2/bot/message/([^/]+)/content")
_SET_UP = {("PUT", "/v2/bot/channel/webhook/endpoint"), ("POST", "/v2/bot/channel/webhook/test")}


class Line:
    """See `tests.sim.world.Platform`. A push whose key was accepted before gets 409 and counts for nothing."""

    channel = "line"

    def __init__(self, world: World) -> None:
        self._world = world
        self._accepted: dict[str, Told] = {}

    def understand(self, asked: Asked) -> Told:
        account = self._world.accounts.by_token(asked.token, self.channel)
        if account is None:
            why = "Authentication failed. Confirm that the access token in the authorization header is valid."
            raise Refusal(f"{asked.path}: no token, or nobody's", Reply(401, {"message": why}))
        if asked.base == "line_data":
            return self._content(asked, account)
        way = (asked.method, asked.path)
        if way == ("GET", "/v2/bot/info"):
            return Told(self.channel, account.id, "check")
        if way == ("POST", "/v2/bot/message/push"):
            return self._push(asked, account)
        if way == ("POST", "/v2/bot/chat/loading/start"):
            body = body_of(asked, _bad)
            only(body, {"chatId"}, {"loadingSeconds"}, _bad, "loading")
            demand(body.get("loadingSeconds", 20) in range(5, 61, 5), "loadingSeconds", _bad)
            return Told(self.channel, account.id, "typing", words(body["chatId"], 33, _bad, "chatId"), body=body)
        if way in _SET_UP:
            body = body_of(asked, _bad)
            only(body, {"endpoint"}, set(), _bad, asked.path)
            return Told(self.channel, account.id, "set up", tag=asked.path.rpartition("/")[2], body=body)
        raise Refusal(f"{asked.method} {asked.path}: no such path", Reply(404, {"message": "Not found"}))

    def _content(self, asked: Asked, account: Account) -> Told:
        found = _CONTENT.fullmatch(asked.path)
        if asked.method != "GET" or found is None or found[1] not in self._world.files:
            raise Refusal(f"{asked.path}: no such content", Reply(404, {"message": "Not found"}))
        return Told(self.channel, account.id, "file", body=found[1])

    def _push(self, asked: Asked, account: Account) -> Told:
        body = body_of(asked, _bad)
        only(body, {"to", "messages"}, {"notificationDisabled", "customAggregationUnits"}, _bad, "a push")
        messages = many(body["messages"], 5, _bad, "messages")
        demand(len(messages) == 1, "one push is one line: more than one message", _bad)
        message = messages[0]
        only(message, {"type", "text"}, {"quickReply"}, _bad, "a message")
        demand(message["type"] == "text", f"type {message['type']!r}", _bad)
        text = words(message["text"], 5000, _bad, "text", unit="utf16")
        buttons = _quick_replies(message["quickReply"]) if "quickReply" in message else ()
        key = asked.headers.get("x-line-retry-key")
        try:
            uuid.UUID(str(key))
        except ValueError as why:
            raise Refusal(f"X-Line-Retry-Key {key!r} is no UUID", _bad("invalid retry key")) from why
        person = words(body["to"], 33, _bad, "to")
        return Told(self.channel, account.id, "send", person, text, buttons, key, body=body)

    def take(self, told: Told) -> Reply:
        account = self._world.accounts.of(self.channel, told.account)
        if told.what == "send":
            return self._take_push(account, told)
        if told.what == "file":
            file = self._world.files[str(told.body)]
            return Reply(200, file.content, {"content-type": file.media_type})
        if told.what == "check":
            about = {"userId": account.id, "basicId": "@simulated", "displayName": "Shop"}
            return Reply(200, {**about, "chatMode": "bot", "markAsReadMode": "auto"})
        if told.what == "set up" and told.tag == "endpoint":
            account.hook = "/" + str(told.body["endpoint"]).split("://", 1)[-1].partition("/")[2]
        return Reply(202 if told.what == "typing" else 200, {})

    def _take_push(self, account: Account, told: Told) -> Reply:
        if (before := self._accepted.get(str(told.key))) is not None:
            reply = fixture_reply("line/api_error_409_retry_key")
            sent = {"message": reply.body["message"], "sentMessages": [{"id": before.provider_id, "quoteToken": "q"}]}
            raise Refusal("accepted before", Reply(409, sent, reply.headers), wrong=False)
        person = str(told.person)
        stranger = self._world.since(account, person) is None
        if stranger:
            raise Refusal(f"line: {person} is no friend", _bad("Failed to send messages"))
        told.provider_id, told.accepted = self.new_id(), True
        self._accepted[str(told.key)] = told
        return Reply(200, {"sentMessages": [{"id": told.provider_id, "quoteToken": f"q{told.provider_id}"}]})

    def afterwards(self, told: Told) -> list[Mapping[str, Any]]:
        """Nothing: LINE sends neither echoes nor receipts."""
        return []

    def event(self, kind: str, account: Account, words: Words) -> Mapping[str, Any]:
        told: dict[str, Any] = {
            "mode": "active",
            "timestamp": millis(words.at),
            "source": {"type": "user", "userId": words.person},
            "webhookEventId": f"01SIM{self._world.number():021d}",
            "deliveryContext": {"isRedelivery": False},
        }
        if kind not in {"delete", "block"}:
            told["replyToken"] = f"reply{self._world.number()}"
        return {**told, **_content(kind, words)}

    def bodies(self, account: Account, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [{"destination": account.id, "events": events}]

    def new_id(self) -> str:
        return str(460_000_000_000_000_000 + self._world.number())


def _content(kind: str, words: Words) -> dict[str, Any]:
    if kind in {"text", "edit"}:
        message = {"id": words.target if kind == "edit" else words.id, "type": "text", "text": words.text}
        quoted = {"quotedMessageId": words.reply_to} if words.reply_to else {}
        named = "messageEdited" if kind == "edit" else "message"
        return {"type": named, "message": {**message, "quoteToken": "q", **quoted}}
    if kind == "attachment" and words.file is not None:
        held: dict[str, Any] = {"id": words.file.id, "type": words.kind}
        if words.kind == "file":
            held |= {"fileName": words.file.name, "fileSize": len(words.file.content)}
        else:
            held["contentProvider"] = {"type": "line"}
        return {"type": "message", "message": held}
    if kind == "postback":
        return {"type": "postback", "postback": {"data": words.payload}}
    if kind == "delete":
        return {"type": "unsend", "unsend": {"messageId": words.target}}
    if kind == "block":
        return {"type": "unfollow"}
    if kind == "unblock":
        return {"type": "follow", "follow": {"isUnblocked": True}}
    raise NotThere(f"LINE never tells of {kind}")


def _quick_replies(given: Any) -> tuple[tuple[str, str], ...]:
    only(given, {"items"}, set(), _bad, "quickReply")
    found: list[tuple[str, str]] = []
    for one in many(given["items"], 13, _bad, "items"):
        only(one, {"type", "action"}, {"imageUrl"}, _bad, "an item")
        only(one["action"], {"type", "label", "data"}, {"displayText"}, _bad, "an action")
        demand(one["action"]["type"] == "postback", "an action is no postback", _bad)
        label = words(one["action"]["label"], 20, _bad, "label")
        found.append((label, words(one["action"]["data"], 300, _bad, "data")))
    return tuple(found)


def _bad(why: str) -> Reply:
    return Reply(400, {"message": f"The request body has an error: {why}"})
