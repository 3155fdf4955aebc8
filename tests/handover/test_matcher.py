"""Who is rung for an offer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from handover.entries import AgentId
from handover.matcher import desk_open, due, match, moved_on
from handover.wanted import How, Stage, Tried, with_try
from tests.support.matching_offers import AT, LEASE, RULES, offer, rung, standing

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
