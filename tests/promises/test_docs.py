"""The documents tell the truth: the map names what exists, the README's commands work, every setting is explained."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAPPED = ("bot", "actions", "handover")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def modules() -> set[str]:
    """Every Python module of the product that says something, as its path from the root."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in MAPPED
        for path in (ROOT / package).rglob("*.py")
        if path.read_text(encoding="utf-8").strip() and "versions" not in path.parts
    }


def mapped() -> set[str]:
    """What the map of ARCHITECTURE.md lists: the first code word of each row of a table, and of each line of a list."""
    section = text("ARCHITECTURE.md").partition("\n## Map\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^(?:\| |- )`((?:bot|actions|handover)/[\w./]+\.py)`", section, re.MULTILINE))


def test_the_map_names_every_module() -> None:
    assert sorted(modules() - mapped()) == []


def test_the_map_names_nothing_that_does_not_exist() -> None:
    assert sorted(mapped() - modules()) == []


@pytest.mark.parametrize(
    "document", ["README.md", "ARCHITECTURE.md", "docs/decisions.md", "docs/settings.md", "docs/running.md"]
)
def test_every_file_that_a_document_links_to_exists(document: str) -> None:
    folder = (ROOT / document).parent
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", text(document))
    assert [link for link in links if not (folder / link).exists()] == []


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "docs/decisions.md", "docs/running.md"])
def test_every_path_that_a_document_names_exists(document: str) -> None:
    names = re.findall(
        r"`((?:bot|actions|handover|data|deploy|tools|tests|docs|requirements)/[\w./-]*)`", text(document)
    )
    # A name that ends in a slash and an ellipsis, or holds a placeholder, is not a path.
    assert sorted({name for name in names if not (ROOT / name).exists()}) == []


def test_the_readme_shows_both_commands() -> None:
    assert re.search(r"^make up$", text("README.md"), re.MULTILINE)
    assert re.search(r"^make test$", text("README.md"), re.MULTILINE)


@pytest.mark.parametrize("document", ["README.md", "ARCHITECTURE.md", "docs/running.md", ".env.example"])
def test_every_make_target_that_is_written_about_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text(document))) <= targets


def test_make_help_explains_every_target() -> None:
    targets = set(re.findall(r"^([a-z-]+):(?! *:=)", text("Makefile"), re.MULTILINE)) - {"python"}
    said = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert {line.split()[1] for line in said.stdout.splitlines() if line.startswith("  make ")} == targets


def settings_of(name: str) -> set[str]:
    """The environment names of a settings module: what it asks the environment for, or the fields of its settings."""
    asked = set(re.findall(r"""env\.get\("([A-Z0-9_]+)\"""", text(name)))
    if asked:
        return asked
    tree = ast.parse(text(name))
    return {
        field.target.id.upper()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Settings")
        for field in node.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and field.target.id != "model_config"
    }


@pytest.mark.parametrize("module", ["bot/settings.py", "actions/settings.py"])
def test_every_setting_is_explained(module: str) -> None:
    explained = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text("docs/settings.md")))
    names = settings_of(module)
    assert names
    assert sorted(names - explained) == []


def test_the_example_of_an_env_file_sets_nothing_by_itself() -> None:
    lines = [line for line in text(".env.example").splitlines() if line.strip()]
    assert all(line.startswith("#") for line in lines)
    named = set(re.findall(r"^# ?([A-Z][A-Z0-9_]+)=", text(".env.example"), re.MULTILINE))
    assert named <= set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text("docs/settings.md")))


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    assert re.search(r"^## Unreleased$", text("CHANGELOG.md"), re.MULTILINE)


def test_the_licence_is_apache_2() -> None:
    assert "Apache License" in text("LICENSE")
    assert "Version 2.0, January 2004" in text("LICENSE")
    assert 'license = "Apache-2.0"' in text("pyproject.toml")


def test_ci_runs_make_test() -> None:
    assert "make test" in text(".ci/run")
