"""Laws on lines that were pushed to a channel: all of them, in order, and none whose right to be said was over.

A line may be delivered twice when a process died between the channel's answer and our note of it; the channel sees the
same key both times, and may drop the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checker import History, Violation


def every_line_is_delivered(history: History) -> Iterator[Violation]:
    """Each line that was queued is sent, unless it was the bot's and control had moved on; in the record's words."""
    texts = {(entry["conversation"], entry["offset"]): entry for entry in history.record.entries}
    delivered = {(line["conversation"], line["offset"]) for line in history.deliveries}
    for row in history.record.outbox:
        place = (row["conversation"], row["offset"])
        where = f"offset {row['offset']} is {row['state']} ({row['note']})"
        if row["state"] == "queued" and history.limits.settled:
            yield Violation("undelivered", row["conversation"], where)
        elif row["state"] == "sent" and place not in delivered:
            yield Violation("undelivered", row["conversation"], f"{where}, and the channel never got it")
        elif row["state"] == "failed" or (row["state"] == "withdrawn" and texts[place]["author_kind"] != "bot"):
            yield Violation("undelivered", row["conversation"], where)
    for line in history.deliveries:
        if line["t"] > history.record.read_at:
            continue  # of a line that is younger than what we have of the record
        entry = texts.get((line["conversation"], line["offset"]))
        if entry is None or entry["text"] != line["text"]:
            yield Violation("undelivered", line["conversation"], f"{line['text']!r} is not in the record")


def lines_are_delivered_in_order(history: History) -> Iterator[Violation]:
    """The first delivery of a line never comes before that of an earlier line of its conversation."""
    last: dict[str, int] = defaultdict(int)
    seen: set[tuple[str, int]] = set()
    for line in sorted(history.deliveries, key=lambda line: float(line["t"])):
        place = (line["conversation"], line["offset"])
        if place in seen:
            continue
        seen.add(place)
        if line["offset"] < last[line["conversation"]]:
            yield Violation("reordered", line["conversation"], f"{line['offset']} was delivered too late")
        last[line["conversation"]] = max(last[line["conversation"]], line["offset"])


def no_delivery_out_of_turn(history: History) -> Iterator[Violation]:
    """A bot's line is not delivered when the control it was said under, or led to, is over."""
    gates = {(row["conversation"], row["offset"]): row["gate_epoch"] for row in history.record.outbox}
    began = {(s["conversation"], s["epoch"]): s["began_at"] for s in history.record.stretches}
    for line in history.deliveries:
        gate = gates.get((line["conversation"], line["offset"]))
        over = began.get((line["conversation"], gate + 1)) if gate is not None else None
        # The gate is asked right before the sending; a process that was stopped in between cannot know better.
        disturbed = history.trouble_between(over, line["t"]) if over is not None else 0.0
        if history.limits.timing and over is not None and line["t"] > over + history.limits.overlap + disturbed:
            yield Violation(
                "two voices", line["conversation"], f"offset {line['offset']} was delivered after its epoch"
            )


CHANNEL_LAWS = (every_line_is_delivered, lines_are_delivered_in_order, no_delivery_out_of_turn)
