"""The pre-made volumes: kept complete, and emptied and offered again when their claim is gone.

A process of its own beside the control plane: `python -m capforge_tools.cluster.volumes <cache> <state> <number>`.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge_tools.cluster.api import Api
from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.console import say
from capforge_tools.errors import ToolError
from capforge_tools.places import Places

STORAGE_CLASS = "capforge-local"
STORAGE_CLASS_PATH = f"/apis/storage.k8s.io/v1/storageclasses/{STORAGE_CLASS}"
_VOLUMES_PATH = "/api/v1/persistentvolumes"
_VOLUMES_PER_NODE = 8
_CAPACITY = "20Gi"
_PERIOD_SECONDS = 2.0


@dataclass(frozen=True)
class Volume:
    """A folder on this machine that one node offers as a volume. Its size is a promise only."""

    node: Node
    number: int
    root: Path

    @property
    def name(self) -> str:
        """The PersistentVolume's name."""
        return f"{self.node.name}-volume-{self.number}"

    @property
    def folder(self) -> Path:
        """Where the data lies."""
        return self.root / self.name

    def manifest(self) -> dict[str, Any]:
        """Return the PersistentVolume."""
        expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self.node.name]}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": self.name},
            "spec": {
                "capacity": {"storage": _CAPACITY},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": STORAGE_CLASS,
                "persistentVolumeReclaimPolicy": "Retain",
                "local": {"path": str(self.folder)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}},
            },
        }


def storage_class() -> dict[str, Any]:
    """Return the default StorageClass: a claim waits for its first pod, and takes a volume of that pod's node."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def all_volumes(layout: Layout) -> Iterator[Volume]:
    """Yield every volume of the cluster."""
    for node in layout.nodes:
        for number in range(1, _VOLUMES_PER_NODE + 1):
            yield Volume(node, number, layout.volumes)


def reconcile(layout: Layout, api: Api) -> list[str]:
    """Make every volume available that no claim holds; return what was done."""
    phases = {item["metadata"]["name"]: item["status"]["phase"] for item in api.get(_VOLUMES_PATH)["items"]}
    done = []
    for volume in all_volumes(layout):
        phase = phases.get(volume.name)
        if phase in {"Released", "Failed"}:
            _empty(volume.folder)
            api.delete(f"{_VOLUMES_PATH}/{volume.name}")
            done.append(f"emptied {volume.name}")
        if phase is None:
            _make(volume.folder)
            api.create(_VOLUMES_PATH, volume.manifest())
            done.append(f"offered {volume.name}")
    return done


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # Pods run under any user id.
    folder.chmod(0o777)


def _empty(folder: Path) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)


def main() -> None:
    """Reconcile for ever the volumes of the cluster that the arguments name."""
    cache, state, number = sys.argv[1:]
    layout = Layout(Places(Path(cache), Path(state)), int(number))
    api = Api(layout.api_server)
    while True:
        try:
            for line in reconcile(layout, api):
                say(line)
        except ToolError as error:
            # The API server restarts, or a volume is being deleted still: the next round sees.
            say(str(error))
        time.sleep(_PERIOD_SECONDS)


if __name__ == "__main__":
    main()
