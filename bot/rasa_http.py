"""The dialogue port over Rasa's HTTP API, and the only place that speaks it.

Rasa guards its webhooks with nothing, takes any text that begins with ``/`` for a command, and answers 200 with an
empty list when it has failed. Hence: it must live on a private address, customers' slashes are taken off, an empty
answer is a failure, and every call has a time limit. Its tracker is replaced before each turn (`bot.rasa_feeding`);
that, the words and what came of them are one request where Rasa has our channel, else three.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx2
import structlog

from bot.certificates import authorities
from bot.dialogue import DialogueFailed, Line, TurnRequest, TurnResult
from bot.plain_transport import PlainTransport
from bot.rasa_feeding import Event, fed, kept_of, lost
from bot.rasa_reading import Said, read_messages, read_tracker, result_of
from bot.tracing import Traces
from handover.entries import ConversationId

log = structlog.get_logger(__name__)

_SMALL_CALL = 3.0  # seconds for reading or writing a tracker; loopback answers in milliseconds
_ASK_AGAIN = timedelta(seconds=60)  # a Rasa without our channel may be followed by one with it
_KEEP = 2.0  # seconds; Sanic drops idle connections after 5, and reusing one at that moment would lose a turn
_TURN_DOOR = "/webhooks/switchboard/turn"
_HEADERS = {"content-type": "application/json", "accept": "application/json"}
_MAX_ANSWER = 32 * 1024 * 1024  # bytes; a tracker of some thousand turns is smaller
# Rasa posts it to the action server three times: twice in the tracker's events, and once as the last message.
_MAX_HISTORY = 7_000  # characters of JSON


class RasaHttp:
    """Rasa behind ``url``. Close it, or use it as an async context manager.

    ``at_once``: take a turn in one request where Rasa has our channel. Raises ValueError when ``url`` is not on a
    loopback or private address and ``anywhere`` was not asked for.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        anywhere: bool = False,
        at_once: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        traces: Traces | None = None,
    ) -> None:
        if not anywhere and not is_private(url):
            raise ValueError(
                f"RASA_URL {url} is not a private address. Rasa does not guard its webhooks: anybody who reaches "
                "them speaks as any customer. Put it on loopback or a private network."
            )
        self._now = now
        # Until then Rasa is taken to have no channel of ours.
        self._steps_until = datetime.min.replace(tzinfo=UTC) if at_once else datetime.max.replace(tzinfo=UTC)
        self._traces = traces or Traces()
        self._client = httpx2.AsyncClient(
            base_url=url,
            params={"token": token} if token else None,
            trust_env=False,  # a proxy of the machine is not the way to a private address
            verify=authorities(),
            limits=httpx2.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=_KEEP),
            transport=PlainTransport(keep=_KEEP) if url.startswith("http://") else None,
        )
        self._turn_door = self._client.build_request("POST", _TURN_DOOR, params=self._client.params).url

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def next_turn(self, request: TurnRequest) -> TurnResult:
        """Rasa's answer to the customer's words. Raises DialogueFailed; never returns an empty answer."""
        given = fed(request.state, request.people, request.hand_back)
        said, tracker = await self._at_once(request, given) or await self._in_steps(request, given)
        if said.fenced:
            raise DialogueFailed("fenced", "The turn may not speak any more.", retry=False)
        if lost(given, tracker, request.turn):
            # Rasa goes on with an empty tracker when its store fails: an answer out of nowhere is none.
            raise DialogueFailed("garbage", "Rasa answered without what was said before.", retry=True)
        understood = None if tracker is None else read_tracker(tracker, request.turn)
        result = result_of(said, understood, kept_of(tracker, request.turn))
        if not result.text and result.handover is None:
            raise DialogueFailed("empty", "Rasa answered with nothing to say.", retry=True)
        return result

    async def _at_once(self, request: TurnRequest, given: list[Event]) -> tuple[Said, object] | None:
        """The whole turn in one request to `bot.rasa_store.turn_channel`; None when Rasa was not given that channel."""
        if self._steps_until > self._now():
            return None
        try:
            body = {**_words(request), "events": given}
            answer = await self._call("POST", _TURN_DOOR, self._left(request), body)
        except _NoSuchDoor:
            self._steps_until = self._now() + _ASK_AGAIN
            return None
        if not isinstance(answer, dict):
            raise DialogueFailed("garbage", "Rasa's answer is no turn.", retry=True)
        return read_messages(answer.get("messages")), answer.get("tracker")

    async def _in_steps(self, request: TurnRequest, given: list[Event]) -> tuple[Said, object]:
        """The same at Rasa's own doors: give it the tracker, say the words, read the tracker."""
        seconds = min(self._left(request), _SMALL_CALL)
        await self._call("PUT", f"{_path(request.conversation)}/events", seconds, given)
        said = read_messages(await self._call("POST", "/webhooks/rest/webhook", self._left(request), _words(request)))
        return said, None if said.fenced else await self._tracker(request.conversation)

    def _left(self, request: TurnRequest) -> float:
        """Seconds until the deadline. Raises DialogueFailed when it has passed."""
        left = (request.deadline - self._now()).total_seconds()
        if left <= 0:
            raise DialogueFailed("timeout", "The deadline had passed before Rasa was asked.", retry=False)
        return left

    async def ping(self) -> None:
        """Raises DialogueFailed unless Rasa is up and has a model loaded."""
        status = await self._answer("GET", "/status", _SMALL_CALL, None, {})  # of no turn, so of no trace
        if not isinstance(status, dict) or not status.get("model_file"):
            raise DialogueFailed("down", "Rasa is up but has no model loaded.", retry=True)

    async def _tracker(self, conversation: ConversationId) -> object:
        """The tracker after a turn; None when it cannot be read, for the reply itself is worth more."""
        for _ in range(2):
            try:
                # APPLIED would leave out what the customer says inside a form, NONE would not tell which actions ran.
                return await self._call("GET", _path(conversation), _SMALL_CALL, include_events="AFTER_RESTART")
            except DialogueFailed as failed:
                log.warning("tracker_not_read", conversation=conversation, kind=failed.kind, why=str(failed))
        return None

    async def _call(self, method: str, path: str, seconds: float, body: object = None, **params: str) -> object:
        """The parsed JSON of one call, within ``seconds``. Raises DialogueFailed for everything else."""
        route = re.sub(r"^/conversations/[^/]+", "/conversations/{id}", path)
        facts = {"http.request.method": method, "url.template": route}
        with self._traces.span(f"{method} {route}", facts, kind="client") as mark:
            try:
                return await self._answer(method, path, seconds, _traced(body, mark.traceparent()), params)
            except DialogueFailed as failed:
                mark.failed(failed.kind)
                raise

    async def _answer(self, method: str, path: str, seconds: float, body: object, params: dict[str, str]) -> object:
        try:
            async with asyncio.timeout(seconds):
                content = None if body is None else json.dumps(body).encode()
                times = {"timeout": httpx2.Timeout(seconds).as_dict()}
                request = httpx2.Request(
                    method, self._address(path, params), content=content, headers=_HEADERS, extensions=times
                )
                response = await self._client.send(request, stream=True)
                try:
                    content = await _whole(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx2.TimeoutException) as slow:
            raise DialogueFailed("timeout", f"Rasa did not answer {path} in {seconds:.1f} s.", retry=False) from slow
        except httpx2.HTTPError as broken:
            raise DialogueFailed("down", f"Rasa cannot be reached: {type(broken).__name__}.", retry=True) from broken
        return _parsed(response.status_code, content, path)

    def _address(self, path: str, params: dict[str, str]) -> httpx2.URL:
        if path == _TURN_DOOR:
            return self._turn_door  # known: putting an address together costs as much as sending it
        return self._client.build_request("GET", path, params=self._client.params.merge(params)).url


