"""docker-compose.yml keeps its promises: two ways in one file, one open door, no container with more than it needs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from tests.promises.test_docs import settings_of
from tools.debian import on_path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
TEXT = FILE.read_text(encoding="utf-8")

EMBEDDED = {"service", "actions", "rasa"}
DISTRIBUTED = {"nginx", "service-replica", "actions-replica", "rasa-replica", "postgres", "redis"}

# They need Debian's docker-compose, which reads the file; no container is started.
pytestmark = pytest.mark.servers

Json = dict[str, Any]


def one_liner() -> str:
    """The line at the top of the file that makes the secrets."""
    found = re.search(r"^#   (\(umask .*>> \.env\))$", TEXT, re.MULTILINE)
    assert found
    return found[1]


def read(folder: Path, env_file: Path | None, **told: str) -> subprocess.CompletedProcess[str]:
    """What docker-compose makes of the file, with nothing but ``env_file`` and ``told`` set."""
    program = on_path("docker-compose")
    assert program, "docker-compose is missing: apt-get install docker-compose"
    empty = folder / "empty.env"
    empty.touch()
    command = [program, "-f", str(FILE), "--env-file", str(env_file or empty), "config"]
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(folder), **told}
    return subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An .env file, made by the documented line."""
    folder = tmp_path_factory.mktemp("env")
    subprocess.run(["sh", "-c", one_liner()], cwd=folder, check=True)
    return folder / ".env"


@pytest.fixture(scope="module")
def whole(secrets: Path) -> Json:
    """The file as Compose understands it, everything filled in."""
    done = read(secrets.parent, secrets)
    assert done.returncode == 0, done.stderr
    loaded: Json = yaml.safe_load(done.stdout)
    return loaded


@pytest.fixture(scope="module")
def containers(whole: Json) -> dict[str, Json]:
    found: dict[str, Json] = whole["services"]
    assert set(found) == EMBEDDED | DISTRIBUTED
    return found


def test_the_documented_line_makes_every_secret_and_only_its_owner_can_read_them(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o077 == 0
    made = dict(line.split("=") for line in secrets.read_text().splitlines())
    assert set(made) == set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))
    assert all(re.fullmatch(r"[0-9a-f]{48}", value) for value in made.values())


def test_the_documents_show_the_same_line() -> None:
    assert one_liner() in (ROOT / "docs" / "running.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\$\{([A-Z_]+):\?", TEXT))))
def test_a_missing_secret_is_an_error_that_says_how_to_make_it(name: str, secrets: Path, tmp_path: Path) -> None:
    without = tmp_path / "without.env"
    kept = [line for line in secrets.read_text().splitlines(keepends=True) if not line.startswith(f"{name}=")]
    without.write_text("".join(kept))
    done = read(tmp_path, without)
    assert done.returncode != 0
    assert "is missing - make it with the line at the top of docker-compose.yml" in done.stderr


def test_no_secret_has_a_default_in_the_file() -> None:
    optional = set(re.findall(r"\$\{([A-Z_]+):-[^}]", TEXT))
    assert not [name for name in optional if re.search("PASSWORD|TOKEN|SECRET", name)]
    assert re.search(r"\$\{OPENAI_API_KEY:-\}", TEXT)


def test_each_container_belongs_to_exactly_one_way(containers: dict[str, Json]) -> None:
    # The empty name is the profile that Compose 2 chooses when nobody chooses one.
    for name, container in containers.items():
        assert container["profiles"] == (["", "embedded"] if name in EMBEDDED else ["distributed"]), name


def test_nothing_of_one_way_waits_for_or_names_a_container_of_the_other(containers: dict[str, Json]) -> None:
    for way in (EMBEDDED, DISTRIBUTED):
        for name in way:
            assert set(containers[name].get("depends_on", {})) <= way
            told = containers[name].get("environment", {})
            hosts = {
                found
                for value in told.values()
                for found in re.findall(r"(?:://(?:[^@/]*@)?|^)([a-z][a-z-]+):\d+", str(value))
            }
            assert hosts - {"localhost"} <= way, name


def test_two_replicas_of_service_actions_and_rasa(containers: dict[str, Json], secrets: Path) -> None:
    replicated = ("service-replica", "actions-replica", "rasa-replica")
    assert {containers[name]["deploy"]["replicas"] for name in replicated} == {2}
    more = read(secrets.parent, secrets, SERVICE_REPLICAS="5")
    assert yaml.safe_load(more.stdout)["services"]["service-replica"]["deploy"]["replicas"] == 5


def test_only_one_door_is_open_and_only_on_the_loopback(containers: dict[str, Json]) -> None:
    open_doors = {name: container["ports"] for name, container in containers.items() if container.get("ports")}
    assert set(open_doors) == {"service", "nginx"}
    for ports in open_doors.values():
        assert len(ports) == 1
        assert str(ports[0]).startswith("127.0.0.1:8000:")
    assert not [name for name, container in containers.items() if container.get("network_mode")]


