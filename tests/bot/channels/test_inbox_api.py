"""Inboxes over HTTP: who may what, what platforms are asked, and that secrets only go in."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.channels.channel import Unanswered
from bot.channels.inbox_wishes import Wish
from bot.channels.registry import CHANNELS
from handover.desk import open_desk
from handover.inbox_cipher import Cipher, new_key
from handover.login_api import COOKIE
from handover.policy_settings import load_policy
from tests.support.inbox_house import MARK, NEEDED, OURS, House, a_body, a_house, json_answer

NOWHERE = "telegram.ffffffff"


@pytest.mark.parametrize("channel", CHANNELS)
async def test_an_admin_makes_an_inbox_of_every_channel_and_its_secrets_only_go_in(house: House, channel: str) -> None:
    added = await house.add(channel)
    key = added["id"].removeprefix(f"{channel}.")
    assert len(key) == 8
    assert (added["channel"], added["name"], added["account"]) == (channel, f"Our {channel}", "4711")
    hidden = {f.name: f for f in CHANNELS[channel].ability.fields if f.secret}
    assert added["secrets"] == {name: "set" if name in NEEDED[channel] else "missing" for name in hidden}
    assert added["webhook_url"] == f"{OURS}/webhooks/{channel}/{key}"
    assert len(added["verify_token"]) >= 32
    assert added["settings"] == {}
    assert (added["paused_why"], added["handshake_at"], added["webhook_at"]) == (None, None, None)
    assert (added["queued"], added["not_delivered"]) == (0, 0)
    assert (await house.book.get(added["id"])).secrets == NEEDED[channel]
    assert (await house.asks("GET", "/inboxes")).json() == [added]
    assert (await house.asks("GET", f"/inboxes/{added['id']}")).json() == added


async def test_everybody_at_the_desk_reads_what_channels_can_do_and_how_inboxes_are_called(house: House) -> None:
    added = await house.add()
    for headers in (house.admin, house.agent):
        told = (await house.asks("GET", "/channels", by=headers)).json()["channels"]
        assert [one["name"] for one in told] == list(CHANNELS)
    whatsapp = next(one for one in told if one["name"] == "whatsapp")
    assert (whatsapp["title"], whatsapp["unit"], whatsapp["window_seconds"]) == ("WhatsApp", "characters", 86_400)
    assert (whatsapp["human_window_seconds"], whatsapp["templates"]) == (None, True)
    assert whatsapp["account"]["label"] == "Phone number id"
    assert whatsapp["fields"][0].keys() == {"name", "label", "help", "secret", "required"}
    assert [one["name"] for one in told if one["experimental"]] == ["x"]
    await house.asks("POST", f"/inboxes/{added['id']}/pause")
    names = (await house.asks("GET", "/inboxes", by=house.agent)).json()
    assert names == [
        {"id": added["id"], "channel": "telegram", "name": "Our telegram", "paused_why": "Paused by Admin."}
    ]


def _every_way(inbox: str) -> list[tuple[str, str, Any]]:
    deeds = [("POST", f"/inboxes/{inbox}/{verb}", None) for verb in ("check", "prepare", "pause", "resume")]
    return [
        *[("GET", f"/inboxes/{inbox}", None), ("PATCH", f"/inboxes/{inbox}", {"name": "Mine"})],
        *[("DELETE", f"/inboxes/{inbox}", None), *deeds],
    ]


async def test_the_rest_is_for_admins_from_our_own_pages(house: House) -> None:
    added = await house.add()
    ways = [*_every_way(added["id"]), ("POST", "/inboxes", a_body(account="4712"))]
    cookie = {"cookie": f"{COOKIE}={house.admin['authorization'].removeprefix('Bearer ')}"}
    elsewhere = {**cookie, "origin": "https://evil.example"}
    for method, path, body in ways:
        assert (await house.asks(method, path, by=house.agent, json=body)).status_code == 403, path
        assert (await house.asks(method, path, by={}, json=body)).status_code == 401, path
        for headers in (cookie, elsewhere) if method != "GET" else ():
            assert (await house.asks(method, path, by=headers, json=body)).status_code == 403, path
    assert (await house.asks("GET", "/inboxes")).json() == [added]
    own = {**cookie, "origin": "http://house.example"}
    assert (await house.asks("PATCH", f"/inboxes/{added['id']}", by=own, json={"name": "Shop"})).status_code == 200
    for path in ("/channels", "/inboxes"):
        assert (await house.asks("GET", path, by={})).status_code == 401


async def test_what_is_not_there_is_not_found_and_a_removed_inbox_is_not_there(house: House) -> None:
    added = await house.add()
    assert (await house.asks("DELETE", f"/inboxes/{added['id']}")).status_code == 204
    for inbox in (NOWHERE, added["id"], "web", "telegram.%00", "%F0%9F%98%80"):
        for method, path, body in _every_way(inbox):
            answer = await house.asks(method, path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
    assert (await house.asks("GET", "/inboxes")).json() == []
    async with house.backends.records.reading() as view:
        kept = await view.inboxes.get(added["id"])
    assert (kept.inbox.enabled, kept.sealed) == (False, None)
    again = await house.add()  # the account is free again
    assert again["id"] != added["id"]


async def test_a_change_leaves_what_it_does_not_name_and_erases_what_it_empties(house: House) -> None:
    added = await house.add("x", settings={"webhook_id": "99"}, secrets=NEEDED["x"] | {"app_token": f"{MARK}-app"})
    assert added["settings"] == {"webhook_id": "99"}
    place = f"/inboxes/{added['id']}"
    changed = (await house.asks("PATCH", place, json={"name": "Shop"})).json()
    assert changed == {**added, "name": "Shop"}
    renewed = {"access_token": f"{MARK}-renewed", "app_token": ""}
    changed = (await house.asks("PATCH", place, json={"settings": {"webhook_id": None}, "secrets": renewed})).json()
    assert (changed["settings"], changed["secrets"]["app_token"]) == ({}, "missing")
    assert (await house.book.get(added["id"])).secrets == NEEDED["x"] | {"access_token": f"{MARK}-renewed"}
    refused = await house.asks("PATCH", place, json={"name": "Other", "secrets": {"consumer_secret": ""}})
    assert refused.json()["detail"] == {"field": "consumer_secret"}
    assert (await house.asks("GET", place)).json() == changed


async def test_a_paused_inbox_says_why_until_it_is_resumed(house: House) -> None:
    added = await house.add()
    place = f"/inboxes/{added['id']}"
    await house.book.pause(added["id"], "The token was withdrawn.")
    assert (await house.asks("POST", f"{place}/pause")).json()["paused_why"] == "The token was withdrawn."
    assert (await house.asks("POST", f"{place}/resume")).json() == added
    assert (await house.asks("POST", f"{place}/pause")).json()["paused_why"] == "Paused by Admin."


async def test_it_says_when_the_platform_was_heard(house: House) -> None:
    added = await house.add()
    await house.book.saw_handshake(added["id"])
    house.clock.advance(60)
    await house.book.saw_webhook(added["id"])
    shown = (await house.asks("GET", f"/inboxes/{added['id']}")).json()
    assert (shown["handshake_at"], shown["webhook_at"]) == ("2026-01-05T09:00:00Z", "2026-01-05T09:01:00Z")


async def test_what_the_platform_says_is_told_for_each_request(house: House) -> None:
    added = await house.add("messenger")
    place, calls = f"/inboxes/{added['id']}", house.calls
    calls.answers = [json_answer(200, {"id": "4711", "name": "Tarn & Trail"})]
    said = (await house.asks("POST", f"{place}/check")).json()
    words = "Facebook Messenger accepts our access as Tarn & Trail."
    assert said == {"ok": True, "what": "Check access", "words": words, "todo": ""}
    done, refused = {"success": True}, {"error": {"code": 100, "message": "Param subscribed_fields must be known"}}
    calls.answers = [json_answer(200, done), Unanswered(written=True, why="ReadTimeout"), json_answer(400, refused)]
    steps = (await house.asks("POST", f"{place}/prepare")).json()["steps"]
    assert [step["ok"] for step in steps] == [True, False, False]
    assert [step["what"] for step in steps] == [call.what for call in calls.asked[1:]]
    assert all(step["what"] for step in steps)
    assert steps[0]["words"] == "Done."
    assert "did not answer" in steps[1]["words"]
    assert "Param subscribed_fields must be known" in steps[2]["words"]
    assert [call.method for call in calls.asked] == ["GET", "POST", "POST", "POST"]


async def test_preparing_names_our_address_and_may_have_nothing_to_do(house: House) -> None:
    bot, account = await house.add(), await house.add("x")
    house.calls.answers = [json_answer(200, {"ok": True, "result": True})] * 3
    assert (await house.asks("POST", f"/inboxes/{bot['id']}/prepare")).json()["steps"][0]["ok"]
    assert house.calls.asked[0].json is not None
    assert house.calls.asked[0].json["url"] == bot["webhook_url"]
    assert (await house.asks("POST", f"/inboxes/{account['id']}/prepare")).json() == {"steps": []}


async def test_an_inbox_whose_secrets_no_key_opens_says_so_and_takes_new_ones(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'record.db'}"
    async with a_house(tmp_path, Cipher([new_key()])) as before:
        added = await before.add()
    async with a_house(tmp_path, Cipher([new_key()]), url=url) as house:
        place = f"/inboxes/{added['id']}"
        shown = (await house.asks("GET", place)).json()
        assert "SECRETS_KEYS" in shown["paused_why"]
        assert shown["secrets"] == {"bot_token": "missing", "webhook_secret": "missing"}
        for deed in ("check", "prepare"):
            answer = (await house.asks("POST", f"{place}/{deed}")).json()
            assert "SECRETS_KEYS" in json.dumps(answer)  # and no platform was asked
        assert (await house.asks("PATCH", place, json={"name": "Shop"})).status_code == 400
        renewed = await house.asks("PATCH", place, json={"secrets": NEEDED["telegram"]})
        assert (renewed.status_code, renewed.json()["paused_why"]) == (200, None)


async def test_a_secret_is_in_no_answer_no_log_and_not_in_the_record(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    structlog.reset_defaults()
    seen: list[str] = []
    async with a_house(tmp_path) as house:
        for channel in CHANNELS:
            added = await house.add(channel)
            place = f"/inboxes/{added['id']}"
            seen += [json.dumps(added), *await _refusals(house, channel, place), *await _echoes(house, channel, place)]
            seen.append((await house.asks("GET", "/inboxes")).text)
            seen.append((await house.asks("DELETE", place)).text)
        seen.append(repr(Wish("n", "a", NEEDED["x"], NEEDED["x"])))
    written = capsys.readouterr()
    for text in (*seen, caplog.text, written.out, written.err):
        assert MARK not in text
    assert "inbox_added" in written.out
    assert _files_with(MARK.encode(), tmp_path) == []


async def _refusals(house: House, channel: str, place: str) -> list[str]:
    """What is answered to bodies that have a secret in the wrong place, or twice."""
    secret = next(iter(NEEDED[channel].values()))
    wrong: list[Any] = [{"secrets": {"nothing": secret}}, {"settings": NEEDED[channel]}, {"secrets": [secret]}]
    answers = [await house.asks("PATCH", place, json=body) for body in wrong]
    answers.append(await house.asks("POST", "/inboxes", json=a_body(channel)))
    assert [answer.status_code for answer in answers] == [400, 400, 400, 409]
    return [answer.text for answer in answers]


async def _echoes(house: House, channel: str, place: str) -> list[str]:
    """What is shown of a platform that repeats the secret it was given in every place that is read."""
    secret = next(iter(NEEDED[channel].values()))
    echo = f"Malformed access token {secret}"
    named = {"id": secret, "name": secret, "url": f"https://x.example/{secret}", "last_error_message": echo}
    error = {"code": 190, "message": echo}
    bodies: list[Any] = [
        {"error": error, "description": echo, "detail": echo, "message": echo},
        {"ok": False, "error_code": 401, "description": echo},
        *[named, {"result": named}, {"data": named}, {"success": False, "reason": echo}],
    ]
    answers = [json_answer(status, body) for body in bodies for status in (200, 400, 401, 500)]
    seen = []
    for answer in (*answers, Unanswered(written=False, why=echo)):
        house.calls.answers = [answer]
        seen.append((await house.asks("POST", f"{place}/check")).text)
        house.calls.answers = [answer] * 9
        seen.append((await house.asks("POST", f"{place}/prepare")).text)
    house.calls.answers = []
    assert all('"words"' in text for text in seen[::2])
    return seen


def _files_with(piece: bytes, folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if piece in file.read_bytes()]


async def test_lines_that_wait_and_lines_that_wait_for_people_are_counted(house: House) -> None:
    added, other = await house.add(), await house.add("line")
    desk = open_desk(house.backends, clock=house.clock, policy=load_policy())
    for n in range(3):
        customer = await desk.customers.new_customer()
        await desk.customers.start(added["id"], customer.id, greeting=f"Hello {n}.")
    async with house.backends.records.transaction() as tx:
        first, *_ = await tx.outbox.due(house.clock.now(), 9)
        await tx.outbox.settle(first.id, "failed", house.clock.now(), "Nobody there.")
    shown = {one["id"]: (one["queued"], one["not_delivered"]) for one in (await house.asks("GET", "/inboxes")).json()}
    assert shown == {added["id"]: (2, 1), other["id"]: (0, 0)}
