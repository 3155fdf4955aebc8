"""A demo shop in a temporary file, a shop that is down, one that never answers, and fences to hand in."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.asked import Turn
from actions.fence import Fenced, FenceUnknown
from actions.shop.demo import demo_shop
from actions.shop.port import Address, Order, Product, Return, Shop, ShopDown


def fresh_shop(folder: Path) -> Shop:
    return demo_shop(folder / "shop.db")


class DownOrders:
    """Every question fails, or never ends when ``hangs``."""

    def __init__(self, *, hangs: bool = False) -> None:
        self._hangs = hangs

    async def _fail(self) -> None:
        if self._hangs:
            await asyncio.Event().wait()
        raise ShopDown("scripted")

    async def find(self, number: str, email: str) -> Order | None:
        await self._fail()
        return None

    async def returns_of(self, number: str) -> list[Return]:
        await self._fail()
        return []

    async def change_address(self, number: str, address: Address, key: str | None) -> Order:
        await self._fail()
        raise AssertionError

    async def cancel(self, number: str, key: str | None) -> Order:
        await self._fail()
        raise AssertionError

    async def open_return(self, number: str, sku: str, reason: str, key: str | None) -> Return:
        await self._fail()
        raise AssertionError

    async def search(self, words: str) -> list[Product]:
        await self._fail()
        return []


def broken_shop(*, hangs: bool = False) -> Shop:
    down = DownOrders(hangs=hangs)
    return Shop(orders=down, catalogue=down)


@dataclass
class OpenFence:
    """Lets every turn pass and keeps who asked."""

    asked: list[Turn] = field(default_factory=list)

    async def pass_or_raise(self, turn: Turn) -> None:
        self.asked.append(turn)


class ShutFence:
    async def pass_or_raise(self, turn: Turn) -> None:
        raise Fenced


class SilentFence:
    async def pass_or_raise(self, turn: Turn) -> None:
        raise FenceUnknown("scripted")


def tracker(slots: dict[str, object], *, text: str = "", intent: str | None = None, turn: str | None = None,
            events: list[dict[str, object]] | None = None) -> Tracker:  # fmt: skip
    """A real rasa_sdk tracker. ``events`` are the newest ones, as Rasa would send them."""
    metadata = {"turn": turn, "epoch": 1} if turn else {}
    message = {"text": text, "intent": {"name": intent}, "entities": [], "metadata": metadata}
    return Tracker("c1", dict(slots), message, events or [], False, None, {}, "action_listen")


def slot_events(slots: dict[str, object]) -> list[dict[str, object]]:
    return [{"event": "slot", "timestamp": None, "name": name, "value": value} for name, value in slots.items()]


def said(dispatcher: CollectingDispatcher) -> str:
    return "\n".join(message["text"] for message in dispatcher.messages if message.get("text"))


def signals(dispatcher: CollectingDispatcher) -> list[dict[str, Any]]:
    return [message["custom"] for message in dispatcher.messages if message.get("custom")]


def set_slots(events: list[dict[str, object]]) -> dict[str, object]:
    return {str(event["name"]): event["value"] for event in events if event["event"] == "slot"}
