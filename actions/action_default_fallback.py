"""Answers a message that was not understood: the same reply, flagged, so that the desk can count."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.briefing import briefing_from
from actions.reply import write_reply
from actions.wiring import reply_tools


class ActionDefaultFallback(Action):
    """Replaces Rasa's own ``action_default_fallback``; unlike it, the customer's message is not reverted."""

    def name(self) -> str:
        return "action_default_fallback"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        reply = await write_reply(briefing_from(tracker), await reply_tools(), fallback=True)
        dispatcher.utter_message(json_message=reply)
        return []
