"""What the operator may do: the only list. The charts' roles equal it, and so do the adapters' calls (both tested)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from capforge_contracts.names import (
    API_GROUP,
    JOB_SERVICE_ACCOUNT,
    ROUTES_CONFIG_MAP,
    STORE_SECRET,
    WEBHOOK_SECRET,
    desired_config_map,
)

DEFAULT_POOL = "cpu"


class Scope(StrEnum):
    """Where a permission holds."""

    CLUSTER = "Cluster"
    """A ClusterRole, bound everywhere."""
    RELEASE = "Release"
    """A Role in the operator's own namespace (charts/capforge)."""
    TENANT = "Tenant"
    """A Role in each tenant namespace (charts/capforge-tenant)."""


@dataclass(frozen=True)
class Permission:
    """Verbs on one resource; `names` narrows them to objects of these names."""

    scope: Scope
    group: str
    resource: str
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def to_rule(self) -> dict[str, Any]:
        """Return the entry for a Role's `rules`."""
        rule: dict[str, Any] = {"apiGroups": [self.group], "resources": [self.resource], "verbs": list(self.verbs)}
        return {**rule, "resourceNames": list(self.names)} if self.names else rule


_WATCHED = ("get", "list", "watch")
_APPLIED = ("create", "patch")
"""Server-side apply needs create for the first time."""

PERMISSIONS: tuple[Permission, ...] = (
    Permission(Scope.CLUSTER, API_GROUP, "capabilities", _WATCHED),
    Permission(Scope.CLUSTER, API_GROUP, "capabilities/status", ("patch",)),
    Permission(Scope.CLUSTER, API_GROUP, "datasets", _WATCHED),
    Permission(Scope.CLUSTER, API_GROUP, "datasets/status", ("patch",)),
    Permission(Scope.CLUSTER, API_GROUP, "trainingruns", _WATCHED),
    Permission(Scope.CLUSTER, API_GROUP, "trainingruns/status", ("patch",)),
    Permission(Scope.CLUSTER, API_GROUP, "modeltemplates", (*_WATCHED, *_APPLIED)),
    Permission(Scope.CLUSTER, API_GROUP, "modeltemplates/status", ("patch",)),
    Permission(Scope.CLUSTER, "batch", "jobs", ("list", "watch")),
    Permission(Scope.CLUSTER, "", "pods", ("list", "watch")),
    Permission(Scope.CLUSTER, "events.k8s.io", "events", _APPLIED),
    Permission(Scope.TENANT, API_GROUP, "datasets", ("create",)),
    Permission(Scope.TENANT, API_GROUP, "trainingruns", ("create",)),
    Permission(Scope.TENANT, "batch", "jobs", ("create", "delete", "get", "patch")),
    Permission(Scope.TENANT, "", "secrets", ("get",), (STORE_SECRET, WEBHOOK_SECRET)),
    Permission(Scope.TENANT, "", "serviceaccounts", ("get",), (JOB_SERVICE_ACCOUNT,)),
    Permission(
        Scope.RELEASE,
        "",
        "configmaps",
        ("create", "get", "patch"),
        (desired_config_map(DEFAULT_POOL), ROUTES_CONFIG_MAP),
    ),
)
"""Secrets: of the object store's only whether it exists is asked (metadata, never its data); the keys of webhooks are
read when one is called. No rbac verbs, no other Secret."""


def rules(scope: Scope) -> list[dict[str, Any]]:
    """Return the rules of a scope's role, in the order of the list above."""
    return [permission.to_rule() for permission in PERMISSIONS if permission.scope is scope]
