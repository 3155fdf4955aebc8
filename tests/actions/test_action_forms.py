"""The forms read what customers write, prove the pair once, and give an interruption its chance."""

from pathlib import Path

import pytest
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.action_forms import (
    ActionAskProduct,
    ActionLeaveForm,
    ValidateAddressChangeForm,
    ValidateOrderStatusForm,
    ValidateReturnRequestForm,
)
from tests.support.hand_shop import broken_shop, fresh_shop, said, set_slots, slot_events, tracker

PAIR = ["order_number", "email"]
DOMAIN: DomainDict = {
    "forms": {
        "order_status_form": {"required_slots": PAIR},
        "return_request_form": {"required_slots": [*PAIR, "product", "return_reason"]},
        "address_change_form": {"required_slots": [*PAIR, "street", "city", "postcode"]},
    }
}
ANNA = {"order_number": "TT-482914", "email": "anna.berg@example.com"}
STATUS, BACK, PLACE = ValidateOrderStatusForm, ValidateReturnRequestForm, ValidateAddressChangeForm


async def validated(
    form: type[STATUS], folder: Path, known: dict[str, object], new: dict[str, object]
) -> tuple[dict[str, object], str]:
    dispatcher = CollectingDispatcher()
    asked = tracker({**known, **new}, events=slot_events(new))
    events = await form(fresh_shop(folder)).get_validation_events(dispatcher, asked, DOMAIN)
    return set_slots(events), said(dispatcher)


@pytest.mark.parametrize(
    ("form", "slot", "written", "kept"),
    [
        (STATUS, "order_number", "tt 482913", "TT-482913"),
        (STATUS, "order_number", ["TT-500120", "tt-482913"], "TT-482913"),
        (STATUS, "email", "anna dot berg at example dot com", "anna.berg@example.com"),
        (BACK, "return_reason", "  too   small ", "too small"),
        (PLACE, "street", "9 High Street, Leeds", "9 High Street"),
        (PLACE, "city", "LS1 4AP Leeds", "Leeds"),
        (PLACE, "postcode", "ls14ap", "LS1 4AP"),
    ],
)
async def test_an_answer_is_kept_in_its_usual_spelling(
    tmp_path: Path, form: type[STATUS], slot: str, written: object, kept: str
) -> None:
    slots, words = await validated(form, tmp_path, {}, {slot: written})
    assert (slots[slot], words) == (kept, "")


@pytest.mark.parametrize(
    ("form", "slot", "written", "hint"),
    [
        (STATUS, "order_number", "12", "six digits"),
        (STATUS, "email", "anna", "complete e-mail address"),
        (BACK, "return_reason", "x", "few more words"),
        (PLACE, "street", "High Street", "house number"),
        (PLACE, "city", "9", "name of the town"),
        (PLACE, "postcode", "here", "postcode"),
    ],
)
async def test_an_unusable_answer_is_asked_again_with_a_hint(
    tmp_path: Path, form: type[STATUS], slot: str, written: str, hint: str
) -> None:
    slots, words = await validated(form, tmp_path, {}, {slot: written})
    assert slots[slot] is None
    assert hint in words


async def test_the_second_unusable_answer_carries_a_way_to_a_person(tmp_path: Path) -> None:
    dispatcher = CollectingDispatcher()
    new: dict[str, object] = {"order_number": "12"}
    asked = tracker({**new, "form_misses": 1}, events=slot_events(new))
    await STATUS(fresh_shop(tmp_path)).get_validation_events(dispatcher, asked, DOMAIN)
    assert dispatcher.messages[-1]["buttons"] == [{"title": "Talk to a person", "payload": "/human_handoff"}]


async def test_facts_given_before_the_form_began_are_used(tmp_path: Path) -> None:
    slots, words = await validated(STATUS, tmp_path, {}, dict(ANNA))
    assert (slots["identity"], words) == ("order_verified", "")


async def test_a_message_with_both_facts_counts_as_one_try(tmp_path: Path) -> None:
    slots, words = await validated(STATUS, tmp_path, {}, {**ANNA, "email": "tom.hale@example.com"})
    assert (slots["identity_tries"], slots["email"], slots["identity"]) == (1, None, "none")
    assert "can't match" in words


async def test_the_third_wrong_pair_ends_the_form(tmp_path: Path) -> None:
    wrong: dict[str, object] = {"email": "tom.hale@example.com"}
    slots, words = await validated(STATUS, tmp_path, {**ANNA, "identity_tries": 2}, wrong)
    assert slots["requested_slot"] is None
    assert "requested_slot" in slots
    assert words == ""


async def test_nothing_answered_gives_no_slot_so_that_an_interruption_is_heard(tmp_path: Path) -> None:
    assert await validated(STATUS, tmp_path, dict(ANNA), {}) == ({}, "")


async def test_a_form_begun_after_the_last_try_ends_at_once(tmp_path: Path) -> None:
    assert await validated(STATUS, tmp_path, {"identity_tries": 3}, {}) == ({"requested_slot": None}, "")


async def test_a_shop_that_is_down_ends_the_form_so_that_its_action_can_say_so() -> None:
    dispatcher, new = CollectingDispatcher(), dict[str, object](ANNA)
    for hangs in (False, True):
        form = STATUS(broken_shop(hangs=hangs), seconds=0.01)
        events = await form.get_validation_events(dispatcher, tracker(new, events=slot_events(new)), DOMAIN)
        assert set_slots(events)["requested_slot"] is None
        assert said(dispatcher) == ""


async def test_the_item_is_recognised_by_its_words_and_named_as_the_order_names_it(tmp_path: Path) -> None:
    slots, _ = await validated(BACK, tmp_path, dict(ANNA), {"product": "the rain jackets"})
    assert slots["product"] == "Cairn rain jacket"


async def test_an_item_that_is_not_on_the_order_is_asked_again_with_what_is(tmp_path: Path) -> None:
    slots, words = await validated(BACK, tmp_path, dict(ANNA), {"product": "kayak"})
    assert slots["product"] is None
    assert "Cairn rain jacket, Gas cartridge 230 g" in words


async def test_the_only_item_of_an_order_need_not_be_named(tmp_path: Path) -> None:
    one: dict[str, object] = {"order_number": "TT-500344", "email": "jonas.weber@example.com"}
    slots, _ = await validated(BACK, tmp_path, {}, one)
    assert slots["product"] == "Nightfell sleeping bag"


async def test_the_items_of_an_order_are_shown_only_when_the_identity_is_proved(tmp_path: Path) -> None:
    for identity, titles in (("order_verified", ["Cairn rain jacket", "Gas cartridge 230 g"]), ("none", [])):
        dispatcher = CollectingDispatcher()
        await ActionAskProduct(fresh_shop(tmp_path)).run(dispatcher, tracker({**ANNA, "identity": identity}), {})
        assert [button["title"] for button in dispatcher.messages[0]["buttons"] or []] == titles


async def test_leaving_a_form_forgets_its_half_answers_and_not_who_the_customer_is() -> None:
    dispatcher = CollectingDispatcher()
    known: dict[str, object] = {**ANNA, "identity": "order_verified", "street": "Mill Lane 4"}
    slots = set_slots(await ActionLeaveForm().run(dispatcher, tracker(known), DOMAIN))
    assert dispatcher.messages[0]["response"] == "utter_form_left"
    assert slots["street"] is None
    assert not {"order_number", "email", "identity"} & set(slots)
