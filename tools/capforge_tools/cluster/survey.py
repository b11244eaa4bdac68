"""What of the cluster is there: its health, the table for people, and what a `down` must find gone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from capforge_tools.cluster import cgroups, elsewhere, network, parts
from capforge_tools.cluster.api import Api, is_condition_true
from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.cluster.reported import not_ready
from capforge_tools.commands import run
from capforge_tools.errors import ToolError
from capforge_tools.processes import all_pids, arguments

_MOUNTS = Path("/proc/self/mountinfo")


def problems(layout: Layout) -> list[str]:
    """Return, within a second, what keeps the cluster from being as this version of the tools would start it."""
    if not layout.register.all() or not layout.kubeconfig.is_file():
        return ["it was not started"]
    names = [s.command.name for s in parts.services(layout) if not layout.register.is_running(s.command)]
    found = [_not_running(layout, name) for name in names]
    if not network.is_complete(layout) or not cgroups.exist(layout):
        found.append("its network or cgroups are incomplete")
    return found or not_ready(layout)


def table(layout: Layout) -> list[str]:
    """Return the lines of `status`."""
    records = layout.register.all()
    if not records:
        return ["the local cluster is not there (start it by `make cluster-up`)"]
    lines = [f"{r.name:28} {'running' if r.is_alive() else 'ENDED':8} pid {r.pid}" for r in records]
    try:
        nodes = Api(layout.api_server).get("/api/v1/nodes")["items"]
    except ToolError as error:
        return [*lines, f"the API server does not answer: {error}"]
    for node in nodes:
        state = "Ready" if is_condition_true(node, "Ready") else "NotReady"
        lines.append(f"node {node['metadata']['name']:23} {state}")
    lines += [f"problem: {problem}" for problem in problems(layout)]
    return [*lines, f"KUBECONFIG={layout.kubeconfig}"]


def leftovers(layout: Layout) -> list[str]:
    """Name everything of the cluster that exists outside its state folder, and the folder itself."""
    found = [f"process {pid}: {' '.join(arguments(pid))[:100]}" for pid in sorted(processes(layout))]
    found += [f"mount {path}" for path in mounts(layout)]
    found += network.leftovers(layout) + cgroups.leftovers(layout)
    found += [f"file {path}" for path in elsewhere.files(layout)]
    return found + ([f"folder {layout.folder}"] if layout.folder.exists() else [])


def processes(layout: Layout) -> set[int]:
    """Return every process of the cluster, whether it was recorded or not.

    Ours is what was recorded, what runs in a pod's cgroup or in a node's network namespace, and what runs a
    program of ours on the cluster's folder.
    """
    recorded = {record.pid for record in layout.register.all() if record.is_alive()}
    namespaces = {_inode(node.namespace_path) for node in layout.nodes} - {None}
    strays = {pid for pid in all_pids() if _inode(_network(pid)) in namespaces or _runs_on(layout, layout.folder, pid)}
    return recorded | cgroups.pids(layout) | strays


def node_processes(layout: Layout, node: Node) -> set[int]:
    """Return every process of one node: what runs in its network, in its pods' cgroups, or on its folder."""
    namespace = {_inode(node.namespace_path)} - {None}
    strays = {pid for pid in all_pids() if _inode(_network(pid)) in namespace or _runs_on(layout, node.folder, pid)}
    return cgroups.pids(layout, node) | strays


def mounts(layout: Layout) -> list[Path]:
    """Return the mounts below the cluster's folder, the innermost first.

    With people's own cluster go those below the cache, which image builds leave when they are killed.
    """
    return mounts_below(*((layout.folder, layout.places.cache) if layout.number == 0 else (layout.folder,)))


def mounts_below(*folders: Path) -> list[Path]:
    """Return the mounts below some folders, the innermost first."""
    points = (Path(line.split()[4]) for line in _MOUNTS.read_text().splitlines())
    return sorted((point for point in points if any(map(point.is_relative_to, folders))), reverse=True)


def unmount(points: Iterable[Path]) -> None:
    """Unmount these; one that goes by itself meanwhile (its container's shim has just ended) is no fault."""
    for point in points:
        try:
            run("umount", "--lazy", point)
        except ToolError:
            if point in mounts_below(point):
                raise


def _not_running(layout: Layout, name: str) -> str:
    record = layout.register.find(name)
    if record and record.is_alive():
        return f"{name} runs as another checkout or version of the tools started it"
    return f"{name} does not run (its log is {layout.log(name)})"


def _runs_on(layout: Layout, folder: Path, pid: int) -> bool:
    """Tell whether it is a program of ours whose command line names something below the folder."""
    program, *words = arguments(pid) or [""]
    ours = Path(program).parent == layout.places.binaries or Path(program).name == "containerd-shim-runc-v2"
    return ours and any(str(folder) in word for word in words)


def _network(pid: int) -> Path:
    return Path(f"/proc/{pid}/ns/net")


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None
