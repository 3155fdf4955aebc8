"""The demo shop: the ports of `actions.shop.port` over one SQLite file of fiction. Made on first use."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from actions.shop.port import (
    Address,
    Item,
    Order,
    Product,
    Return,
    ReturnStatus,
    Shop,
    ShopDown,
    Status,
    TooLate,
)
from actions.shop.tables import make

T = TypeVar("T")

# Shorter than a tool's own deadline, so that a locked file is an honest failure and not a late effect.
_BUSY_SECONDS = 1.5


def demo_shop(file: Path) -> Shop:
    """A shop over ``file``; nothing is opened until the first question."""
    return Shop(orders=SqliteOrders(file), catalogue=SqliteCatalogue(file))


class _File:
    """Runs one piece of work in one transaction, in a thread. Raises ShopDown for whatever SQLite cannot do."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._made = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._in_transaction, work)

    def _in_transaction(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if not self._made:
                make(self._file)
                self._made = True
            with closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS, isolation_level=None)) as db:
                db.row_factory = sqlite3.Row
                db.execute("BEGIN IMMEDIATE")
                try:
                    found = work(db)
                except BaseException:
                    db.execute("ROLLBACK")
                    raise
                db.execute("COMMIT")
                return found
        except (sqlite3.Error, OSError) as wrong:
            raise ShopDown(str(wrong)) from wrong


class SqliteOrders:
    """Implements `Orders`."""

    def __init__(self, file: Path) -> None:
        self._db = _File(file)

    async def find(self, number: str, email: str) -> Order | None:
        def work(db: sqlite3.Connection) -> Order | None:
            row = db.execute(
                "SELECT * FROM orders WHERE number = ? AND email = ?", (number, email.strip().lower())
            ).fetchone()
            return _order(row) if row else None

        return await self._db.run(work)

    async def returns_of(self, number: str) -> list[Return]:
        def work(db: sqlite3.Connection) -> list[Return]:
            rows = db.execute("SELECT * FROM returns WHERE order_number = ? ORDER BY number", (number,))
            return [_return(row) for row in rows]

        return await self._db.run(work)

    async def change_address(self, number: str, address: Address, key: str | None) -> Order:
        def work(db: sqlite3.Connection) -> Order:
            if _first_time(db, key):
                _still_received(db, number)
                db.execute("UPDATE orders SET address = ? WHERE number = ?", (json.dumps(asdict(address)), number))
            return _by_number(db, number)

        return await self._db.run(work)

    async def cancel(self, number: str, key: str | None) -> Order:
        def work(db: sqlite3.Connection) -> Order:
            if _first_time(db, key):
                _still_received(db, number)
                db.execute("UPDATE orders SET status = ? WHERE number = ?", (Status.CANCELLED.value, number))
            return _by_number(db, number)

        return await self._db.run(work)

    async def open_return(self, number: str, sku: str, reason: str, key: str | None) -> Return:
        def work(db: sqlite3.Connection) -> Return:
            there = "SELECT * FROM returns WHERE order_number = ? AND sku = ?"
            row = db.execute(there, (number, sku)).fetchone()
            if row is None and _first_time(db, key):
                line = next(line for line in _by_number(db, number).items if line.sku == sku)
                last = db.execute("SELECT max(number) FROM returns").fetchone()[0]
                new = f"RT-{int(last[3:]) + 1 if last else 700100:06d}"
                db.execute(
                    "INSERT INTO returns VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                    (new, number, sku, line.name, "registered", reason, line.cents, _today().isoformat()),
                )
                row = db.execute(there, (number, sku)).fetchone()
            if row is None:
                raise ShopDown("this request was used for another return")
            return _return(row)

        return await self._db.run(work)


class SqliteCatalogue:
    """Implements `Catalogue`: a product is found by the words of its name, plural or not."""

    def __init__(self, file: Path) -> None:
        self._db = _File(file)

    async def search(self, words: str) -> list[Product]:
        asked = _stems(words)

        def work(db: sqlite3.Connection) -> list[Product]:
            scored = [(len(asked & _stems(row["name"])), row) for row in db.execute("SELECT * FROM products")]
            best = max((score for score, _ in scored), default=0)
            return [_product(row) for score, row in scored if score == best and score][:5]

        return await self._db.run(work)


def _stems(words: str) -> set[str]:
    """Words without a plural s, longer than two letters: "Jackets" and "jacket" are the same."""
    plain = "".join(c if c.isalnum() else " " for c in words.casefold()).split()
    return {w.removesuffix("s") for w in plain if len(w) > 2}


def _first_time(db: sqlite3.Connection, key: str | None) -> bool:
    """Notes the key in the same transaction as the effect; False when the effect was had before."""
    if key is None:
        return True
    return db.execute("INSERT OR IGNORE INTO effects VALUES (?)", (key,)).rowcount == 1


def _still_received(db: sqlite3.Connection, number: str) -> None:
    status = _by_number(db, number).status
    if status is not Status.RECEIVED:
        raise TooLate(status)


def _by_number(db: sqlite3.Connection, number: str) -> Order:
    row = db.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise ShopDown("the order has gone")
    return _order(row)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _today() -> date:
    return datetime.now(UTC).date()


def _order(row: sqlite3.Row) -> Order:
    return Order(
        number=row["number"],
        status=Status(row["status"]),
        placed=date.fromisoformat(row["placed"]),
        address=Address(**json.loads(row["address"])),
        items=tuple(Item(**line) for line in json.loads(row["items"])),
        expected=_day(row["expected"]),
        sent=_day(row["sent"]),
        delivered=_day(row["delivered"]),
        carrier=row["carrier"],
        tracking=row["tracking"],
    )


def _return(row: sqlite3.Row) -> Return:
    return Return(
        number=row["number"],
        order=row["order_number"],
        sku=row["sku"],
        item=row["item"],
        status=ReturnStatus(row["status"]),
        reason=row["reason"],
        cents=row["cents"],
        registered=date.fromisoformat(row["registered"]),
        refunded=_day(row["refunded"]),
    )


def _product(row: sqlite3.Row) -> Product:
    return Product(row["sku"], row["name"], row["cents"], row["url"], json.loads(row["stock"]))
