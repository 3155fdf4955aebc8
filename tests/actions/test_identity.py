"""Nobody learns anything about an order without its number and its e-mail address."""

from pathlib import Path

from rasa_sdk.executor import CollectingDispatcher

from actions.action_shop import (
    ActionCancelOrder,
    ActionChangeAddress,
    ActionOrderStatus,
    ActionRefundStatus,
    ActionSubmitReturn,
)
from tests.support.hand_shop import OpenFence, fresh_shop, said, set_slots, signals, tracker

EVERY_ORDER_ACTION = (ActionOrderStatus, ActionRefundStatus, ActionCancelOrder, ActionSubmitReturn, ActionChangeAddress)
RIGHT = {"order_number": "TT-482913", "email": "anna.berg@example.com"}
WRONG_EMAIL = {"order_number": "TT-482913", "email": "tom.hale@example.com"}
NO_SUCH_ORDER = {"order_number": "TT-999999", "email": "tom.hale@example.com"}


async def test_a_wrong_e_mail_and_an_order_that_does_not_exist_get_the_same_answer(tmp_path: Path) -> None:
    for action in EVERY_ORDER_ACTION:
        answers = []
        for slots in (WRONG_EMAIL, NO_SUCH_ORDER):
            dispatcher, fence = CollectingDispatcher(), OpenFence()
            events = await action(fresh_shop(tmp_path), fence).run(dispatcher, tracker(slots), {})
            answers.append((dispatcher.messages, set_slots(events)))
            assert fence.asked == []
        assert answers[0] == answers[1]


async def test_no_fact_of_an_order_is_said_or_signalled_before_the_identity_is_proved(tmp_path: Path) -> None:
    secrets = ("boots", "socks", "sent", "Lindenstraat", "€", "Utrecht", "track", "anna")
    for action in EVERY_ORDER_ACTION:
        dispatcher = CollectingDispatcher()
        await action(fresh_shop(tmp_path), OpenFence()).run(dispatcher, tracker(WRONG_EMAIL), {})
        everything = str(dispatcher.messages).casefold()
        assert not [secret for secret in secrets if secret.casefold() in everything]


async def test_the_e_mail_address_may_be_written_in_capitals(tmp_path: Path) -> None:
    dispatcher = CollectingDispatcher()
    slots = {"order_number": "TT-482913", "email": "Anna.BERG@example.com"}
    events = await ActionOrderStatus(fresh_shop(tmp_path)).run(dispatcher, tracker(slots), {})
    assert "Ridgeway hiking boots" in said(dispatcher)
    assert set_slots(events)["identity"] == "order_verified"


async def test_after_three_wrong_pairs_even_the_right_one_is_refused_and_a_person_offered(tmp_path: Path) -> None:
    shop, slots = fresh_shop(tmp_path), dict[str, object](WRONG_EMAIL)
    for _ in range(3):
        events = await ActionOrderStatus(shop).run(CollectingDispatcher(), tracker(slots), {})
        slots = {**WRONG_EMAIL, "identity_tries": set_slots(events)["identity_tries"]}
    assert slots["identity_tries"] == 3
    dispatcher = CollectingDispatcher()
    events = await ActionOrderStatus(shop).run(dispatcher, tracker({**slots, **RIGHT}), {})
    assert "stop trying" in said(dispatcher)
    assert dispatcher.messages[0]["buttons"] == [{"title": "Talk to a person", "payload": "/human_handoff"}]
    assert set_slots(events)["identity"] == "none"
    assert signals(dispatcher)[0]["facts"] == {"identity": "not proved after three tries"}
