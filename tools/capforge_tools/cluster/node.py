"""A node's processes: container runtime, kubelet and proxy, with the configuration that each reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from capforge_tools import debian
from capforge_tools.certificates import Authority
from capforge_tools.cluster.bundled import bundled_image
from capforge_tools.cluster.control_plane import NODE_GRACE_SECONDS, client_kubeconfig
from capforge_tools.cluster.layout import DNS_DOMAIN, Layout, Node
from capforge_tools.cluster.service import Service
from capforge_tools.commands import succeeds
from capforge_tools.errors import ToolError
from capforge_tools.files import write_if_changed, write_json_if_changed
from capforge_tools.probing import answers
from capforge_tools.processes import Command


def services(layout: Layout, node: Node) -> Iterator[Service]:
    """Yield the node's container runtime, kubelet and proxy, in the order in which they start."""
    node.folder.mkdir(parents=True, exist_ok=True)
    write_json_if_changed(node.folder / "cni" / "10-capforge.conflist", _cni(node))
    yield _containerd(layout, node)
    yield _kubelet(layout, node)
    yield _proxy(layout, node)


def _containerd(layout: Layout, node: Node) -> Service:
    config = write_if_changed(node.folder / "containerd.toml", _containerd_toml(layout, node))
    command = Command(
        f"{node.name}-containerd",
        node.inside("containerd", "--config", str(config)),
        layout.log(f"{node.name}-containerd"),
        (config,),
    )
    return Service(command, lambda: succeeds("ctr", "--address", node.containerd_socket, "version"))


def _containerd_toml(layout: Layout, node: Node) -> str:
    plugins = debian.cni_folder()
    if plugins is None:
        raise ToolError("the CNI plugins are not installed (Debian: containernetworking-plugins)")
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    tables: dict[str, dict[str, Any]] = {
        "": {
            "version": 2,
            "root": str(node.folder / "containerd"),
            "state": str(node.containerd_state),
            "oom_score": 0,
        },
        "grpc": {"address": str(node.containerd_socket)},
        'plugins."io.containerd.internal.v1.opt"': {"path": str(node.folder / "opt")},
        cri: {
            "sandbox_image": bundled_image("pause", layout.places).reference,
            # Without CAP_SYS_RESOURCE a score below containerd's own cannot be set, and every sandbox fails.
            "restrict_oom_score_adj": True,
            "netns_mounts_under_state_dir": True,
        },
        f"{cri}.containerd": {"snapshotter": "overlayfs", "default_runtime_name": "runc"},
        f"{cri}.containerd.runtimes.runc": {"runtime_type": "io.containerd.runc.v2"},
        f"{cri}.containerd.runtimes.runc.options": {
            "SystemdCgroup": False,
            "Root": str(node.containerd_state / "runc"),
        },
        f"{cri}.cni": {"bin_dir": str(plugins), "conf_dir": str(node.folder / "cni")},
    }
    return "\n".join(_toml_table(name, values) for name, values in tables.items())


def _toml_table(name: str, values: dict[str, Any]) -> str:
    """Strings, numbers and booleans are written alike in TOML and JSON."""
    lines = [f"[{name}]"] if name else []
    lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _cni(node: Node) -> dict[str, Any]:
    """Return the pod network: one cable per pod, routed.

    On a bridge, an answer between two pods of one node would pass by the translation of Service addresses
    unless the kernel's bridge filter is on; routed, it works everywhere.
    """
    return {
        "cniVersion": "0.4.0",
        "name": node.namespace,
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(node.folder / "cni-leases"),
                    "ranges": [[{"subnet": node.pod_subnet}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet(layout: Layout, node: Node) -> Service:
    authority = layout.api_server.authority
    kubeconfig = client_kubeconfig(layout, f"{node.name}-kubelet", f"system:node:{node.name}", "system:nodes")
    config = write_json_if_changed(node.folder / "kubelet.json", _kubelet_configuration(node, authority))
    argv = (
        str(layout.places.binaries / "kubelet"),
        f"--config={config}",
        f"--kubeconfig={kubeconfig}",
        f"--hostname-override={node.name}",
        f"--node-ip={node.address}",
        f"--root-dir={node.folder / 'kubelet'}",
        f"--cert-dir={node.folder / 'kubelet' / 'pki'}",
    )
    command = Command(f"{node.name}-kubelet", node.inside(*argv), layout.log(f"{node.name}-kubelet"), (config,))
    return Service(command, lambda: answers(f"http://{node.address}:10248/healthz"))


def _kubelet_configuration(node: Node, authority: Authority) -> dict[str, Any]:
    serving = authority.issue(f"{node.name}-kubelet-serving", node.name, hosts=(node.name, node.address))
    resolver = write_if_changed(node.folder / "resolv.conf", f"nameserver {node.cluster.dns_address}\n")
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": node.address,
        "healthzBindAddress": node.address,
        "tlsCertFile": str(serving.certificate),
        "tlsPrivateKeyFile": str(serving.key),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(authority.own.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{node.containerd_socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.cgroup}",
        "failCgroupV1": False,
        # The lease is renewed four times in this time.
        "nodeLeaseDurationSeconds": NODE_GRACE_SECONDS,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "clusterDNS": [node.cluster.dns_address],
        "clusterDomain": DNS_DOMAIN,
        "resolvConf": str(resolver),
        "podLogsDir": str(node.folder / "pod-logs"),
        "volumePluginDir": str(node.folder / "volume-plugins"),
        "localStorageCapacityIsolation": False,
        # Images are imported, never pulled: one that is collected would be gone for good. And a nearly full
        # disk of a developer's machine is no reason to evict pods.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "0%",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
        },
    }


def _proxy(layout: Layout, node: Node) -> Service:
    kubeconfig = client_kubeconfig(layout, "kube-proxy", "system:kube-proxy")
    document = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "hostnameOverride": node.name,
        "mode": "iptables",
        "clusterCIDR": layout.pod_subnet,
        "healthzBindAddress": f"{node.address}:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # Left alone: these settings belong to the whole machine, not to a network namespace.
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "oomScoreAdj": 0,
    }
    config = write_json_if_changed(node.folder / "kube-proxy.json", document)
    argv = node.inside(str(layout.places.binaries / "kube-proxy"), f"--config={config}")
    command = Command(f"{node.name}-kube-proxy", argv, layout.log(f"{node.name}-kube-proxy"), (config,))
    return Service(command, lambda: answers(f"http://{node.address}:10256/livez"))
