"""Taking the cluster down: nothing of it is left, and nothing else is touched."""

from __future__ import annotations

import shutil

from capforge_tools.cluster import cgroups, elsewhere, network, survey
from capforge_tools.cluster.layout import Layout
from capforge_tools.console import say, step
from capforge_tools.errors import ToolError
from capforge_tools.locks import exclusive
from capforge_tools.privileges import require_root
from capforge_tools.processes import end

_GRACE_SECONDS = 3.0
_FIRST = ("kubelet", "kube-proxy", "kube-controller-manager", "kube-scheduler", "volumes")
"""These start things or write: they end before what they look after."""
_ROUNDS = 5


def down(layout: Layout) -> None:
    """Remove every process, mount, namespace, interface, route, cgroup and file. Raises ToolError naming what stays."""
    require_root("taking the local cluster down ends its processes and removes its mounts")
    with exclusive(layout.lock, "the local cluster"), exclusive(layout.places.images_lock, "building images"):
        if not survey.leftovers(layout):
            say("the local cluster is not there")
            return
        with step("end the cluster's processes"):
            _end_processes(layout)
        with step("remove mounts, network, cgroups and files"):
            _remove_the_rest(layout)
        left = survey.leftovers(layout)
        if left:
            raise ToolError("these could not be removed:\n" + "\n".join(f"    {line}" for line in left))


def _end_processes(layout: Layout) -> None:
    for record in layout.register.all():
        if record.name.endswith(_FIRST):
            layout.register.stop(record.name, _GRACE_SECONDS)
    # A shim may start something while others end: look again until nothing is found.
    for _ in range(_ROUNDS):
        pids = survey.processes(layout)
        if not pids:
            break
        end(cgroups.pids(layout), grace_seconds=0)
        end(pids, _GRACE_SECONDS)


def _remove_the_rest(layout: Layout) -> None:
    survey.unmount(survey.mounts(layout))
    network.remove(layout)
    cgroups.remove(layout)
    elsewhere.remove(layout)
    if layout.folder.exists():
        shutil.rmtree(layout.folder)
