"""The model behind an OpenAI-compatible server, streamed. The only place that knows the openai package.

Time limits and the one retry are ours; every failure comes out as ModelFailed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI

from actions.model_calls import ModelCall, ModelFailed, measured
from actions.writers import Asked, Message

_CONNECT_SECONDS = 3.0
# A model that is silent this long in the middle of an answer has stalled; before its first word it may think longer.
_GAP_SECONDS = 5.0
_FIRST_WORD_SHARE = 0.65
_MOST_CHARACTERS = 6000
_MOST_TOKENS = 900
# A second try needs at least this long to be worth it.
_WORTH_A_RETRY = 2.0
_RETRIED = ("rate_limited", "server_error", "connection")


class OpenAIWriter:
    """Writes with a model. ``base_url`` None is OpenAI's own; a server of one's own needs no key."""

    name = "openai"

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None,
        model: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model: str | None = model
        self._model = model
        self._limit: dict[str, Any] = {"max_tokens" if base_url else "max_completion_tokens": _MOST_TOKENS}
        self._monotonic = monotonic
        # The client cannot be made without a key, even for servers that want none.
        self._client = AsyncOpenAI(api_key=api_key or "no-key-needed", base_url=base_url, max_retries=0)

    async def close(self) -> None:
        await self._client.close()

    async def write(self, asked: Asked, *, seconds: float) -> AsyncGenerator[str, None]:
        async with aclosing(self.pieces(asked.messages, seconds=seconds, calls=asked.calls)) as pieces:
            async for piece in pieces:
                yield piece

    async def pieces(
        self, messages: Sequence[Message], *, seconds: float, calls: list[ModelCall] | None = None
    ) -> AsyncGenerator[str, None]:
        """The answer's pieces. One retry before the first piece, after what ``Retry-After`` says, if time allows.

        How each try went is added to ``calls``.
        """
        ends = self._monotonic() + seconds
        calls = [] if calls is None else calls
        for attempt in (1, 2):
            begun = False
            try:
                with measured(self._model, calls, self._monotonic) as call:
                    async with aclosing(self._once(messages, ends, call)) as pieces:
                        async for piece in pieces:
                            begun = True
                            yield piece
            except ModelFailed as failed:
                wait = failed.retry_after if failed.retry_after is not None else 0.2
                left = ends - self._monotonic() - wait
                if begun or attempt == 2 or failed.kind not in _RETRIED or left < _WORTH_A_RETRY:
                    raise
                await asyncio.sleep(wait)
            else:
                return

    async def _once(self, messages: Sequence[Message], ends: float, call: ModelCall) -> AsyncGenerator[str, None]:
        began = self._monotonic()
        first_by = self._monotonic() + (ends - self._monotonic()) * _FIRST_WORD_SHARE
        stream = await self._within(self._open(messages, ends), min(first_by, ends), "timeout")
        length = 0
        try:
            chunks = aiter(stream)
            while True:
                limit = ends if length == 0 else min(ends, self._monotonic() + _GAP_SECONDS)
                limit = min(limit, first_by) if length == 0 else limit
                chunk = await self._within(anext(chunks, None), limit, "stalled")
                if chunk is None:
                    break
                text, ended = _read(chunk)
                call.finish = ended or call.finish
                if (usage := getattr(chunk, "usage", None)) is not None:
                    call.used(usage)
                if text and call.first is None:
                    call.first = self._monotonic() - began
                length += len(text)
                if length > _MOST_CHARACTERS:
                    raise ModelFailed("too_long", "The answer does not end.")
                if text:
                    yield text
        finally:
            await stream.close()
        if call.finish is None:
            raise ModelFailed("cut" if length else "garbage", "The stream ended before the answer did.")
        if call.finish == "content_filter":
            raise ModelFailed("refused", "The server's filter stopped the answer.")
        if length == 0:
            raise ModelFailed("empty", "The answer is empty.")
        if call.finish == "length":
            raise ModelFailed("too_long", "The answer was longer than allowed.")

    async def _open(self, messages: Sequence[Message], ends: float) -> Any:
        left = max(0.1, ends - self._monotonic())
        said: Any = list(messages)  # The package wants its own typed dictionaries; ours have the same shape.
        return await self._client.chat.completions.create(
            model=self._model,
            messages=said,
            stream=True,
            stream_options={"include_usage": True},
            timeout=httpx2.Timeout(left, connect=min(_CONNECT_SECONDS, left)),
            **self._limit,
        )

    async def _within(self, work: Any, by: float, kind: str) -> Any:
        """Await ``work`` until the monotonic time ``by``; whatever goes wrong comes out as ModelFailed."""
        try:
            async with asyncio.timeout(max(0.0, by - self._monotonic())):
                return await work
        except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException) as error:
            raise ModelFailed(kind, "The model did not answer in time.") from error
        except openai.APIStatusError as error:
            raise _status_failure(error) from error
        except (openai.APIConnectionError, httpx2.TransportError) as error:
            raise ModelFailed("cut" if kind == "stalled" else "connection", "The connection failed.") from error
        except (openai.OpenAIError, httpx2.HTTPError, ValueError, TypeError, AttributeError) as error:
            raise ModelFailed("garbage", f"The server's answer could not be read ({type(error).__name__}).") from error


def _status_failure(error: openai.APIStatusError) -> ModelFailed:
    if error.status_code == 429:
        return ModelFailed("rate_limited", "The server is busy.", retry_after=_retry_after(error))
    kind = "server_error" if error.status_code >= 500 or error.status_code in (408, 409) else "refused"
    return ModelFailed(kind, f"The server answered {error.status_code}.", retry_after=_retry_after(error))


def _retry_after(error: openai.APIStatusError) -> float | None:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None  # A date is allowed too, but no server we know sends one for such short waits.


def _read(chunk: Any) -> tuple[str, str | None]:
    """The text of one chunk and, with the last one, why the answer ended. The usage chunk holds neither."""
    try:
        if not chunk.choices:
            return "", None
        text, finish = chunk.choices[0].delta.content or "", chunk.choices[0].finish_reason
    except (AttributeError, TypeError, LookupError) as error:
        raise ModelFailed("garbage", "A piece of the answer has no known shape.") from error
    if not isinstance(text, str):
        raise ModelFailed("garbage", "A piece of the answer is not text.")
    return text, finish
