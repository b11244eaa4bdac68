"""Command lines of etcd and kube-apiserver: the same for a test's bare API server and for the local cluster."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from capforge_tools.certificates import Authority, KeyPair

ISSUER = "https://kubernetes.default.svc.cluster.local"


@dataclass(frozen=True)
class ApiServer:
    """Where one etcd and one API server listen and keep their files."""

    binaries: Path
    folder: Path
    address: str
    port: int
    etcd_port: int
    etcd_peer_port: int
    service_subnet: str = "10.96.0.0/16"

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"https://{self.address}:{self.port}"

    @property
    def etcd_url(self) -> str:
        """The address of etcd (loopback only: it has no other protection)."""
        return f"http://127.0.0.1:{self.etcd_port}"

    @property
    def authority(self) -> Authority:
        """The cluster's certificate authority."""
        return Authority(self.folder / "pki").create()

    @property
    def administrator(self) -> KeyPair:
        """A client certificate that may do everything."""
        return self.authority.issue("admin", "capforge-admin", "system:masters")

    @property
    def token_key(self) -> KeyPair:
        """What signs service account tokens."""
        return self.authority.signing_key("service-accounts")

    def etcd_command(self) -> list[str]:
        """Return etcd's command line."""
        peer_url = f"http://127.0.0.1:{self.etcd_peer_port}"
        return [
            str(self.binaries / "etcd"),
            "--name=local",
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={self.etcd_url}",
            f"--advertise-client-urls={self.etcd_url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=local={peer_url}",
            # Losing the last writes in a power cut is fine for a local cluster; waiting for the disk is not.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    def command(self, *more: str) -> list[str]:
        """Return kube-apiserver's command line with `more` flags at its end."""
        authority = self.authority
        hosts = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "localhost")
        serving = authority.issue(
            "apiserver", "kube-apiserver", hosts=(*hosts, self.address, "127.0.0.1", self._first_service_address)
        )
        kubelet_client = authority.issue("apiserver-kubelet-client", "kube-apiserver", "system:masters")
        return [
            str(self.binaries / "kube-apiserver"),
            f"--etcd-servers={self.etcd_url}",
            f"--bind-address={self.address}",
            f"--advertise-address={self.address}",
            f"--secure-port={self.port}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={authority.own.certificate}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            f"--service-cluster-ip-range={self.service_subnet}",
            f"--service-account-issuer={ISSUER}",
            f"--service-account-key-file={self.token_key.certificate}",
            f"--service-account-signing-key-file={self.token_key.key}",
            f"--kubelet-client-certificate={kubelet_client.certificate}",
            f"--kubelet-client-key={kubelet_client.key}",
            f"--kubelet-certificate-authority={authority.own.certificate}",
            # So that logs and exec need no DNS name of the node.
            "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false",
            *more,
        ]

    @property
    def _first_service_address(self) -> str:
        """Where pods reach the API server."""
        return str(next(ipaddress.ip_network(self.service_subnet).hosts()))
