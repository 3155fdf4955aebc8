"""A small fast process that answers like Rasa's REST API and like an action server: webhook, tracker, events, status.

Its replies name the turn and the words they answer: ``reply <turn> to: <words>``. The first word of a message chooses
what happens: ``slow`` takes seconds, ``tool`` asks the service's fence and then has an effect, ``stream`` sends pieces
while it writes, ``person`` asks for a handover, ``silence`` answers nothing. Effects are lines of a journal file.
Run it with ``python -m tests.chaos.little_rasa``; settings come from the environment (see `main`).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.chaos.journal import Journal
from tests.chaos.plain_http import Request, Status, asked, serve_http

Json = dict[str, Any]


@dataclass
class LittleRasa:
    """``slow``: longest seconds of a slow answer; ``usual`` of any other. ``service`` is where the fence is."""

    service: str
    token: str
    effects: Journal
    rng: random.Random
    usual: float = 0.08
    slow: float = 2.0
    trackers: dict[str, list[Json]] = field(default_factory=dict)

    async def answer(self, request: Request) -> tuple[int, object]:
        """The status and the JSON body for one request."""
        path = unquote(urlsplit(request.path).path)
        if path == "/status":
            return 200, {"model_file": "little", "model_id": "little", "num_active_training_jobs": 0}
        if path in ("/", "/health"):
            return 200, {"status": "ok"}
        if path == "/webhooks/rest/webhook" and request.method == "POST":
            return 200, await self._message(json.loads(request.body))
        parts = path.strip("/").split("/")
        if parts[0] == "conversations" and len(parts) >= 3 and parts[2] == "tracker":
            return 200, self._tracker(parts[1], request)
        return 404, {"reason": "NotFound"}

    def _tracker(self, conversation: str, request: Request) -> Json:
        events = self.trackers.setdefault(conversation, [])
        if request.method in ("POST", "PUT"):
            given = json.loads(request.body)
            if request.method == "PUT":
                events.clear()
            events.extend(given if isinstance(given, list) else [given])
            del events[:-200]
        return {"sender_id": conversation, "slots": {}, "paused": False, "events": events}

    async def _message(self, said: Json) -> list[Json]:
        conversation, words, about = said["sender"], str(said["message"]), said.get("metadata") or {}
        turn, epoch = str(about.get("turn")), int(about.get("epoch") or 0)
        parsed = {"intent": {"name": "inform", "confidence": 0.9}, "entities": []}
        events = self.trackers.setdefault(conversation, [])
        events.append({"event": "user", "text": words, "parse_data": parsed, "metadata": about})
        del events[:-200]
        kinds = {line.split(" ")[0] for line in words.split("\n")}
        longest = self.slow if "slow" in kinds else self.usual
        reply = f"reply {turn} to: {words}"
        if "stream" in kinds:
            await self._stream(turn, epoch, reply)
        await asyncio.sleep(self.rng.random() * longest)
        messages: list[Json] = []
        if "tool" in kinds:
            messages.append(await self._tool(conversation, turn, epoch))
        if "person" in kinds:
            custom = {"switchboard": 1, "kind": "handover", "reason": "asked", "words": None}
            return [{"recipient_id": conversation, "custom": custom}]
        if kinds == {"silence"}:
            return []
        events.append({"event": "action", "name": "action_reply"})
        return [*messages, {"recipient_id": conversation, "text": reply}]

    async def _tool(self, conversation: str, turn: str, epoch: int) -> Json:
        """Ask the fence right before the effect, as `actions.fence` does: no clear yes, no effect."""
        self.effects.note("tool", "asks", turn=turn, epoch=epoch, conversation=conversation)
        began = time.time()
        status = await asked(f"{self.service}/internal/turns/{turn}?epoch={epoch}", token=self.token)
        done = status == Status.NO_CONTENT
        if done:
            self.effects.note("tool", "effect", turn=turn, epoch=epoch, conversation=conversation, asked_at=began)
            self.effects.flush()
        custom = {"switchboard": 1, "kind": "tool", "name": "order", "ok": True, "error": None, "facts": {}}
        return {"recipient_id": conversation, "custom": custom}

    async def _stream(self, turn: str, epoch: int, reply: str) -> None:
        for seq in range(2):
            body = json.dumps({"epoch": epoch, "seq": seq, "text": reply[seq * 8 : seq * 8 + 8]}).encode()
            status = await asked(f"{self.service}/internal/turns/{turn}/delta", token=self.token, body=body)
            if status == Status.CONFLICT:
                return
            await asyncio.sleep(self.rng.random() * 0.05)


async def serve(environment: dict[str, str]) -> None:
    """Until it is killed. Reads PORT, SERVICE_URL, INTERNAL_TOKEN, EFFECTS, SEED, USUAL and SLOW."""
    with Journal(Path(environment["EFFECTS"])) as effects:
        rasa = LittleRasa(
            service=environment["SERVICE_URL"],
            token=environment["INTERNAL_TOKEN"],
            effects=effects,
            rng=random.Random(int(environment.get("SEED", "0"))),
            usual=float(environment.get("USUAL", "0.08")),
            slow=float(environment.get("SLOW", "2.0")),
        )
        async with await serve_http(rasa.answer, int(environment["PORT"])) as server:
            await server.serve_forever()


def main() -> None:
    asyncio.run(serve(dict(os.environ)))


if __name__ == "__main__":
    main()
