"""Debian's servers as local processes: nginx guards and spreads as it should, PostgreSQL keeps accounts apart."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.processes import free_port
from tools.debian import PACKAGES, SERVERS, have_packages, missing_packages, on_path
from tools.local_nginx import SHARED, Doors, NginxServer, configuration
from tools.local_servers import PostgresServer, program
from tools.trouble import Trouble

ROOT = Path(__file__).resolve().parents[2]


class Replica(http.server.ThreadingHTTPServer):
    """Answers with its name and with what it was asked; ``headers`` holds the last request's."""

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.name = name
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replica

    def do_GET(self) -> None:
        self.server.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(5).upper())
            self.close_connection = True
            return
        body = self.server.name.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@contextmanager
def replica(name: str) -> Iterator[Replica]:
    one = Replica(name)
    thread = threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield one
    finally:
        one.shutdown()
        thread.join()
        one.server_close()


class World:
    """nginx in front of two services, one rasa and one action server that only say who they are."""

    def __init__(self, doors: Doors, services: list[Replica], rasa: Replica, actions: Replica) -> None:
        self.doors = doors
        self.services = services
        self.rasa = rasa
        self.actions = actions


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with replica("one") as one, replica("two") as two, replica("rasa") as rasa, replica("actions") as actions:
        doors = Doors(
            public=free_port(),
            inner_service=free_port(),
            inner_rasa=free_port(),
            inner_actions=free_port(),
            services=(one.port, two.port),
            rasas=(rasa.port,),
            actions=(actions.port,),
        )
        with NginxServer(tmp_path_factory.mktemp("nginx"), doors.public, doors=doors):
            yield World(doors, [one, two], rasa, actions)


def ask(
    port: int, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers of one request; the path goes out exactly as it is given."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), {key.lower(): value for key, value in answer.getheaders()}
    finally:
        connection.close()


pytestmark = pytest.mark.servers


def test_requests_are_spread_over_the_replicas(world: World) -> None:
    assert {ask(world.doors.public, "/")[1] for _ in range(8)} == {"one", "two"}


@pytest.mark.parametrize(
    "path",
    ["/internal/turns/x/delta", "/internal", "//internal/turns/x", "/%69nternal/turns/x", "/a/../internal/turns/x",
     "/./internal/turns/x", "/metrics", "/metrics/", "/%6detrics", "//metrics?x=1"],
)  # fmt: skip
def test_what_is_inner_cannot_be_reached_from_outside_however_it_is_spelled(world: World, path: str) -> None:
    before = sum(len(one.asked) for one in world.services)
    status, body, headers = ask(world.doors.public, path)
    assert status == 404
    assert json.loads(body)["code"] == "not_found"
    assert headers["content-type"].startswith("application/json")
    assert sum(len(one.asked) for one in world.services) == before


def last_asked(world: World, mark: str) -> dict[str, str]:
    """The headers with which a replica was asked for the path that ends in ``mark``."""
    return next(headers for one in world.services for path, headers in one.asked if path.endswith(mark))


def test_what_a_client_claims_about_itself_is_thrown_away(world: World) -> None:
    claims = {"x_forwarded_for": "203.0.113.9", "x_forwarded_proto": "https", "forwarded": "for=203.0.113.9",
              "x_real_ip": "203.0.113.9", "x_forwarded_host": "evil.example"}  # fmt: skip
    ask(world.doors.public, "/claims", **claims)
    headers = last_asked(world, "/claims")
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert not {"forwarded", "x-real-ip", "x-forwarded-host"} & set(headers)
    assert headers["host"] == f"127.0.0.1:{world.doors.public}"


def test_a_socket_is_opened_through_the_door(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.doors.public), 20) as line:
        line.sendall(
            b"GET /ws/customer HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello"
        )
        heard = b""
        while b"HELLO" not in heard:
            piece = line.recv(1000)
            assert piece, heard
            heard += piece
    assert heard.startswith(b"HTTP/1.1 101")


def test_too_much_is_refused_in_the_shape_of_the_services_errors(world: World) -> None:
    status, body, _ = ask(world.doors.public, "/api/v1/login", "POST", b"x" * 70_000)
    assert status == 413
    assert json.loads(body)["code"] == "too_large"


def test_webhooks_of_platforms_may_be_as_large_as_theirs_and_no_larger(world: World) -> None:
    assert ask(world.doors.public, "/webhooks/whatsapp/1", "POST", b"x" * 2_500_000)[1] in {"one", "two"}
    assert ask(world.doors.public, "/webhooks/whatsapp/1", "POST", b"x" * 3_500_000)[0] == 413


def test_rasa_and_the_actions_are_behind_the_inner_doors_and_take_large_trackers(world: World) -> None:
    assert ask(world.doors.inner_rasa, "/webhooks/rest/webhook", "POST", b"{}")[1] == "rasa"
    assert ask(world.doors.inner_actions, "/webhook", "POST", b"x" * 3_000_000)[1] == "actions"
    assert ask(world.doors.inner_service, "/internal/turns/x?epoch=1")[1] in {"one", "two"}
    assert ask(world.doors.inner_service, "/metrics")[0] == 404


