"""Dashboard, alerts and docs/monitoring.md speak of metrics that the running service shows, and the last of all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from tests.support.service import running_service

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = json.loads((ROOT / "ops" / "grafana-dashboard.json").read_text(encoding="utf-8"))
RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text(encoding="utf-8"))["groups"][0][
    "rules"
]
_OURS = re.compile(r"\b(?:switchboard|process)_[a-z_]+\b")
# A selector, and what a `by` in front of it may name; `le` is of histograms, job and instance are Prometheus' own.
_SELECTOR = re.compile(r"\b(switchboard_[a-z_]+)\b(?:\{([^}]*)\})?")
_PROMETHEUS = {"le", "job", "instance"}


def shown(text: str) -> tuple[set[str], set[str]]:
    """The families of ours in a text of `/metrics`, and every name by which they may be asked for."""
    kinds = dict(re.findall(r"^# TYPE (switchboard_\w+) (\w+)$", text, re.MULTILINE))
    families = {name for name in kinds if not name.endswith("_created")}
    histograms = {name for name in families if kinds[name] == "histogram"}
    others = set(re.findall(r"^# TYPE (process_\w+) \w+$", text, re.MULTILINE))
    return families, families | others | {f"{name}_{end}" for name in histograms for end in ("bucket", "count", "sum")}


def named(expressions: list[str]) -> set[str]:
    return {name for expression in expressions for name in _OURS.findall(expression)}


def labels_explained() -> dict[str, set[str]]:
    """The words in code letters of each metric's row in the document: its labels are among them."""
    rows = re.findall(r"^\| `switchboard_(\w+)` \| [^|]+ \| ([^|]+) \|$", DOCUMENT, re.MULTILINE)
    return {re.sub(r"_total$", "", name): set(re.findall(r"`([a-z]+)`", words)) for name, words in rows}


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


async def test_every_metric_that_is_named_exists_and_every_one_that_exists_is_explained(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        families, names = shown((await service.http.get("/metrics")).text)
    targets = [target["expr"] for panel in panels() for target in panel["targets"]]
    assert named(targets) - names == set()
    assert named([rule["expr"] for rule in RULES]) - names == set()
    explained = set(re.findall(r"^\| `(switchboard_\w+)` \| [^|]+ \| [^|]+ \|$", DOCUMENT, re.MULTILINE))
    assert explained == families


def test_every_label_that_is_named_is_one_of_its_metric() -> None:
    targets = [target["expr"] for panel in panels() for target in panel["targets"]]
    known = labels_explained()
    for expression in [*targets, *(rule["expr"] for rule in RULES)]:
        by = {label.strip() for group in re.findall(r"\bby \(([^)]*)\)", expression) for label in group.split(",")}
        theirs: set[str] = set()
        for metric, selected in _SELECTOR.findall(expression):
            labels = known[re.sub(r"_(?:total|bucket|count|sum)$", "", metric.removeprefix("switchboard_"))]
            wanted = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", selected))
            assert wanted - labels - _PROMETHEUS == set(), (expression, metric)
            theirs |= labels
        assert by - theirs - _PROMETHEUS == set(), expression


def test_every_alert_says_how_bad_it_is_and_leads_to_what_to_do() -> None:
    headings = {
        re.sub(r"[^\w-]", "", title.lower().replace(" ", "-"))
        for title in re.findall(r"^#+ (.+)$", DOCUMENT, re.MULTILINE)
    }
    for rule in RULES:
        assert re.fullmatch(r"\d+[smh]", rule["for"]), rule
        assert rule["labels"]["severity"] in {"warning", "critical"}, rule
        assert rule["annotations"]["summary"].endswith("."), rule
        place, _, heading = rule["annotations"]["runbook"].partition("#")
        assert place == "docs/monitoring.md", rule
        assert heading in headings, rule
        assert f"`{rule['alert']}`, {rule['labels']['severity']}, after {rule['for']}." in DOCUMENT, rule
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["schemaVersion"] >= 36
    assert DASHBOARD["title"] == "Switchboard"
    [source] = DASHBOARD["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in panels():
        assert all(panel[what] for what in ("title", "description", "targets")), panel
        assert all(one["datasource"]["uid"] == "${datasource}" for one in [panel, *panel["targets"]]), panel


def test_every_link_of_the_document_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", DOCUMENT)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
