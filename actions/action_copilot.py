"""The three actions that help agents; the service calls them itself at the action server, Rasa never does."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.copilot import asked_from, rewrite, suggest, summarise
from actions.tracing import traced
from actions.wiring import reply_tools


class ActionSummarise(Action):
    def name(self) -> str:
        return "action_summarise"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(json_message=await summarise(asked_from(tracker.latest_message), await reply_tools()))
        return []


class ActionSuggest(Action):
    def name(self) -> str:
        return "action_suggest"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(json_message=await suggest(asked_from(tracker.latest_message), await reply_tools()))
        return []


class ActionRewrite(Action):
    def name(self) -> str:
        return "action_rewrite"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(json_message=await rewrite(asked_from(tracker.latest_message), await reply_tools()))
        return []