def test_a_replica_that_is_gone_is_passed_over_and_its_post_is_not_lost(tmp_path: Path) -> None:
    with replica("alive") as alive, replica("other") as other:
        gone = free_port()
        doors = Doors(
            free_port(), free_port(), free_port(), free_port(), (gone, alive.port), (other.port,), (other.port,)
        )
        with NginxServer(tmp_path, doors.public, doors=doors):
            for _ in range(6):
                assert ask(doors.public, "/api/v1/login", "POST", b"{}")[:2] == (200, "alive")
        assert len(alive.asked) == 6


def test_when_no_replica_is_there_it_says_so_in_the_shape_of_the_services_errors(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(7)]
    doors = Doors(ports[0], ports[1], ports[2], ports[3], (ports[4],), (ports[5],), (ports[6],))
    with NginxServer(tmp_path, doors.public, doors=doors):
        status, body, headers = ask(doors.public, "/")
    assert status == 503
    assert json.loads(body)["code"] == "unavailable"
    assert headers["retry-after"] == "2"


def test_no_token_gets_into_a_log(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(7)]
    doors = Doors(ports[0], ports[1], ports[2], ports[3], (ports[4],), (ports[5],), (ports[6],))
    server = NginxServer(tmp_path, doors.public, doors=doors)
    with server:
        ask(doors.inner_rasa, "/status?token=inner-secret")
        ask(doors.public, "/?token=outer-secret")
    assert "inner-secret" not in server.log.read_text()
    assert "-secret" not in (tmp_path / "access.log").read_text()


def test_the_containers_configuration_is_one_that_nginx_accepts(tmp_path: Path) -> None:
    text = (SHARED / "nginx.conf").read_text(encoding="utf-8")
    # Names of containers mean something in Docker only, and Debian's nginx is older than `resolve`.
    here = text.replace(" resolve ", " ").replace("-replica:", ".invalid:")
    for name in ("service", "rasa", "actions"):
        here = here.replace(f"server {name}.invalid:", "server 127.0.0.1:")
    (tmp_path / "nginx.conf").write_text(here)
    for file in ("http.conf", "public.conf", "inner.conf", "trusted.conf"):
        (tmp_path / file).write_text((SHARED / file).read_text(encoding="utf-8"))
    asked = [program("nginx"), "-t", "-q", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_both_configurations_have_the_same_doors_and_upstreams(tmp_path: Path) -> None:
    container = (SHARED / "nginx.conf").read_text(encoding="utf-8")
    local = configuration(Doors(1, 2, 3, 4, (5,), (6,), (7,)), tmp_path)
    for words in ("least_conn;", "max_fails=1 fail_timeout=2s", "public.conf", "proxy_pass http://rasa;",
                  "location /internal/ { proxy_pass http://service; }", "proxy_pass http://actions;"):  # fmt: skip
        assert words in container
        assert words in local


# --- PostgreSQL: the accounts that the containers' script makes ---


def script(server: PostgresServer) -> subprocess.CompletedProcess[str]:
    told = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "POSTGRES_USER": "switchboard"}
    passwords = {"RECORD_DB_PASSWORD": "it's the record's", "TRACKER_DB_PASSWORD": "it's $Rasa's"}
    return subprocess.run(
        ["sh", str(ROOT / "deploy" / "postgres" / "accounts.sh")],
        env={**os.environ, **told, **passwords},
        capture_output=True,
        text=True,
        check=False,
    )


def psql(server: PostgresServer, who: str, database: str, sql: str) -> subprocess.CompletedProcess[str]:
    here = ["-h", "127.0.0.1", "-p", str(server.port), "-U", who, "-d", database]
    return subprocess.run([program("psql"), *here, "-qAtc", sql], capture_output=True, text=True, check=False)


def test_rasa_has_an_account_of_its_own_that_cannot_read_the_record(postgres_of_the_run: PostgresServer) -> None:
    first = script(postgres_of_the_run)
    assert first.returncode == 0, first.stderr
    assert script(postgres_of_the_run).returncode == 0, "once more is harmless"
    assert psql(postgres_of_the_run, "rasa", "rasa", "CREATE TABLE mine (id int)").returncode == 0
    refused = psql(postgres_of_the_run, "rasa", "switchboard", "SELECT 1")
    assert refused.returncode != 0
    assert "permission denied for database" in refused.stderr
    rights = psql(
        postgres_of_the_run, "switchboard", "rasa", "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname='rasa'"
    )
    assert rights.stdout.strip() == "f|f"


# --- packages ---


def test_a_missing_server_is_named_with_its_package() -> None:
    assert missing_packages(lambda program: None, SERVERS) == ["postgresql", "redis-server", "nginx-light"]
    with pytest.raises(
        Trouble, match=r"More than one replica needs.*apt-get install postgresql redis-server nginx-light"
    ):
        have_packages(lambda program: None, root=False, packages=SERVERS, who="More than one replica needs")


def test_what_the_distributed_topology_runs_is_among_what_the_checks_need() -> None:
    assert SERVERS.items() <= PACKAGES.items()


def test_servers_are_found_where_only_root_looks() -> None:
    assert on_path("nginx") is not None
    assert on_path("no-such-program-anywhere") is None
