"""Runs the simulated platforms for whoever tries the product by hand: a page to write as a customer and see answers.

python -m tests.sim [--port 8900] [--service http://127.0.0.1:8000]
"""

from __future__ import annotations

import argparse
import threading

from tests.sim.accounts import CHANNELS, demo_inbox
from tests.sim.driver import Simulator, simulating
from tests.sim.page import page_of


def introduction(simulator: Simulator) -> str:
    """What to set in the product, and what its inboxes are made of."""
    lines = ["Start the product with these settings:", ""]
    lines += [f"  {name}={value}" for name, value in simulator.environment.items()]
    lines += ["", "and make its inboxes (console: Inboxes) of these accounts:", ""]
    for channel in CHANNELS:
        inbox = demo_inbox(channel)
        secrets = "  ".join(f"{name}={value}" for name, value in inbox.secrets.items())
        lines.append(f"  {channel:<10} account={inbox.account}  {secrets}")
    lines += ["", f"Write as a customer at {simulator.url}/ ; webhooks go to {simulator.world.service}", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sim", description=__doc__)
    parser.add_argument("--port", type=int, default=8900, help="the port of the simulator (8900)")
    parser.add_argument("--service", default="http://127.0.0.1:8000", help="where the product is")
    given = parser.parse_args()
    inboxes = [demo_inbox(channel, "") for channel in CHANNELS]
    with simulating(*inboxes, port=given.port, page=page_of) as simulator:
        simulator.serve(given.service)
        print(introduction(simulator), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("The simulator ends.")


if __name__ == "__main__":
    main()
