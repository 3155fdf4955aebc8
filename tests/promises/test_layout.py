"""The shape of the code that ARCHITECTURE.md promises: sizes, names, words, a test file for every module."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.promises.tested_elsewhere import TESTED_ELSEWHERE

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("bot", "actions", "handover", "tools")
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40
MEDIAN_LINES = 150

FORBIDDEN_MODULES = {"utils", "helpers", "common", "manager", "base"}

# Our words are customer, agent, conversation, offer (design: Words). The others mean too many things.
FORBIDDEN_WORDS = {"session", "user", "operator", "ticket", "chat"}
# Names that are not ours: (word in the identifier) of SQLAlchemy, of Rasa and its SDK, of HTTP, of the OpenAI client.
NOT_OURS = {
    "AsyncSession": "SQLAlchemy",
    "async_sessionmaker": "SQLAlchemy",
    "sessionmaker": "SQLAlchemy",
    "start_new_session": "subprocess",
    "TCP_USER_TIMEOUT": "the system's sockets",
    "user_agent": "HTTP",
    "TicketLock": "Rasa",
    "issue_ticket": "Rasa",
    "ticket": "Rasa",
    "UserMessage": "Rasa",
    "UserUttered": "Rasa",
    "UserUtteranceReverted": "Rasa",
    "user_utterances": "Rasa",
    "SessionStarted": "Rasa",
    "use_text_for_last_user_input": "Rasa",
    "action_session_start": "Rasa",
    "USER": "Rasa",
    "chat": "OpenAI: client.chat.completions",
    "ChatCompletionChunk": "OpenAI",
    "ChatCompletionMessageParam": "OpenAI",
    "expanduser": "pathlib",
    "InferenceSession": "onnxruntime",
    "SessionOptions": "onnxruntime",
}


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows, so that what is made by tools is not judged."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def python_files() -> list[Path]:
    return tracked(*(f"{package}/**/*.py" for package in PACKAGES), *(f"{package}/*.py" for package in PACKAGES))


def page_files() -> list[Path]:
    found = tracked(*(f"{package}/**/*.{kind}" for package in PACKAGES for kind in ("ts", "tsx", "mjs")))
    return [path for path in found if "dist" not in path.parts]


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_300_lines() -> None:
    """Those of the checks as well: who changes what they promise reads them."""
    files = [*python_files(), *page_files(), *tracked("tests/**/*.py", "tests/*.py", "bench/**/*.py", "bench/*.py")]
    assert not {named(path): lines(path) for path in files if lines(path) > MOST_LINES}


def test_the_median_file_is_short() -> None:
    assert statistics.median(lines(path) for path in [*python_files(), *page_files()]) <= MEDIAN_LINES


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def span(node: ast.stmt) -> int:
    """Lines from the first to the last of a statement."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def outermost_inside(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions inside a node, but not those inside these again."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        else:
            yield from outermost_inside(child)


def own_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring (explaining is free) and without the functions inside it.

    Those are measured themselves: a function that makes routes is a list of small ones.
    """
    first = function.body[0]
    told = 0
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        told = (first.end_lineno or first.lineno) - first.lineno + 1
    inside = sum(span(inner) - 1 for inner in outermost_inside(function))
    return span(function) - told - inside


def test_no_function_is_longer_than_40_lines() -> None:
    too_long = {
        f"{named(path)}:{function.name}": own_lines(function)
        for path in python_files()
        for function in functions(ast.parse(path.read_text(encoding="utf-8")))
        if own_lines(function) > MOST_LINES_OF_A_FUNCTION
    }
    assert not too_long


# A function of the pages begins on a line of its own and ends with a brace at the same depth; tsc and vite keep the
# files well formed, so counting by indentation is enough.
PAGE_FUNCTION = re.compile(
    r"^( *)(?:export )?(?:default )?(?:async )?function (\w+)|^( *)(?:export )?const (\w+) = .*=> \{$"
)


def page_functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and own lines of each function; the lines of functions inside it are theirs."""
    text = path.read_text(encoding="utf-8").splitlines()
    spans: list[tuple[str, int, int]] = []
    for number, line in enumerate(text):
        found = PAGE_FUNCTION.match(line)
        if found:
            indent = found.group(1) or found.group(3) or ""
            end = next((i for i in range(number + 1, len(text)) if re.match(rf"^{indent}\}}", text[i])), number)
            spans.append((found.group(2) or found.group(4), number, end))
    for name, first, last in spans:
        inside = {line for _, a, b in spans if first < a and b <= last for line in range(a + 1, b + 1)}
        yield name, last - first + 1 - len(inside)


