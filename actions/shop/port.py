"""What the business actions need of a shop: two small ports and their plain values. An adopter implements these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """Where an order is. The address can change and the order can be cancelled only while it is RECEIVED."""

    RECEIVED = "received"
    PACKING = "packing"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


class ReturnStatus(StrEnum):
    REGISTERED = "registered"
    ARRIVED = "arrived"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order. ``cents`` is the price of the line in euro cents."""

    sku: str
    name: str
    quantity: int
    cents: int
    returnable: bool


@dataclass(frozen=True, slots=True)
class Address:
    street: str
    city: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Order:
    """``number`` is TT- and six digits. Days are None until they have come; ``expected`` is the shop's own estimate."""

    number: str
    status: Status
    placed: date
    address: Address
    items: tuple[Item, ...]
    expected: date | None = None
    sent: date | None = None
    delivered: date | None = None
    carrier: str | None = None
    tracking: str | None = None

    @property
    def cents(self) -> int:
        return sum(item.cents for item in self.items)


@dataclass(frozen=True, slots=True)
class Return:
    """``number`` is RT- and six digits; ``cents`` is the amount that goes back."""

    number: str
    order: str
    sku: str
    item: str
    status: ReturnStatus
    reason: str
    cents: int
    registered: date
    refunded: date | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """``stock`` maps a size ("one size" when there are none) to pieces in the warehouse."""

    sku: str
    name: str
    cents: int
    url: str
    stock: dict[str, int]


class ShopDown(Exception):
    """The shop's system did not answer, or answered nonsense."""


class TooLate(Exception):
    """The order is past the state in which this is possible."""

    def __init__(self, status: Status) -> None:
        super().__init__(f"the order is {status.value}")
        self.status = status


class Orders(Protocol):
    """Every method raises ShopDown. Effects take ``key``: the same key again gives the first result, no second effect.

    An order is only ever found by its number AND the e-mail address on it, so nothing built on this port can
    tell a stranger that an order exists.
    """

    async def find(self, number: str, email: str) -> Order | None: ...

    async def returns_of(self, number: str) -> list[Return]: ...

    async def change_address(self, number: str, address: Address, key: str | None) -> Order:
        """Raises TooLate."""
        ...

    async def cancel(self, number: str, key: str | None) -> Order:
        """Raises TooLate."""
        ...

    async def open_return(self, number: str, sku: str, reason: str, key: str | None) -> Return:
        """One return per order and item: a second call gives the one there is."""
        ...


class Catalogue(Protocol):
    async def search(self, words: str) -> list[Product]:
        """Products the words may mean, best first, at most five. Raises ShopDown."""
        ...


@dataclass(frozen=True, slots=True)
class Shop:
    orders: Orders
    catalogue: Catalogue
