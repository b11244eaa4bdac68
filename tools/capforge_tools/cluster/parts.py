"""Every process of the cluster."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from capforge_tools.cluster import control_plane, node
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.service import Service
from capforge_tools.places import REPOSITORY
from capforge_tools.processes import Command


def services(layout: Layout) -> Iterator[Service]:
    """Yield every process of the cluster in the order in which they start."""
    yield from control_plane.services(layout)
    yield volumes_service(layout)
    for each in layout.nodes:
        yield from node.services(layout, each)


def volumes_service(layout: Layout) -> Service:
    """Return the process that keeps the pre-made volumes available."""
    env = {"PYTHONPATH": str(REPOSITORY / "tools")}
    places = (str(layout.places.cache), str(layout.places.state))
    # Resolved, so that a virtual environment and the Python that it was made from are one command.
    python = str(Path(sys.executable).resolve())
    argv = (python, "-m", "capforge_tools.cluster.volumes", *places, str(layout.number))
    return Service(Command("volumes", argv, layout.log("volumes"), env=env), lambda: True)