def test_no_function_of_the_pages_is_longer_than_40_lines() -> None:
    too_long = {
        f"{named(path)}:{name}": length
        for path in page_files()
        for name, length in page_functions(path)
        if length > MOST_LINES_OF_A_FUNCTION
    }
    assert not too_long


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [named(path) for path in [*python_files(), *page_files()] if path.stem in FORBIDDEN_MODULES]


def identifiers(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg


def words(identifier: str) -> set[str]:
    """The words of an identifier, in lower case and without a plural s: AsyncSession → async, session."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)
    return {part.lower().removesuffix("s") for part in parts} | {part.lower() for part in parts}


def test_the_words_of_the_domain_are_kept() -> None:
    wrong = sorted(
        {
            f"{named(path)}: {identifier}"
            for path in python_files()
            for identifier in identifiers(ast.parse(path.read_text(encoding="utf-8")))
            if identifier not in NOT_OURS and words(identifier) & FORBIDDEN_WORDS
        }
    )
    assert not wrong


def test_every_module_begins_with_what_it_is_for() -> None:
    silent = [
        named(path)
        for path in python_files()
        for text in [path.read_text(encoding="utf-8")]
        if text.strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert not silent


def test_every_file_of_the_pages_begins_with_what_it_is_for() -> None:
    silent = [
        named(path)
        for path in page_files()
        if ".test." not in path.name and not path.read_text(encoding="utf-8").lstrip().startswith(("//", "/*"))
    ]
    assert not silent


def has_code(path: Path) -> bool:
    """Whether a module holds more than its docstring."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text(encoding="utf-8")).body)


def test_every_module_has_its_test_file() -> None:
    tests = {path.relative_to(ROOT / "tests").as_posix() for path in tracked("tests/**/*.py")}
    untested = []
    for path in python_files():
        name = named(path)
        # tests/tools/ is arranged by claims; revisions of the database are run by every test of the record.
        if name in TESTED_ELSEWHERE or name.startswith("tools/") or "versions" in path.parts or not has_code(path):
            continue
        wanted = f"{path.parent.relative_to(ROOT).as_posix()}/test_{path.stem.strip('_')}.py"
        if wanted not in tests:
            untested.append(name)
    assert not untested


def test_the_table_of_exceptions_names_only_files_that_exist() -> None:
    assert not [name for pair in TESTED_ELSEWHERE.items() for name in pair if not (ROOT / name).is_file()]


def text_of_everything() -> Iterator[tuple[str, str]]:
    """Every text that is committed, except this file, which has to name what it looks for."""
    for path in tracked():
        if path != Path(__file__).resolve() and path.suffix not in {".png", ".woff2", ".ico", ".jpg"}:
            yield named(path), path.read_text(encoding="utf-8", errors="replace")


def test_no_path_of_a_machine_and_no_address_of_a_registry_is_committed() -> None:
    machine = re.compile(r"(?<![\w./])/(?:work|root|tmp/wt|tmp/contract|home/\w+|Users/\w+|opt/(?:wheels|pypi))/")
    registry = re.compile(r"registry\.npmjs\.org|pypi\.org/simple|files\.pythonhosted\.org|download\.pytorch\.org")
    found = [name for name, text in text_of_everything() if machine.search(text) or registry.search(text)]
    assert not found


def test_nothing_is_left_for_later_or_hidden_from_the_checks() -> None:
    excuses = re.compile(
        r"\bTODO\b|\bFIXME\b|\bXXX\b|#\s*type:\s*ignore|#\s*noqa|pytest\.(?:mark\.)?(?:skip|xfail)|importorskip"
        r"|unittest\.mock|monkeypatch\.setattr|@ts-ignore|@ts-expect-error|\b(?:it|test|describe)\.skip\b"
    )
    kinds = (".py", ".ts", ".tsx", ".mjs", ".yml", ".toml")
    found = {
        f"{name}: {match.group(0)}"
        for name, text in text_of_everything()
        if name.endswith(kinds) and "/dist/" not in name
        for match in [excuses.search(text)]
        if match
    }
    assert not found
