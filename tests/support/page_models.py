"""What the two pages make of the frames they get: the rules of talk.ts and desk_state.ts, in the test's own words."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class WidgetModel:
    """A customer's page. Raises when a line would be shown twice, or past a gap."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.early: set[int] = set()
        self.state: Json = {}
        self.rated: list[int] = []
        self.writing = ""

    def take(self, frame: Json) -> None:
        match frame["type"]:
            case "welcome":
                self.state = {key: frame.get(key) for key in ("control", "epoch", "lifecycle", "agent")}
                self.state["waiting"] = None
                self.rated, self.writing = frame.get("rated", []), ""
            case "entry":
                assert frame["offset"] == len(self.lines) + 1, "a page would show a hole or a line twice"
                self.lines.append(frame["text"])
                self.writing = ""
            case "control" if frame["epoch"] >= self.state["epoch"]:
                self.state = {key: frame.get(key) for key in ("control", "epoch", "lifecycle", "agent", "waiting")}
            case "delta":
                self.writing += frame["text"]
            case "note" | "draft" | "packet" | "presence" | "conversation" | "conversations" | "offer":
                raise AssertionError("a customer was sent what is for agents")

    def shown(self) -> Json:
        return {"lines": self.lines, "state": self.state, "rated": self.rated, "writing": self.writing}


class ConsoleModel:
    """An agent's page with conversations open."""

    def __init__(self) -> None:
        self.me: Json = {}
        self.feed = 0
        self.rows: dict[str, Json] = {}
        self.offers: dict[str, Json] = {}
        self.doubted: set[str] = set()
        self.open: dict[str, Json] = {}

    def opens(self, conversation: str) -> None:
        self.open[conversation] = {
            "lines": [], "notes": {}, "drafts": {}, "packet": None, "viewing": (), "writing": "",
        }  # fmt: skip

    def take(self, frame: Json) -> None:
        match frame["type"]:
            case "welcome":
                self.me, self.doubted = frame["agent"], set(self.offers)
            case "heartbeat":
                self.feed = frame.get("feed") or self.feed
                self.offers = {one: offer for one, offer in self.offers.items() if one not in self.doubted}
            case "conversation":
                self._row(frame)
            case "conversations":
                for row in frame["rows"]:
                    assert row["type"] == "conversation"
                    self._row(row)
            case "offer":
                self.doubted.discard(frame["conversation"])
                self.offers[frame["conversation"]] = {key: frame.get(key) for key in frame if key != "feed"}
            case "offer_gone":
                self.offers.pop(frame["conversation"], None)
            case _ if frame.get("conversation") in self.open:
                self._beside(self.open[frame["conversation"]], frame)

    def _row(self, row: Json) -> None:
        known = self.rows.get(row["conversation"])
        if known is None or known["feed"] <= row["feed"]:
            self.rows[row["conversation"]] = row

    def _beside(self, shown: Json, frame: Json) -> None:
        match frame["type"]:
            case "entry":
                assert frame["offset"] == len(shown["lines"]) + 1, "a console would show a hole or a line twice"
                shown["lines"].append(frame["text"])
                shown["writing"] = ""
            case "note":
                shown["notes"][frame["id"]] = frame["text"]
            case "draft":
                shown["drafts"][frame["at"], frame["text"]] = frame.get("origin")
            case "packet":
                shown["packet"] = frame["packet"]
            case "presence":
                shown["viewing"] = tuple(frame.get("viewing", ()))
            case "control":
                shown["writing"] = ""
            case "delta":
                shown["writing"] += frame["text"]

    def shown(self) -> Json:
        return {"me": self.me, "offers": self.offers, "open": self.open}
