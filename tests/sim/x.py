"""X as its API v2 answers direct messages and as its Activity API writes webhooks. Sources: its docs; the fixtures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.sim.accounts import Account
from tests.sim.calls import Asked, Refusal, Reply, Told, fixture, fixture_reply
from tests.sim.checking import body_of, only, words
from tests.sim.clock import millis
from tests.sim.world import NotThere, Words, World

_SEND = re.compile(r"/2/dm_conversations/with/([0-9]{1,19})/messages")
_NO_IDS = 2_080_765_901_528_600_000


class X:
    """See `tests.sim.world.Platform`. Ids of accounts, people and messages are numbers as text."""

    channel = "x"

    def __init__(self, world: World) -> None:
        self._world = world

    def understand(self, asked: Asked) -> Told:
        if asked.method == "POST" and asked.path == "/2/webhooks":
            only(body_of(asked, _bad), {"url"}, set(), _bad, "a webhook")
            if not asked.token:
                raise Refusal(f"{asked.path}: no token", _problem(401, "Unauthorized"))
            return Told(self.channel, self._world.accounts.of(self.channel).id, "set up", tag="webhooks")
        account = self._world.accounts.by_token(asked.token, self.channel)
        if account is None:
            raise Refusal(f"{asked.path}: no token, or nobody's", _problem(401, "Unauthorized"))
        if asked.method == "GET" and asked.path == "/2/users/me":
            return Told(self.channel, account.id, "check")
        if asked.method == "POST" and asked.path == "/2/activity/subscriptions":
            body = body_of(asked, _bad)
            only(body, {"event_type", "filter", "webhook_id"}, {"tag"}, _bad, "a subscription")
            return Told(self.channel, account.id, "set up", tag="subscriptions", body=body)
        sent = _SEND.fullmatch(asked.path)
        if asked.method != "POST" or sent is None:
            raise Refusal(f"{asked.method} {asked.path}: no such path", _problem(404, "Not Found"))
        body = body_of(asked, _bad)
        only(body, {"text"}, {"attachments"}, _bad, "a direct message")
        text = words(body["text"], 10_000, _bad, "text")
        return Told(self.channel, account.id, "send", sent[1], text, body=body)

    def take(self, told: Told) -> Reply:
        account = self._world.accounts.of(self.channel, told.account)
        if told.what == "check":
            return Reply(200, {"data": {"id": account.id, "name": "brand_a", "username": "brand_a"}})
        if told.what == "set up":
            return Reply(200, {"data": {"id": f"{self._world.number()}", "valid": True}})
        person = str(told.person)
        stranger = self._world.since(account, person) is None
        if stranger or self._world.blocked(account, person):
            reply = fixture_reply("x/api_error_403_cannot_dm")
            raise Refusal(f"x: {person} cannot be written to", reply, wrong=stranger)
        told.provider_id, told.accepted = self.new_id(), True
        data = {"dm_conversation_id": f"{account.id}-{person}", "dm_event_id": told.provider_id}
        return Reply(201, {"data": data})

    def afterwards(self, told: Told) -> list[Mapping[str, Any]]:
        """``dm.sent``, without any key of ours."""
        account = self._world.accounts.of(self.channel, told.account)
        said = Words(str(told.person), told.at or self._world.clock.now(), str(told.provider_id), told.text)
        return self.bodies(account, [self.event("echo", account, said)])

    def event(self, kind: str, account: Account, words: Words) -> Mapping[str, Any]:
        if kind == "read":
            mark = {"created_timestamp": str(millis(words.at)), "sender_id": words.person}
            return {"mark": {**mark, "target": {"recipient_id": account.id}, "last_read_event_id": words.target}}
        if kind not in {"text", "echo"}:
            raise NotThere(f"X never tells of {kind}, or nobody has seen how")
        ours = kind == "echo"
        sender, recipient = (account.id, words.person) if ours else (words.person, account.id)
        none: dict[str, list[Any]] = {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []}
        said = {"text": words.text, "entities": none}
        create = {"target": {"recipient_id": recipient}, "sender_id": sender, "message_data": said}
        message = {"type": "message_create", "id": words.id, "created_timestamp": str(millis(words.at))}
        return {"message": {**message, "message_create": create}, "sent": ours, "person": words.person}

    def bodies(self, account: Account, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """One for all that was received, one for all that was sent, one in the older shape for each read mark."""
        found: list[Mapping[str, Any]] = []
        for sent, file in ((False, "x/xaa_dm_received"), (True, "x/xaa_dm_sent")):
            told = [one for one in events if "message" in one and one["sent"] is sent]
            if told:
                found.append(self._activity(account, told, file))
        for one in events:
            if "mark" in one:
                old = {**fixture("x/aaa_mark_read"), "for_user_id": account.id, "users": {}}
                found.append({**old, "direct_message_mark_read_events": [one["mark"]]})
        return found

    def _activity(self, account: Account, told: list[Mapping[str, Any]], file: str) -> Mapping[str, Any]:
        whole = fixture(file)
        data = whole["data"]
        known = next(iter(data["payload"]["users"].values()))["data"]
        people = {account.id, *(one["person"] for one in told)}
        users = {id: {"data": {**known, "id": id, "username": f"u{id[-6:]}", "name": f"u{id[-6:]}"}} for id in people}
        data["event_uuid"] = str(6_850_472_171_600_000_000 + self._world.number())
        data["filter"] = {"user_id": account.id}
        data["payload"] = {"direct_message_events": [one["message"] for one in told], "users": users}
        return dict(whole)

    def new_id(self) -> str:
        return str(_NO_IDS + self._world.number())


def _problem(status: int, title: str, detail: str = "") -> Reply:
    return Reply(status, {"title": title, "detail": detail or title, "type": "about:blank", "status": status})


def _bad(why: str) -> Reply:
    return _problem(400, "Invalid Request", why)
