"""Asking for a person."""

import pytest
from rasa_sdk.executor import CollectingDispatcher

from actions.action_request_handover import ActionRequestHandover
from tests.support.hand_shop import said, set_slots, signals, tracker


@pytest.mark.parametrize(
    ("intent", "reason", "speaks"),
    [
        ("human_handoff", "asked", True),
        ("affirm", "asked", True),
        ("legal_threat", "topic", False),
        ("safety_issue", "topic", False),
        ("press_inquiry", "topic", False),
        ("bereavement", "topic", False),
    ],
)
async def test_a_person_is_asked_for_with_the_reason_and_a_topic_is_not_spoken_of_twice(
    intent: str, reason: str, speaks: bool
) -> None:
    dispatcher = CollectingDispatcher()
    events = await ActionRequestHandover().run(dispatcher, tracker({"pending_offer": "person"}, intent=intent), {})
    assert signals(dispatcher)[0]["reason"] == reason
    assert bool(said(dispatcher)) is speaks
    assert set_slots(events) == {"last_topic": "handover"}
