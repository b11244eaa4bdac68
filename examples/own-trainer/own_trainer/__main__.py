"""`python -m own_trainer run --run <key>`: what the operator's Job starts, and how it ends."""

from __future__ import annotations

import argparse
import os
import sys

from capforge_contracts.store import open_store
from own_trainer.ending import Stopping, ended
from own_trainer.program import run


def main() -> int:
    """Make one attempt; return the exit code."""
    parser = argparse.ArgumentParser(prog="own_trainer")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run", help="make one attempt at a run in the object store (CAPFORGE_STORE)")
    command.add_argument("--run", required=True, metavar="KEY", help="key of run.json")
    key = parser.parse_args().run
    stopping = Stopping()
    return int(ended(lambda: run(open_store(os.environ), key, stopping)))


if __name__ == "__main__":
    sys.exit(main())
