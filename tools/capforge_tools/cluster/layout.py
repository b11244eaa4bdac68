"""Names, addresses and folders of the local cluster: everything it makes is found from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from capforge_tools.apiserver import SERVICE_SUBNET, ApiServer
from capforge_tools.cluster.ports import Ports
from capforge_tools.places import Places
from capforge_tools.processes import Register

__all__ = ["SERVICE_SUBNET", "Layout", "Node"]

BRIDGE = "capforge0"
HOST_ADDRESS = "10.200.0.1"
NODE_SUBNET_BITS = 24
POD_SUBNET = "10.244.0.0/16"
DNS_ADDRESS = "10.96.0.10"
DNS_DOMAIN = "cluster.local"
API_PORT = 6443
NODE_COUNT = 2
PAUSE_IMAGE = "localhost/capforge/pause:local"
DNS_IMAGE = "localhost/capforge/coredns:local"
CGROUP = "capforge"
"""Parent of every node's cgroup, in each hierarchy."""


@dataclass(frozen=True)
class Node:
    """One node: a network namespace with its own container runtime, kubelet and proxy."""

    number: int
    cluster_folder: Path

    @property
    def name(self) -> str:
        """The Kubernetes node's name."""
        return f"node-{self.number}"

    @property
    def namespace(self) -> str:
        """The network namespace's name."""
        return f"capforge-{self.name}"

    @property
    def namespace_path(self) -> Path:
        """Where `ip netns` keeps the namespace."""
        return Path("/run/netns") / self.namespace

    @property
    def address(self) -> str:
        """The node's address on the bridge."""
        return f"10.200.0.{self.number + 1}"

    @property
    def pod_subnet(self) -> str:
        """The addresses of this node's pods."""
        return f"10.244.{self.number}.0/24"

    @property
    def interface(self) -> str:
        """The host's end of the node's cable."""
        return f"capforge-n{self.number}"

    @property
    def cgroup(self) -> str:
        """The cgroup below which this node's pods run."""
        return f"{CGROUP}/{self.name}"

    @property
    def folder(self) -> Path:
        """The node's configuration and container storage."""
        return self.cluster_folder / self.name

    @property
    def containerd_socket(self) -> Path:
        """Where the node's container runtime answers."""
        return self.folder / "containerd.sock"

    @property
    def containerd_state(self) -> Path:
        """What the container runtime must not find again after a reboot."""
        return self.folder / "containerd-state"

    def inside(self, *argv: str) -> tuple[str, ...]:
        """Return a command line that runs in the node's network, and keeps the machine's other namespaces.

        (`ip netns exec` would hide /sys/fs/cgroup.)
        """
        return ("nsenter", f"--net={self.namespace_path}", "--", *argv)


@dataclass(frozen=True)
class Layout:
    """The whole cluster below one state folder."""

    places: Places

    @property
    def folder(self) -> Path:
        """Everything that the cluster writes."""
        return self.places.cluster

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.places.kubeconfig

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.folder / "logs"

    @property
    def volumes(self) -> Path:
        """The data of the pre-made volumes."""
        return self.folder / "volumes"

    @property
    def register(self) -> Register:
        """The records of the cluster's processes."""
        return Register(self.folder / "processes")

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, in order."""
        return tuple(Node(number, self.folder) for number in range(1, NODE_COUNT + 1))

    @cached_property
    def ports(self) -> Ports:
        """The loopback ports of the control plane, chosen at the first start."""
        return Ports.remembered(self.folder / "ports.json")

    @cached_property
    def api_server(self) -> ApiServer:
        """Etcd and the API server; the latter listens on the bridge, which only this machine has."""
        return ApiServer(
            self.places.binaries, self.folder, HOST_ADDRESS, API_PORT, self.ports.etcd, self.ports.etcd_peer
        )

    def log(self, name: str) -> Path:
        """Return a process's log file."""
        return self.logs / f"{name}.log"
