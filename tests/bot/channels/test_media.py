"""The worker that fetches files: what the desk is told, what is tried again, and what a crash leaves to be done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.channels.channel import Attachment
from bot.channels.media import MediaWanted, MediaWorker
from bot.channels.media_fetch import MediaFetch
from bot.channels.registry import CHANNELS
from handover.conversation import Conversation
from handover.entries import ConversationId
from handover.errors import NotFound
from handover.inboxes import Inbox, channel_of
from handover.record_ports_media import MediaState, StoredMedia
from tests.support.desk_world import World, open_world
from tests.support.serving import serving

JPEG = b"\xff\xd8\xff\xe0" + b"x" * 50
SECRETS = {"bot_token": "1:A", "access_token": "channel-token"}


@dataclass
class Platform:
    """Telegram and LINE, as far as files go. ``down`` answers come first, one for each file that is asked for."""

    down: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def app(self, port: int) -> Starlette:
        routes = [
            Route("/bot1:A/getFile", self._place, methods=["POST"]),
            Route("/file/bot1:A/photos/{name}", self._file),
            Route("/v2/bot/message/{name}/content", self._content),
        ]
        return Starlette(routes=routes)

    async def _place(self, request: Request) -> Response:
        wanted = (await request.json())["file_id"]
        self.asked.append(wanted)
        if wanted == "gone":
            return JSONResponse({"ok": False, "error_code": 400, "description": "invalid file_id"}, 400)
        return JSONResponse({"ok": True, "result": {"file_path": f"photos/{wanted}"}})

    async def _file(self, request: Request) -> Response:
        return Response(status_code=self.down.pop(0)) if self.down else Response(JPEG)

    async def _content(self, request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer channel-token"
        self.asked.append(request.path_params["name"])
        return Response(JPEG)


@dataclass
class Told:
    """The desk's side: the latest parts of each entry. With ``dead`` it fails, as a process that is killed does."""

    parts: dict[tuple[str, int], list[Mapping[str, object]]] = field(default_factory=dict)
    states: list[list[object]] = field(default_factory=list)
    dead: bool = False
    gone: bool = False

    async def media(self, conversation: ConversationId, offset: int, parts: Sequence[Mapping[str, object]]) -> None:
        if self.dead:
            raise ConnectionError("killed")
        if self.gone:
            raise NotFound("There is no such entry.")
        self.parts[conversation, offset] = list(parts)
        self.states.append([part["state"] for part in parts])


class Book:
    """Every inbox but ``closed``."""

    async def get(self, inbox: str) -> Inbox:
        if inbox.endswith(".closed"):
            raise NotFound("There is no such inbox.")
        return Inbox(id=inbox, channel=channel_of(inbox), name="Shop", account="1", secrets=SECRETS)


@dataclass
class Scene:
    world: World
    platform: Platform
    told: Told
    worker: MediaWorker

    async def sent(self, *attachments: Attachment, inbox: str = "telegram.1") -> Conversation:
        """A conversation whose first entry brought ``attachments``."""
        customer = await self.world.desk.customers.new_customer()
        conversation = await self.world.desk.customers.start(inbox, customer.id, greeting="Hello.")
        await MediaWanted(self.world.backends.records, self.world.clock).wanted(conversation.id, 1, attachments)
        return conversation

    async def files(self, conversation: Conversation) -> Sequence[StoredMedia]:
        async with self.world.backends.records.reading() as tx:
            return await tx.media.of_entry(conversation.id, 1)


@asynccontextmanager
async def _scene(folder: Path) -> AsyncIterator[Scene]:
    platform, told = Platform(), Told()
    async with open_world(folder) as world, serving(platform.app) as address:
        names = ("telegram", "telegram_file", "line", "line_data")
        async with MediaFetch(dict.fromkeys(names, f"http://{address}")) as fetch:
            worker = MediaWorker(world.backends.records, Book(), CHANNELS, fetch, told, world.clock)
            yield Scene(world, platform, told, worker)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with _scene(tmp_path) as opened:
        yield opened


async def test_the_desk_hears_that_a_file_is_wanted_and_that_it_is_here(scene: Scene) -> None:
    conversation = await scene.sent(Attachment("image", ref="a.jpg", name="cat.jpg"))
    assert await scene.worker.work() == 1
    assert scene.told.states == [["waiting"], ["here"]]
    [part] = scene.told.parts[conversation.id, 1]
    assert part == {
        "id": part["id"],
        "kind": "image",
        "name": "cat.jpg",
        "media_type": "image/jpeg",
        "size": len(JPEG),
        "state": "here",
    }
    assert await scene.worker.work() == 0
    assert len(scene.told.states) == 2


async def test_a_place_that_is_known_is_not_asked_for(scene: Scene) -> None:
    await scene.sent(Attachment("image", ref="m1"), inbox="line.1")
    await scene.worker.work()
    assert (scene.platform.asked, scene.told.states[-1]) == (["m1"], ["here"])


