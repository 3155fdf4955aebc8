"""The built pages: how they are cached, what they may load, and what is said when they are not built."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.http_errors import install
from bot.pages import page_routes
from handover.meters import Meters

SHOP = "https://shop.example"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    files = {
        "widget/widget.js": "widget()",
        "widget/shop/index.html": "<!doctype html><title>shop</title>",
        "widget/shop/shop.css": "body{}",
        "console/index.html": "<!doctype html><title>console</title>",
        "console/assets/index-abc123.js": "console()",
        "secret.txt": "not for you",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _client(folder: Path) -> TestClient:
    app = FastAPI()
    install(app, meters=Meters(), max_body=1_000)
    app.include_router(page_routes(origins=frozenset({SHOP}), widget=folder / "widget", console=folder / "console"))
    return TestClient(app)


@pytest.mark.parametrize("path", ["/", "/shop/shop.css", "/widget.js", "/console", "/console/assets/index-abc123.js"])
def test_every_page_comes_with_strict_headers(built: Path, path: str) -> None:
    answer = _client(built).get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"]


def test_the_widget_is_kept_for_minutes_and_asked_about_again_for_nothing(built: Path) -> None:
    client = _client(built)
    first = client.get("/widget.js")
    assert first.headers["cache-control"] == "public, max-age=300"
    assert first.headers["content-type"].startswith("text/javascript")
    again = client.get("/widget.js", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_only_allowed_sites_may_read_the_widget_but_any_page_may_run_it(built: Path) -> None:
    client = _client(built)
    assert client.get("/widget.js", headers={"origin": SHOP}).headers["access-control-allow-origin"] == SHOP
    stranger = client.get("/widget.js", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in stranger.headers
    assert stranger.headers["cross-origin-resource-policy"] == "cross-origin"


def test_console_files_with_a_hash_in_their_name_are_kept_for_ever(built: Path) -> None:
    client = _client(built)
    assert "immutable" in client.get("/console/assets/index-abc123.js").headers["cache-control"]
    assert client.get("/console").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/console/../secret.txt",
        "/console/%2e%2e/secret.txt",
        "/shop/..%2f..%2fsecret.txt",
        "/console/assets",
        "/shop/%00",
        "/shop/" + "x" * 5_000,
    ],
)
def test_nothing_outside_the_build_is_served(built: Path, path: str) -> None:
    answer = _client(built).get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/widget.js", "/console"])
def test_a_page_that_is_not_built_says_how_to_build_it(tmp_path: Path, path: str) -> None:
    answer = _client(tmp_path).get(path)
    assert answer.status_code == 503
    assert "npm run build" in answer.text
