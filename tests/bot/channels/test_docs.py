"""Every channel has a page for whoever sets it up, and its tables say what the channel declares."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.channels.channel import Channel
from bot.channels.registry import CHANNELS
from tools.channel_tables import overview, renewed, tables_of

ROOT = Path(__file__).resolve().parents[3]
FOLDER, CODE = ROOT / "docs" / "channels", ROOT / "bot" / "channels"


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CHANNELS)
def test_a_page_says_the_limits_and_fields_of_its_channel(name: str) -> None:
    assert page(name) == renewed(page(name), tables_of(CHANNELS[name])), "run: python -m tools.channel_tables"


def test_the_overview_is_in_step() -> None:
    assert page("README") == renewed(page("README"), {"overview": overview(CHANNELS)})


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda one: one.name)
def test_a_page_names_every_field_of_the_form(channel: Channel) -> None:
    labels = [one.label for one in (channel.ability.account, *channel.ability.fields)]
    assert [label for label in labels if f"**{label}**" not in page(channel.name)] == []


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda one: one.name)
def test_windows_in_the_words_of_a_page_are_those_of_the_channel(channel: Channel) -> None:
    """What is written by hand names no other window than the table, where it speaks of bot and agents."""
    allowed = {"24 hours"} if channel.ability.window else set()
    allowed |= {"7 days"} if channel.ability.human_window else set()
    said = {
        span
        for line in page(channel.name).splitlines()
        if line.startswith("- Bot and agents within")
        for span in re.findall(r"\d+ (?:hours|days)", line)
    }
    assert said <= allowed


@pytest.mark.parametrize("name", [*CHANNELS, "README"])
def test_every_link_of_a_page_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", page(name))
    assert [link for link in links if not (FOLDER / link).exists()] == []


def test_tables_go_between_their_marks_and_a_page_without_them_is_refused() -> None:
    assert renewed("a\n<!-- t -->\nold\n<!-- /t -->\nb", {"t": "| new |"}) == "a\n<!-- t -->\n| new |\n<!-- /t -->\nb"
    with pytest.raises(ValueError, match="one place"):
        renewed("no marks", {"t": "| new |"})


@pytest.mark.parametrize("name", CHANNELS)
def test_the_words_that_an_agent_may_see_are_those_of_the_code(name: str) -> None:
    """Words of ours stand there as they are in the code; what a platform says itself begins with “… answered:”."""
    sources = [path.read_text(encoding="utf-8") for path in CODE.glob("*_outcomes.py")]
    _, _, rows = page(name).partition("## What an agent may see\n")
    told = [words.strip() for words in re.findall(r"^\| ([^|]+) \|", rows, re.MULTILINE)][2:]
    ours = [one for words in told if " answered: " not in words for one in re.findall(r"[^.]+\.", words)]
    assert told
    assert [one for one in ours if not any(one.strip() in source for source in sources)] == []
