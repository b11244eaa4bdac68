"""The cluster's network: a bridge on the host, one network namespace per node, and the routes between them.

The host itself gets a bridge and routes only; every iptables rule lives in a node's namespace and goes with it.
"""

from __future__ import annotations

import ipaddress
import json
from typing import Any

from capforge_tools.cluster.layout import NODE_SUBNET_BITS, Layout, Node
from capforge_tools.commands import run, succeeds
from capforge_tools.errors import ToolError

_NODE_INTERFACE = "eth0"


def ensure(layout: Layout) -> None:
    """Make what is missing of bridge, namespaces, cables, addresses and routes."""
    _refuse_taken_addresses(layout)
    if layout.bridge not in _links():
        run("ip", "link", "add", layout.bridge, "type", "bridge")
    run("ip", "address", "replace", f"{layout.host_address}/{NODE_SUBNET_BITS}", "dev", layout.bridge)
    run("ip", "link", "set", layout.bridge, "up")
    for node in layout.nodes:
        _ensure_node(node)
    for node in layout.nodes:
        _ensure_routes(node, layout.nodes)
    run("ip", "route", "replace", layout.service_subnet, "via", layout.nodes[0].address)


def remove(layout: Layout) -> None:
    """Remove all of it; the routes go with the bridge. What is not there is fine."""
    for node in layout.nodes:
        cut(node)
        remove_namespace(node)
    if layout.bridge in _links():
        run("ip", "link", "delete", layout.bridge)


def cut(node: Node) -> None:
    """Remove a node's cable: from one moment to the next nobody hears of it."""
    if node.interface in _links():
        run("ip", "link", "delete", node.interface)


def remove_namespace(node: Node) -> None:
    """Remove a node's network with all rules in it; its processes must have ended."""
    if node.namespace_path.exists():
        run("ip", "netns", "delete", node.namespace)


def leftovers(layout: Layout) -> list[str]:
    """Name every piece of the cluster's network that exists."""
    links = _links()
    expected = [layout.bridge, *(node.interface for node in layout.nodes)]
    found = [f"network interface {name}" for name in expected if name in links]
    found += [f"network namespace {node.namespace}" for node in layout.nodes if node.namespace_path.exists()]
    found += [f"route {route['dst']}" for route in _routes() if route.get("dst") in _destinations(layout)]
    return found


def _destinations(layout: Layout) -> set[str]:
    return {layout.service_subnet, *(node.pod_subnet for node in layout.nodes)}


def _refuse_taken_addresses(layout: Layout) -> None:
    """Raise ToolError where another interface routes the addresses that the cluster uses."""
    ours = [
        ipaddress.IPv4Network(subnet)
        for subnet in (f"{layout.node_network}.0/{NODE_SUBNET_BITS}", layout.pod_subnet, layout.service_subnet)
    ]
    for route in _routes():
        # Wide routes (a default, a whole private range) may stay: ours are more specific.
        taken = None if route["dst"] == "default" else ipaddress.IPv4Network(route["dst"])
        if taken and route.get("dev") != layout.bridge and any(taken.subnet_of(subnet) for subnet in ours):
            raise ToolError(
                f"the address range {taken} is in use on this machine (interface {route.get('dev')}); the local "
                f"cluster needs {', '.join(map(str, ours))}. Use a cluster of yours by CLUSTER=current"
            )


def _ensure_node(node: Node) -> None:
    if not node.namespace_path.exists():
        run("ip", "netns", "add", node.namespace)
    if node.interface not in _links():
        peer = ("peer", "name", _NODE_INTERFACE, "netns", node.namespace)
        run("ip", "link", "add", node.interface, "type", "veth", *peer)
    run("ip", "link", "set", node.interface, "master", node.cluster.bridge, "up")
    within = ("ip", "-netns", node.namespace)
    run(*within, "address", "replace", f"{node.address}/{NODE_SUBNET_BITS}", "dev", _NODE_INTERFACE)
    run(*within, "link", "set", "lo", "up")
    run(*within, "link", "set", _NODE_INTERFACE, "up")
    run(*node.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"))


def _ensure_routes(node: Node, nodes: tuple[Node, ...]) -> None:
    within = ("ip", "-netns", node.namespace)
    run(*within, "route", "replace", "default", "via", node.cluster.host_address)
    for other in nodes:
        if other != node:
            run(*within, "route", "replace", other.pod_subnet, "via", other.address)
    run("ip", "route", "replace", node.pod_subnet, "via", node.address)


def is_complete(layout: Layout) -> bool:
    """Tell, quickly, whether the network stands."""
    there = {route.get("dst") for route in _routes()}
    spaces = all(succeeds("ip", "-netns", node.namespace, "link", "show", _NODE_INTERFACE) for node in layout.nodes)
    return spaces and _destinations(layout) <= there


def _links() -> set[str]:
    return {link["ifname"] for link in json.loads(run("ip", "-json", "link", "show") or "[]")}


def _routes() -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = json.loads(run("ip", "-json", "route", "show") or "[]")
    return routes