async def test_one_file_that_fails_leaves_the_others_alone(scene: Scene) -> None:
    conversation = await scene.sent(
        Attachment("image", ref="gone"),
        Attachment("image", ref="a.jpg"),
        Attachment("file", url="https://evil.example/x"),
        Attachment("file", url="telegram_file:/file/bot1:A/photos/a.jpg"),
    )
    await scene.worker.work()
    files = await scene.files(conversation)
    assert [file.state for file in files] == [
        *(MediaState.REFUSED, MediaState.HERE, MediaState.REFUSED, MediaState.REFUSED)
    ]
    assert files[0].why == "The platform no longer has the file."
    assert "evil" not in (files[2].why or "")


async def test_what_does_not_work_is_tried_again_with_growing_pauses_and_then_given_up(scene: Scene) -> None:
    conversation = await scene.sent(Attachment("image", ref="a.jpg"))
    scene.platform.down = [503, 503, 503, 503, 503]
    for pause in (2, 8, 32, 128):
        assert await scene.worker.work() == 1
        scene.world.clock.advance(pause - 0.1)
        assert await scene.worker.work() == 0
        scene.world.clock.advance(0.1)
    assert await scene.worker.work() == 1
    [file] = await scene.files(conversation)
    assert (file.state, file.attempts, file.why) == (MediaState.FAILED, 5, "The platform answered with HTTP 503.")
    assert scene.told.states[-1] == ["failed"]


async def test_a_file_that_comes_at_the_second_try_is_here(scene: Scene) -> None:
    await scene.sent(Attachment("image", ref="a.jpg"))
    scene.platform.down = [500]
    await scene.worker.work()
    scene.world.clock.advance(2)
    await scene.worker.work()
    assert scene.told.states[-1] == ["here"]


async def test_a_claim_whose_worker_died_is_taken_over_when_its_lease_ends(scene: Scene) -> None:
    await scene.sent(Attachment("image", ref="a.jpg"))
    now = scene.world.clock.now()
    async with scene.world.backends.records.transaction() as tx:
        assert len(await tx.media.claim(now, now.replace(minute=now.minute + 1), 1)) == 1
    assert await scene.worker.work() == 0
    scene.world.clock.advance(60)
    assert await scene.worker.work() == 1
    assert scene.told.states[-1] == ["here"]


async def test_what_nobody_told_is_told_in_the_next_round(scene: Scene) -> None:
    await scene.sent(Attachment("image", ref="a.jpg"))
    scene.told.dead = True
    with pytest.raises(ConnectionError):
        await scene.worker.work()
    scene.told.dead = False
    await scene.worker.work()
    assert scene.told.states == [["waiting"], ["here"]]


async def test_an_entry_that_went_is_not_told_of_for_ever(scene: Scene) -> None:
    await scene.sent(Attachment("image", ref="a.jpg"))
    scene.told.gone = True
    assert await scene.worker.work() == 1
    scene.told.gone = False
    await scene.worker.work()
    assert scene.told.states == []


async def test_a_file_of_an_inbox_or_a_channel_that_went_is_given_up(scene: Scene) -> None:
    for inbox in ("telegram.closed", "smoke.1"):
        [file] = await scene.files(await _worked(scene, inbox))
        assert (file.state, file.why) == (MediaState.FAILED, "The inbox through which it came is no longer here.")


async def _worked(scene: Scene, inbox: str) -> Conversation:
    conversation = await scene.sent(Attachment("image", ref="a.jpg"), inbox=inbox)
    await scene.worker.work()
    return conversation


async def test_what_may_not_be_kept_is_told_and_never_asked_for(scene: Scene) -> None:
    await scene.sent(Attachment("story", url="https://lookaside.fbsbx.com/1", keep=False))
    assert await scene.worker.work() == 0
    assert scene.told.states == [["refused"]]
    assert scene.platform.asked == []


async def test_an_entry_that_is_recorded_again_wants_nothing_again(scene: Scene) -> None:
    conversation = await scene.sent(Attachment("image", ref="a.jpg"))
    await scene.worker.work()
    files = MediaWanted(scene.world.backends.records, scene.world.clock)
    await files.wanted(conversation.id, 1, (Attachment("image", ref="a.jpg"),))
    assert await scene.worker.work() == 0
    assert scene.told.states == [["waiting"], ["here"]]


async def test_what_is_taken_back_while_it_is_being_fetched_is_not_kept(scene: Scene) -> None:
    conversation = await scene.sent(Attachment("image", ref="a.jpg"))
    scene.platform.down = [503]
    await scene.worker.work()
    async with scene.world.backends.records.transaction() as tx:
        await tx.media.forget(conversation.id, 1)
    scene.world.clock.advance(60)
    assert await scene.worker.work() == 0
    assert await scene.files(conversation) == []
