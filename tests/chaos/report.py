"""What a run did and found: for people on the screen, for programs in results/chaos."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.chaos.checker import counted
from tests.chaos.episode import Episode, Outcome
from tests.chaos.plan import Promise

_SHOWN = 12  # violations printed for each episode; all of them are in the file


@dataclass
class Report:
    """A whole run: the promise, and what came of each episode."""

    plan: str
    seed: int
    promise: Promise
    played: list[tuple[Episode, Outcome]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def add(self, episode: Episode, outcome: Outcome) -> None:
        self.played.append((episode, outcome))

    @property
    def honest(self) -> list[Outcome]:
        """Episodes of the product as it is."""
        return [outcome for episode, outcome in self.played if episode.bug is None]

    @property
    def violated(self) -> bool:
        return any(outcome.violations for outcome in self.honest)

    @property
    def missed_bugs(self) -> list[str]:
        """Seeded bugs that nobody noticed."""
        return [episode.name for episode, outcome in self.played if episode.bug and not outcome.violations]

    def total(self, what: str) -> Counter[str]:
        """Sums over all honest episodes: kills, crashes, faults or counts."""
        total: Counter[str] = Counter()
        for outcome in self.honest:
            total.update(getattr(outcome, what))
        return total

    def broken_promises(self) -> list[str]:
        """What was promised and not done."""
        kills, drops, faults = self.total("kills").total(), self.total("counts")["drops"], self.total("faults")
        found = []
        if kills < self.promise.kills:
            found.append(f"{kills} kills, promised {self.promise.kills}")
        if drops < self.promise.drops:
            found.append(f"{drops} dropped sockets, promised {self.promise.drops}")
        found += [f"no {kind}" for kind in sorted(self.promise.kinds) if not faults[kind]]
        return found

    def good(self, *, checked: bool) -> bool:
        """Nothing broken, every bug caught, and (``checked``) every promise kept."""
        return not self.violated and not self.missed_bugs and not (checked and self.broken_promises())

    def line_of(self, episode: Episode, outcome: Outcome) -> str:
        found = counted(outcome.violations)
        if episode.bug:
            verdict = f"caught: {found}" if found else "NOT CAUGHT"
        else:
            verdict = "ok" if not found else f"VIOLATED: {found}"
        counts = outcome.counts
        return (
            f"{episode.name}: {verdict}; {outcome.kills.total()} kills, {counts['drops']} drops, "
            f"{counts['customer messages']} messages, {counts['turns']} turns, {outcome.faults.total()} faults, "
            f"{outcome.seconds:.0f} s, seed {outcome.seed}"
        )

    def lines(self) -> list[str]:
        """The end of the run, for people."""
        counts = self.total("counts")
        lines = [
            f"kills: {self.total('kills').total()} {dict(self.total('kills'))}",
            f"crash points: {dict(self.total('crashes'))}",
            f"faults: {dict(self.total('faults'))}",
            f"dropped sockets: {counts['drops']} ({counts['drops of open sockets']} of them open), "
            f"messages: {counts['customer messages']}, entries: {counts['entries']}",
        ]
        for outcome in self.honest:
            for violation in outcome.violations[:_SHOWN]:
                lines.append(f"  {outcome.episode}: {violation.law}: {violation.where}: {violation.what}")
        lines += [f"not caught: {name}" for name in self.missed_bugs]
        lines += [f"promise broken: {what}" for what in self.broken_promises()]
        violations = sum(len(outcome.violations) for outcome in self.honest)
        lines.append(
            f"{violations} violations in {time.monotonic() - self.began:.0f} s; replay with --seed {self.seed}"
        )
        return lines

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "plan": self.plan,
            "seed": self.seed,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self.began, 1),
            "versions": _versions(),
            "kills": dict(self.total("kills")),
            "crash_points": dict(self.total("crashes")),
            "faults": dict(self.total("faults")),
            "counts": dict(self.total("counts")),
            "violations": sum(len(outcome.violations) for outcome in self.honest),
            "bugs_not_caught": self.missed_bugs,
            "broken_promises": self.broken_promises(),
            "episodes": [_episode(episode, outcome) for episode, outcome in self.played],
        }

    def keep(self, folder: Path, to: Path) -> None:
        """Copy journals and records of the episodes that went wrong."""
        for each in folder.iterdir() if folder.is_dir() else ():
            if (each / "journal.jsonl").exists():
                to.joinpath(each.name).mkdir(parents=True, exist_ok=True)
                for file in (*each.glob("*.json*"), *each.glob("*.log"), *each.glob("record.db*")):
                    shutil.copy(file, to / each.name)


def _episode(episode: Episode, outcome: Outcome) -> dict[str, Any]:
    return {
        "name": episode.name,
        "topology": episode.topology,
        "bug": episode.bug,
        "seed": outcome.seed,
        "seconds": round(outcome.seconds, 1),
        "kills": dict(outcome.kills),
        "crash_points": dict(outcome.crashes),
        "faults": dict(outcome.faults),
        "counts": dict(outcome.counts),
        "violations": [asdict(violation) for violation in outcome.violations],
    }


def _versions() -> dict[str, str]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    names = ("fastapi", "uvicorn", "websockets", "sqlalchemy", "aiosqlite", "psycopg", "redis")
    return {
        "commit": commit.stdout.strip(),
        "python": platform.python_version(),
        "system": sys.platform,
        **{name: version(name) for name in names},
    }


def write_report(report: Report, folder: Path) -> None:
    """``<plan>.json`` is the newest of its kind; each run is kept under its seed too."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(report.as_json(), indent=2)
    for name in (f"{report.plan}.json", f"{report.plan}-{report.seed}.json"):
        (folder / name).write_text(text + "\n", encoding="utf-8")
