"""Laws on the record alone: one order, exactly one outcome, never two voices, one winner, never above capacity."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.chaos.checker import History, Violation, text_of
from tests.chaos.final_record import Row

_REPLY = re.compile(r"^reply (\S+) to: ")


def offsets_rise_by_one(history: History) -> Iterator[Violation]:
    """Offsets of a conversation are 1, 2, 3, ... up to its last one, and epochs never fall."""
    entries = history.record.by_conversation("entries")
    for conversation in history.record.conversations:
        found = entries.get(conversation["id"], [])
        offsets = [entry["offset"] for entry in found]
        if offsets != list(range(1, conversation["last_offset"] + 1)):
            yield Violation("reordered", conversation["id"], f"offsets {offsets}, last {conversation['last_offset']}")
        epochs = [entry["epoch"] for entry in found]
        if epochs != sorted(epochs):
            yield Violation("reordered", conversation["id"], f"epochs {epochs}")


def nothing_is_said_twice(history: History) -> Iterator[Violation]:
    """No client_id twice, no words twice (in a run each names itself), one greeting, one open conversation each."""
    for conversation, entries in history.record.by_conversation("entries").items():
        keys = Counter(("key", entry["client_id"]) for entry in entries if entry["client_id"])
        words = Counter(("words", entry["text"]) for entry in entries if _names_itself(entry))
        for (kind, what), count in (keys + words).items():
            if count > 1:
                yield Violation("doubled", conversation, f"{count} times the {kind} {what!r}")
    for (customer, inbox), count in Counter((c["customer"], c["inbox"]) for c in history.record.conversations).items():
        if count > 1:
            yield Violation("doubled", str(customer), f"{count} conversations in {inbox}")


def _names_itself(entry: Row) -> bool:
    """Words that can only be said once: people's here always, the bot's when little_rasa made them."""
    return entry["kind"] == "message" and (entry["author_kind"] != "bot" or _REPLY.match(entry["text"]) is not None)


def nobody_speaks_out_of_turn(history: History) -> Iterator[Violation]:
    """A bot's line stands under the bot and belongs to a turn that had the right; a person's belongs to the holder."""
    stretches = {(s["conversation"], s["epoch"]): s for s in history.record.stretches}
    turns = {
        (turn["conversation"], turn["entry_offset"]): turn for turn in history.record.turns if turn["entry_offset"]
    }
    for entry in history.record.entries:
        place = stretches.get((entry["conversation"], entry["epoch"]))
        if place is None:
            yield Violation("two voices", entry["conversation"], f"no stretch for {text_of(entry)}")
        elif entry["author_kind"] == "agent" and (place["control"], place["agent"]) != ("human", entry["author_id"]):
            yield Violation("two voices", entry["conversation"], f"not the holder: {text_of(entry)}")
        elif entry["author_kind"] == "bot":
            yield from _bot_speaks(entry, place, turns.get((entry["conversation"], entry["offset"])))
    yield from _out_of_their_stretch(history, stretches)


def _bot_speaks(entry: Row, place: Row, turn: Row | None) -> Iterator[Violation]:
    where = entry["conversation"]
    if place["control"] != "bot":
        yield Violation("two voices", where, f"the bot under {place['control']}: {text_of(entry)}")
    named = _REPLY.match(entry["text"])
    if entry["offset"] == 1 and named is None:
        return  # the greeting
    if turn is None or turn["state"] != "committed" or turn["epoch"] != entry["epoch"]:
        yield Violation("two voices", where, f"no turn had the right to say {text_of(entry)}")
    elif named is not None and named[1] != turn["id"]:
        yield Violation("two voices", where, f"words of turn {named[1]} in turn {turn['id']}")


def _out_of_their_stretch(history: History, stretches: dict[tuple[str, int], Row]) -> Iterator[Violation]:
    """A stretch begins after the offset it names; nothing of an older epoch may stand after that."""
    for entry in history.record.entries:
        following = stretches.get((entry["conversation"], entry["epoch"] + 1))
        if following is not None and entry["offset"] > following["after_offset"]:
            yield Violation("two voices", entry["conversation"], f"after its epoch had ended: {text_of(entry)}")


def one_outcome_each(history: History) -> Iterator[Violation]:
    """Each customer message has exactly one outcome in time: a turn's, or control that left the bot."""
    stretches = history.record.by_conversation("stretches")
    decided = {row["turn"]: row for row in history.record.decisions}
    covering = _committed(history)
    for entry in history.record.entries:
        if entry["author_kind"] != "customer":
            continue
        conversation, offset = entry["conversation"], entry["offset"]
        turns = [turn for turn in covering[conversation] if turn["first_offset"] <= offset <= turn["last_offset"]]
        if len(turns) > 1:
            yield Violation("outcomes", conversation, f"{len(turns)} turns answered {text_of(entry)}")
        for turn in turns:
            if turn["id"] not in decided:
                yield Violation("outcomes", conversation, f"no decision of turn {turn['id']}")
        ended = _left_the_bot(stretches[conversation], entry["epoch"])
        times = [decided[turn["id"]]["at"] for turn in turns if turn["id"] in decided] + (
            [] if ended is None else [ended]
        )
        yield from _in_time(history, entry, min(times, default=None))


def _committed(history: History) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for turn in history.record.turns:
        if turn["state"] == "committed":
            found[turn["conversation"]].append(turn)
    return found


def _left_the_bot(stretches: list[Row], epoch: int) -> float | None:
    """When the words of ``epoch`` came before people: at once under people, else when control left the bot next."""
    later = (s for s in stretches if s["epoch"] >= epoch and s["control"] != "bot")
    found = next(later, None)
    return None if found is None else float(found["began_at"])