def _path(conversation: ConversationId) -> str:
    return f"/conversations/{quote(conversation, safe='')}/tracker"


def _traced(body: object, traceparent: str | None) -> object:
    """A message to Rasa with the trace it belongs to: Rasa hands the metadata on to the actions, as they are."""
    if traceparent is None or not isinstance(body, dict) or "metadata" not in body:
        return body
    return {**body, "metadata": {**body["metadata"], "traceparent": traceparent}}


async def _whole(response: httpx2.Response) -> bytes:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > _MAX_ANSWER:
            raise DialogueFailed("garbage", "Rasa's answer is too large to be one.", retry=False)
    return bytes(content)


class _NoSuchDoor(DialogueFailed):
    """Rasa has nothing at that address."""


def _parsed(status: int, content: bytes, path: str) -> object:
    if status == 404:
        raise _NoSuchDoor("down", f"Rasa answered {path} with 404.", retry=False)
    if status in (401, 403):
        raise DialogueFailed("down", "Rasa refuses our token: see RASA_TOKEN.", retry=False)
    if not 200 <= status < 300:
        raise DialogueFailed("down", f"Rasa answered {path} with {status}.", retry=status >= 500)
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as broken:
        raise DialogueFailed("garbage", f"Rasa's answer to {path} is not JSON.", retry=True) from broken


def _words(request: TurnRequest) -> dict[str, Any]:
    return {"sender": request.conversation, "message": words_for(request), "metadata": metadata_of(request)}


def words_for(request: TurnRequest) -> str:
    """The message Rasa gets: a verified button's command, or the customer's words as plain words."""
    if request.intent is not None:
        return "/" + request.intent.strip().lstrip("/")
    return plain_words(request.text)


def plain_words(text: str) -> str:
    """``text`` such that Rasa cannot take it for a command.

    Rasa strips the text and takes a leading ``/`` for an intent: ``/restart`` would even end a pause. Slashes at
    the front are taken off; of a message that is nothing else a question mark is left, which no one understands.
    """
    stripped = text.strip()
    while stripped.startswith("/"):
        stripped = stripped.lstrip("/").strip()
    return stripped or "?"


def metadata_of(request: TurnRequest) -> dict[str, Any]:
    """What the actions find beside the message; `actions` reads it from the tracker."""
    back = request.hand_back
    return {
        "turn": request.turn,
        "epoch": request.epoch,
        "deadline": request.deadline.isoformat(),
        "history": _recent(request.history),
        "summary": request.summary,
        "hand_back": back
        and {
            "agent": back.agent,
            "outcome": back.outcome,
            "open_promises": list(back.open_promises),
            "leave_alone": back.leave_alone,
            "at": back.at.isoformat(),
        },
        "customer": dict(request.customer),
        "channel": request.channel,
        "language": request.language,
    }


def is_private(url: str) -> bool:
    """Whether ``url`` names loopback, a private network, or a bare name that only a private resolver knows."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and ("." not in host or host.endswith((".localhost", ".internal", ".local")))
    return address.is_private or address.is_loopback


def _recent(history: tuple[Line, ...]) -> list[dict[str, Any]]:
    """The newest lines that fit, oldest first; always the last one."""
    kept: list[dict[str, Any]] = []
    room = _MAX_HISTORY
    for line in map(_line, reversed(history)):
        room -= len(json.dumps(line))
        if room < 0 and kept:
            break
        kept.append(line)
    return kept[::-1]


def _line(line: Line) -> dict[str, Any]:
    return {
        "offset": line.offset,
        "speaker": line.speaker,
        "name": line.name,
        "text": line.text,
        "at": line.at.isoformat(timespec="seconds"),
    }
