"""Rasa's door for our service: one request is one turn. It runs in the Rasa process and is named in credentials.yml.

The same turn takes three requests at Rasa's own doors: give the tracker, say the words, read the tracker. The first
costs more there than a whole turn, for Rasa checks its JSON against a schema that it builds anew each time
(docs/performance.md); what comes here is what `bot.rasa_feeding` has made, and is read by the same code afterwards.
"""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from sanic import Blueprint, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.rasa_store.held_turn import holding
from bot.rasa_store.quick_model import events_of, quicken
from bot.rasa_store.tracker_store import FedTrackerStore

log = logging.getLogger(__name__)


class TurnChannel(InputChannel):
    """``POST /webhooks/switchboard/turn?token=…`` with sender, message, metadata and the tracker's events before it.

    Answers with the messages of the REST channel and the tracker's events and slots afterwards. 403 when Rasa's
    environment has a RASA_TOKEN that is not the one given.
    """

    @classmethod
    def name(cls) -> str:
        return "switchboard"

    def blueprint(self, on_new_message: Callable[[Any], Awaitable[Any]]) -> Blueprint:
        """Its one address, and one that says that it is there."""
        turns = Blueprint("switchboard_turns")

        async def there(request: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        async def take(request: Request) -> HTTPResponse:
            token = os.environ.get("RASA_TOKEN")
            if token and not hmac.compare_digest(token, request.args.get("token") or ""):
                return response.json({"status": "failure", "reason": "NotAuthenticated"}, status=403)
            return response.json(await _turn(request.app.ctx.agent, request.json, on_new_message))

        turns.add_route(there, "/", methods=["GET"])
        turns.add_route(take, "/turn", methods=["POST"])
        return turns


async def _turn(agent: Any, asked: dict[str, Any], on_new_message: Callable[[Any], Awaitable[Any]]) -> dict[str, Any]:
    """What Rasa's own three doors do, one after the other."""
    sender = asked["sender"]
    quicken(agent.processor)
    given = DialogueStateTracker.from_events(sender, events_of(asked["events"]), agent.domain.slots)
    said = CollectingOutputChannel()
    words = UserMessage(asked["message"], said, sender, input_channel="rest", metadata=asked["metadata"])
    if _is_ours(agent.tracker_store):
        with holding(sender, given) as turn:
            await _say(words, on_new_message)
        tracker = turn.tracker
    else:
        async with agent.lock_store.lock(sender):
            await agent.tracker_store.save(given)
        await _say(words, on_new_message)
        tracker = await agent.tracker_store.retrieve(sender)
    state = {} if tracker is None else tracker.current_state(EventVerbosity.AFTER_RESTART)
    kept = {name: state[name] for name in ("events", "slots") if name in state}
    return {"messages": said.messages, "tracker": kept or None}


async def _say(words: UserMessage, on_new_message: Callable[[Any], Awaitable[Any]]) -> None:
    try:
        await on_new_message(words)
    except Exception:
        log.exception("the turn of %s failed", words.sender_id)  # an answer with nothing in it, as at the REST channel


def _is_ours(store: Any) -> bool:
    """Whether a turn can be held past this store. Events for a broker are told by what differs from what is stored."""
    store = getattr(store, "_tracker_store", store)  # Rasa wraps whatever endpoints.yml names
    return isinstance(store, FedTrackerStore) and store.event_broker is None
