"""The stories of the desk once more, on PostgreSQL: each test of the modules below with its fixtures, word for word."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.handover import (
    test_desk_for_agents,
    test_desk_for_bot,
    test_desk_for_customers,
    test_offers,
    test_outbox,
    test_packet,
)
from tests.support.desk_world import RecordsOnPostgres, records_on
from tools.local_servers import PostgresServer

pytestmark = pytest.mark.servers

STORIES = (
    test_desk_for_agents,
    test_desk_for_bot,
    test_desk_for_customers,
    test_offers,
    test_outbox,
    test_packet,
)


@pytest.fixture(scope="module", autouse=True)
def on_postgres(postgres_of_the_run: PostgresServer) -> Iterator[RecordsOnPostgres]:
    """Every record of this module is a database of its own there."""
    with records_on(postgres_of_the_run) as records:
        yield records


def _taken_from(module: ModuleType) -> dict[str, Any]:
    fixture = type(on_postgres)
    return {
        name: thing for name, thing in vars(module).items() if name.startswith("test_") or isinstance(thing, fixture)
    }


for each in STORIES:
    globals().update(_taken_from(each))
