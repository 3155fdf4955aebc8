"""The three ports, where they may be changed, and whether somebody else is already there."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from tools.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Port:
    """One port of the stack: who listens, the variable that changes it, its usual number."""

    process: str
    variable: str
    usual: int


PORTS = (Port("service", "PORT", 8000), Port("rasa", "RASA_PORT", 5005), Port("actions", "ACTIONS_PORT", 5055))


def chosen(port: Port, settings: Mapping[str, str]) -> int:
    """The number to use. Raises Trouble for something that is not a port number."""
    text = settings.get(port.variable, "") or str(port.usual)
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise Trouble(f"{port.variable}={text} is not a port number: set it to a number from 1 to 65535.")
    return int(text)


def in_use(number: int, host: str = "127.0.0.1") -> bool:
    """Whether something listens on that port of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT after a restart is free for us.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return True
    return False


def must_be_free(settings: Mapping[str, str]) -> None:
    """Raise Trouble, naming the port and the way out, when one of the three is taken or two are the same."""
    numbers = {port.variable: chosen(port, settings) for port in PORTS}
    if len(set(numbers.values())) < len(numbers):
        raise Trouble(f"PORT, RASA_PORT and ACTIONS_PORT must be three different numbers, not {numbers}.")
    for port in PORTS:
        number = numbers[port.variable]
        if in_use(number):
            raise Trouble(
                f"Port {number} is in use by another program: stop that program, or choose another port for"
                f" {port.process}, for example `make up {port.variable}={number + 10}`."
            )
