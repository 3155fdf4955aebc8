"""The export: done once, done again when a file changed."""

import json
import shutil
from pathlib import Path

import pytest

from bot.nlu.export import main, up_to_date, weights_folder
from tests.support.embedder import exported_embedder


def copied(folder: Path) -> Path:
    shutil.copytree(exported_embedder(), folder)
    return folder


def test_an_export_that_fits_is_not_made_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = copied(tmp_path / "minilm")
    before = (folder / "model.onnx").stat().st_mtime_ns
    assert main(["--to", str(folder)]) == 0
    assert "up to date" in capsys.readouterr().out
    assert (folder / "model.onnx").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_changed_or_missing_file_makes_the_export_stale(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path / "minilm")
    with (folder / name).open("ab") as file:
        file.write(b"x")
    assert not up_to_date(folder)
    (folder / name).unlink()
    assert not up_to_date(folder)


def test_another_version_of_the_weights_makes_the_export_stale(tmp_path: Path) -> None:
    folder = copied(tmp_path / "minilm")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "package_version": "0.0.0"}))
    assert not up_to_date(folder)


def test_the_weights_come_from_the_installed_package() -> None:
    assert (weights_folder() / "model.safetensors").is_file()
