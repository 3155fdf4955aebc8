"""Runs the service, as `python -m bot` does. With `--settings` it prints every setting and ends."""

from __future__ import annotations

import argparse
import socket
import sys
from errno import EADDRINUSE

from bot.app import create_app
from bot.quick_start import settle
from bot.refusals import Refusal
from bot.rule_files import must_hold_embedder
from bot.server import server
from bot.settings import Settings, as_lines, read_settings
from handover.errors import SwitchboardError


def main(arguments: list[str]) -> int:
    """Returns the exit status: 0, or 1 with one plain sentence on what to do."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="The Switchboard service.")
    parser.add_argument("--settings", action="store_true", help="print every setting with its value and end")
    given = parser.parse_args(arguments)
    try:
        settings = read_settings()
        if given.settings:
            print("\n".join(as_lines(settings)))
            return 0
        _check_port(settings)
        must_hold_embedder(settings)
        return _serve(settings)
    except SwitchboardError as error:
        print(error.message, file=sys.stderr)
        return 1


def _serve(settings: Settings) -> int:
    app = create_app(settings)
    running = server(settings, app, serving=settle)
    refusal: Refusal = app.state.refusal
    with refusal.told_by_us():
        running.run()
    return 0 if running.started else 1


def _check_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as why:
            if why.errno != EADDRINUSE and not isinstance(why, PermissionError):
                raise SwitchboardError(f"HOST: this machine has no address {settings.host} ({why.strerror}).") from why
            raise SwitchboardError(
                f"Port {settings.port} on {settings.host} cannot be used ({why.strerror}). "
                "Stop what uses it, or set PORT to another one."
            ) from why
