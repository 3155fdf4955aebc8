"""What tests of several folders share: one browser, because two sync playwrights cannot live in one process; and one
PostgreSQL and one Redis, because starting them costs more than most tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import chromium
from tests.support.desk_world import records_on
from tests.support.distributed import (
    Database,
    back_again,
    flush,
    fresh_database,
    running_postgres,
    running_redis,
)
from tools.local_servers import PostgresServer, RedisServer

# Whole modules, not single tests: whoever changes what they are about runs them by name.
THOROUGH = (
    *("tests/properties/", "tests/bot/nlu/test_graph.py", "tests/bot/channels/test_fixtures.py"),
    *("tests/bot/test_cli_record.py", "tests/bot/test_relay_properties.py", "tests/bot/channels/test_media_fetch.py"),
    *("tests/contract/test_records_copies.py", "tests/contract/test_records_migrate.py", "tests/tools/test_up.py"),
    *("tests/handover/test_matching_machine.py", "tests/handover/test_followed_screens.py"),
    *("tests/handover/test_shown.py", "tests/handover/test_calendar.py", "tests/handover/test_stalled_screens.py"),
    *("tests/handover/test_dead_letters_api.py", "tests/handover/test_invariants.py", "tests/handover/test_waits.py"),
    *("tests/handover/test_matcher", "tests/handover/test_desk_waits.py", "tests/handover/test_resuming.py"),
    *("tests/bot/channels/test_messenger.py", "tests/bot/channels/test_instagram.py"),
    *("tests/bot/channels/test_whatsapp", "tests/promises/test_imports.py", "tests/promises/test_error_shape.py"),
    *("tests/actions/test_claims.py", "tests/chaos/", "tests/bot/channels/test_hostile_webhooks.py"),
    *("tests/bot/channels/test_inbox_refusals.py", "tests/bot/channels/test_splitting.py"),
    *("tests/bot/test_idle_sockets.py", "tests/handover/test_outbox_reports.py", "tests/bot/test_refusals.py"),
    *("tests/actions/test_starting.py", "tests/tools/test_operating.py"),
)
# Where each worker takes whole files, the long ones come first, so that none is left alone with one at the end; most of
# them start a Rasa or wait for a deadline, whatever the number of their tests.
LONGEST_FIRST = (
    *("tests/journeys/test_replicas.py", "tests/journeys/test_hostile_text.py", "tests/pages/test_console_states.py"),
    *("tests/pages/test_widget", "tests/pages/test_real_service.py", "tests/pages/test_inboxes_page.py"),
    *("tests/journeys/test_the_whole_path.py", "tests/pages/test_console_habits.py", "tests/pages/test_moving.py"),
    *("tests/pages/test_channel_views.py", "tests/pages/test_real_contacts.py", "tests/pages/test_console.py"),
    *("tests/journeys/test_channels_faults.py", "tests/webhooks/", "tests/bot/nlu/test_in_rasa.py"),
    *("tests/journeys/test_model_faults.py", "tests/bot/test_rasa_real.py", "tests/journeys/test_channels.py"),
    *("tests/bot/test_two_rasas.py", "tests/bot/rasa_store/test_stores_in_rasa.py"),
    *("tests/journeys/test_what_breaks.py", "tests/properties/", "tests/handover/test_two_replicas.py"),
    *("tests/handover/test_stories_on_postgres.py", "tests/contract/test_live_feed_faults.py"),
    *("tests/contract/test_records_migrate.py", "tests/handover/test_desk_for_contacts.py"),
    *("tests/contract/test_records_failing.py", "tests/contract/test_records_races.py"),
)
PATIENCE = 30_000  # milliseconds a page may take to show what it should: this machine may be busy


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, started once for all pages and journeys."""
    expect.set_options(timeout=PATIENCE)
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_of_the_run() -> Iterator[PostgresServer]:
    """Debian's PostgreSQL, started once."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_of_the_run() -> Iterator[RedisServer]:
    """Debian's Redis, started once."""
    with running_redis() as server:
        yield server


@pytest.fixture
def postgres(postgres_of_the_run: PostgresServer) -> Iterator[Database]:
    """An empty database for one test; `handover.backends.open_backends` with its ``url`` makes the tables."""
    with fresh_database(postgres_of_the_run) as database:
        yield database


@pytest.fixture
def redis_server(redis_of_the_run: RedisServer) -> Iterator[RedisServer]:
    """Redis with nothing in it."""
    back_again(redis_of_the_run)
    flush(redis_of_the_run)
    yield redis_of_the_run
    back_again(redis_of_the_run)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.servers)])
def any_record(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each kind of record in turn; `open_world` then makes its records of this kind."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    with records_on(request.getfixturevalue("postgres_of_the_run")):
        yield "postgres"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests with the browser come last: playwright's loop stays on the main thread, and asyncio wants that thread.

    Among each, whole files are in the order of LONGEST_FIRST. Those of THOROUGH modules are marked: `make check` leaves
    them out, `make test` runs them all.
    """
    for item in items:
        if item.nodeid.startswith(THOROUGH):
            item.add_marker(pytest.mark.thorough)
    items.sort(key=lambda item: ("browser" in getattr(item, "fixturenames", ()), _place(item.nodeid)))


def _place(nodeid: str) -> int:
    """Where in LONGEST_FIRST a test's file stands; after all of them when it is not there."""
    return next((at for at, name in enumerate(LONGEST_FIRST) if nodeid.startswith(name)), len(LONGEST_FIRST))
