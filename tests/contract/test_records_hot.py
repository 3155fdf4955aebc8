"""Statements that go past the toolkit give exactly what the toolkit gives, and fail as it does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError, OperationalError

from handover.backends.records_sql.hot import Hot
from handover.backends.records_sql.tables import Moment

things = sa.Table(
    "things",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40), unique=True),
    sa.Column("at", Moment),
    sa.Column("more", sa.JSON),
)
_ADD = Hot(sqlite.insert(things).on_conflict_do_nothing())
_ADD_STRICTLY = Hot(things.insert())
_GET = Hot(sa.select(things, sa.func.length(things.c.name).label("long")).where(things.c.id == sa.bindparam("key")))
_MORE = Hot(
    things.update().where(things.c.id == sa.bindparam("key")).values(id=things.c.id + 10).returning(things.c.id)
)


@pytest.fixture(scope="module")
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    with engine.connect() as opened:
        things.create(opened)
        opened.commit()
        yield opened
    engine.dispose()


def raw_of(connection: sa.Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


values = st.fixed_dictionaries(
    {
        "name": st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        "at": st.none() | st.datetimes(timezones=st.just(UTC)),
        "more": st.none()
        | st.lists(st.integers(-5, 5) | st.text(st.characters(codec="utf-8"), max_size=5), max_size=3),
    }
)


@given(given=values)
def test_what_is_written_and_read_is_what_the_toolkit_writes_and_reads(
    connection: sa.Connection, given: dict[str, Any]
) -> None:
    raw = raw_of(connection)
    assert _ADD.on(raw, {"id": 1} | given).rowcount == 1
    mine = _GET.on(raw, {"key": 1})
    theirs = connection.execute(_GET.statement, {"key": 1}).all()
    assert [tuple(row) for row in mine] == [tuple(row) for row in theirs]
    assert mine.first().at == given["at"]
    raw.execute("DELETE FROM things")
    connection.execute(things.insert(), {"id": 1} | given)
    assert [tuple(row) for row in _GET.on(raw, {"key": 1})] == [tuple(row) for row in theirs]
    raw_of(connection).rollback()


def test_a_moment_of_another_zone_is_the_same_moment(connection: sa.Connection) -> None:
    there = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    _ADD.on(raw_of(connection), {"id": 1, "at": there})
    assert _GET.on(raw_of(connection), {"key": 1}).first().at == there
    raw_of(connection).rollback()


def test_a_row_that_is_there_is_told_apart_and_one_that_is_not_is_none(connection: sa.Connection) -> None:
    raw = raw_of(connection)
    assert _ADD.on(raw, {"id": 1, "name": "a"}).rowcount == 1
    assert _ADD.on(raw, {"id": 2, "name": "a"}).rowcount == 0
    assert _GET.on(raw, {"key": 2}).first() is None
    assert [row.id for row in _MORE.on(raw, {"key": 1})] == [11]
    raw_of(connection).rollback()


def test_failures_are_the_toolkit_s_and_hold_no_values(connection: sa.Connection) -> None:
    raw = raw_of(connection)
    _ADD.on(raw, {"id": 1, "name": "secret words"})
    with pytest.raises(IntegrityError) as refused:
        _ADD_STRICTLY.on(raw, {"id": 2, "name": "secret words"})
    assert "secret words" not in str(refused.value)
    with pytest.raises(OperationalError):
        Hot(sa.select(sa.Table("nowhere", sa.MetaData(), sa.Column("id", sa.Integer)))).on(raw, {})
    raw_of(connection).rollback()
