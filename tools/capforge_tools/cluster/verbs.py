"""`cluster up|down|status`."""

from __future__ import annotations

import argparse

from capforge_tools.cluster.down import down
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.survey import table
from capforge_tools.cluster.up import up
from capforge_tools.places import Places


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("cluster", help="the Kubernetes that demo and tests run on")
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.set_defaults(verb=_run)


def _run(arguments: argparse.Namespace) -> None:
    layout = Layout(Places.from_environment())
    if arguments.action == "up":
        up(layout)
    elif arguments.action == "down":
        down(layout)
    else:
        print("\n".join(table(layout)))
