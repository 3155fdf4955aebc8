"""What tests that need PostgreSQL or Redis may rely on: nothing of another test is there; a killed server is back."""

from __future__ import annotations

import pytest
import redis

from tests.support.distributed import Database, back_again, fresh_database
from tools.local_servers import RedisServer

pytestmark = pytest.mark.servers


def test_each_database_is_empty_at_first_and_gone_afterwards(postgres: Database) -> None:
    with fresh_database(postgres.server) as other:
        other.ask("CREATE TABLE x (n integer)")
        other.ask("INSERT INTO x VALUES (%s)", 3)
        with fresh_database(postgres.server, other) as like_it:
            assert like_it.ask("SELECT n FROM x") == [(3,)]
    there = {row[0] for row in postgres.ask("SELECT datname FROM pg_database")}
    assert postgres.name in there
    assert other.name not in there
    assert postgres.ask("SELECT 1 FROM pg_tables WHERE tablename = 'x'") == []


def test_a_server_that_was_killed_is_back_with_what_was_committed(postgres: Database) -> None:
    postgres.ask("CREATE TABLE x (n integer)")
    postgres.server.kill()
    back_again(postgres.server)
    assert postgres.ask("SELECT count(*) FROM x") == [(0,)]


@pytest.mark.parametrize("time", ["first", "second"])
def test_redis_is_empty_each_time(redis_server: RedisServer, time: str) -> None:
    with redis.Redis.from_url(redis_server.url, socket_timeout=10) as client:
        assert client.keys() == []
        client.set("left", time)
    if time == "first":
        redis_server.kill()
