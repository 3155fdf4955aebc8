"""The tables of the demo shop's SQLite file, filled from `actions.shop.fiction`."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from actions.shop import fiction

_TABLES = """
CREATE TABLE about (note TEXT NOT NULL);
CREATE TABLE customers (email TEXT PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL);
CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL, url TEXT NOT NULL,
    stock TEXT NOT NULL);
CREATE TABLE orders (number TEXT PRIMARY KEY, email TEXT NOT NULL REFERENCES customers, status TEXT NOT NULL,
    placed TEXT NOT NULL, address TEXT NOT NULL, items TEXT NOT NULL, expected TEXT, sent TEXT, delivered TEXT,
    carrier TEXT, tracking TEXT);
CREATE TABLE returns (number TEXT PRIMARY KEY, order_number TEXT NOT NULL REFERENCES orders, sku TEXT NOT NULL,
    item TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, cents INTEGER NOT NULL, registered TEXT NOT NULL,
    refunded TEXT, UNIQUE (order_number, sku));
CREATE TABLE effects (key TEXT PRIMARY KEY);
"""


def make(file: Path, today: date | None = None) -> bool:
    """Fill ``file`` unless it is there; True when it was made. Two processes may try at once: one wins."""
    today = today or datetime.now(UTC).date()
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, timeout=5, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'about'").fetchone():
            db.execute("ROLLBACK")
            return False
        for statement in filter(str.strip, _TABLES.split(";")):
            db.execute(statement)
        _fill(db, today)
        db.execute("COMMIT")
    return True


def _fill(db: sqlite3.Connection, today: date) -> None:
    db.execute("INSERT INTO about VALUES ('Fiction: Tarn & Trail, its customers and its orders are invented.')")
    for buyer in fiction.buyers():
        address = json.dumps(asdict(buyer.address))
        db.execute("INSERT INTO customers VALUES (?, ?, ?)", (buyer.email, buyer.name, address))
    for product in fiction.products():
        row = (product.sku, product.name, product.cents, product.url, json.dumps(product.stock))
        db.execute("INSERT INTO products VALUES (?, ?, ?, ?, ?)", row)
    for email, order in fiction.orders(today):
        row_of_order = (
            order.number,
            email,
            order.status.value,
            order.placed.isoformat(),
            json.dumps(asdict(order.address)),
            json.dumps([asdict(line) for line in order.items]),
            *(day.isoformat() if day else None for day in (order.expected, order.sent, order.delivered)),
            order.carrier,
            order.tracking,
        )
        db.execute(f"INSERT INTO orders VALUES ({', '.join('?' * 11)})", row_of_order)
    for back in fiction.returns(today):
        days = (back.registered.isoformat(), back.refunded.isoformat() if back.refunded else None)
        row_of_return = (back.number, back.order, back.sku, back.item, back.status.value, back.reason, back.cents)
        db.execute("INSERT INTO returns VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row_of_return, *days))
