"""JSON spoilt in every way that a type can be wrong, and the fixtures of the channels it is made from."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bot.channels.channel import Event, EventKind

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no finding
FIXTURES = Path(__file__).parents[1] / "fixtures" / "channels"


def fixture(channel: str, name: str) -> Any:
    """The JSON of ``name`` among the channel's fixtures, without its ending."""
    return json.loads((FIXTURES / channel / f"{name}.json").read_text(encoding="utf-8"))


def webhooks(channel: str) -> dict[str, Any]:
    """Every webhook among the channel's fixtures, by name."""
    names = sorted(path.stem for path in (FIXTURES / channel).glob("*.json"))
    return {name: fixture(channel, name) for name in names if not name.startswith("api_")}


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = "deep"
    for _ in range(levels):
        value = [value]
    return value


WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 7, 1e308, 10**40, 10**400, "", "x", "\x00", "\ud800", "9" * 600, "2021-13-45T99:99:99+9999"),
    *([], {}, [None], [[]], {"": None}, {"id": {}}, ["x", 1, {}], [{"type": 5, "payload": []}], nested(200)),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside ``value``, its keys and numbers from the outside in."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from places(inner, (*path, key))


def changed(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of ``value`` with ``new`` at ``path``."""
    whole = copy.deepcopy(value)
    holder = whole
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = new
    return whole


def spoilt(value: Any) -> Iterator[Any]:
    """Copies of ``value``, each with one thing inside it replaced by each wrong value."""
    for path in list(places(value)):
        for wrong in WRONG:
            yield changed(value, path, wrong)


def anything() -> st.SearchStrategy[Any]:
    """Any JSON, small."""
    leaves = st.sampled_from(WRONG) | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    )


@st.composite
def ruined(draw: st.DrawFn, value: Any) -> Any:
    """A copy of ``value`` with up to four things inside it replaced by anything."""
    whole = value
    for _ in range(draw(st.integers(1, 4))):
        if found := list(places(whole)):
            whole = changed(whole, draw(st.sampled_from(found)), draw(anything()))
    return whole


def written(value: Any) -> bytes:
    """``value`` as Meta writes it: escaped, no byte above 127."""
    return json.dumps(value, ensure_ascii=True).encode()


def faults_of_ours(events: Iterable[Event]) -> list[Event]:
    """The events that a reader lost by a fault of its own and not by saying what is wrong with them."""
    return [event for event in events if event.kind is EventKind.ERROR and "our reader" in (event.note or "")]
