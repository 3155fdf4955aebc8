"""The running product, once for all journeys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sim.driver import Simulator, simulating
from tests.support.people import Customer
from tests.support.social_inboxes import SocialInboxes
from tests.support.stack import Stack, running_stack

SHORT_TURN = 7  # seconds: enough for an honest turn on a busy machine, and short enough to watch one fail


@pytest.fixture(scope="session")
def platforms() -> Iterator[Simulator]:
    """The social platforms, without any account yet."""
    with simulating() as simulator:
        yield simulator


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, platforms: Simulator) -> Iterator[Stack]:
    """Service, actions, Rasa and a scripted model, started once, with the simulated platforms around them."""
    folder: Path = tmp_path_factory.mktemp("stack")
    # What platforms tell is held for earlier words a shorter time than usual: journeys wait for each.
    with running_stack(folder, **platforms.environment, CHANNEL_HOLD_SECONDS="0.3") as stack:
        platforms.serve(stack.url)
        yield stack


@pytest.fixture(scope="session")
def _made(running: Stack, platforms: Simulator) -> SocialInboxes:
    return SocialInboxes(running, platforms)


@pytest.fixture
def social(stack: Stack, platforms: Simulator, _made: SocialInboxes) -> Iterator[SocialInboxes]:
    """Inboxes on the simulated platforms; no request to them was wrong, and every fault was met."""
    before = len(platforms.violations)
    yield _made
    assert platforms.violations[before:] == []
    assert platforms.faults.left() == 0


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """The running product with nothing left in the model's script, before and after."""
    running.model.forget()
    yield running
    assert running.model.left() == 0, "the model was not asked for all that was scripted"


@pytest.fixture(scope="module")
def _short_turns(running: Stack) -> Iterator[None]:
    running.restart("service", TURN_SECONDS=str(SHORT_TURN))
    # The first turn of a service that has just started takes longer than the others: it is nobody's measure.
    with Customer(running.url) as first:
        first.hears("bot")
        first.says("How long does delivery take?")
        first.hears("bot")
    yield
    running.restart("service", TURN_SECONDS="15")


@pytest.fixture
def hurried(_short_turns: None, stack: Stack) -> Stack:
    """The running product with a short deadline for the bot's turns."""
    return stack
