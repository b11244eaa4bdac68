"""The control plane's processes, in the order in which they start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from capforge_tools import kubeconfigs
from capforge_tools.cluster.layout import Layout
from capforge_tools.cluster.service import Service
from capforge_tools.probing import answers
from capforge_tools.processes import Command

NODE_GRACE_SECONDS = 20
"""How long a node may be silent before its pods count as gone."""


def services(layout: Layout) -> Iterator[Service]:
    """Yield etcd, API server, controller manager and scheduler."""
    server = layout.api_server
    authority = server.authority.own.certificate
    yield Service(
        _command(layout, "etcd", server.etcd_command()),
        lambda: answers(f"{server.etcd_url}/health"),
    )
    yield Service(
        _command(layout, "kube-apiserver", server.command()),
        lambda: answers(f"{server.url}/readyz", authority),
    )
    yield _component(layout, "kube-controller-manager", layout.ports.controller_manager, _controller_flags(layout))
    yield _component(layout, "kube-scheduler", layout.ports.scheduler, ())


def client_kubeconfig(layout: Layout, name: str, common_name: str, organization: str = "") -> Path:
    """Write the kubeconfig of one component and return its path."""
    server = layout.api_server
    client = server.authority.issue(name, common_name, organization)
    path = layout.folder / "kubeconfigs" / f"{name}.json"
    return kubeconfigs.write(path, server.url, server.authority.own, client)


def _component(layout: Layout, name: str, port: int, flags: tuple[str, ...]) -> Service:
    authority = layout.api_server.authority
    kubeconfig = client_kubeconfig(layout, name, f"system:{name}")
    serving = authority.issue(f"{name}-serving", name, hosts=("127.0.0.1",))
    argv = [
        str(layout.places.binaries / name),
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={serving.certificate}",
        f"--tls-private-key-file={serving.key}",
        # One of each runs: an election would only delay it after a restart.
        "--leader-elect=false",
        *flags,
    ]
    url = f"https://127.0.0.1:{port}/healthz"
    return Service(_command(layout, name, argv), lambda: answers(url, authority.own.certificate))


def _controller_flags(layout: Layout) -> tuple[str, ...]:
    authority = layout.api_server.authority
    return (
        f"--root-ca-file={authority.own.certificate}",
        f"--service-account-private-key-file={layout.api_server.token_key.key}",
        f"--cluster-signing-cert-file={authority.own.certificate}",
        f"--cluster-signing-key-file={authority.own.key}",
        f"--flex-volume-plugin-dir={layout.folder / 'volume-plugins'}",
        f"--cluster-cidr={layout.pod_subnet}",
        # Each node's pod subnet is fixed by its CNI configuration.
        "--allocate-node-cidrs=false",
        # A lost node is noticed after 20 s instead of 50 (kubelets renew their lease every 5 s).
        f"--node-monitor-grace-period={NODE_GRACE_SECONDS}s",
        "--node-monitor-period=2s",
        "--use-service-account-credentials=true",
    )


def _command(layout: Layout, name: str, argv: list[str]) -> Command:
    return Command(name, tuple(argv), layout.log(name))
