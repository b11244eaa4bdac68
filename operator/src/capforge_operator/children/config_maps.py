"""The ConfigMaps with what pools should load and where requests go: what agents and gateways start from."""

from __future__ import annotations

from typing import Any

from capforge_contracts.names import DESIRED_FILE, ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_contracts.serving import DesiredModels, RoutingTable
from capforge_operator import labels

PROOFS_FILE = "proven.json"
"""For the operator itself; agents read DESIRED_FILE only."""


def desired_manifest(namespace: str, desired: DesiredModels, proofs: str) -> dict[str, Any]:
    """Return the ConfigMap of one pool."""
    content = {DESIRED_FILE: desired.to_json().decode(), PROOFS_FILE: proofs}
    return _config_map(namespace, desired_config_map(desired.pool), {labels.POOL: desired.pool}, content)


def routes_manifest(namespace: str, table: RoutingTable) -> dict[str, Any]:
    """Return the ConfigMap that every gateway mounts."""
    return _config_map(namespace, ROUTES_CONFIG_MAP, {}, {ROUTES_FILE: table.to_json().decode()})


def _config_map(namespace: str, name: str, more_labels: dict[str, str], content: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {
                labels.PART_OF: labels.PRODUCT,
                labels.MANAGED_BY: labels.FIELD_MANAGER,
                **more_labels,
            },
        },
        "data": content,
    }
