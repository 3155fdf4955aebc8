"""The action that answers a customer in free words; a thin shell over `actions.reply`."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.briefing import briefing_from
from actions.reply import write_reply
from actions.starting import must_start
from actions.tracing import traced
from actions.wiring import reply_tools


class ActionReply(Action):
    """Named in rules and stories as ``action_reply``."""

    def __init__(self) -> None:
        # rasa-sdk makes its actions before it listens: settings that cannot be honoured stop it there.
        must_start()

    def name(self) -> str:
        return "action_reply"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(json_message=await write_reply(briefing_from(tracker), await reply_tools()))
        return []
