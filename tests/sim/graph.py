"""Messenger and Instagram as their Graph API answers sends and as they write webhooks.

Sources: Meta, Messenger Platform "Send API", "Webhooks"; Instagram Platform "Webhooks > examples"; the fixtures.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.sim.accounts import Account
from tests.sim.calls import Asked, Refusal, Reply, Told, fixture_reply
from tests.sim.checking import body_of, demand, many, only, words
from tests.sim.clock import millis
from tests.sim.meta_answers import graph_error, invalid, no_such, node_and_edge, spoken_for
from tests.sim.world import NotThere, Words, World

OWN_APP = 4242  # the product's app, as its echoes name it
_OBJECT = {"messenger": "page", "instagram": "instagram"}
_LONGEST = {"messenger": (2000, "characters"), "instagram": (1000, "bytes")}
_WINDOW = {"messenger": "messenger/api_error_10_2018278_window", "instagram": "instagram/api_error_10_2534022_window"}
_ACTIONS = {"typing_on": "typing", "typing_off": "typing", "mark_seen": "seen"}
_PEOPLE_ANSWER = timedelta(days=7)  # HUMAN_AGENT
_USUAL = timedelta(hours=24)


class Messaging:
    """See `tests.sim.world.Platform`; ``channel`` is messenger or instagram."""

    def __init__(self, world: World, channel: str) -> None:
        self._world, self.channel = world, channel

    def understand(self, asked: Asked) -> Told:
        account = spoken_for(self._world, asked, self.channel)
        node, edge = node_and_edge(asked)
        if node not in {"me", account.id}:
            raise no_such(asked)
        if asked.method == "GET" and not edge:
            return Told(self.channel, account.id, "check", body=dict(asked.query))
        if asked.method != "POST" or edge not in {"messages", "subscribed_apps", "messenger_profile"}:
            raise no_such(asked)
        body = body_of(asked, invalid)
        return self._said(account, body) if edge == "messages" else _set_up(self.channel, account, edge, body)

    def _said(self, account: Account, body: Mapping[str, Any]) -> Told:
        if "sender_action" in body:
            only(body, {"recipient", "sender_action"}, set(), invalid, "a sender action")
            demand(body["sender_action"] in _ACTIONS, f"sender_action {body['sender_action']!r}", invalid)
            what = _ACTIONS[body["sender_action"]]
            return Told(self.channel, account.id, what, _recipient(body), body=body)
        only(body, {"recipient", "message", "messaging_type"}, {"tag"}, invalid, "a send")
        how, tag = body["messaging_type"], body.get("tag")
        plain = how in {"RESPONSE", "UPDATE"} and tag is None
        demand(plain or (how, tag) == ("MESSAGE_TAG", "HUMAN_AGENT"), f"messaging_type {how}, tag {tag}", invalid)
        message = body["message"]
        demand(isinstance(message, dict), "message is no object", invalid)
        mentioned = {"metadata"} if self.channel == "messenger" else set()
        only(message, {"text"}, {"quick_replies"} | mentioned, invalid, "message")
        most, unit = _LONGEST[self.channel]
        text = words(message["text"], most, invalid, "text", unit=unit)
        key = words(message["metadata"], 1000, invalid, "metadata") if "metadata" in message else None
        buttons = _quick_replies(message["quick_replies"]) if "quick_replies" in message else ()
        return Told(self.channel, account.id, "send", _recipient(body), text, buttons, key, tag, body=body)

    def take(self, told: Told) -> Reply:
        account = self._world.accounts.of(self.channel, told.account)
        if told.what == "check":
            return Reply(200, _account_fields(account))
        if told.what == "set up":
            profile = told.tag == "messenger_profile"
            return Reply(200, {"result": "success"} if profile else {"success": True})
        person = str(told.person)
        since = self._world.since(account, person)
        if since is None:
            reply = graph_error(400, 100, "No matching user found", 2018001)
            raise Refusal(f"{self.channel}: {person} has never written", reply)
        if told.what != "send":
            return Reply(200, {"recipient_id": person})
        if self._world.blocked(account, person):
            reply = graph_error(403, 551, "This person isn't available right now.", 1545041)
            raise Refusal(f"{person} has blocked us", reply, wrong=False)
        if since > (_PEOPLE_ANSWER if told.tag else _USUAL):
            raise Refusal(f"{person}'s window is closed", fixture_reply(_WINDOW[self.channel]), wrong=False)
        told.provider_id, told.accepted = self.new_id(), True
        body = fixture_reply(f"{self.channel}/api_send_ok").body
        return Reply(200, {**body, "recipient_id": person, "message_id": told.provider_id})

    def afterwards(self, told: Told) -> list[Mapping[str, Any]]:
        """The echo; on Messenger the delivery too."""
        account = self._world.accounts.of(self.channel, told.account)
        ours = str(OWN_APP) if self.channel == "messenger" else None
        at = told.at or self._world.clock.now()
        echo = Words(str(told.person), at, str(told.provider_id), told.text, key=told.key, app=ours)
        events = [self.event("echo", account, echo)]
        if self.channel == "messenger":
            told_of = Words(str(told.person), self._world.clock.now(), target=str(told.provider_id))
            events.append(self.event("delivered", account, told_of))
        return [body for event in events for body in self.bodies(account, [event])]

    def event(self, kind: str, account: Account, words: Words) -> Mapping[str, Any]:
        customer, us = {"id": words.person}, {"id": account.id}
        sides = {"sender": us, "recipient": customer} if kind == "echo" else {"sender": customer, "recipient": us}
        return {**sides, "timestamp": millis(words.at), **self._content(kind, words)}

    def _content(self, kind: str, words: Words) -> dict[str, Any]:
        """What stands beside sender, recipient and time."""
        if kind in {"text", "attachment", "delete", "echo"}:
            return {"message": self._message(kind, words)}
        if kind == "postback":
            return {"postback": {"mid": words.id, "title": words.text, "payload": words.payload}}
        if kind == "edit":
            return {"message_edit": {"mid": words.target, "text": words.text, "num_edit": 1}}
        if kind == "reaction":
            how = {"reaction": "other", "emoji": words.emoji} if words.emoji else {}
            return {"reaction": {"mid": words.target, "action": "react" if words.emoji else "unreact", **how}}
        if kind == "read":
            seen = {"mid": words.target} if self.channel == "instagram" else {"watermark": millis(words.at), "seq": 1}
            return {"read": seen}
        if kind == "delivered" and self.channel == "messenger":
            return {"delivery": {"mids": [words.target], "watermark": millis(words.at), "seq": 1}}
        raise NotThere(f"{self.channel} never tells of {kind}")

    def _message(self, kind: str, words: Words) -> dict[str, Any]:
        message: dict[str, Any] = {"mid": words.target if kind == "delete" else words.id}
        if kind == "delete":
            if self.channel == "messenger":
                raise NotThere("Messenger documents no unsend")
            return {**message, "is_deleted": True}
        if words.text:
            message["text"] = words.text
        if kind == "text" and words.payload:
            message["quick_reply"] = {"payload": words.payload}
        if words.reply_to:
            message["reply_to"] = {"mid": words.reply_to}
        if kind == "echo":
            app = {"app_id": int(words.app)} if words.app else {}
            message |= {"is_echo": True, **app, **({"metadata": words.key} if words.key else {})}
        if words.file is not None:
            url = f"{self._world.own}/media/{words.file.id}/{words.file.name}"
            message["attachments"] = [{"type": words.kind, "payload": {"url": url}}]
        return message

    def bodies(self, account: Account, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        entry = {"id": account.id, "time": millis(self._world.clock.now()), "messaging": events}
        return [{"object": _OBJECT[self.channel], "entry": [entry]}]

    def new_id(self) -> str:
        return f"m_sim_{self.channel[0]}{self._world.number()}"


def _recipient(body: Mapping[str, Any]) -> str:
    recipient = body["recipient"]
    demand(isinstance(recipient, dict), "recipient is no object", invalid)
    only(recipient, {"id"}, set(), invalid, "recipient")
    return words(recipient["id"], 64, invalid, "recipient.id")


def _quick_replies(given: Any) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for one in many(given, 13, invalid, "quick_replies"):
        only(one, {"content_type", "title", "payload"}, {"image_url"}, invalid, "a quick reply")
        demand(one["content_type"] == "text", "a quick reply is no text", invalid)
        title = words(one["title"], 20, invalid, "a quick reply's title")
        found.append((title, words(one["payload"], 1000, invalid, "a quick reply's payload")))
    return tuple(found)


def _set_up(channel: str, account: Account, edge: str, body: Mapping[str, Any]) -> Told:
    if edge == "subscribed_apps":
        only(body, {"subscribed_fields"}, set(), invalid, edge)
        words(body["subscribed_fields"], 2000, invalid, "subscribed_fields")
    else:
        known = {"greeting", "get_started", "persistent_menu", "ice_breakers", "platform"}
        only(body, set(), known, invalid, edge)
    return Told(channel, account.id, "set up", tag=edge, body=body)


def _account_fields(account: Account) -> dict[str, str]:
    if account.channel == "instagram":
        return {"id": account.id, "user_id": account.id, "username": "simulated_shop"}
    return {"id": account.id, "name": "Simulated page"}
