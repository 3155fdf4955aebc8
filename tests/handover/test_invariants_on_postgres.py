"""The invariants once more, on PostgreSQL with two replicas: every step is done by the one, then the other."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.handover.test_invariants import DeskMachine
from tests.support.desk_world import World, open_world, records_on
from tools.local_servers import PostgresServer

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]


class TwoReplicas(DeskMachine):
    """The desk's machine, whose ``world`` is now this replica, now that one."""

    def __init__(self) -> None:
        self._replicas: list[World] = []
        super().__init__()

    @property
    def world(self) -> World:
        self._replicas.reverse()
        return self._replicas[-1]

    @world.setter
    def world(self, opened: World) -> None:
        """The base opens one; its fellow is opened beside it."""
        fellow = open_world(url=self.url, clock=opened.clock)
        self._replicas = [opened, self.run(self.stack.enter_async_context(fellow))]
        self.disk.put_under(self._replicas[1].backends.records.writing_engine)

    @rule()
    def the_process_is_killed(self) -> None:
        """Both replicas end at once with whatever they had begun, and two others come."""
        self.disk.fail_next = False
        now = self.world.clock.now()
        for replica in self._replicas:
            self.run(replica.backends.records.engine.dispose())
        self.run(self.stack.aclose())
        self.stack = type(self.stack)()
        self.world = self.run(self._open())
        self.world.clock.advance((now - self.world.clock.now()).total_seconds())


def test_the_invariants_hold_on_two_replicas(postgres_of_the_run: PostgresServer) -> None:
    with records_on(postgres_of_the_run):
        run_state_machine_as_test(
            TwoReplicas,
            settings=settings(
                max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )


def test_the_replicas_take_turns(postgres_of_the_run: PostgresServer) -> None:
    with records_on(postgres_of_the_run):
        machine = TwoReplicas()
        first, second, third = machine.world, machine.world, machine.world
        assert first is third
        assert first is not second
        assert first.desk is not second.desk
        machine.teardown()
