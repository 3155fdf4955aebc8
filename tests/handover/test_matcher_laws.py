"""What holds of who is rung for whatever waits and whoever is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover.entries import AgentId
from handover.matcher import Rules, Standing, match, moved_on
from handover.matching_floor import Floor, Wish
from handover.wanted import How, Stage, Tried, Wanted
from tests.support.matching_offers import AT, RULES, offer, standing

SKILLS, LANGUAGES, TEAMS = ("orders", "payments"), ("en", "de"), ("service",)
STANDINGS = st.lists(
    st.builds(
        lambda n, state, here, held, role, capacity, skills, languages, teams: standing(
            n, state, here=here, held=min(held, capacity), role=role, capacity=capacity,
            skills=" ".join(skills), languages=" ".join(languages), teams=" ".join(teams),
        ),
        st.sampled_from([f"a{n}" for n in range(6)]),
        st.sampled_from(["online", "busy", "offline"]),
        st.booleans(),
        st.integers(0, 6),
        st.sampled_from(["agent", "lead", "admin"]),
        st.integers(1, 6),
        st.sets(st.sampled_from(SKILLS)),
        st.sets(st.sampled_from(LANGUAGES)),
        st.sets(st.sampled_from(TEAMS)),
    ),
    max_size=6,
    unique_by=lambda one: one.agent.id,
)  # fmt: skip


TRIES = st.builds(
    Tried, st.sampled_from([AgentId(f"a{n}") for n in range(6)]), st.sampled_from(How), st.just(AT)
)  # fmt: skip


OFFERS = st.lists(
    st.builds(
        lambda n, weight, needs, language, team, to, stage, past, wait: offer(
            f"o{n}", weight=weight, needs=frozenset(needs), language=language, team=team,
            to=to if stage is Stage.NAMED else None, stage=stage, past=tuple(past),
            deadline=AT + timedelta(seconds=wait),
        ),
        st.integers(0, 9),
        st.integers(1, 3),
        st.sets(st.sampled_from(SKILLS)),
        st.sampled_from([None, *LANGUAGES]),
        st.sampled_from([None, *TEAMS]),
        st.sampled_from([AgentId("a0"), AgentId("a1")]),
        st.sampled_from(Stage),
        st.lists(TRIES, max_size=3),
        st.integers(1, 300),
    ),
    max_size=10,
    unique_by=lambda one: one.id,
)  # fmt: skip


WIDE = st.sampled_from([RULES, replace(RULES, ring_at=0), replace(RULES, ring_at=1)])


def everything(offers: Sequence[Wanted], standings: Sequence[Standing], rules: Rules) -> list[Wanted]:
    """All offers after a pass, in the order of the queue."""
    changed = {one.id: one for one in match(offers, standings, rules, AT)}
    return sorted((changed.get(one.id, one) for one in offers), key=lambda one: one.order)


@settings(max_examples=300, deadline=None)
@given(OFFERS, STANDINGS, WIDE)
def test_nobody_is_rung_above_their_room_nor_when_they_are_away_or_were_tried(
    offers: list[Wanted], standings: list[Standing], rules: Rules
) -> None:
    after = everything(offers, standings, rules)
    by_name = {s.agent.id: s for s in standings}
    load = Counter({agent: s.held for agent, s in by_name.items()})
    for one in after:
        assert len(set(one.ringing)) == len(one.ringing)
        for agent in one.ringing:
            assert by_name[agent].here
            assert by_name[agent].agent.availability != "offline"
            assert agent not in one.tried_at(one.stage)
            assert Wish.of(one, one.stage).admits(by_name[agent].agent)
            load[agent] += one.weight
    assert all(load[agent] <= s.agent.capacity for agent, s in by_name.items() if load[agent] > s.held)


@settings(max_examples=300, deadline=None)
@given(OFFERS, STANDINGS, WIDE)
def test_what_waits_never_idles_while_somebody_could_take_it(
    offers: list[Wanted], standings: list[Standing], rules: Rules
) -> None:
    after = everything(offers, standings, rules)
    room = {s.agent.id: s.room for s in standings if s.present}
    rings: list[Wanted] = []
    for one in after:
        members = Floor(standings).pool(Wish.of(one, one.stage)).members
        asked = [agent for agent in members if agent not in one.tried_at(one.stage)]
        assert asked or not room or one.stage is Stage.LEADS, "the circle is wide enough to hold somebody"
        if not one.ringing:
            # Whoever could take it has no room left by those before it in the queue.
            ahead = Counter({agent: sum(r.weight for r in rings if agent in r.ringing) for agent in room})
            assert all(room[agent] - ahead[agent] < one.weight for agent in asked)
        rings.append(one)
    assert match(after, standings, rules, AT) == [], "a second look finds nothing to do"


@settings(max_examples=200, deadline=None)
@given(OFFERS, STANDINGS)
def test_leads_are_reached_in_bounded_rounds_whoever_is_there(offers: list[Wanted], standings: list[Standing]) -> None:
    anybody = any(s.present for s in standings)
    for one in offers:
        now, at = replace(one, deadline=AT + timedelta(days=1)), AT
        for _ in range(RULES.escalate_after + 2):
            at = max(at, now.expires_at)
            now = moved_on(now, RULES, at, anybody=anybody)
            (now,) = match([now], standings, RULES, at) or [now]
        assert now.escalated or not anybody


@pytest.mark.parametrize("wide", [1, 3])
def test_the_first_in_the_queue_is_served_first_however_many_come_after(wide: int) -> None:
    """No starvation: with one slot at a time, conversations are had in the order of their deadlines."""
    queue = [offer(f"o{n:02}", weight=1, deadline=AT + timedelta(seconds=60 + n)) for n in range(30)]
    rules, served = replace(RULES, ring_at=wide), []
    waiting = list(reversed(queue))
    while waiting:
        now = everything(waiting, [standing("mia", capacity=1)], rules)
        (ringing,) = [one for one in now if one.ringing]
        served.append(ringing.id)
        waiting = [one for one in now if one is not ringing]
    assert served == [one.id for one in queue]
