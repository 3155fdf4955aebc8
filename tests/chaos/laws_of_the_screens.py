"""Laws on what people did and saw, against the record: nothing lost, every screen true, one story of control."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker import History, Violation
from tests.chaos.final_record import Row
from tests.chaos.journal import Line


def nothing_is_lost(history: History) -> Iterator[Violation]:
    """What was acknowledged is in the record: once, at the offset that was named, in the words that were sent."""
    invoked = {line["client_id"]: line for line in history.of_kind("invoke") if line.get("client_id")}
    recorded: dict[str, list[Row]] = {}
    for entry in history.record.entries:
        if entry["client_id"]:
            recorded.setdefault(entry["client_id"], []).append(entry)
    for ack in history.of_kind("acked"):
        found = recorded.get(ack["client_id"], [])
        if len(found) != 1:
            yield Violation("lost", ack["who"], f"{ack['client_id']} was acknowledged and is there {len(found)} times")
        elif found[0]["offset"] != ack["offset"]:
            yield Violation("lost", ack["who"], f"{ack['client_id']} is at {found[0]['offset']}, not {ack['offset']}")
    for client_id, entries in recorded.items():
        line = invoked.get(client_id)
        if line is None:
            yield Violation("lost", entries[0]["conversation"], f"nobody wrote {client_id}")
        elif line["text"] != entries[0]["text"]:
            yield Violation("lost", entries[0]["conversation"], f"other words in {client_id}: {entries[0]['text']!r}")


def nothing_waits_for_ever(history: History) -> Iterator[Violation]:
    """When all has settled, everything customers wrote was acknowledged, or refused for good."""
    if not history.limits.settled:
        return
    done = {line["client_id"] for line in history.of_kind("acked", "refused") if line.get("client_id")}
    for line in history.of_kind("invoke"):
        if line["verb"] in ("say", "leave_message") and line["client_id"] not in done:
            yield Violation("lost", line["who"], f"{line['client_id']} never got an answer")


def screens_show_the_record(history: History) -> Iterator[Violation]:
    """A screen shows the record's lines from its first one on: each once, in order, with the record's words."""
    entries = {(entry["conversation"], entry["offset"]): entry for entry in history.record.entries}
    for (who, screen, conversation), shown in history.by_screen().items():
        where = f"{who} screen {screen}"
        offsets = [line["offset"] for line in shown]
        if offsets != list(range(1, len(offsets) + 1)):
            yield Violation("screens", where, f"offsets {offsets}")
        for line in shown:
            entry = entries.get((conversation, line["offset"]))
            if entry is None:
                yield Violation("screens", where, f"offset {line['offset']} of {conversation} is in no record")
            elif not _same(line, entry):
                yield Violation("screens", where, f"{line['text']!r} is {entry['text']!r} in the record")
    for line in history.of_kind("changed"):
        yield Violation("screens", line["who"], f"offset {line['offset']} changed to {line['now']!r}")


def _same(line: Line, entry: Row) -> bool:
    return (line["text"], line["author"], line["kind"]) == (entry["text"], entry["author_kind"], entry["kind"])


def screens_are_whole_in_the_end(history: History) -> Iterator[Violation]:
    """When all has settled, each customer's last screen shows everything, and knows who has control."""
    if not history.limits.settled:
        return
    states = {row["id"]: row for row in history.record.conversations}
    last_screen = {line["who"]: line["screen"] for line in history.of_kind("screen")}
    control = {line["who"]: line for line in history.of_kind("control") if line["by"] in ("welcome", "control")}
    shown = history.by_screen()
    for who, line in control.items():
        row = states.get(line["conversation"])
        if not who.startswith("customer") or row is None:
            continue
        here = shown.get((who, last_screen[who], row["id"]), [])
        if len(here) != row["last_offset"]:
            yield Violation("screens", who, f"shows {len(here)} of {row['last_offset']} lines in the end")
        if (line["epoch"], line["control"], line["lifecycle"]) != (row["epoch"], row["control"], row["lifecycle"]):
            seen = (line["epoch"], line["control"], line["lifecycle"])
            yield Violation("screens", who, f"believes {seen}, is {row['epoch']}, {row['control']}, {row['lifecycle']}")


def lists_are_true_in_the_end(history: History) -> Iterator[Violation]:
    """When all has settled, the newest row an agent's console has of a conversation says what the record says."""
    if not history.limits.settled:
        return
    states = {row["id"]: row for row in history.record.conversations}
    rows: dict[tuple[str, str], Line] = {}
    for line in history.lines:
        if line["what"] == "screen":
            rows = {place: row for place, row in rows.items() if place[0] != line["who"]}
        elif line["what"] == "control" and line["by"] == "row":
            known = rows.get((line["who"], line["conversation"]))
            if known is None or known["feed"] <= line["feed"]:
                rows[line["who"], line["conversation"]] = line
    for (who, conversation), row in rows.items():
        now = states[conversation]
        seen = (row["epoch"], row["control"], row["lifecycle"], row["agent"])
        if seen != (now["epoch"], now["control"], now["lifecycle"], now["agent"]):
            yield Violation("screens", who, f"its list says {seen} of {conversation}")


def everybody_saw_one_story(history: History) -> Iterator[Violation]:
    """Whoever saw that control was somebody's under an epoch saw what the record says of that epoch."""
    stretches = {(s["conversation"], s["epoch"]): s for s in history.record.stretches}
    for line in history.of_kind("control"):
        place = stretches.get((line["conversation"], line["epoch"]))
        if place is None:
            yield Violation("one story", line["who"], f"epoch {line['epoch']} of {line['conversation']} never was")
        elif place["control"] != line["control"]:
            yield Violation("one story", line["who"], f"{line['control']} in epoch {line['epoch']}: {place['control']}")
        elif line.get("agent") and line["agent"] != place["agent"]:
            yield Violation("two winners", line["who"], f"{line['agent']} has epoch {line['epoch']}: {place['agent']}")


def customers_keep_their_order(history: History) -> Iterator[Violation]:
    """What one customer said stands in the order it was said, but for words that had to be sent again by hand.

    A message that is left for later is no part of this: it is only taken while the customer waits.
    """
    refused = {line.get("client_id") for line in history.of_kind("refused", "silence")}
    offsets = {
        entry["client_id"]: (entry["conversation"], entry["offset"])
        for entry in history.record.entries
        if entry["client_id"]
    }
    last: dict[tuple[str, str], int] = {}
    for line in history.of_kind("invoke"):
        found = offsets.get(line.get("client_id") or "")
        if found is None or line["client_id"] in refused or line["verb"] != "say":
            continue
        if not line["who"].startswith("customer"):
            continue
        conversation, offset = found
        if offset < last.get((line["who"], conversation), 0):
            yield Violation("reordered", line["who"], f"{line['client_id']} stands before what was written earlier")
        last[line["who"], conversation] = max(offset, last.get((line["who"], conversation), 0))


def nobody_is_forgotten(history: History) -> Iterator[Violation]:
    """No customer whom the service has welcomed is a stranger later, or finds another conversation."""
    for line in history.of_kind("forgot", "moved"):
        yield Violation("forgotten", line["who"], str(line.get("why") or line.get("now")))


SCREEN_LAWS = (
    nothing_is_lost,
    nothing_waits_for_ever,
    screens_show_the_record,
    screens_are_whole_in_the_end,
    lists_are_true_in_the_end,
    everybody_saw_one_story,
    customers_keep_their_order,
    nobody_is_forgotten,
)
