"""Writes one reply: search, ask the model, check each sentence, stream what passed; without the model, answer offline.

Whatever the model does, a reply comes back inside the time given.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from actions.answer_parser import Answer, AnswerParser
from actions.brand import Brand
from actions.breaker import Breaker
from actions.briefing import Briefing
from actions.claims import CheckedSentence, Checker, Source, promises_transfer
from actions.gate import SentenceGate
from actions.knowledge import Found, Knowledge
from actions.model_calls import ModelFailed
from actions.offline import OfflineWriter
from actions.prompt import messages_for
from actions.question import question_of
from actions.signal import Json, reply_signal
from actions.stream import DeltaStream, NoStream
from actions.tracing import span
from actions.writers import Asked, Writer

_log = logging.getLogger(__name__)

# The service wants the reply 1 s before its deadline; answering offline and checking takes well under the reserve.
_BEFORE_DEADLINE = 1.0
_RESERVE = 0.7
_WITHOUT_DEADLINE = 12.0
# A model given less than this would be cut off anyway.
_LEAST_FOR_MODEL = 0.8


class Fenced(Exception):
    """The turn may no longer speak: somebody else has the conversation."""


@dataclass(frozen=True, slots=True)
class ReplyTools:
    """What a reply is made with. ``model`` is None when no model is configured."""

    brand: Brand
    knowledge: Knowledge
    offline: OfflineWriter
    model: Writer | None
    breaker: Breaker
    stream_for: Callable[[Briefing], DeltaStream | NoStream]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class _Written:
    """A finished text and how it came about."""

    text: str
    answer: Answer
    checked: tuple[CheckedSentence, ...]
    writer: Writer
    fallback_reason: str | None


async def write_reply(briefing: Briefing, tools: ReplyTools, *, fallback: bool = False) -> Json:
    """The reply signal for a turn. ``fallback``: the turn was not understood, so the evidence says so."""
    started = tools.monotonic()
    with span("retrieval", {"switchboard.search": tools.knowledge.search_kind}) as mark:
        found = tuple(tools.knowledge.search(question_of(briefing)))
        mark.note({"switchboard.found": sum(f.relevant for f in found)})
    asked = Asked(briefing, found, tools.brand, messages_for(briefing, found, tools.brand))
    checker = Checker(
        sources_of(briefing, found, tools.brand),
        own_words="\n".join([briefing.text, *(x.text for x in briefing.history if x.speaker == "customer")]),
        embedder=tools.knowledge.embedder,
        weight=tools.knowledge.weight,
    )
    try:
        async with tools.stream_for(briefing) as stream:
            written = await _unless_fenced(_write(asked, checker, tools, stream), stream)
    except Fenced:
        tools.breaker.gave_up()
        evidence = _evidence(tools, found, fallback, started) | {"fallback_reason": "fenced"}
        return reply_signal("", evidence)
    evidence = _evidence(tools, found, fallback, started) | {"model_calls": [call.told() for call in asked.calls]}
    return _signal(written, found, evidence)


def sources_of(briefing: Briefing, found: tuple[Found, ...], brand: Brand) -> list[Source]:
    """All a reply may rest on: pages found, tool results, people's words, what the brand file says of the bot."""
    pages = [
        Source(f"{f.passage.title}. {f.passage.heading}. {f.passage.text}", "page", f.passage.page)
        for f in found
        if f.relevant
    ]
    people = [Source(line.text, "agent") for line in briefing.history if line.speaker == "agent"]
    brief = briefing.hand_back
    if brief is not None:
        people.append(Source("\n".join([brief.outcome, *brief.open_promises]), "agent"))
    told = [Source(fact, "tool") for fact in briefing.tool_facts]
    own = Source("\n".join([brand.disclosure, brand.greeting, *brand.is_for]), "brand")
    return [*pages, *people, *told, own]


async def _write(asked: Asked, checker: Checker, tools: ReplyTools, stream: DeltaStream | NoStream) -> _Written:
    """With the model if it is there, well and in time; else offline."""
    seconds = _seconds(asked.briefing, tools) - _RESERVE
    reason = _why_not(tools, seconds)
    if reason is None and tools.model is not None:
        try:
            written = await _compose(tools.model, asked, checker, stream, seconds)
        except ModelFailed as failed:
            tools.breaker.failed()
            reason = failed.kind
            _log.warning("The model failed (%s: %s); answering offline.", failed.kind, failed)
        else:
            tools.breaker.succeeded()
            return written
    # What was streamed before a failure stays a fragment on the screen until the whole reply replaces it.
    quiet = NoStream() if stream.pushed else stream
    written = await _compose(tools.offline, asked, checker, quiet, seconds)
    return replace(written, fallback_reason=reason)


