"""WhatsApp: what is sent, how its answers are taken, and how a number is set up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.channels.channel import Answer, Attachment, Part
from bot.channels.whatsapp import WhatsApp
from handover.entries import Button
from handover.inboxes import Inbox
from handover.outcomes import Outcome
from tests.support.spoilt_json import fixture

WHATSAPP = WhatsApp()


INBOX = Inbox(
    id="whatsapp.0a1b2c3d",
    channel="whatsapp",
    name="The shop's number",
    account="106540000000001",
    settings={"verify_token": "ours"},
    secrets={"app_secret": "test-app-secret", "access_token": "wa-token"},
)


ANSWERS = [
    ("api_send_ok", Outcome.SENT),
    ("api_send_ok_bsuid", Outcome.SENT),
    ("api_mark_read_ok", Outcome.SENT),
    ("api_error_130429_throughput", Outcome.RETRY),
    ("api_error_131016_unavailable", Outcome.RETRY),
    ("api_error_131056_pair_rate", Outcome.RETRY),
    ("api_error_131026_undeliverable", Outcome.FINAL_PERSON),
    ("api_error_131047_reengagement", Outcome.FINAL_WINDOW),
]


def sent(part: Part, person: str = "15005550010") -> Any:
    call = WHATSAPP.send(INBOX, person, part)
    assert (call.base, call.method, call.path) == ("graph", "POST", "/v26.0/106540000000001/messages")
    assert call.headers == {"Authorization": "Bearer wa-token"}
    return call.json


def test_words_go_to_a_number_with_its_plus_or_to_an_id() -> None:
    assert sent(Part("out:1.0", 0, "Hello")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+15005550010",
        "type": "text",
        "text": {"body": "Hello", "preview_url": False},
        "biz_opaque_callback_data": "out:1.0",
    }
    own = sent(Part("out:1.0", 0, "Hello"), "US.90000000000000000001")
    assert own["recipient"] == "US.90000000000000000001"
    assert "to" not in own


def test_three_choices_are_buttons_and_more_are_a_list() -> None:
    few = tuple(Button(f"Choice {number}", f"/c{number}") for number in range(3))
    assert sent(Part("k", 0, "Which?", buttons=few))["interactive"] == {
        "type": "button",
        "body": {"text": "Which?"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": f"/c{n}", "title": f"Choice {n}"}} for n in range(3)]},
    }
    many = tuple(Button(f"Choice {number} with a long title", f"/c{number}") for number in range(12))
    rows = sent(Part("k", 0, "Which?", buttons=many))["interactive"]["action"]["sections"][0]["rows"]
    assert len(rows) == 10
    assert rows[0] == {"id": "/c0", "title": "Choice 0 with a long ti…", "description": "Choice 0 with a long title"}


def test_choices_that_whatsapp_would_refuse_do_not_spoil_the_message() -> None:
    same = (Button("Yes", "/a"), Button("Yes", "/b"), Button(" ", "/c"), Button("No", ""), Button("Long", "x" * 257))
    buttons = sent(Part("k", 0, "Sure?", buttons=same))["interactive"]["action"]["buttons"]
    assert [one["reply"]["title"] for one in buttons] == ["Yes"]
    long = sent(Part("k", 0, "x" * 1025, buttons=(Button("Talk to a person", "ask_for_human"),)))
    assert long["text"]["body"].endswith("x\n\n• Talk to a person")
    assert sent(Part("k", 0, "x" * 4096, buttons=(Button("Yes", "/a"),)))["text"]["body"] == "x" * 4096


def test_a_template_carries_its_parameters_in_order_or_by_name() -> None:
    part = Part(
        "k", 0, "Your order 7 is on its way", template={"name": "on_its_way", "language": "en", "parameters": ["7"]}
    )
    assert sent(part)["template"] == {
        "name": "on_its_way",
        "language": {"code": "en"},
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "7"}]}],
    }
    named = sent(replace(part, template={"name": "on_its_way", "parameters": {"order": "7"}}))["template"]
    assert named["components"][0]["parameters"] == [{"type": "text", "parameter_name": "order", "text": "7"}]
    assert "components" not in sent(replace(part, template={"name": "hello", "language": "de"}))["template"]


@pytest.mark.parametrize(("name", "outcome"), ANSWERS)
def test_every_answer_of_the_fixtures_is_classified(name: str, outcome: Outcome) -> None:
    told = fixture("whatsapp", name)
    assert WHATSAPP.result(Answer(told["status"], told["headers"], told["body"])).outcome is outcome


def test_the_pair_limit_asks_for_pauses_that_grow_by_four() -> None:
    told = fixture("whatsapp", "api_error_131056_pair_rate")
    assert WHATSAPP.result(Answer(told["status"], told["headers"], told["body"])).growth == 4.0


def test_ticks_and_dots_need_a_message_of_theirs() -> None:
    assert WHATSAPP.typing(INBOX, "1") is None
    typing, seen = WHATSAPP.typing(INBOX, "1", last="wamid.1"), WHATSAPP.seen(INBOX, "1", "wamid.1")
    assert typing is not None
    assert seen is not None
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}
    assert (seen.json, typing.json) == (read, {**read, "typing_indicator": {"type": "text"}})


def test_a_file_is_located_with_our_token_and_only_by_a_sound_id() -> None:
    call = WHATSAPP.locate(INBOX, Attachment("image", ref="65463453"))
    assert call is not None
    assert (call.method, call.path) == ("GET", "/v26.0/65463453?phone_number_id=106540000000001")
    assert WHATSAPP.locate(INBOX, Attachment("image", ref="../me")) is None
    assert WHATSAPP.locate(INBOX, Attachment("location")) is None
    found = WHATSAPP.located(INBOX, Answer(200, {}, {"url": "https://lookaside.fbsbx.com/x"}))
    assert found == ("https://lookaside.fbsbx.com/x", {"Authorization": "Bearer wa-token"})
    for answer in (Answer(404, {}, {"url": "x"}), Answer(200, {}, None), Answer(200, {}, {"url": 5})):
        assert WHATSAPP.located(INBOX, answer) is None


def test_the_number_is_set_up_with_the_way_to_a_person_and_its_own_address() -> None:
    where, prompts = WHATSAPP.prepare(INBOX, "https://shop.example/webhooks/whatsapp/0a1b2c3d")
    assert (where.path, where.json) == (
        "/v26.0/106540000000001",
        {
            "webhook_configuration": {
                "override_callback_uri": "https://shop.example/webhooks/whatsapp/0a1b2c3d",
                "verify_token": "ours",
            }
        },
    )
    assert prompts.json == {"prompts": ["Talk to a person"]}
    whole = replace(INBOX, settings={"verify_token": "ours", "business_account": "102290000000001"})
    subscribe, *_ = WHATSAPP.prepare(whole, "https://shop.example/webhooks/whatsapp/0a1b2c3d")
    assert (subscribe.path, subscribe.json) == ("/v26.0/102290000000001/subscribed_apps", None)
    check = WHATSAPP.check(INBOX)
    assert check is not None
    assert check.path.startswith("/v26.0/106540000000001?fields=")
