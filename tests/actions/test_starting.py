"""The action server refuses configuration that it cannot honour before the first customer comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from actions.starting import must_start


def test_it_starts_with_nothing_set() -> None:
    must_start({})
    must_start({"EMBEDDER_DIR": "none"})


@pytest.mark.parametrize(
    ("option", "file", "content"),
    [
        ("BRAND_FILE", "brand.yml", b"voice: ["),
        ("BRAND_FILE", "brand.yml", b"nonsense: 3"),
        ("BRAND_FILE", "brand.yml", b"\xff\xfe"),
        ("BRAND_FILE", "", b""),
        ("KNOWLEDGE_DIR", "", b""),
        ("KNOWLEDGE_DIR", "nothing-here", b""),
        ("EMBEDDER_DIR", "", b""),
        ("SHOP_DB", "", b""),
        ("SHOP_DB", "shop.db", b"this is no database, however long one looks at it" * 100),
    ],
)
def test_what_cannot_be_read_is_a_sentence_that_names_the_option(
    option: str, file: str, content: bytes, tmp_path: Path
) -> None:
    if content:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(SystemExit, match=option):
        must_start({option: str(tmp_path / file)})


@pytest.mark.parametrize("option", ["OPENAI_BASE_URL", "SERVICE_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_an_address_that_is_none_is_named(option: str) -> None:
    with pytest.raises(SystemExit, match=f"{option} must be an http or https address"):
        must_start({option: "nonsense"})


@pytest.mark.parametrize("port", ["nonsense", "no.such.module:open_shop", "json:loads", "json:nothing"])
def test_a_shop_that_is_none_is_named(port: str) -> None:
    with pytest.raises(SystemExit, match="SHOP_PORT"):
        must_start({"SHOP_PORT": port})


def test_a_demo_shop_of_ones_own_is_made_at_the_start(tmp_path: Path) -> None:
    must_start({"SHOP_DB": str(tmp_path / "deep" / "shop.db")})
    assert (tmp_path / "deep" / "shop.db").is_file()
