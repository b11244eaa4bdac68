"""Fixture `kube`: a real kube-apiserver with its etcd on loopback; nothing else of a cluster runs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from capforge_tools import binaries, kubeconfigs
from capforge_tools.apiserver import ApiServer
from capforge_tools.commands import run
from capforge_tools.places import REPOSITORY
from capforge_tools.probing import answers
from tests.support.eventually import PATIENCE, eventually
from tests.support.ports import free_ports
from tests.support.servers import running

_SERVED: set[tuple[str, Path]] = set()
"""API servers and folders of CRDs that are known to be served."""


@dataclass(frozen=True)
class KubeApi:
    """A running API server. Pods and Jobs can be created but nothing runs them (no controllers, no kubelet)."""

    kubeconfig: Path
    url: str
    certificate_authority: Path
    programs: Path
    """Folder with kubectl and helm."""

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return its output; raises CommandFailedError with the server's message."""
        # What kubectl remembers of a server it files under the port, which another server has another day.
        of_this_server = ("--kubeconfig", self.kubeconfig, "--cache-dir", self.kubeconfig.with_name("kubectl-cache"))
        return run(self.programs / "kubectl", *of_this_server, *arguments, stdin=stdin)

    def apply(self, *objects: Mapping[str, Any]) -> None:
        """Apply objects server-side; raises CommandFailedError with the server's message."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(items))

    def write_status(self, kind: str, namespace: str, name: str, status: Mapping[str, Any]) -> None:
        """Write the status of one of our objects as the operator does, so that an operator may take it away again."""
        metadata = {"name": name, "namespace": namespace}
        document = {"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": metadata, "status": status}
        how = ("--server-side", "--force-conflicts", "--subresource=status", "--field-manager=capforge-operator")
        self.kubectl("apply", *how, "-f", "-", stdin=json.dumps(document))

    def get(self, *arguments: str) -> dict[str, Any]:
        """Return what `kubectl get … -o json` prints."""
        document: dict[str, Any] = json.loads(self.kubectl("get", *arguments, "-o", "json"))
        return document

    def apply_crds(self, folder: Path = REPOSITORY / "crds") -> None:
        """Apply every CRD file of a folder and wait until the API server serves them."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(folder))
        self.kubectl("wait", "--for=condition=Established", f"--timeout={60 * PATIENCE:.0f}s", "-f", str(folder))
        if (self.url, folder) not in _SERVED:
            # What is established is served, and found by its name, a moment later.
            names = self.kubectl("get", "-f", str(folder), "-o", "jsonpath={.items[*].metadata.name}{.metadata.name}")
            eventually(lambda: self.kubectl("get", ",".join(names.split()), "--all-namespaces") is not None)
            # kubectl asks for the schemas before it applies, and waits half a minute for what is put together anew.
            eventually(lambda: self.kubectl("get", "--raw", "/openapi/v2") != "")
            _SERVED.add((self.url, folder))

    def create_namespace(self, prefix: str = "test") -> str:
        """Create a namespace with a name of its own and return the name."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        return name


@contextmanager
def kube_api(folder: Path, *flags: str) -> Iterator[KubeApi]:
    """Run etcd and kube-apiserver on random loopback ports for the block, with their files in `folder`.

    `flags` are added to kube-apiserver's command line.
    """
    programs = binaries.ensure("etcd", "kubernetes")
    port, etcd_port, etcd_peer_port = free_ports(3)
    server = ApiServer(programs, folder, "127.0.0.1", port, etcd_port, etcd_peer_port)
    authority = server.authority.own
    # Without a controller manager no namespace gets its default ServiceAccount: the check for it would refuse every pod.
    command = server.command("--disable-admission-plugins=ServiceAccount", "--allow-privileged=true", *flags)
    with ExitStack() as stack:
        stack.enter_context(
            running(server.etcd_command(), folder / "etcd.log", lambda: answers(f"{server.etcd_url}/health"))
        )
        stack.enter_context(
            running(command, folder / "apiserver.log", lambda: answers(f"{server.url}/readyz", authority.certificate))
        )
        kubeconfig = kubeconfigs.write(folder / "kubeconfig", server.url, authority, server.administrator)
        yield KubeApi(kubeconfig, server.url, authority.certificate, programs)


@pytest.fixture(scope="session")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApi]:
    """One API server for the test process (under xdist: one per worker)."""
    with kube_api(tmp_path_factory.mktemp("kube")) as api:
        yield api


@pytest.fixture
def kube_namespace(kube: KubeApi) -> str:
    """A fresh namespace on the shared API server."""
    return kube.create_namespace()
