"""Who is rung for an offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover.agents import Agent, AvailabilityState, Role
from handover.entries import AgentId, ConversationId
from handover.matcher import Rules, Standing, desk_open, due, match, moved_on
from handover.matching_floor import Floor, Wish
from handover.wanted import How, Stage, Tried, Wanted, with_try

AT = datetime(2026, 1, 5, tzinfo=UTC)
LEASE = timedelta(seconds=45)
RULES = Rules(ring_at=3, escalate_after=3, lease=LEASE, transfer_lease=timedelta(seconds=60))


def offer(name: str = "o", **given: Any) -> Wanted:
    parts = {
        "conversation": ConversationId(f"c-{name}"),
        "epoch": 2,
        "made_at": AT,
        "expires_at": AT + LEASE,
        "deadline": AT + timedelta(minutes=5),
        "weight": 2,
        **given,
    }
    return Wanted(id=name, **parts)


def standing(
    name: str,
    state: AvailabilityState = "online",
    *,
    here: bool = True,
    held: int = 0,
    role: Role = "agent",
    capacity: int = 4,
    skills: str = "",
    languages: str = "",
    teams: str = "",
    taken: int | None = None,
) -> Standing:
    able = {"skills": frozenset(skills.split()), "languages": frozenset(languages.split())}
    who = Agent(
        AgentId(name), f"{name}@example.com", name, role, state, capacity, teams=frozenset(teams.split()), **able
    )
    return Standing(who, here, held, None if taken is None else AT + timedelta(seconds=taken))


def rung(waiting: Wanted | Sequence[Wanted], standings: Sequence[Standing], rules: Rules = RULES) -> Any:
    """Who rings after a pass: of one offer, or of each by its name."""
    several = [waiting] if isinstance(waiting, Wanted) else waiting
    now = {one.id: one for one in several} | {one.id: one for one in match(several, standings, rules, AT)}
    return now[waiting.id].ringing if isinstance(waiting, Wanted) else {name: now[name].ringing for name in now}


ALL = [standing("mia"), standing("tom", "busy"), standing("eve", here=False), standing("ben", held=3)]


def test_only_those_online_here_and_with_room_are_rung() -> None:
    assert rung(offer(), ALL) == ("mia",)
    assert rung(offer(), [standing("off", "offline"), *ALL]) == ("mia",)


def test_the_best_few_are_rung_first_and_twice_as_many_in_the_next_round() -> None:
    desk = [standing(f"a{n}", held=n % 2) for n in range(8)]
    assert rung(offer(), desk) == ("a0", "a2", "a4")
    assert len(rung(offer(round=2), desk)) == 6
    assert len(rung(offer(), desk, replace(RULES, ring_at=0))) == 8


def test_among_equals_the_one_without_a_new_conversation_for_longest_is_first() -> None:
    desk = [standing("a", taken=30), standing("b", taken=10), standing("c", taken=20), standing("d")]
    assert rung(offer(), desk) == ("d", "b", "c")
    assert rung(offer(), [standing("a", held=2, capacity=8), standing("b", held=1, capacity=2)], RULES) == ("a",)


def test_skills_language_and_team_come_first() -> None:
    asked = offer(needs=frozenset({"payments"}), language="de", team="service")
    fits = standing("fits", skills="payments orders", languages="de en", teams="service")
    desk = [standing("other"), standing("team", languages="de", teams="service"), fits]
    assert rung(asked, desk) == ("fits",)
    assert rung(replace(asked, stage=Stage.LANGUAGE, round=2), desk) == ("fits", "team")
    assert rung(replace(asked, stage=Stage.EVERYBODY, round=3), desk) == ("fits", "team", "other")


def test_a_round_nobody_suits_is_skipped_at_once() -> None:
    asked = offer(needs=frozenset({"payments"}), language="fi")
    (after,) = match([asked], [standing("german", languages="de"), standing("tom", "busy")], RULES, AT)
    assert (after.stage, after.ringing, after.round) == (Stage.EVERYBODY, ("tom", "german"), 1)
    assert rung(asked, [standing("lead", role="lead")]) == ("lead",)


def test_who_suits_but_has_no_room_is_waited_for_until_the_round_ends() -> None:
    asked = offer(needs=frozenset({"payments"}))
    desk = [standing("full", skills="payments", held=4), standing("other")]
    assert match([asked], desk, RULES, AT) == []
    wider = moved_on(asked, RULES, AT + LEASE, anybody=True)
    assert rung(wider, desk) == ("other",)


def test_who_declined_is_not_rung_again_before_all_others_were_asked() -> None:
    declined = offer(past=(Tried(AgentId("mia"), How.DECLINED, AT),))
    assert rung(declined, [standing("mia"), standing("tom")]) == ("tom",)
    assert rung(declined, [standing("mia"), standing("lea", role="lead")]) == ("lea",)
    alone = [standing("mia")]
    (after,) = match([declined], alone, RULES, AT)
    assert (after.stage, after.ringing, after.resting) == (Stage.LEADS, (), False)
    assert due(after, after.expires_at)
    again = moved_on(after, RULES, after.expires_at, anybody=True)
    assert rung(again, alone) == ("mia",)


def test_who_only_let_it_ring_out_is_asked_again_when_nobody_else_is_there() -> None:
    ringing = offer(ringing=(AgentId("mia"),))
    after = moved_on(ringing, RULES, AT + LEASE, anybody=True)
    assert [(t.agent, t.how) for t in after.past] == [("mia", How.RANG_OUT)]
    assert rung(after, [standing("mia"), standing("tom")]) == ("tom",)
    assert rung(after, [standing("mia")]) == ("mia",)


def test_a_transfer_rings_at_one_and_goes_on_at_once_when_that_one_is_not_there() -> None:
    passed = offer(to=AgentId("tom"), stage=Stage.NAMED)
    assert rung(passed, ALL) == ("tom",)
    (after,) = match([replace(passed, to=AgentId("eve"))], ALL, RULES, AT)
    assert (after.ringing, after.to, after.stage) == (("mia",), None, Stage.FITTING)
    over = moved_on(passed, RULES, AT + RULES.transfer_lease, anybody=True)
    assert (over.stage, over.to) == (Stage.FITTING, None)


def test_leads_are_asked_after_so_many_rounds_or_at_the_deadline() -> None:
    asked, at = offer(deadline=AT + timedelta(hours=1)), AT
    stages = []
    for _ in range(4):
        at = asked.expires_at
        asked = moved_on(asked, RULES, at, anybody=True)
        stages.append(asked.stage)
    assert stages == [Stage.LANGUAGE, Stage.EVERYBODY, Stage.LEADS, Stage.LEADS]
    early = offer(deadline=AT + timedelta(seconds=10), ringing=(AgentId("mia"),))
    assert due(early, early.deadline)
    late = moved_on(early, RULES, early.deadline, anybody=True)
    assert (late.stage, late.ringing, late.expires_at) == (Stage.LEADS, ("mia",), early.expires_at)
    assert set(rung(late, [*ALL, standing("lea", role="lead")])) == {"mia", "tom", "lea"}


def test_an_empty_desk_widens_nothing_and_rests_once_the_customer_knows() -> None:
    nobody = [standing("mia", here=False)]
    assert match([offer()], nobody, RULES, AT) == []
    told = offer(told_nobody=True)
    (resting,) = match([told], nobody, RULES, AT)
    assert resting == replace(told, resting=True)
    assert not due(resting, AT + timedelta(days=1))
    (woken,) = match([resting], ALL, RULES, AT + timedelta(hours=1))
    assert (woken.ringing, woken.stage, woken.expires_at) == (("mia",), Stage.FITTING, AT + timedelta(hours=1) + LEASE)


def test_what_rings_goes_on_ringing_where_it_rings() -> None:
    ringing = offer(ringing=(AgentId("mia"), AgentId("zoe")))
    desk = [standing("ada"), standing("mia", held=2), standing("zoe")]
    (after,) = match([ringing], desk, RULES, AT)
    assert after.ringing == ("mia", "zoe", "ada")
    assert after.expires_at == ringing.expires_at
    assert match([after], desk, RULES, AT) == []


def test_each_gets_a_first_agent_before_any_gets_a_second_and_the_earliest_deadline_first() -> None:
    soon, later = offer("soon", deadline=AT + timedelta(seconds=1)), offer("later")
    desk = [standing("a", capacity=2), standing("b", capacity=2)]
    assert rung([later, soon], desk) == {"soon": ("a",), "later": ("b",)}
    assert rung([later, soon], desk[:1]) == {"soon": ("a",), "later": ()}
    # A second agent is lent, not given: who comes later and has none gets it.
    assert rung([replace(soon, ringing=(AgentId("a"), AgentId("b"))), later], desk) == {"soon": ("a",), "later": ("b",)}


def test_of_the_same_agent_and_end_only_the_newest_try_is_kept() -> None:
    first, second = Tried(AgentId("a"), How.RANG_OUT, AT), Tried(AgentId("a"), How.RANG_OUT, AT + LEASE)
    other = Tried(AgentId("a"), How.DECLINED, AT)
    assert with_try((first, other), second) == (other, second)


def test_the_desk_is_open_when_somebody_is_online_and_here() -> None:
    assert desk_open(ALL)
    assert not desk_open(ALL[1:3])


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
