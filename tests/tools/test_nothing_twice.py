"""What is made is remembered by the content it was made from: nothing is done twice, and a change is noticed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tools.embedder import embedder_ready
from tools.environments import STAMP, Environments
from tools.installer import uv_environment
from tools.places import Places
from tools.process_env import GENERATED, make_secrets, process_env, read_env_file, settings_of, write_endpoints
from tools.stamps import fingerprint, holds, put
from tools.training import model_for_today


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("requirements", "data/nlu", "data/rules", "data/stories", "bot/nlu"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("installer", "service", "dev", "rasa"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    (tmp_path / "domain.yml").write_text("intents: []\n")
    return Places(tmp_path)


def pretend_environment(places: Places, version: str = "3.11.7") -> None:
    folder = places.service_environment
    folder.mkdir(exist_ok=True)
    (folder / "pyvenv.cfg").write_text(f"home = /somewhere\nversion = {version}\n")


def stamp(places: Places, *, developing: bool) -> None:
    environments = Environments(places)
    put(
        places.service_environment / STAMP,
        environments.expected(places.service_environment, environments.pins(developing=developing)),
    )


def test_an_environment_made_from_these_pins_is_left_alone(places: Places) -> None:
    pretend_environment(places)
    assert not Environments(places).service_ready(developing=False)
    stamp(places, developing=False)
    assert Environments(places).service_ready(developing=False)


def test_a_changed_pin_is_noticed(places: Places) -> None:
    pretend_environment(places)
    stamp(places, developing=False)
    (places.requirements / "service.txt").write_text("service==2\n")
    assert not Environments(places).service_ready(developing=False)


def test_another_interpreter_is_noticed(places: Places) -> None:
    pretend_environment(places)
    stamp(places, developing=False)
    pretend_environment(places, version="3.12.1")
    assert not Environments(places).service_ready(developing=False)


def test_an_environment_for_developers_also_runs_the_service_but_not_the_other_way_round(places: Places) -> None:
    pretend_environment(places)
    stamp(places, developing=True)
    assert Environments(places).service_ready(developing=False)
    stamp(places, developing=False)
    assert not Environments(places).service_ready(developing=True)


@pytest.mark.parametrize("changed", ["domain.yml", "config.yml", "data/nlu/returns.yml", "bot/nlu/encoder.py"])
def test_a_change_in_what_rasa_learns_from_asks_for_another_model(places: Places, changed: str) -> None:
    before = model_for_today(places)
    assert model_for_today(places) == before
    (places.root / changed).write_text("changed\n")
    assert model_for_today(places) != before


def test_another_embedder_asks_for_another_model(places: Places) -> None:
    before = model_for_today(places)
    put(places.embedder / "manifest.json", "{}")
    assert model_for_today(places) != before


def test_caches_and_other_folders_do_not_ask_for_another_model(places: Places) -> None:
    before = model_for_today(places)
    put(places.root / "bot" / "nlu" / "__pycache__" / "encoder.cpython-311.pyc", "x")
    put(places.root / "data" / "knowledge" / "returns.md", "x")
    assert model_for_today(places) == before


def test_an_embedder_with_a_missing_file_is_exported_again(places: Places) -> None:
    put(places.embedder / "model.onnx", "x")
    assert not embedder_ready(places)


def test_a_renamed_file_and_a_moved_line_change_a_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    first = fingerprint([tmp_path], root=tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert fingerprint([tmp_path], root=tmp_path) != first


def test_a_fingerprint_does_not_depend_on_where_the_checkout_is(tmp_path: Path) -> None:
    for name in ("one", "two"):
        put(tmp_path / name / "inner" / "file", "x")
    assert fingerprint([tmp_path / "one"], root=tmp_path / "one") == fingerprint(
        [tmp_path / "two"], root=tmp_path / "two"
    )


def test_a_stamp_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert not holds(tmp_path / "stamp", "x")


def test_secrets_are_made_once_and_only_their_owner_can_read_them(places: Places) -> None:
    first = make_secrets(places)
    assert set(first) == set(GENERATED)
    assert stat.S_IMODE(places.secrets.stat().st_mode) == 0o600
    assert make_secrets(places) == first


def test_a_secret_that_is_missing_is_added_and_the_others_stay(places: Places) -> None:
    put(places.secrets, "SECRET_KEY=mine")
    made = make_secrets(places)
    assert made["SECRET_KEY"] == "mine"
    assert made["RASA_TOKEN"]


def test_the_callers_variables_win_over_env_and_env_over_generated_secrets(places: Places) -> None:
    (places.root / ".env").write_text("DEMO_PASSWORD='from file'\nCOMPANY_NAME=File\n# PORT=1\n")
    settings = settings_of(places, {"COMPANY_NAME": "Caller"})
    env = process_env(places, settings, "models/m.tar.gz")
    assert env["DEMO_PASSWORD"] == "from file"
    assert env["COMPANY_NAME"] == "Caller"
    assert env["SERVICE_URL"] == "http://127.0.0.1:8000"
    assert env["RASA_MODEL"] == "models/m.tar.gz"


def test_other_ports_reach_every_process(places: Places) -> None:
    env = process_env(places, {"PORT": "8010", "ACTIONS_PORT": "5065"}, "models/m.tar.gz")
    assert env["SERVICE_URL"].endswith(":8010")
    assert env["ACTIONS_URL"].endswith(":5065")
    assert env["RASA_URL"].endswith(":5005")


def test_env_files_are_read_as_people_write_them() -> None:
    text = "# a comment\n\nexport A=1\nB=\"two words\"\nC='x=y'\nnot a line\n"
    assert read_env_file(text) == {"A": "1", "B": "two words", "C": "x=y"}


def test_uv_looks_where_pip_looks_unless_it_was_told_otherwise() -> None:
    settings = {"find-links": "/one /two", "extra-index-url": "https://mirror.example/simple"}
    told = uv_environment(settings, {})
    assert told["UV_FIND_LINKS"] == "/one,/two"
    assert told["UV_INDEX"] == "https://mirror.example/simple"
    assert told["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert "UV_FIND_LINKS" not in uv_environment(settings, {"UV_FIND_LINKS": "/mine"})


def test_rasa_is_told_where_this_runs_action_server_is_and_the_rest_of_its_endpoints_stays(places: Places) -> None:
    usual = "# why\naction_endpoint:\n  url: http://127.0.0.1:5055/webhook\n\nlock_store:\n  type: in_memory\n"
    (places.root / "endpoints.yml").write_text(usual)
    write_endpoints(places, "http://127.0.0.1:5065")
    assert places.endpoints.read_text() == usual.replace("5055", "5065")
