"""What the API server says is ready, as far as it was said of what runs now.

A cluster that was killed and started again goes on showing what its kubelets said before they ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from capforge_tools.cluster import cgroups, dns
from capforge_tools.cluster.api import Api, is_condition_true
from capforge_tools.cluster.layout import Layout, Node
from capforge_tools.errors import ToolError
from capforge_tools.processes import started_at

_Object = Mapping[str, Any]
_CLOCK_SECONDS = 2.0
"""Times are told in whole seconds, and a process's start is reckoned from the machine's."""


def not_ready(layout: Layout) -> list[str]:
    """Name the nodes that are not ready, and the cluster's DNS if it is not."""
    api = Api(layout.api_server)
    try:
        told = {node["metadata"]["name"]: node for node in api.get("/api/v1/nodes")["items"]}
        resolvers = api.get(dns.PODS_PATH)["items"]
    except ToolError as error:
        return [str(error)]
    found = [f"{node.name} is not ready" for node in layout.nodes if not _is_ready(layout, node, told.get(node.name))]
    living = cgroups.holding_processes(layout)
    return found if any(_answers(pod, living) for pod in resolvers) else [*found, "the cluster's DNS is not available"]


def _is_ready(layout: Layout, node: Node, told: _Object | None) -> bool:
    kubelet = layout.register.find(f"{node.name}-kubelet")
    if told is None or kubelet is None or not is_condition_true(told, "Ready"):
        return False
    (ready,) = [one for one in told["status"]["conditions"] if one["type"] == "Ready"]
    said = datetime.fromisoformat(ready["lastHeartbeatTime"]).timestamp()
    return said >= started_at(kubelet) - _CLOCK_SECONDS


def _answers(pod: _Object, living: set[str]) -> bool:
    """Tell whether a pod is ready and is one whose containers, by the names of their cgroups, live."""
    containers = [one.get("containerID", "").rpartition("/")[2] for one in pod["status"].get("containerStatuses", [])]
    alive = [any(container in name for name in living) for container in containers if container]
    return is_condition_true(pod, "Ready") and bool(alive) and all(alive)
