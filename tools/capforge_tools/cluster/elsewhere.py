"""What the runtimes write outside the cluster's folder because no setting of theirs moves it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.files import write_json_if_changed

_FOLDERS = (Path("/var/lib/kubelet"), Path("/var/lib/cni"), Path("/run/containerd"), Path("/var/log/containers"))
_CNI_RESULTS = Path("/var/lib/cni/results")
_LOG_LINKS = Path("/var/log/containers")


def remember(layout: Layout) -> None:
    """Before the first start: note which of these folders are not there, so that they are ours to remove."""
    note = _note(layout)
    if not note.is_file():
        write_json_if_changed(note, [str(folder) for folder in _FOLDERS if not folder.exists()])


def files(layout: Layout) -> list[Path]:
    """Return the files of this cluster in folders that it may share."""
    folder = str(layout.folder)
    results = [path for path in _CNI_RESULTS.glob("*") if folder in path.read_text(errors="replace")]
    links = [path for path in _LOG_LINKS.glob("*") if path.is_symlink() and folder in str(path.readlink())]
    return [*results, *links, *(socket for node in layout.nodes for socket in shim_sockets(node))]


def remove(layout: Layout) -> None:
    """Remove the files, and the folders that were not there before."""
    for path in files(layout):
        path.unlink(missing_ok=True)
    note = _note(layout)
    for folder in json.loads(note.read_text()) if note.is_file() else []:
        shutil.rmtree(folder, ignore_errors=True)


def shim_sockets(node: Node) -> list[Path]:
    """Return the sockets in /run/containerd/s that a node's shims listen on; each container's folder names its own."""
    addresses = node.containerd_state.glob("*/k8s.io/*/address")
    sockets = {Path(path.read_text().strip().removeprefix("unix://")) for path in addresses}
    return sorted(path for path in sockets if path.exists())


def _note(layout: Layout) -> Path:
    return layout.folder / "made-elsewhere.json"
