"""nginx of Debian in front of local replicas: the doors of deploy/nginx with addresses on the loopback."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tools.local_servers import LocalServer, program
from tools.places import ROOT

SHARED = ROOT / "deploy" / "nginx"

_MAIN = """\
# Made by tools/local_nginx.py; deploy/nginx/nginx.conf is the same for containers.
{account}worker_processes 1;
pid {folder}/nginx.pid;

events {{
    worker_connections 4096;
}}

http {{
    include "{shared}/http.conf";
    access_log {folder}/access.log plain;
{temporary}
{upstreams}
{doors}
}}
"""
_UPSTREAM = """\
    upstream {name} {{
        zone {name} 128k;
        least_conn;
{servers}
        keepalive 16;
        keepalive_timeout 2s;
    }}
"""
_PUBLIC = """\
    server {{
        listen 127.0.0.1:{port};
        include "{shared}/public.conf";
    }}
"""
_INNER = """\
    server {{
        listen 127.0.0.1:{port};
        include "{shared}/inner.conf";
        location {path} {{ proxy_pass http://{name}; }}
    }}
"""


@dataclass(frozen=True, slots=True)
class Doors:
    """Ports: the public door, the three inner ones, and the replicas behind each of these."""

    public: int
    inner_service: int
    inner_rasa: int
    inner_actions: int
    services: Sequence[int]
    rasas: Sequence[int]
    actions: Sequence[int]


def configuration(doors: Doors, folder: Path, shared: Path = SHARED) -> str:
    """nginx's configuration, which keeps its files in ``folder`` and what the doors do in ``shared``."""
    upstreams = {"service": doors.services, "rasa": doors.rasas, "actions": doors.actions}
    inner = (
        ("service", doors.inner_service, "/internal/"),
        ("rasa", doors.inner_rasa, "/"),
        ("actions", doors.inner_actions, "/"),
    )
    return _MAIN.format(
        # Root's nginx would hand its work to an account that may not read this folder.
        account="user root root;\n" if os.geteuid() == 0 else "",
        folder=folder,
        shared=shared,
        temporary="\n".join(
            f"    {kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
        ),
        upstreams="\n".join(
            _UPSTREAM.format(
                name=name,
                servers="\n".join(f"        server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;" for port in ports),
            )
            for name, ports in upstreams.items()
        ),
        doors="\n".join(
            [
                _PUBLIC.format(port=doors.public, shared=shared),
                *(_INNER.format(port=port, path=path, name=name, shared=shared) for name, port, path in inner),
            ]
        ),
    )


@dataclass
class NginxServer(LocalServer):
    """nginx with these doors; ``port`` is the public one."""

    doors: Doors = field(kw_only=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        (self.folder / "nginx.conf").write_text(configuration(self.doors, self.folder), encoding="utf-8")

    def command(self) -> Sequence[str]:
        return [program("nginx"), "-e", "stderr", "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"]
