"""The plain way to a near server, against one that answers in every odd way, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import pytest

from bot.plain_transport import PlainTransport

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello"
Answers = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """Answers each request with the next of ``script``, the last one again and again."""

    script: list[bytes | Answers]
    connections: int = 0
    heard: list[bytes] = field(default_factory=list)
    port: int = 0
    came: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
                self.heard.append(head + await reader.readexactly(length))
                self.came.set()
                answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(writer)
        except (EOFError, ConnectionError):
            self.left.set()
            writer.close()


@asynccontextmanager
async def serving(*script: bytes | Answers) -> AsyncIterator[Server]:
    server = Server(list(script))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for writer in server.writers:
            writer.close()


def client(keep: float = 60.0) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=PlainTransport(keep=keep), trust_env=False)


async def hangs_up(writer: asyncio.StreamWriter) -> None:
    writer.close()


async def cut_in_the_middle(writer: asyncio.StreamWriter) -> None:
    writer.write(OK[:-2])
    await writer.drain()
    writer.close()


async def says_nothing(writer: asyncio.StreamWriter) -> None:
    pass


async def test_a_request_is_one_piece_and_its_connection_is_used_again() -> None:
    async with serving(OK) as server, client() as http:
        for number in range(3):
            answer = await http.post(f"{server.url}/a%20b?c={number}", content=b"words", headers={"x-one": "1"})
            assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "hello", "text/plain")
    assert server.connections == 1
    first, _, last = server.heard
    assert first.startswith(b"POST /a%20b?c=0 HTTP/1.1\r\n")
    assert b"\r\nx-one: 1\r\n" in first
    assert last.endswith(b"\r\n\r\nwords")


async def test_bodies_in_chunks_after_a_hundred_and_without_any_are_read() -> None:
    chunked = b"HTTP/1.1 201 Made\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    none = b"HTTP/1.1 204 Nothing\r\n\r\n"
    async with serving(chunked, b"HTTP/1.1 100 Continue\r\nx: 1\r\n\r\n" + OK, none, OK) as server, client() as http:
        found = [await http.get(server.url) for _ in range(4)]
    assert [(one.status_code, one.text) for one in found] == [(201, "abcde"), (200, "hello"), (204, ""), (200, "hello")]
    assert "x" not in found[1].headers
    assert server.connections == 1


async def test_a_connection_that_the_server_closes_or_is_old_is_not_used_again() -> None:
    closes = OK.replace(b"content-type: text/plain", b"connection: close")
    async with serving(closes, OK) as server:
        async with client() as http:
            assert [(await http.get(server.url)).text for _ in range(3)] == ["hello"] * 3
        assert server.connections == 2
        async with client(keep=0.0) as http:
            assert [(await http.get(server.url)).text for _ in range(2)] == ["hello"] * 2
        assert server.connections == 4


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (hangs_up, httpx2.ReadError),
        (cut_in_the_middle, httpx2.ReadError),
        (b"SMTP ready\r\n\r\n", httpx2.RemoteProtocolError),
    ],
)
async def test_an_answer_that_is_none_fails_and_the_next_request_has_another_connection(
    answer: bytes | Answers, kind: type[Exception]
) -> None:
    async with serving(answer, OK) as server, client() as http:
        with pytest.raises(kind):
            await http.get(server.url)
        assert (await http.get(server.url)).text == "hello"
    assert server.connections == 2


async def test_who_stops_waiting_hangs_up() -> None:
    async with serving(says_nothing) as server, client() as http:
        asked = asyncio.create_task(http.get(server.url))
        async with asyncio.timeout(30):
            await server.came.wait()
            asked.cancel()
            await server.left.wait()
        assert asked.cancelled()


async def test_a_body_that_is_left_unread_costs_the_connection() -> None:
    async with serving(OK[:-2], OK) as server, client() as http:
        async with http.stream("GET", server.url) as answer:
            assert answer.status_code == 200
        assert (await http.get(server.url)).text == "hello"
    assert server.connections == 2


async def test_a_long_body_comes_whole_to_a_slow_reader() -> None:
    long = b"x" * 5_000_000
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n" + long) as server, client() as http:
        got = bytearray()
        async with http.stream("GET", server.url) as answer:
            async for piece in answer.aiter_bytes():
                got += piece
                await asyncio.sleep(0)
    assert got == long


async def test_what_it_cannot_do_is_refused() -> None:
    async with serving(OK) as server, client() as http:
        with pytest.raises(httpx2.UnsupportedProtocol):
            await http.get("https://127.0.0.1:9/")
        with pytest.raises(httpx2.LocalProtocolError):
            await http.get(server.url, headers={"x": "1\r\ny: 2"})
        assert server.heard == []
    with pytest.raises(httpx2.ConnectError):
        async with client() as http:
            await http.get("http://127.0.0.1:9/")
