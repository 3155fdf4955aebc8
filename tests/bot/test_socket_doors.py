"""The doors of sockets: reached past the framework, which answers everything else."""

from __future__ import annotations

import httpx2
import pytest
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus

from bot.socket_doors import App
from tests.support.serving import serving
from tests.support.talking import page


async def test_a_socket_finds_its_door_and_everything_else_the_framework() -> None:
    app = App()
    layers: list[str] = []

    async def door(websocket: WebSocket) -> None:
        await websocket.accept()
        layers.extend(key for key in ("router", "route", "endpoint", "app") if key in websocket.scope)
        await websocket.send_text('{"type": "hello"}')
        await websocket.close()

    async def plain() -> str:
        return "plain"

    app.doors["/ws/here"] = door
    app.add_api_route("/plain", plain)
    async with serving(lambda _: app) as address:
        async with page(address, "/ws/here") as peer:
            assert await peer.is_closed() == 1000
        assert [frame["type"] for frame in peer.heard] == ["hello"]
        assert not layers, "the framework stood between"
        with pytest.raises(InvalidStatus) as refused:
            async with page(address, "/ws/elsewhere"):
                pass
        assert refused.value.response.status_code == 403
        async with httpx2.AsyncClient(base_url=f"http://{address}", trust_env=False) as http:
            assert (await http.get("/plain")).json() == "plain"
            assert (await http.get("/ws/here")).status_code == 404
