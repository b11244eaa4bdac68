"""The cgroups below which the nodes' pods run, on cgroup v1 (also hybrid) and v2."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from capforge_tools.cluster.layout import Layout

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


def pids(layout: Layout) -> set[int]:
    """Return the processes of all pods of the cluster."""
    found: set[int] = set()
    for folder in _folders(layout):
        # A cgroup may vanish while it is read.
        with contextlib.suppress(OSError):
            found.update(int(line) for line in (folder / "cgroup.procs").read_text().split())
    return found


def remove(layout: Layout) -> None:
    """Remove the cgroups, the deepest first; they must hold no process any more."""
    for folder in sorted(_folders(layout), key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()


def leftovers(layout: Layout) -> list[str]:
    """Name every cgroup of the cluster that exists."""
    return [f"cgroup {folder}" for folder in _folders(layout)]


def _hierarchies() -> list[Path]:
    """Return the mounted hierarchies: one on v2; on v1 one per controller, on a hybrid machine also its v2 one."""
    if (_ROOT / "cgroup.controllers").is_file():
        return [_ROOT]
    # Combined controllers (cpu, cpuacct) are links to one folder.
    return sorted({folder.resolve() for folder in _ROOT.iterdir() if (folder / "cgroup.procs").is_file()})


def _folders(layout: Layout) -> Iterator[Path]:
    for hierarchy in _hierarchies():
        top = hierarchy / layout.name
        if top.is_dir():
            yield top
            yield from (path for path in top.rglob("*") if path.is_dir())


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
