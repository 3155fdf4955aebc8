"""Asks for a person: says so in honest words and sends the handover signal. The desk does the rest."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.asked import Asked, asked_from
from actions.signal import handover_signal
from actions.tracing import traced

# Topics that are a person's by rule: their utter_* has already said something fitting.
_TOPICS = {
    "legal_threat": "The customer speaks of legal steps.",
    "safety_issue": "The customer reports a matter of safety.",
    "press_inquiry": "A question from the press.",
    "bereavement": "The customer writes about a death.",
}
_WORDS = "Of course. I'm passing you to a person from our team, together with what we have talked about so far."


def reason_for(asked: Asked) -> tuple[str, str]:
    """(the desk's reason, why in words for the agent)."""
    if asked.intent in _TOPICS:
        return "topic", _TOPICS[asked.intent]
    if asked.intent == "affirm":
        return "asked", "The customer accepted the offer of a person."
    return "asked", "The customer asks for a person."


class ActionRequestHandover(Action):
    def name(self) -> str:
        return "action_request_handover"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        asked = asked_from(tracker)
        reason, why = reason_for(asked)
        if reason == "asked":
            dispatcher.utter_message(text=_WORDS)
        dispatcher.utter_message(json_message=handover_signal(reason, why))
        return [SlotSet("last_topic", "handover")]
