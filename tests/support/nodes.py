"""What befalls a cluster's nodes: drained in good order, or lost without a warning (local cluster only)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from capforge_tools.cluster.losing import lose
from capforge_tools.cluster.up import up
from tests.support.e2e import System
from tests.support.workloads import local_layout, local_node

_PATIENCE = "--timeout=180s"


@contextmanager
def drained(system: System, node: str) -> Iterator[None]:
    """`kubectl drain`, which evicts and so keeps to PodDisruptionBudgets; the node takes pods again after the block."""
    system.clients.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", _PATIENCE)
    try:
        yield
    finally:
        system.clients.kubectl("uncordon", node)


@contextmanager
def lost(system: System, node: str) -> Iterator[None]:
    """Take a node away as a power cut does; the block begins when the control plane knows. It is back after the block."""
    layout = local_layout(system)
    try:
        lose(layout, local_node(system, node))
        system.clients.kubectl("wait", "--for=condition=Ready=unknown", f"node/{node}", _PATIENCE)
        yield
    finally:
        up(layout)
        system.clients.kubectl("wait", "--for=condition=Ready", f"node/{node}", _PATIENCE)