@pytest.mark.parametrize("name", sorted(EMBEDDED | DISTRIBUTED))
def test_a_container_has_no_rights_and_an_end_to_everything(name: str, containers: dict[str, Json]) -> None:
    one = containers[name]
    account, _, group = str(one["user"]).partition(":")
    assert int(account) > 0
    assert int(group) > 0
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert "cap_add" not in one
    assert "privileged" not in one
    assert "no-new-privileges:true" in one["security_opt"]
    assert one["mem_limit"]
    assert float(one["cpus"]) > 0
    assert int(one["pids_limit"]) > 0
    assert set(one["logging"]["options"]) == {"max-size", "max-file"}
    assert all(re.search(r"size=\d+m", mount) for mount in one["tmpfs"])
    assert one["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(EMBEDDED | DISTRIBUTED))
def test_a_container_says_whether_it_is_well_and_waits_for_those_that_are(
    name: str, containers: dict[str, Json]
) -> None:
    one = containers[name]
    assert one["healthcheck"]["test"][0] == "CMD"
    assert one["healthcheck"]["start_period"]
    assert all(waits == {"condition": "service_healthy"} for waits in one.get("depends_on", {}).values())


def test_rasa_starts_slowly_and_is_given_the_time(containers: dict[str, Json]) -> None:
    assert {containers[name]["healthcheck"]["start_period"] for name in ("rasa", "rasa-replica")} <= {"4m", "4m0s"}


def reach(containers: dict[str, Json], name: str) -> set[str]:
    networks: dict[str, Any] = containers[name]["networks"]
    return set(networks)


def test_rasa_and_the_databases_have_no_way_out(whole: Json, containers: dict[str, Json]) -> None:
    inside = {name for name, network in whole["networks"].items() if (network or {}).get("internal")}
    assert inside == {"web", "dialogue", "data"}
    for name in ("rasa", "rasa-replica", "postgres", "redis"):
        assert reach(containers, name) <= inside
    # What is open to customers never stands where the databases are, and only the record's writers and Rasa do.
    assert {name for name in containers if "data" in reach(containers, name)} == {
        "postgres", "redis", "service-replica", "rasa-replica",
    }  # fmt: skip
    assert {name for name in containers if "edge" in reach(containers, name)} == {"service", "nginx"}
    # The way to a model is the action server's, and nobody else's.
    assert {name for name in containers if "outward" in reach(containers, name)} == {"actions", "actions-replica"}
    # And the way to the social platforms is the service's; alone it stands at the door, which is open outwards too.
    assert {name for name in containers if "platforms" in reach(containers, name)} == {"service-replica"}


def test_what_must_stay_is_on_a_named_volume_and_the_rest_of_the_disk_is_only_read(
    whole: Json, containers: dict[str, Json]
) -> None:
    used = set()
    for name, container in containers.items():
        for volume in container.get("volumes", []):
            source, target, *mode = (
                volume.split(":") if isinstance(volume, str) else (volume["source"], volume["target"])
            )
            if source.startswith("/"):
                assert mode == ["ro"], name
                assert Path(source).is_dir(), source
            else:
                used.add((source, target))
    assert {source for source, _ in used} == set(whole["volumes"])
    assert ("record", "/app/var") in used
    assert ("postgres", "/var/lib/postgresql/data") in used


def test_every_container_is_told_only_settings_that_exist(containers: dict[str, Json]) -> None:
    # Read by OpenTelemetry's SDK itself.
    sdk = {"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
    service = {name.upper() for name in Settings.model_fields} | sdk
    actions = settings_of("actions/settings.py") | {"SHOP_DB"} | sdk
    for name in ("service", "service-replica"):
        assert set(containers[name]["environment"]) <= service, name
    for name in ("actions", "actions-replica"):
        assert set(containers[name]["environment"]) <= actions, name
    for name in ("rasa", "rasa-replica"):
        told = containers[name]["environment"]
        file = (ROOT / told["RASA_ENDPOINTS"]).read_text(encoding="utf-8")
        asked = set(re.findall(r"\$\{(\w+)\}", re.sub(r"(?m)^\s*#.*$", "", file)))
        assert set(told) == asked | {"RASA_TOKEN", "RASA_ENDPOINTS"}, name


def test_the_service_accepts_what_it_is_told(containers: dict[str, Json]) -> None:
    for name in ("service", "service-replica"):
        told = containers[name]["environment"]
        Settings(_env_file=None, **{key.lower(): value for key, value in told.items() if value != ""})


def test_the_names_that_may_be_set_are_explained() -> None:
    names = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    explained = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    assert sorted(names - explained) == []


# --- the images ---
