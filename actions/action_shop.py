"""The business actions as Rasa knows them: thin shells that read the tracker, run one tool and say its result."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from datetime import UTC, datetime

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.address_tools import change_address
from actions.asked import Asked, Done, asked_from
from actions.fence import Fence, fence_from_env
from actions.order_tools import cancel_order, order_status, refund_status
from actions.product_tools import product_availability
from actions.return_tools import submit_return
from actions.shop import the_shop
from actions.shop.port import Shop
from actions.tool import TOOL_SECONDS, say, within_deadline
from actions.tracing import traced


class ShopAction(Action, ABC):
    """What the shells share. ``shop``, ``fence`` and ``seconds`` are for tests; Rasa gives none of them."""

    tool = ""
    effect = False

    def __init__(self, shop: Shop | None = None, fence: Fence | None = None, seconds: float = TOOL_SECONDS) -> None:
        self._shop, self._fence, self._seconds = shop, fence, seconds

    def name(self) -> str:
        return f"action_{self.tool}"

    @traced
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        asked = asked_from(tracker)
        work = self.work(self._shop or the_shop(), self._fence or fence_from_env(), asked)
        done = await within_deadline(self.tool, work, effect=self.effect, seconds=self._seconds)
        return say(dispatcher, done, said_yes=asked.intent == "affirm")

    @abstractmethod
    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        """The tool, not yet started."""


class ActionOrderStatus(ShopAction):
    tool = "order_status"

    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        return order_status(shop.orders, asked)


class ActionRefundStatus(ShopAction):
    tool = "refund_status"

    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        return refund_status(shop.orders, asked)


class ActionCancelOrder(ShopAction):
    tool = "cancel_order"
    effect = True

    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        return cancel_order(shop.orders, fence, asked)


class ActionSubmitReturn(ShopAction):
    tool = "submit_return"
    effect = True

    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        return submit_return(shop.orders, fence, asked, datetime.now(UTC).date())


class ActionChangeAddress(ShopAction):
    tool = "change_address"
    effect = True

    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        return change_address(shop.orders, fence, asked)


class ActionProductAvailability(ShopAction):
    tool = "product_availability"

    def work(self, shop: Shop, fence: Fence, asked: Asked) -> Awaitable[Done]:
        return product_availability(shop.catalogue, asked)
