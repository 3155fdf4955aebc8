"""What stands in for Rasa where the bench asks what our own path costs: it understands nothing and runs one action.

It keeps no tracker, has no model and no policy. It speaks what the service speaks with a Rasa that has our channel, as
ours ships (`bot.rasa_store.turn_channel`: one request for each turn), and hands every message to the real action server
as Rasa does: the same request with tracker and domain, for ``action_reply``. So the figures hold everything of ours
(service, action server, their HTTP between them) and of the dialogue engine nothing but a hop; what Rasa itself takes
is another row's.
"""

from __future__ import annotations

import argparse
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_DOMAIN = {"intents": ["ask"], "actions": ["action_reply"], "slots": {}, "responses": {}}


class NoEngine:
    """The routes."""

    def __init__(self, actions: str) -> None:
        self._actions = f"{actions}/webhook"
        self._client = httpx2.AsyncClient(trust_env=False, timeout=120, limits=httpx2.Limits(max_connections=1_000))

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/", self._status),
                Route("/status", self._status),
                Route("/webhooks/switchboard/turn", self._turn, methods=["POST"]),
            ]
        )

    async def _status(self, request: Request) -> JSONResponse:
        return JSONResponse({"model_file": "none", "num_active_training_jobs": 0})

    async def _turn(self, request: Request) -> JSONResponse:
        asked = await request.json()
        name = asked["sender"]
        parsed = {"text": asked["message"], "intent": {"name": "ask", "confidence": 1.0}, "entities": []}
        said = {"event": "user", "text": asked["message"], "parse_data": parsed, "metadata": asked["metadata"]}
        tracker = _tracker(name, said)
        body = {
            "next_action": "action_reply", "sender_id": name, "version": "3.6.21", "domain": _DOMAIN,
            "tracker": tracker,
        }  # fmt: skip
        answer = (await self._client.post(self._actions, json=body)).raise_for_status().json()
        messages = [{"recipient_id": name, "custom": one["custom"]} for one in answer["responses"]]
        return JSONResponse({"messages": messages, "tracker": {name: tracker[name] for name in ("events", "slots")}})


def _tracker(name: str, message: dict[str, Any]) -> dict[str, Any]:
    latest = {**message.get("parse_data", {}), "metadata": message.get("metadata", {})}
    acted = [{"event": "action", "name": "action_reply"}, {"event": "action", "name": "action_listen"}]
    return {
        "sender_id": name, "slots": {}, "latest_message": latest, "latest_action_name": "action_listen",
        "events": [message, *acted] if message else [], "paused": False, "followup_action": None, "active_loop": {},
        "latest_input_channel": "rest",
    }  # fmt: skip


def main() -> None:
    """Serve until it is ended."""
    asks = argparse.ArgumentParser(prog="python -m bench.controls.no_engine", description=__doc__)
    asks.add_argument("--port", type=int, required=True)
    asks.add_argument("--actions", required=True, help="address of the action server")
    given = asks.parse_args()
    uvicorn.run(NoEngine(given.actions).app(), host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
