"""Answers a message that was not understood: the same reply, flagged, so that the desk can count."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.briefing import briefing_from
from actions.reply import write_reply
from actions.tracing import traced
from actions.wiring import reply_tools


class ActionDefaultFallback(Action):
    """Replaces Rasa's own ``action_default_fallback``; unlike it, the customer's message is not reverted.

    Rasa's reverts so that nothing follows it; inside a form that would undo the form. Ours says what follows: the
    form asks its question again, or the bot listens. Without either, no rule speaks for what comes after a fallback
    of the policies, and Rasa would run this action again, up to ten times, each with a call of the model.
    """

    def name(self) -> str:
        return "action_default_fallback"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        reply = await write_reply(briefing_from(tracker), await reply_tools(), fallback=True)
        dispatcher.utter_message(json_message=reply)
        form = tracker.active_loop_name
        return [FollowupAction(form or "action_listen")]
