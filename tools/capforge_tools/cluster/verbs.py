"""`cluster up|down|status|kubeconfig`, and `cluster lose|restore <node>` to see what a failing machine does."""

from __future__ import annotations

import argparse

from capforge_tools import selection
from capforge_tools.cluster import kind
from capforge_tools.cluster.down import down
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.losing import lose, node_named
from capforge_tools.cluster.survey import table
from capforge_tools.cluster.up import up
from capforge_tools.console import say
from capforge_tools.errors import ToolError
from capforge_tools.places import Places
from capforge_tools.selection import Cluster

_NODE_ACTIONS = ("lose", "restore")


def add(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("cluster", help="the Kubernetes that demo and tests run on (chosen by CLUSTER)")
    parser.add_argument("action", choices=["up", "down", "status", "kubeconfig", "lose", "restore"])
    parser.add_argument("node", nargs="?", help="for lose and restore: a node of the local cluster (node-1, node-2)")
    parser.set_defaults(verb=_run)


def _run(arguments: argparse.Namespace) -> None:
    places = Places.from_environment()
    cluster = selection.select()
    if arguments.action in _NODE_ACTIONS:
        _node(arguments.action, cluster, Layout(places), arguments.node or "")
        return
    if arguments.action == "kubeconfig":
        print(selection.kubeconfig(cluster, places))
    elif cluster is Cluster.LOCAL:
        _local(arguments.action, Layout(places))
    elif cluster is Cluster.KIND:
        _kind(arguments.action, places)
    else:
        say(f"CLUSTER=current: the cluster of {selection.kubeconfig(cluster, places)} is yours; it is left as it is")


def _node(action: str, cluster: Cluster, layout: Layout, name: str) -> None:
    if cluster is not Cluster.LOCAL:
        raise ToolError(f"`cluster {action}` is for the local cluster only (CLUSTER=local), not for {cluster.value}")
    node = node_named(layout, name)
    if action == "lose":
        lose(layout, node)
    else:
        up(layout)


def _local(action: str, layout: Layout) -> None:
    if action == "up":
        up(layout)
    elif action == "down":
        down(layout)
    else:
        print("\n".join(table(layout)))


def _kind(action: str, places: Places) -> None:
    if action == "up":
        kind.up(places.state / "kind" / "kubeconfig")
    elif action == "down":
        kind.down()
    else:
        print(kind.status())
