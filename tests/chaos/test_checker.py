"""The checker is worth something: it lets a good run pass, and sees each kind of wrong when only that is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.checker import counted, judge
from tests.chaos.journal import Journal, lines_of
from tests.chaos.laws_of_the_channel import CHANNEL_LAWS
from tests.chaos.laws_of_the_record import RECORD_LAWS
from tests.chaos.laws_of_the_screens import SCREEN_LAWS
from tests.chaos.made_history import made_history
from tests.chaos.ordered_log import OrderedLog
from tests.chaos.spoilt import SPOILT, Spoil, bot_under_a_person, too_late, two_outcomes

LAWS = (*RECORD_LAWS, *SCREEN_LAWS, *CHANNEL_LAWS)


def test_a_run_in_which_all_is_well_breaks_no_law() -> None:
    assert judge(made_history(), LAWS) == []


@pytest.mark.parametrize(("spoil", "law"), SPOILT, ids=[spoil.__name__.strip("_") for spoil, _ in SPOILT])
def test_whatever_is_spoilt_breaks_its_law(spoil: Spoil, law: str) -> None:
    history = made_history()
    spoil(history)
    assert law in counted(judge(history, LAWS))


def test_every_law_is_broken_by_something() -> None:
    broken = set()
    for spoil, _ in SPOILT:
        history = made_history()
        spoil(history)
        broken |= {law.__name__ for law in LAWS if list(law(history))}
    assert broken == {law.__name__ for law in LAWS}


def test_trouble_excuses_lateness_and_nothing_else() -> None:
    history = made_history()
    too_late(history)
    history.troubles.append((110.0, 118.0))
    assert judge(history, LAWS) == []
    two_outcomes(history)
    assert counted(judge(history, LAWS)) == {"outcomes": 1}


def test_a_moved_clock_excuses_lateness_and_nothing_else() -> None:
    history = made_history()
    too_late(history)
    history.limits = replace(history.limits, timing=False)
    assert judge(history, LAWS) == []
    bot_under_a_person(history)
    assert "two voices" in counted(judge(history, LAWS))


def test_a_journal_is_read_as_it_was_written_but_for_a_line_cut_off_by_a_kill(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal") as journal:
        journal.note("customer:1", "shown", offset=1)
    with journal.file.open("a") as end:
        end.write('{"who": "cust')
    assert [(line["who"], line["offset"]) for line in lines_of(journal.file)] == [("customer:1", 1)]


def test_a_page_never_shows_past_a_gap_and_nothing_twice() -> None:
    log = OrderedLog()
    assert [line["offset"] for line in log.add({"offset": 1})] == [1]
    assert log.add({"offset": 3}) == []
    assert log.has_gap
    assert [line["offset"] for line in log.add({"offset": 2})] == [2, 3]
    assert log.add({"offset": 2}) == []
    assert (log.last, log.has_gap) == (3, False)
