"""One file over HTTP: from judged places only, at most so many bytes, within a time limit, of a kind we keep."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx2

from bot.certificates import authorities
from bot.channels.channel import Answer, Call, Place
from bot.channels.media_guard import Forbidden, Lookup, NotFoundByName, Target, judged, look_up
from bot.channels.media_types import type_of

MOST_BYTES = 16 * 1024 * 1024
_SECONDS = 20.0  # for one file, its redirects and all
_MOST_REDIRECTS = 3
_MOST_ANSWER = 1024 * 1024  # bytes of an answer that tells where a file is
_MOVED = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({408, 425, 429})  # and every 5xx


class Refused(Exception):
    """We do not take the file, now or ever; the message is for agents."""


class NotNow(Exception):
    """It did not work; it may later. The message is for agents."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """``media_type`` is what the bytes say."""

    content: bytes
    media_type: str


class MediaFetch:
    """``bases``: the configured base URL of each `Call.base`. Close it, or use it as an async context manager.

    Nothing is logged: addresses and headers may be keys to the file.
    """

    def __init__(
        self,
        bases: Mapping[str, str],
        *,
        lookup: Lookup = look_up,
        most_bytes: int = MOST_BYTES,
        seconds: float = _SECONDS,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._bases = bases
        self._lookup = lookup
        self._most = most_bytes
        self._seconds = seconds
        self._client = httpx2.AsyncClient(
            transport=transport,
            trust_env=False,  # a proxy would look the name up again, by itself
            verify=authorities(),
            follow_redirects=False,
            timeout=httpx2.Timeout(seconds, connect=5.0),
            # A connection belongs to one judged host: none is kept for another one on the same address.
            limits=httpx2.Limits(max_connections=20, max_keepalive_connections=0),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._client.aclose()

    async def ask(self, call: Call) -> Answer:
        """The answer to a request that tells where a file is. Raises NotNow when there is none."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._asked(call)
        except (TimeoutError, httpx2.HTTPError, httpx2.InvalidURL) as why:
            raise NotNow("The platform did not say where the file is.") from why

    async def _asked(self, call: Call) -> Answer:
        request = self._client.build_request(
            call.method,
            self._of_base(call.base, call.path),
            json=call.json,
            data=None if call.form is None else dict(call.form),
            headers=dict(call.headers),
        )
        response = await self._client.send(request, stream=True)
        try:
            body = await _read(response, _MOST_ANSWER)
        except Refused as why:
            raise NotNow("The platform's answer about the file is too long.") from why
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, _json(body))

    def _of_base(self, base: str, path: str) -> str:
        return self._bases.get(base, "").rstrip("/") + path

    async def fetch(self, place: Place, hosts: Sequence[str]) -> Fetched:
        """The file at ``place``, which lies on one of ``hosts`` or under a configured base URL.

        Raises Refused or NotNow.
        """
        base, separator, path = place.address.partition(":/")
        known = bool(separator) and base in self._bases and not path.startswith("/")
        address = self._of_base(base, f"/{path}") if known else place.address
        try:
            async with asyncio.timeout(self._seconds):
                content = await self._followed(address, place.headers, hosts)
        except TimeoutError as why:
            raise NotNow(f"The file did not come within {self._seconds:.0f} seconds.") from why
        except NotFoundByName as why:
            raise NotNow("The host of the file could not be found.") from why
        except Forbidden as why:
            raise Refused(str(why)) from why
        except (httpx2.HTTPError, httpx2.InvalidURL) as why:
            raise NotNow("The file could not be fetched.") from why
        media_type = type_of(content)
        if media_type is None:
            raise Refused("This kind of file is not kept here. Ask for a picture, a PDF or plain text.")
        return Fetched(content, media_type)

    async def _followed(self, address: str, headers: Mapping[str, str], hosts: Sequence[str]) -> bytes:
        """The bytes at the end of at most three redirects, each judged anew. Headers stay with their host."""
        target = await judged(address, hosts, list(self._bases.values()), self._lookup)
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._client.send(self._request(target, headers), stream=True)
            try:
                if response.status_code not in _MOVED:
                    return await self._content(response)
                address = urljoin(address, response.headers.get("location", ""))
            finally:
                await response.aclose()
            following = await judged(address, hosts, list(self._bases.values()), self._lookup)
            if (following.host, following.port, following.secure) != (target.host, target.port, target.secure):
                headers = {}
            target = following
        raise Refused("The file's address leads to too many others.")

    def _request(self, target: Target, headers: Mapping[str, str]) -> httpx2.Request:
        """To the judged address, in the name of the host: certificates are checked against the name."""
        named = {**headers, "Host": target.authority, "Accept-Encoding": "identity", "Connection": "close"}
        extensions: dict[str, Any] = {"sni_hostname": target.host} if target.secure else {}
        return self._client.build_request("GET", target.url, headers=named, extensions=extensions)

    async def _content(self, response: httpx2.Response) -> bytes:
        status = response.status_code
        if status in _LATER or status >= 500:
            raise NotNow(f"The platform answered with HTTP {status}.")
        if status != 200:
            raise Refused(f"The platform no longer gives the file (HTTP {status}).")
        return await _read(response, self._most)


async def _read(response: httpx2.Response, most: int) -> bytes:
    """The body as it comes over the wire. Raises Refused as soon as it is longer than ``most``."""
    told = response.headers.get("content-length", "")
    if told.isascii() and told.isdigit() and int(told[:20]) > most:
        raise Refused(f"The file is larger than {most // 1024 // 1024} MiB.")
    content = bytearray()
    async for piece in response.aiter_raw():
        content += piece
        if len(content) > most:
            raise Refused(f"The file is larger than {most // 1024 // 1024} MiB.")
    return bytes(content)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
