"""The tables of docs/channels anew from what each channel declares, so that no page goes stale.

Run `python -m tools.channel_tables` after a change of a channel's `Ability`; a test compares.
A table stands between two marks, `<!-- limits -->` and `<!-- /limits -->`; what is around it is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from bot.channels.channel import Ability, Channel
from bot.channels.registry import CHANNELS

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "channels"
_UNITS = {"characters": "characters", "utf16": "UTF-16 units", "bytes": "bytes (UTF-8)"}


def limits_of(ability: Ability) -> str:
    """What a channel can do, as a table of two columns."""
    rows = {
        "Longest text of one message": f"{ability.limit:,} {_UNITS[ability.unit]}; longer ones are split",
        "Bot and agents may write": _after(ability.window) or "at any time",
        "Agents alone may write": _after(ability.human_window) or "no longer than that",
        "Templates outside the window": _yes(ability.templates),
        "Buttons": _buttons(ability),
        "We send at most": _pace(ability),
        "Receipts": _receipts(ability),
        "Shows that we write": _yes(ability.typing),
        "Marks as seen": _yes(ability.seen),
        "Files come from": ", ".join(f"`{host}`" for host in ability.media_hosts) or "the platform's own interface",
    }
    return _table(("What", "How much"), rows.items())


def fields_of(ability: Ability) -> str:
    """What the set-up form asks for, and where it is found."""
    told = [(one, one.label) for one in (ability.account, *ability.fields)]
    rows = [(f"**{label}**", _yes(one.required), _yes(one.secret), one.help) for one, label in told]
    return _table(("Field", "Needed", "Secret", "Where you find it"), rows)


def overview(channels: Mapping[str, Channel]) -> str:
    """All channels, a row each."""
    rows = [_row(channel) for channel in channels.values()]
    return _table(("Channel", "Longest text", "Window", "Window for agents", "Buttons", "Receipts", "Pace"), rows)


def _row(channel: Channel) -> tuple[str, ...]:
    ability = channel.ability
    mark = " (experimental)" if ability.experimental else ""
    return (
        f"[{ability.title}]({channel.name}.md){mark}",
        f"{ability.limit:,} {_UNITS[ability.unit]}",
        _long(ability.window) or "none",
        (_long(ability.human_window) or "same") + (", then templates" if ability.templates else ""),
        str(ability.buttons or "in words"),
        _receipts(ability),
        _pace(ability),
    )


def _long(span: timedelta | None) -> str:
    if span is None:
        return ""
    hours = span // timedelta(hours=1)
    return f"{hours} hours" if hours <= 48 else f"{hours // 24} days"


def _after(span: timedelta | None) -> str:
    return f"until {_long(span)} after the customer's last message" if span else ""


def _buttons(ability: Ability) -> str:
    if not ability.buttons:
        return "none: choices are written out"
    shorter = f"; a text with buttons {ability.button_limit:,}" if ability.button_limit else ""
    return f"{ability.buttons}, titles of {ability.button_title} characters{shorter}"


def _pace(ability: Ability) -> str:
    if ability.per_second < 1:
        told = f"{ability.per_second * 900:g} in 15 minutes"
    else:
        told = f"{ability.per_second:g} a second"
    return f"{told}, one to a person in {ability.person_seconds:g} s" if ability.person_seconds else told


def _receipts(ability: Ability) -> str:
    return ", ".join(sorted(ability.receipts)) or "none"


def _yes(told: bool) -> str:
    return "yes" if told else "no"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---" for _ in head], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def renewed(page: str, tables: Mapping[str, str]) -> str:
    """``page`` with each of ``tables`` between its marks. Raises ValueError when a mark is missing."""
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        if page.count(begin) != 1 or page.count(end) != 1:
            raise ValueError(f"The page needs one place for the table {name}.")
        before, _, rest = page.partition(begin)
        page = f"{before}{begin}{table}\n{end}{rest.partition(end)[2]}"
    return page


def tables_of(channel: Channel) -> dict[str, str]:
    return {"limits": limits_of(channel.ability), "fields": fields_of(channel.ability)}


def main() -> None:
    wanted = {name: tables_of(channel) for name, channel in CHANNELS.items()}
    wanted["README"] = {"overview": overview(CHANNELS)}
    for name, tables in wanted.items():
        page = FOLDER / f"{name}.md"
        page.write_text(renewed(page.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
