"""Runs one business tool under its own deadline and says its result: words, a tool signal, slots. Never raises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.asked import Done
from actions.fence import Fenced, FenceUnknown
from actions.shop.port import ShopDown
from actions.signal import tool_signal
from actions.tracing import span

TOOL_SECONDS = 3.0

PERSON_BUTTON = {"title": "Talk to a person", "payload": "/human_handoff"}

_NOT_ANSWERING = (
    "I can't reach our order system at the moment, so I can't tell you anything certain. "
    "Please try again in a little while, or talk to a person."
)
_NOT_SURE = (
    "I couldn't get a clear answer from our order system, so I can't confirm that this was done. "
    "A person from our team can check it for you."
)


async def within_deadline(tool: str, work: Awaitable[Done], *, effect: bool, seconds: float = TOOL_SECONDS) -> Done:
    """The tool's result, or an honest failure: "timeout", "shop_down", "fenced" or "fence_unknown"."""
    with span("tool", {"switchboard.tool": tool, "switchboard.effect": effect}) as mark:
        done = await _in_time(tool, work, effect=effect, seconds=seconds)
        mark.note({"switchboard.ok": done.ok})
        if done.error is not None:
            mark.failed(done.error)
    return done


async def _in_time(tool: str, work: Awaitable[Done], *, effect: bool, seconds: float) -> Done:
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        error = "timeout"
    except ShopDown:
        error = "shop_down"
    except Fenced:
        # Kept as a draft for the agent who has the conversation now; the customer does not see it.
        return Done(tool, "I have not changed anything: the conversation moved on before I could.", False, "fenced")
    except FenceUnknown:
        words = "I couldn't make sure that I may change this right now, so I have left everything as it is."
        return Done(tool, words, False, "fence_unknown", offer_person=True)
    words = _NOT_SURE if effect and error == "timeout" else _NOT_ANSWERING
    return Done(tool, words, False, error, offer_person=True)


def say(dispatcher: CollectingDispatcher, done: Done, *, said_yes: bool) -> list[EventType]:
    """Utter the words with their buttons, send the signal, and give the slots as events.

    ``said_yes``: the rule that led here rests on what was on offer. The action must leave that slot alone, else Rasa
    no longer recognises where it is; the customer's next words clear it.
    """
    buttons: list[dict[str, Any]] = [{"title": title, "payload": payload} for title, payload in done.buttons]
    if done.offer_person:
        buttons.append(PERSON_BUTTON)
    dispatcher.utter_message(text=done.words, buttons=buttons or None)
    dispatcher.utter_message(json_message=tool_signal(done.tool, ok=done.ok, error=done.error, facts=done.facts))
    slots = dict(done.slots)
    if done.offer_person:
        slots.setdefault("pending_offer", "person")
    if said_yes:
        slots.pop("pending_offer", None)
    return [SlotSet(name, value) for name, value in slots.items()]
