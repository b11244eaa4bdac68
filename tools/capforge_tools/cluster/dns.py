"""CoreDNS in the cluster: names of Services and pods. Other names are refused (pods have no way out)."""

from __future__ import annotations

from typing import Any

from capforge_tools.cluster.layout import DNS_DOMAIN

_NAMESPACE = "kube-system"
_NAME = "coredns"
_PORT = 1053
_LABELS = {"k8s-app": "kube-dns"}
_COREFILE = f"""\
{DNS_DOMAIN}:{_PORT} in-addr.arpa:{_PORT} ip6.arpa:{_PORT} {{
    errors
    health :8080
    ready :8181
    kubernetes {DNS_DOMAIN} in-addr.arpa ip6.arpa
    cache 30
}}
"""
PODS_PATH = f"/api/v1/namespaces/{_NAMESPACE}/pods?labelSelector=k8s-app%3Dkube-dns"
DEPLOYMENT_PATH = f"/apis/apps/v1/namespaces/{_NAMESPACE}/deployments/{_NAME}"


def objects(image: str, address: str) -> dict[str, dict[str, Any]]:
    """Return CoreDNS's objects by their API path; `address` is its Service's."""
    named = {"metadata": {"name": _NAME, "namespace": _NAMESPACE, "labels": _LABELS}}
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    core = f"/api/v1/namespaces/{_NAMESPACE}"
    return {
        f"{core}/serviceaccounts/{_NAME}": {"apiVersion": "v1", "kind": "ServiceAccount", **named},
        f"{rbac}/clusterroles/system:{_NAME}": _cluster_role(),
        f"{rbac}/clusterrolebindings/system:{_NAME}": _cluster_role_binding(),
        f"{core}/configmaps/{_NAME}": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            **named,
            "data": {"Corefile": _COREFILE},
        },
        DEPLOYMENT_PATH: {"apiVersion": "apps/v1", "kind": "Deployment", **named, "spec": _deployment(image)},
        f"{core}/services/kube-dns": _service(address),
    }


def _cluster_role() -> dict[str, Any]:
    listed = ["list", "watch"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": f"system:{_NAME}"},
        "rules": [
            {"apiGroups": [""], "resources": ["services", "pods", "namespaces"], "verbs": listed},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": listed},
        ],
    }


def _cluster_role_binding() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"system:{_NAME}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": f"system:{_NAME}"},
        "subjects": [{"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}],
    }


def _service(address: str) -> dict[str, Any]:
    ports = [
        {"name": f"dns-{protocol.lower()}", "port": 53, "targetPort": _PORT, "protocol": protocol}
        for protocol in ("UDP", "TCP")
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kube-dns", "namespace": _NAMESPACE, "labels": _LABELS},
        "spec": {"clusterIP": address, "selector": _LABELS, "ports": ports},
    }


def _deployment(image: str) -> dict[str, Any]:
    # Two, kept apart, so that names still resolve while one node is drained or lost.
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": _LABELS},
    }
    return {
        "replicas": 2,
        "selector": {"matchLabels": _LABELS},
        "template": {
            "metadata": {"labels": _LABELS},
            "spec": {
                "serviceAccountName": _NAME,
                "priorityClassName": "system-cluster-critical",
                "dnsPolicy": "Default",
                "topologySpreadConstraints": [spread],
                "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [_container(image)],
                "volumes": [{"name": "config", "configMap": {"name": _NAME}}],
            },
        },
    }


def _container(image: str) -> dict[str, Any]:
    return {
        "name": _NAME,
        "image": image,
        "imagePullPolicy": "Never",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
        "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "failureThreshold": 5},
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"memory": "170Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}],
    }