def _why_not(tools: ReplyTools, seconds: float) -> str | None:
    if tools.model is None:
        return None
    if seconds < _LEAST_FOR_MODEL:
        return "no_time"
    return None if tools.breaker.allows() else "breaker_open"


async def _compose(
    writer: Writer, asked: Asked, checker: Checker, stream: DeltaStream | NoStream, seconds: float
) -> _Written:
    parser, gate = AnswerParser(), SentenceGate(checker)
    try:
        # The writer keeps the time itself; this is for one that does not.
        async with asyncio.timeout(seconds + 0.2 if writer.name != "offline" else None):
            async with aclosing(writer.write(asked, seconds=seconds)) as pieces:
                async for piece in pieces:
                    text = parser.feed(piece)
                    stream.push(gate.feed(text, line_ended=parser.line_ended))
    except TimeoutError as error:
        raise ModelFailed("timeout", "The answer was not finished in time.") from error
    stream.push(gate.feed(parser.close()))
    stream.push(gate.close())
    answer = parser.answer()
    if not answer.text:
        raise ModelFailed("empty", "The answer holds no text.")
    text = gate.text
    if not text or (gate.held_back and not any(c.supported for c in gate.checked)):
        # All that was said had to be held back: what is left is a greeting, or nothing.
        text, answer = (
            asked.brand.unsure,
            replace(answer, needs="knowledge" if answer.needs == "nothing" else answer.needs),
        )
    return _Written(text, answer, tuple(gate.checked), writer, None)


async def _unless_fenced(work: Coroutine[Any, Any, _Written], stream: DeltaStream | NoStream) -> _Written:
    """Run the work; the moment the stream is fenced, cancel it and raise Fenced."""
    writing = asyncio.ensure_future(work)
    fenced = asyncio.ensure_future(stream.fenced.wait())
    try:
        await asyncio.wait({writing, fenced}, return_when=asyncio.FIRST_COMPLETED)
        if stream.fenced.is_set():
            raise Fenced
        return await writing
    finally:
        for task in (writing, fenced):
            task.cancel()
        await asyncio.gather(writing, fenced, return_exceptions=True)


def _seconds(briefing: Briefing, tools: ReplyTools) -> float:
    if briefing.deadline is None:
        return _WITHOUT_DEADLINE
    return (briefing.deadline - tools.now()).total_seconds() - _BEFORE_DEADLINE


def _signal(written: _Written, found: tuple[Found, ...], evidence: dict[str, Any]) -> Json:
    claims = [
        {"sentence": c.sentence, "supported": c.supported, "score": c.score, "page": c.page} for c in written.checked
    ]
    evidence = evidence | {
        "provider": written.writer.name,
        "fallback_reason": written.fallback_reason,
        "model": written.writer.model,
        "claims": claims,
        "needs": written.answer.needs,
        "promises_transfer": promises_transfer(written.text),
    }
    return reply_signal(written.text, evidence, citations=_citations(written, found))


def _evidence(tools: ReplyTools, found: tuple[Found, ...], fallback: bool, started: float) -> dict[str, Any]:
    return {
        "provider": tools.model.name if tools.model else "offline",
        "fallback_reason": None,
        "model": None,
        "retrieved": [
            {"page": f.passage.page, "title": f.passage.title, "url": f.passage.url, "score": f.score}
            for f in found
            if f.relevant
        ],
        "claims": [],
        "needs": "nothing",
        "fallback": fallback,
        "promises_transfer": False,
        "seconds": round(tools.monotonic() - started, 3),
        "search": tools.knowledge.search_kind,
    }


def _citations(written: _Written, found: tuple[Found, ...]) -> list[dict[str, str]]:
    """The cited pages that were really retrieved; where a model cited none, the pages that carry its sentences."""
    retrieved = {f.passage.page: f.passage for f in found if f.relevant}
    kept = [page for page in written.answer.cited if page in retrieved]
    if not kept:
        kept = [c.page for c in written.checked if c.supported and c.page]
    pages = [retrieved[page] for page in dict.fromkeys(kept) if page in retrieved]
    return [{"title": p.title, "url": p.url, "page": p.page} for p in pages]
