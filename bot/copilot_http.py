"""The copilot port over the action server: it asks the same actions that Rasa would, with the same shape of request.

Nothing here reaches a customer, and no failure here may hold up a person: every one of them is None.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Literal, Self

import httpx2
import structlog

from bot.certificates import authorities
from bot.model_meters import ModelMeters
from bot.rasa_reading import calls_of
from bot.tracing import Traces
from handover.entries import Citation, ConversationId, Entry
from handover.ports import Clock
from handover.stored import Draft

log = structlog.get_logger(__name__)


class CopilotHttp:
    """The action server at ``url``. Close it, or use it as an async context manager. ``seconds`` bounds each call."""

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        seconds: float = 20.0,
        models: ModelMeters | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._models = models or ModelMeters()
        self._traces = traces or Traces()
        self._clock = clock
        self._seconds = seconds
        self._client = httpx2.AsyncClient(
            base_url=url,
            trust_env=False,
            verify=authorities(),
            limits=httpx2.Limits(max_connections=20, keepalive_expiry=2.0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def summarise(self, packet: dict[str, Any], entries: Sequence[Entry]) -> str | None:
        """A short summary of what happened, or None."""
        answer = await self._run("action_summarise", entries, packet=packet)
        return None if answer is None else _text(answer)

    async def suggest(self, entries: Sequence[Entry], packet: dict[str, Any] | None) -> Draft | None:
        """A reply the agent may use, with its sources, or None."""
        answer = await self._run("action_suggest", entries, packet=packet)
        return None if answer is None else self._draft(entries, answer, "suggestion")

    async def rewrite(self, entries: Sequence[Entry], text: str, style: str) -> Draft | None:
        """The agent's ``text`` in another ``style``, or None."""
        answer = await self._run("action_rewrite", entries, text=text, style=style)
        return None if answer is None else self._draft(entries, answer, "rewrite")

    async def _run(
        self,
        action: str,
        entries: Sequence[Entry],
        *,
        packet: dict[str, Any] | None = None,
        text: str | None = None,
        style: str | None = None,
    ) -> dict[str, Any] | None:
        """The action's custom reply, or None when there is none to be had."""
        metadata: dict[str, Any] = {
            "history": [_line(entry) for entry in entries],
            "packet": packet,
            "text": text,
            "style": style,
            "hand_back": None,
        }
        facts = {"switchboard.conversation": _conversation(entries)}
        with self._traces.span(f"copilot {action}", facts, kind="root") as mark:
            if (traceparent := mark.traceparent()) is not None:
                metadata["traceparent"] = traceparent
            try:
                reply = await self._asked(request_for(action, _conversation(entries), metadata))
            except (TimeoutError, httpx2.HTTPError, ValueError, RecursionError) as failed:
                mark.failed(type(failed).__name__)
                log.warning(
                    "copilot_failed", conversation=_conversation(entries), action=action, kind=type(failed).__name__
                )
                return None
        if reply is not None:
            reason = reply.get("fallback_reason")
            self._models.counted(
                "copilot", calls_of(reply.get("model_calls")), [reason] if isinstance(reason, str) else []
            )
        return reply

    async def _asked(self, request: dict[str, Any]) -> dict[str, Any] | None:
        async with asyncio.timeout(self._seconds):
            answer = await self._client.post(
                "/webhook",
                content=json.dumps(request).encode(),
                headers={"content-type": "application/json"},
                timeout=self._seconds,
            )
        return copilot_reply(answer.json()) if answer.status_code == 200 else None

    def _draft(
        self, entries: Sequence[Entry], answer: dict[str, Any], origin: Literal["suggestion", "rewrite"]
    ) -> Draft | None:
        text = _text(answer)
        if text is None:
            return None
        return Draft(_conversation(entries), text, self._clock.now(), citations_of(answer), origin)


def request_for(action: str, conversation: ConversationId, metadata: dict[str, Any]) -> dict[str, Any]:
    """What Rasa would post to the action server to have ``action`` run.

    The domain is there but empty: rasa-sdk refuses a request without one, and would keep any other for later calls.
    """
    message = {"text": "", "intent": {}, "entities": [], "metadata": metadata}
    return {
        "next_action": action,
        "sender_id": conversation,
        "tracker": {
            "sender_id": conversation,
            "slots": {},
            "latest_message": message,
            "events": [],
            "paused": False,
            "latest_input_channel": "copilot",
            "active_loop": {},
            "latest_action_name": None,
            "followup_action": None,
        },
        "domain": {},
        "version": "3.6.21",
    }


def copilot_reply(answer: object) -> dict[str, Any] | None:
    """The one custom payload of kind "copilot" in the action server's answer."""
    responses = answer.get("responses") if isinstance(answer, dict) else None
    for response in responses if isinstance(responses, list) else []:
        custom = response.get("custom") if isinstance(response, dict) else None
        if isinstance(custom, dict) and custom.get("switchboard") == 1 and custom.get("kind") == "copilot":
            return custom
    return None


def citations_of(answer: dict[str, Any]) -> tuple[Citation, ...]:
    """The sources named, without those that are not well formed."""
    cited = answer.get("citations")
    found = []
    for item in cited if isinstance(cited, list) else []:
        match item:
            case {"title": str(title), "url": str(url), "page": str(page)}:
                found.append(Citation(title, url, page))
    return tuple(found)


def _text(answer: dict[str, Any]) -> str | None:
    text = answer.get("text")
    return text.strip() or None if isinstance(text, str) else None


def _conversation(entries: Sequence[Entry]) -> ConversationId:
    return entries[-1].conversation if entries else ConversationId("copilot")


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "offset": entry.offset,
        "speaker": entry.author.kind.value,
        "name": entry.author.name,
        "text": entry.text,
        "at": entry.at.isoformat(),
    }
