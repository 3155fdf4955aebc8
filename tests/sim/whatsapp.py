"""WhatsApp as its Cloud API answers sends and as it writes webhooks. Sources: Meta's reference; the fixtures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.sim.accounts import Account
from tests.sim.calls import Asked, Refusal, Reply, Told, fixture_reply
from tests.sim.checking import body_of, demand, many, only, words
from tests.sim.meta_answers import invalid, no_such, node_and_edge, spoken_for
from tests.sim.world import File, NotThere, Words, World

_PERSON = re.compile(r"\+[0-9]{6,15}")
_USUAL = timedelta(hours=24)
_BUSINESS = "102290000000001"
_KINDS = {"text", "interactive", "template"}


class WhatsApp:
    """See `tests.sim.world.Platform`. The account's id is the phone number's id; a person is a number without plus."""

    channel = "whatsapp"

    def __init__(self, world: World) -> None:
        self._world = world

    def understand(self, asked: Asked) -> Told:
        account = spoken_for(self._world, asked, self.channel)
        node, edge = node_and_edge(asked)
        if asked.method == "GET" and not edge and node in self._world.files:
            return Told(self.channel, account.id, "where", body=node)
        if edge == "subscribed_apps" and asked.method == "POST" and node == account.settings.get("business_account"):
            return Told(self.channel, account.id, "set up", tag=edge)
        if node not in {"me", account.id}:
            raise no_such(asked)
        if asked.method == "GET" and not edge:
            return Told(self.channel, account.id, "check", body=dict(asked.query))
        if asked.method != "POST" or edge not in {"", "messages", "conversational_automation"}:
            raise no_such(asked)
        body = body_of(asked, invalid)
        return _said(account, body) if edge == "messages" else _set_up(account, edge, body)

    def take(self, told: Told) -> Reply:
        account = self._world.accounts.of(self.channel, told.account)
        if told.what == "check":
            number = {"display_phone_number": "+1 500-555-0006", "verified_name": "Shop", "quality_rating": "GREEN"}
            return Reply(200, {"id": account.id, **number})
        if told.what == "where":
            return Reply(200, _file_fields(self._world, self._world.files[str(told.body)]))
        if told.what == "set up":
            return Reply(200, {"success": True})
        if told.what != "send":
            return fixture_reply("whatsapp/api_mark_read_ok")
        since = self._world.since(account, str(told.person))
        if told.template is None and (since is None or since > _USUAL):
            refused = fixture_reply("whatsapp/api_error_131047_reengagement")
            raise Refusal(f"{told.person}'s window is closed", refused, wrong=since is None)
        told.provider_id, told.accepted = self.new_id(), True
        body = fixture_reply("whatsapp/api_send_ok").body
        contacts = [{"input": f"+{told.person}", "wa_id": told.person}]
        return Reply(200, {**body, "contacts": contacts, "messages": [{"id": told.provider_id}]})

    def afterwards(self, told: Told) -> list[Mapping[str, Any]]:
        """The statuses: sent and delivered; to somebody who blocked us, failed."""
        account = self._world.accounts.of(self.channel, told.account)
        gone = self._world.blocked(account, str(told.person))
        found: list[Mapping[str, Any]] = []
        for kind in ("failed",) if gone else ("sent", "delivered"):
            now = self._world.clock.now()
            fate = Words(
                str(told.person), now, target=str(told.provider_id), key=told.key, note="131026" if gone else ""
            )
            found.extend(self.bodies(account, [self.event(kind, account, fate)]))
        return found

    def event(self, kind: str, account: Account, words: Words) -> Mapping[str, Any]:
        """A piece of a change's value: its list's name, the item, and the contact."""
        contact = {"profile": {"name": words.name}, "wa_id": words.person, "user_id": f"US.9{words.person}"}
        seconds = str(int(words.at.timestamp()))
        if kind in {"sent", "delivered", "read", "failed"}:
            return {"list": "statuses", "item": _status(kind, words, seconds), "contact": contact}
        if kind == "echo":
            about = {"from": "15005550006", "to": words.person, "id": words.id, "timestamp": seconds}
            item = {**about, "type": "text", "text": {"body": words.text}}
            return {"list": "message_echoes", "item": item, "contact": contact}
        item = {"from": words.person, "id": words.id, "timestamp": seconds, **_message(kind, words)}
        if words.reply_to:
            item["context"] = {"from": account.id, "id": words.reply_to}
        return {"list": "messages", "item": item, "contact": contact}

    def bodies(self, account: Account, events: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """One webhook, with one change for each list that has something."""
        about = {"display_phone_number": "15005550006", "phone_number_id": account.id}
        changes: list[Mapping[str, Any]] = []
        for name in ("messages", "statuses", "message_echoes"):
            told = [one for one in events if one["list"] == name]
            contacts = {one["contact"]["wa_id"]: one["contact"] for one in told}
            value = {"messaging_product": "whatsapp", "metadata": about, "contacts": list(contacts.values())}
            field = "smb_message_echoes" if name == "message_echoes" else "messages"
            if told:
                changes.append({"value": {**value, name: [one["item"] for one in told]}, "field": field})
        return [{"object": "whatsapp_business_account", "entry": [{"id": _BUSINESS, "changes": changes}]}]

    def new_id(self) -> str:
        return f"wamid.sim{self._world.number()}"


def _message(kind: str, words: Words) -> dict[str, Any]:
    """A customer's message without who and when."""
    if kind == "text":
        return {"type": "text", "text": {"body": words.text}}
    if kind == "postback":
        reply = {"id": words.payload, "title": words.text}
        return {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    if kind == "edit":
        message = {"context": {"id": "M0"}, "type": "text", "text": {"body": words.text}}
        return {"type": "edit", "edit": {"original_message_id": words.target, "message": message}}
    if kind == "delete":
        return {"type": "revoke", "revoke": {"original_message_id": words.target}}
    if kind == "reaction":
        return {"type": "reaction", "reaction": {"message_id": words.target, "emoji": words.emoji or ""}}
    if kind == "attachment" and words.file is not None:
        named = "document" if words.kind == "file" else words.kind
        held: dict[str, Any] = {"mime_type": words.file.media_type, "sha256": "4654+8g=", "id": words.file.id}
        if named == "document":
            held["filename"] = words.file.name
        if words.text:
            held["caption"] = words.text
        return {"type": named, named: held}
    raise NotThere(f"WhatsApp never tells of {kind}")


def _status(kind: str, words: Words, seconds: str) -> dict[str, Any]:
    item: dict[str, Any] = {"id": words.target, "status": kind, "timestamp": seconds, "recipient_id": words.person}
    if words.key:
        item["biz_opaque_callback_data"] = words.key
    if kind == "failed":
        title = "Message undeliverable"
        code = int(words.note or 131026)
        item["errors"] = [{"code": code, "title": title, "message": title, "error_data": {"details": title}}]
    return item


def _said(account: Account, body: Mapping[str, Any]) -> Told:
    demand(body.get("messaging_product") == "whatsapp", "messaging_product is not whatsapp", invalid)
    if "status" in body:
        only(body, {"messaging_product", "status", "message_id"}, {"typing_indicator"}, invalid, "a read mark")
        demand(body["status"] == "read", "status is not read", invalid)
        demand(body.get("typing_indicator", {"type": "text"}) == {"type": "text"}, "typing_indicator", invalid)
        words(body["message_id"], 200, invalid, "message_id")
        return Told("whatsapp", account.id, "typing" if "typing_indicator" in body else "seen", body=body)
    kind = body.get("type")
    demand(kind in _KINDS, f"type {kind!r}", invalid)
    needed = {"messaging_product", "recipient_type", "type", str(kind)}
    only(body, needed, {"to", "recipient", "context", "biz_opaque_callback_data"}, invalid, "a send")
    person = _addressee(body)
    key = body.get("biz_opaque_callback_data")
    demand(key is None or (isinstance(key, str) and len(key) <= 512), "biz_opaque_callback_data", invalid)
    if kind == "template":
        return Told("whatsapp", account.id, "send", person, key=key, template=_template(body["template"]), body=body)
    if kind == "interactive":
        text, buttons = _interactive(body["interactive"])
        return Told("whatsapp", account.id, "send", person, text, buttons, key, body=body)
    only(body["text"], {"body"}, {"preview_url"}, invalid, "text")
    text = words(body["text"]["body"], 4096, invalid, "text.body")
    return Told("whatsapp", account.id, "send", person, text, key=key, body=body)


def _addressee(body: Mapping[str, Any]) -> str:
    """A number with its plus: without one the country of the business is put before it; or a business-scoped id."""
    if "to" in body:
        demand(_PERSON.fullmatch(str(body["to"])) is not None, f"to {body['to']!r} has no plus", invalid)
        return str(body["to"]).removeprefix("+")
    return words(body.get("recipient"), 140, invalid, "recipient")


def _template(given: Any) -> Mapping[str, Any]:
    only(given, {"name", "language"}, {"components"}, invalid, "template")
    words(given["name"], 512, invalid, "template.name")
    return dict(given)


def _interactive(given: Any) -> tuple[str, tuple[tuple[str, str], ...]]:
    only(given, {"type", "body", "action"}, set(), invalid, "interactive")
    text = words(given["body"]["text"], 1024, invalid, "interactive body")
    if given["type"] == "button":
        replies = [one["reply"] for one in many(given["action"]["buttons"], 3, invalid, "buttons")]
        found = [(words(one["title"], 20, invalid, "title"), words(one["id"], 256, invalid, "id")) for one in replies]
    else:
        demand(given["type"] == "list", f"interactive {given['type']!r}", invalid)
        words(given["action"]["button"], 20, invalid, "the list's button")
        rows = [row for section in given["action"]["sections"] for row in section["rows"]]
        many(rows, 10, invalid, "rows")
        found = [(words(one["title"], 24, invalid, "title"), words(one["id"], 200, invalid, "id")) for one in rows]
    demand(len({id for _, id in found}) == len(found), "two choices have one id", invalid)
    return text, tuple(found)


def _set_up(account: Account, edge: str, body: Mapping[str, Any]) -> Told:
    if edge == "conversational_automation":
        only(body, set(), {"prompts", "commands", "enable_welcome_message"}, invalid, edge)
    else:
        only(body, {"webhook_configuration"}, set(), invalid, "a number's settings")
        only(body["webhook_configuration"], {"override_callback_uri", "verify_token"}, set(), invalid, "its webhook")
    return Told("whatsapp", account.id, "set up", tag=edge, body=body)


def _file_fields(world: World, file: File) -> dict[str, Any]:
    digest = hashlib.sha256(file.content).hexdigest()
    about = {"messaging_product": "whatsapp", "mime_type": file.media_type, "sha256": digest, "id": file.id}
    return {**about, "url": f"{world.own}/media/{file.id}/{file.name}", "file_size": len(file.content)}
