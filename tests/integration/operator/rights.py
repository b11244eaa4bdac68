"""Users that may do exactly what capforge_operator.rbac lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from capforge_contracts.names import JOB_SERVICE_ACCOUNT, STORE_SECRET
from capforge_operator.rbac import Scope, rules
from tests.support.apiserver import KubeApi

ACCOUNT = "capforge-operator"


def install_operator_account(kube: KubeApi, release_namespace: str, folder: Path) -> Path:
    """Make the operator's ServiceAccount with its cluster and release rights; return a kubeconfig with its token."""
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": release_namespace}
    role = f"{ACCOUNT}-{release_namespace}"
    kube.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": release_namespace}},
        _role("ClusterRole", role, None, rules(Scope.CLUSTER)),
        _binding("ClusterRoleBinding", role, None, "ClusterRole", account),
        _role("Role", ACCOUNT, release_namespace, rules(Scope.RELEASE)),
        _binding("RoleBinding", ACCOUNT, release_namespace, "Role", account),
    )
    token = kube.kubectl("create", "token", ACCOUNT, "-n", release_namespace, "--duration=3h").strip()
    return _kubeconfig(kube, token, folder / f"{release_namespace}.kubeconfig")


def prepare_tenant(kube: KubeApi, namespace: str, release_namespace: str) -> None:
    """Do what the chart capforge-tenant does, as far as the operator looks at it."""
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": release_namespace}
    kube.apply(
        _role("Role", f"{ACCOUNT}-tenant", namespace, rules(Scope.TENANT)),
        _binding("RoleBinding", f"{ACCOUNT}-tenant", namespace, "Role", account),
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": JOB_SERVICE_ACCOUNT, "namespace": namespace},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": STORE_SECRET, "namespace": namespace},
            "stringData": {"store": "s3://capforge", "accessKeyId": "a", "secretAccessKey": "very-secret"},
        },
    )


def _role(kind: str, name: str, namespace: str | None, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "rules": found,
    }


def _binding(kind: str, name: str, namespace: str | None, role: str, account: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": role, "name": name},
        "subjects": [account],
    }


def _kubeconfig(kube: KubeApi, token: str, path: Path) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "test",
                "cluster": {"server": kube.url, "certificate-authority": str(kube.certificate_authority)},
            }
        ],
        "users": [{"name": ACCOUNT, "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": ACCOUNT}}],
        "current-context": "test",
    }
    path.write_text(json.dumps(document))
    path.chmod(0o600)
    return path
