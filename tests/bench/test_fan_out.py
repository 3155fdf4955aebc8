"""Events to many listeners: each listener's first hearing counts, from when the event was due."""

from __future__ import annotations

from bench.fan_out import FanOut


async def test_everybody_hears_every_event_once() -> None:
    fan_out = FanOut(listeners=3, events=4)

    def event(number: int) -> None:
        for listener in range(3):
            fan_out.hear(listener, number)
            fan_out.hear(listener, number)

    events = [lambda number=number: event(number) for number in range(4)]
    first = await fan_out.run(events[:1], rate=100, patience=20)
    then = await fan_out.run(events[1:], rate=100, patience=20)
    assert (first.sent, first.lost, then.sent, then.lost) == (3, 0, 9, 0)
    assert all(value >= 0 for value in then.arrived)


async def test_who_hears_nothing_is_lost() -> None:
    fan_out = FanOut(listeners=3, events=2)
    heard = await fan_out.run([lambda: fan_out.hear(0, 0), lambda: fan_out.hear(2, 1)], rate=100, patience=0.01)
    assert (heard.sent, heard.lost, len(heard.arrived)) == (6, 4, 2)
