"""Names, addresses and folders of a local cluster: everything it makes is found from here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from capforge_tools.apiserver import ApiServer
from capforge_tools.cluster.ports import Ports
from capforge_tools.places import Places
from capforge_tools.processes import Register

NODE_SUBNET_BITS = 24
DNS_DOMAIN = "cluster.local"
API_PORT = 6443
NODE_COUNT = 2


@dataclass(frozen=True)
class Layout:
    """A cluster below one state folder. Its number keeps several on one machine apart; people's own has 0."""

    places: Places
    number: int = 0

    @property
    def name(self) -> str:
        """What the names of its bridge, namespaces and cgroups start with."""
        return f"capforge{self.number}"

    @property
    def folder(self) -> Path:
        """Everything that the cluster writes."""
        return self.places.cluster if self.number == 0 else self.places.state / f"cluster-{self.number}"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the cluster."""
        return self.folder.with_suffix(".lock")

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.folder / "kubeconfig"

    @property
    def volumes(self) -> Path:
        """The data of the pre-made volumes."""
        return self.folder / "volumes"

    @property
    def register(self) -> Register:
        """The records of the cluster's processes."""
        return Register(self.folder / "processes")

    @property
    def bridge(self) -> str:
        """The host's network interface that all nodes are connected to."""
        return self.name

    @property
    def node_network(self) -> str:
        """First three numbers of the nodes' and the bridge's addresses."""
        return f"10.200.{self.number}"

    @property
    def host_address(self) -> str:
        """The host on the bridge; the API server listens there, and no other machine sees it."""
        return f"{self.node_network}.1"

    @property
    def pod_subnet(self) -> str:
        """The addresses of all pods."""
        return f"10.{244 + self.number}.0.0/16"

    @property
    def service_subnet(self) -> str:
        """The addresses of all Services."""
        return f"10.{96 + self.number}.0.0/16"

    @property
    def dns_address(self) -> str:
        """The Service that resolves names."""
        return f"10.{96 + self.number}.0.10"

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes, in order."""
        return tuple(Node(number, self) for number in range(1, NODE_COUNT + 1))

    @cached_property
    def ports(self) -> Ports:
        """The loopback ports of the control plane, chosen when it starts."""
        return Ports.remembered(self.folder / "ports.json")

    @cached_property
    def api_server(self) -> ApiServer:
        """Etcd and the API server."""
        ports = (API_PORT, self.ports.etcd, self.ports.etcd_peer)
        return ApiServer(self.places.binaries, self.folder, self.host_address, *ports, self.service_subnet)

    def log(self, name: str) -> Path:
        """Return a process's log file."""
        return self.folder / "logs" / f"{name}.log"


@dataclass(frozen=True)
class Node:
    """One node: a network namespace with its own container runtime, kubelet and proxy."""

    number: int
    cluster: Layout

    @property
    def name(self) -> str:
        """The Kubernetes node's name."""
        return f"node-{self.number}"

    @property
    def namespace(self) -> str:
        """The network namespace's name."""
        return f"{self.cluster.name}-{self.name}"

    @property
    def namespace_path(self) -> Path:
        """Where `ip netns` keeps the namespace."""
        return Path("/run/netns") / self.namespace

    @property
    def address(self) -> str:
        """The node's address on the bridge."""
        return f"{self.cluster.node_network}.{self.number + 1}"

    @property
    def pod_subnet(self) -> str:
        """The addresses of this node's pods."""
        return f"10.{244 + self.cluster.number}.{self.number}.0/24"

    @property
    def interface(self) -> str:
        """The host's end of the node's cable."""
        return f"{self.cluster.name}n{self.number}"

    @property
    def cgroup(self) -> str:
        """The cgroup below which this node's pods run, in each hierarchy."""
        return f"{self.cluster.name}/{self.name}"

    @property
    def folder(self) -> Path:
        """The node's configuration and container storage."""
        return self.cluster.folder / self.name

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