def _in_time(history: History, entry: Row, at: float | None) -> Iterator[Violation]:
    limits = history.limits
    if at is None:
        if limits.settled:
            yield Violation("outcomes", entry["conversation"], f"none for {text_of(entry)}")
        return
    took = at - entry["at"]
    allowed = limits.outcome + limits.allowance + history.trouble_between(entry["at"], at)
    if limits.timing and took > allowed:
        yield Violation("outcomes", entry["conversation"], f"{took:.1f} s (allowed {allowed:.1f}) for {text_of(entry)}")


def one_winner(history: History) -> Iterator[Violation]:
    """Every wait has one offer, and who took it is who has the conversation next."""
    offers = {(offer["conversation"], offer["epoch"]): offer for offer in history.record.offers}
    states = {conversation["id"]: conversation for conversation in history.record.conversations}
    for conversation, stretches in history.record.by_conversation("stretches").items():
        for place, following in zip(stretches, [*stretches[1:], None], strict=True):
            if place["control"] != "offered":
                continue
            offer = offers.get((conversation, place["epoch"]))
            if offer is None:
                yield Violation("two winners", conversation, f"nobody was offered epoch {place['epoch']}")
                continue
            agent = following["agent"] if following is not None and following["control"] == "human" else None
            if following is not None and (offer["taken_by"] != agent or offer["closed_at"] is None):
                yield Violation("two winners", conversation, f"taken by {offer['taken_by']}, had by {agent}")
        if stretches[-1]["epoch"] != states[conversation]["epoch"]:
            yield Violation("two winners", conversation, f"epoch {states[conversation]['epoch']} has no stretch")


def never_above_capacity(history: History) -> Iterator[Violation]:
    """At no moment has an agent more conversations than it can hold; clocks may seem to overlap for a moment.

    What is snoozed takes no room, and the record does not tell for how long it was: such a conversation is left out,
    but for the slots that are taken in the end.
    """
    taken: Counter[str] = Counter()
    for row in history.record.conversations:
        taken[row["agent"] or ""] += row["slots"]
    for agent in history.record.agents:
        if taken[agent["id"]] > agent["capacity"]:
            yield Violation("above capacity", agent["id"], f"{taken[agent['id']]} of {agent['capacity']} slots")
    snoozed = {line["conversation"] for line in history.of_kind("invoke") if line["verb"] == "snooze"}
    spans: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for conversation, stretches in history.record.by_conversation("stretches").items():
        for place, following in zip(stretches, [*stretches[1:], None], strict=True):
            if place["control"] == "human" and conversation not in snoozed:
                end = float("inf") if following is None else following["began_at"]
                spans[place["agent"]].append((place["began_at"], end))
    if not history.limits.timing:
        spans = {agent: [span for span in found if span[1] == float("inf")] for agent, found in spans.items()}
    for agent in history.record.agents:
        for start, _ in sorted(spans.get(agent["id"], [])):
            moment = start + (history.limits.overlap if history.limits.timing else 0)
            held = [span for span in spans[agent["id"]] if span[0] <= start and span[1] > moment]
            if len(held) * history.limits.weight > agent["capacity"]:
                yield Violation("above capacity", agent["id"], f"{len(held)} at once, {agent['capacity']} slots")
                break


def nothing_is_left_lying(history: History) -> Iterator[Violation]:
    """When all has settled, no turn is under way and no customer of the bot waits for an answer."""
    if not history.limits.settled:
        return
    for turn in history.record.turns:
        if turn["state"] == "live":
            yield Violation("left lying", turn["conversation"], f"turn {turn['id']} is still live")
    for row in history.record.conversations:
        if row["control"] == "bot" and row["last_customer_offset"] > row["answered"]:
            yield Violation("left lying", row["id"], f"offset {row['last_customer_offset']} is unanswered")


def who_waits_is_seen(history: History) -> Iterator[Violation]:
    """Whoever waits has an offer that is open and, when all has settled, is still being shown anew."""
    open_offers = {offer["conversation"]: offer for offer in history.record.offers if offer["closed_at"] is None}
    for row in history.record.conversations:
        offer = open_offers.get(row["id"])
        if (row["control"] == "offered") != (offer is not None):
            yield Violation("unseen", row["id"], f"it is {row['control']}, its open offer is {offer}")
        elif offer is not None and history.limits.settled and history.limits.timing:
            late = history.record.read_at - offer["expires_at"]
            if late > history.limits.allowance:
                yield Violation("unseen", row["id"], f"its offer ran out {late:.0f} s ago and nobody was asked again")


def effects_have_the_right(history: History) -> Iterator[Violation]:
    """No tool had its effect that asked when somebody had already seen that its turn's control was over."""
    turns = {turn["id"]: turn for turn in history.record.turns}
    seen: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for line in history.of_kind("control"):
        seen[line["conversation"]].append((line["t"], line["epoch"]))
    for effect in history.effects:
        if effect["what"] != "effect":
            continue
        turn = turns.get(effect["turn"])
        if turn is None:
            yield Violation("effects", effect["conversation"], f"of an unknown turn {effect['turn']}")
        elif any(t < effect["asked_at"] and epoch > turn["epoch"] for t, epoch in seen[turn["conversation"]]):
            yield Violation("effects", effect["conversation"], f"turn {turn['id']} acted after its epoch had ended")


RECORD_LAWS = (
    offsets_rise_by_one,
    nothing_is_said_twice,
    nobody_speaks_out_of_turn,
    one_outcome_each,
    one_winner,
    never_above_capacity,
    who_waits_is_seen,
    nothing_is_left_lying,
    effects_have_the_right,
)
