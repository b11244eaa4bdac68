"""The cgroups below which the nodes' pods run, on cgroup v1 (also hybrid) and v2."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from capforge_tools.cluster.layout import Layout, Node

_ROOT = Path("/sys/fs/cgroup")
_V2_CONTROLLERS = {"cpu", "cpuset", "io", "memory", "pids"}
_INHERITED = ("cpuset.cpus", "cpuset.mems")
"""On v1 these are empty in a new cpuset, and nothing can run in it until they are set."""


def ensure(layout: Layout) -> None:
    """Make every node's cgroup in every hierarchy."""
    for hierarchy in _hierarchies():
        for path in (layout.name, *(node.cgroup for node in layout.nodes)):
            _make(hierarchy / path)


def exist(layout: Layout) -> bool:
    """Tell whether every node's cgroup is there."""
    return all((hierarchy / node.cgroup).is_dir() for hierarchy in _hierarchies() for node in layout.nodes)


def pids(layout: Layout, node: Node | None = None) -> set[int]:
    """Return the processes of all pods of the cluster, or of one node."""
    return {pid for _, held in _held(node.cgroup if node else layout.name) for pid in held}


def holding_processes(layout: Layout) -> set[str]:
    """Return the names of the cgroups that hold a process; a container's holds its id."""
    return {folder.name for folder, held in _held(layout.name) if held}


def remove(layout: Layout) -> None:
    """Remove the cgroups, the deepest first; they must hold no process any more."""
    for folder in sorted(_folders(layout.name), key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()


def leftovers(layout: Layout) -> list[str]:
    """Name every cgroup of the cluster that exists."""
    return [f"cgroup {folder}" for folder in _folders(layout.name)]


def _hierarchies() -> list[Path]:
    """Return the mounted hierarchies: one on v2; on v1 one per controller, on a hybrid machine also its v2 one."""
    if (_ROOT / "cgroup.controllers").is_file():
        return [_ROOT]
    # Combined controllers (cpu, cpuacct) are links to one folder.
    return sorted({folder.resolve() for folder in _ROOT.iterdir() if (folder / "cgroup.procs").is_file()})


def _held(cgroup: str) -> Iterator[tuple[Path, list[int]]]:
    """Yield every cgroup with the processes in it."""
    for folder in _folders(cgroup):
        # A cgroup may vanish while it is read.
        with contextlib.suppress(OSError):
            held = [int(line) for line in (folder / "cgroup.procs").read_text().split()]
            yield folder, held


def _folders(cgroup: str) -> Iterator[Path]:
    for hierarchy in _hierarchies():
        # A shim removes its cgroup whenever it ends: os.walk passes over what has gone, Path.rglob raises.
        yield from (Path(folder) for folder, _, _ in os.walk(hierarchy / cgroup))


def _make(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    if (folder / "cgroup.controllers").is_file():
        offered = set((folder.parent / "cgroup.controllers").read_text().split())
        wanted = " ".join(f"+{name}" for name in sorted(offered & _V2_CONTROLLERS))
        (folder.parent / "cgroup.subtree_control").write_text(wanted)
        return
    for name in _INHERITED:
        own = folder / name
        if own.is_file() and not own.read_text().strip():
            own.write_text((folder.parent / name).read_text())
