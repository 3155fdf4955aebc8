"""What `make check`, `make test`, `make lint` and `make types` do: lists of steps, each a plain command."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.built_pages import same_after_rebuild
from tools.commands import run
from tools.debian import have_packages
from tools.embedder import make_embedder
from tools.environments import Environments
from tools.nlu_gate import failures, read_report
from tools.places import Places
from tools.process_env import QUIET_RASA
from tools.steps import Beside, Outcome, Step, run_steps
from tools.training import train
from tools.trouble import Trouble, explained

SERVICES = "rasa or browser or stack or servers"
OVER_SOCKETS = "(rasa or stack) and not browser"
ON_SERVERS = "servers and not (rasa or browser or stack)"


class Checks:
    """The steps of one checkout."""

    def __init__(self, places: Places) -> None:
        self._places = places

    def _command(self, name: str, *command: str | Path, env: Mapping[str, str] | None = None) -> Step:
        def do() -> Outcome:
            finished = run(command, cwd=self._places.root, env=env)
            return Outcome(finished.ok, finished.output)

        return Step(name, do)

    def _python(self, name: str, *arguments: str) -> Step:
        return self._command(name, self._places.service_python, "-m", *arguments)

    def _rasa(self, name: str, *arguments: str) -> Step:
        return self._command(name, self._places.rasa_python, "-m", "rasa", *arguments, env=QUIET_RASA)

    def _own(self, name: str, do: Callable[[], object], *, needed: bool = False) -> Step:
        def outcome() -> Outcome:
            said = do()
            return Outcome(True, "" if said is None else str(said))

        return Step(name, outcome, needed)

    def environments(self) -> Step:
        return self._own("Python environments", lambda: Environments(self._places).make(developing=True), needed=True)

    def lint(self) -> list[Step]:
        return [
            self._python("lint (ruff check)", "ruff", "check", "."),
            self._python("format (ruff format --check)", "ruff", "format", "--check", "."),
        ]

    def types(self) -> list[Step]:
        return [self._python("types (mypy strict)", "mypy"), self._command("import contracts", *self._lint_imports())]

    def _lint_imports(self) -> Sequence[str | Path]:
        # import-linter has no `python -m`; its script holds an absolute path, so its function is called instead.
        call = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"
        return [self._places.service_python, "-c", call]

    def quick_tests(self) -> list[Step]:
        return [self._python("tests without services (pytest)", "pytest", "-q", "-n", "2", "-m", f"not ({SERVICES})")]

    def inner_tests(self) -> list[Step]:
        chosen = f"not ({SERVICES} or thorough)"
        # Three at a time keep two cores busy: half of their time they wait, mostly for the disk.
        return [self._python("unit and contract tests (pytest)", "pytest", "-q", "-n", "3", "-m", chosen)]

    def server_tests(self) -> list[Step]:
        return [self._by_file("tests with PostgreSQL and Redis (pytest -m servers)", ON_SERVERS, 2)]

    def chaos(self) -> list[Step]:
        return [self._python("faults on purpose, the short run (python -m tests.chaos short)", "tests.chaos", "short")]

    def bot_made(self) -> list[Step]:
        return [
            self._own("sentence embedder", lambda: make_embedder(self._places)),
            self._rasa("training data (rasa data validate)", "data", "validate", "--fail-on-warnings"),
            self._own("training (rasa train)", lambda: train(self._places, show=False)),
        ]

    def bot_tested(self) -> list[Step]:
        stories = ["test", "core", "--stories", "tests/test_stories.yml", "--fail-on-prediction-errors"]
        # Messages that were written apart from the training data, judged by the model that ships.
        nlu = ["test", "nlu", "--nlu", "tests/nlu/heldout.yml", "--no-plot"]
        return [
            self._rasa("stories (rasa test core)", *stories, "--no-plot", "--out", "results/core"),
            self._rasa("language understanding (rasa test nlu)", *nlu, "--out", "results/nlu"),
            self._own("language understanding is good enough", self._nlu_gate),
        ]

    def _nlu_gate(self) -> str:
        found = failures(read_report(self._places.root / "results" / "nlu"))
        if found:
            raise Trouble("; ".join(found))
        return "every floor holds"

    def bench(self) -> list[Step]:
        # Every row is produced and whole, never how fast: what a smoke run says means nothing, and is kept apart.
        # Three at a time keep two cores busy: they mostly wait for processes to start.
        return [
            self._python(
                "bench, smoke (python -m bench --smoke)",
                "bench",
                "--smoke",
                "--jobs",
                "3",
                "--out",
                "test-output/bench",
            )
        ]

    def front_end(self) -> list[Step]:
        return [
            self._command("front-end packages (npm ci)", "npm", "ci", "--no-audit", "--no-fund"),
            self._command("front-end types (tsc)", "npm", "run", "typecheck"),
            self._command("front-end tests (vitest)", "npm", "test"),
            self._own("the committed front-end build equals a rebuild", lambda: same_after_rebuild(self._places)),
            self._command("front-end size (widget ≤ 30 kB gzip)", "npm", "run", "check-size"),
        ]

    def journeys(self) -> list[Step]:
        return [
            # Three at a time: they wait for deadlines, and for processes that start.
            self._by_file("the trained bot, journeys over sockets (pytest -m 'rasa or stack')", OVER_SOCKETS, 3),
            # Apart: a thread that has driven a browser runs no event loop of another test any more.
            self._by_file("pages and journeys in a browser (pytest -m browser)", "browser", 2),
        ]

    def _by_file(self, name: str, chosen: str, workers: int) -> Step:
        """Whole files go to each worker, in the order of tests/conftest.py: the long ones first."""
        shares = ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
        return self._python(name, "pytest", "-q", *shares, "-m", chosen)

    def packages(self) -> Step:
        return self._own("programs from Debian", have_packages, needed=True)

    def everything(self) -> list[Step | Beside]:
        """All of `make test`, cheap steps first; those that use one core beside each other."""
        return [
            self.packages(),
            self.environments(),
            Beside([[*self.lint(), *self.types(), *self.front_end()], [*self.bot_made(), *self.bot_tested()]]),
            *self.quick_tests(),
            *self.server_tests(),
            *self.chaos(),
            *self.bench(),
            *self.journeys(),
        ]

    def inner_loop(self) -> list[Step | Beside]:
        """All of `make check`: no services, no Node, under two minutes."""
        return [self.environments(), *self.lint(), *self.types(), *self.inner_tests()]


def main() -> int:
    """Run the list that the first argument names."""
    places = Places()
    checks = Checks(places)
    lists: dict[str, Callable[[], list[Step | Beside]]] = {
        "check": checks.inner_loop,
        "test": checks.everything,
        "lint": lambda: [checks.environments(), *checks.lint()],
        "types": lambda: [checks.environments(), *checks.types()],
    }
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    if chosen not in lists:
        raise Trouble(f"Say which list to run: one of {', '.join(lists)}.")
    return run_steps(lists[chosen](), places.root / "test-output" / "steps")


if __name__ == "__main__":
    sys.exit(explained(main))
