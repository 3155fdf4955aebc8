"""The gate: `GET|POST /webhooks/{channel}[/{inbox key}]`. Verify the bytes, keep them for good, answer 200; no more.

Nothing is believed before a secret of ours has vouched for the raw bytes, and nothing is acknowledged that is not in
the record. What the bytes mean is read later, by `bot.channels.intake`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.arrivals import Arrivals
from bot.channels.channel import Arrived, Channel
from bot.channels.gate_meters import GateMeters
from bot.channels.partners import InboxBook
from handover.errors import BadInput, Forbidden, NotFound, NotSignedIn, TooLarge, Unavailable
from handover.inboxes import Inbox
from handover.limits import RateLimit, address_key
from handover.ports import Clock
from handover.record_ports_intake import Arrival

log = structlog.get_logger(__name__)
PREFIX = "/webhooks/"
# Headers that a channel may need to read a body. A secret in a header (Telegram's) is looked at and not kept.
_KEPT = ("content-type",)
_LONGEST_QUERY = 2_000  # characters of a handshake
_READ_SECONDS = 10.0
_BODIES_AT_ONCE = 128_000_000  # bytes of bodies being read, in all


class BadSignature(NotSignedIn):
    code = "bad_signature"


@dataclass(frozen=True, slots=True)
class GateSettings:
    """``public_url``: what the platforms call us by, without a slash at the end. ``max_body`` in bytes."""

    public_url: str
    max_body: int


class Gate:
    """One per process. ``handshakes`` limits how often one address may ask, ``all_handshakes`` how often anybody."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        book: InboxBook,
        arrivals: Arrivals,
        *,
        settings: GateSettings,
        clock: Clock,
        meters: GateMeters,
        handshakes: RateLimit,
        all_handshakes: RateLimit,
    ) -> None:
        self._channels = channels
        self._book = book
        self._arrivals = arrivals
        self._settings = settings
        self._clock = clock
        self._meters = meters
        self._handshakes = handshakes
        self._all_handshakes = all_handshakes
        self._being_read = 0

    def routes(self) -> APIRouter:
        """The two addresses; they take no cookie and no frame, so the framework's own reading is left out."""
        routes = APIRouter()
        for path in (f"{PREFIX}{{channel}}", f"{PREFIX}{{channel}}/{{key}}"):
            routes.routes.append(Route(path, self._asked, methods=["GET"]))
            routes.routes.append(Route(path, self._posted, methods=["POST"]))
        return routes

    async def _asked(self, request: Request) -> Response:
        """A platform asks whether the address is ours. What we sign in an answer is the channel's to bound."""
        channel = self._channel(request)
        if len(request.url.query) > _LONGEST_QUERY:
            raise BadInput("That is no handshake.")
        address = address_key(request.client.host if request.client else None)
        await self._handshakes.take(address, "Too many handshakes from this address.")
        await self._all_handshakes.take(channel.name, "Too many handshakes.")
        arrived = self._arrived(request, b"")
        for inbox in await self._candidates(request, channel):
            answer = channel.handshake(inbox, arrived)
            if answer.ours:
                await self._book.saw_handshake(inbox.id)
                self._meters.webhooks.labels(channel.name, "handshake").inc()
                return Response(answer.body, media_type=answer.media_type)
        self._meters.webhooks.labels(channel.name, "bad_handshake").inc()
        raise Forbidden("This is no handshake of an inbox of ours.")

    async def _posted(self, request: Request) -> Response:
        began = self._clock.monotonic()
        channel = self._channel(request)
        body = await self._body(request, channel)
        vouched = self._vouching(channel, await self._candidates(request, channel), self._arrived(request, body))
        if not vouched:
            self._meters.webhooks.labels(channel.name, "bad_signature").inc()
            raise BadSignature("No inbox of ours vouches for these bytes.")
        arrival = Arrival(
            channel=channel.name,
            inboxes=tuple(inbox.id for inbox in vouched),
            named=_named(request, channel),
            headers={name: request.headers[name][:200] for name in _KEPT if name in request.headers},
            body=body,
            received_at=self._clock.now(),
        )
        try:
            await self._arrivals.keep(arrival)
        except Unavailable:
            self._meters.webhooks.labels(channel.name, "unavailable").inc()
            raise
        self._meters.webhooks.labels(channel.name, "stored").inc()
        self._meters.seconds.labels(channel.name).observe(self._clock.monotonic() - began)
        return PlainTextResponse("ok")

    def _channel(self, request: Request) -> Channel:
        channel = self._channels.get(request.path_params["channel"])
        if channel is None:
            raise NotFound("There is nothing at this address.")
        return channel

    async def _candidates(self, request: Request, channel: Channel) -> list[Inbox]:
        """The enabled inboxes of the channel, the one that the address names first."""
        named = _named(request, channel)
        inboxes = [inbox for inbox in await self._book.of_channel(channel.name) if inbox.enabled]
        return sorted(inboxes, key=lambda inbox: inbox.id != named)

    def _vouching(self, channel: Channel, inboxes: list[Inbox], arrived: Arrived) -> list[Inbox]:
        """Those whose secret vouches for the bytes; each different secret is asked once."""
        answers: dict[tuple[tuple[str, str], ...], bool] = {}
        for inbox in inboxes:
            secrets = (*sorted(inbox.secrets.items()), *sorted(inbox.settings.items()))
            if secrets not in answers:
                answers[secrets] = bool(inbox.secrets) and channel.verify(inbox, arrived)
        return [
            inbox for inbox in inboxes if answers[(*sorted(inbox.secrets.items()), *sorted(inbox.settings.items()))]
        ]

    def _arrived(self, request: Request, body: bytes) -> Arrived:
        query = request.url.query
        url = f"{self._settings.public_url}{request.url.path}{'?' + query if query else ''}"
        return Arrived(body, dict(request.headers.items()), dict(request.query_params.items()), url)

    async def _body(self, request: Request, channel: Channel) -> bytes:
        """All of it, never more than is allowed. Raises TooLarge, Unavailable, BadInput."""
        too_large = TooLarge(f"A webhook may have at most {self._settings.max_body} bytes.")
        length = request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length[:20]) > self._settings.max_body:
            self._meters.webhooks.labels(channel.name, "too_large").inc()
            raise too_large
        if self._being_read > _BODIES_AT_ONCE:
            self._meters.webhooks.labels(channel.name, "unavailable").inc()
            raise Unavailable("Too much is being read just now.")
        body = bytearray()
        try:
            async with asyncio.timeout(_READ_SECONDS):
                async for piece in request.stream():
                    body += piece
                    self._being_read += len(piece)
                    if len(body) > self._settings.max_body:
                        self._meters.webhooks.labels(channel.name, "too_large").inc()
                        raise too_large
        except (TimeoutError, ClientDisconnect) as cut:
            self._meters.webhooks.labels(channel.name, "cut_off").inc()
            raise BadInput("The webhook did not arrive whole.") from cut
        finally:
            self._being_read -= len(body)
        return bytes(body)


def _named(request: Request, channel: Channel) -> str | None:
    key = request.path_params.get("key")
    return None if key is None else f"{channel.name}.{key}"[:64]
