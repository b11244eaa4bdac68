"""The ConfigMaps with what pools should load and where requests go: what agents and gateways start from."""

from __future__ import annotations

import base64
import gzip
from typing import Any

from capforge_contracts.names import DESIRED_FILE, ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_operator import labels

PROOFS_FILE = "proven.json"
"""For the operator itself; agents read DESIRED_FILE only."""


PLAIN_BYTES = 512 * 2**10
"""Larger documents are gzipped: an object of the API server holds at most 1 MiB, and kubectl still shows the others."""


def desired_manifest(namespace: str, pool: str, desired: bytes, proofs: str) -> dict[str, Any]:
    """Return the ConfigMap of one pool from its document's JSON."""
    name = desired_config_map(pool)
    return _config_map(namespace, name, {labels.POOL: pool}, DESIRED_FILE, desired, {PROOFS_FILE: proofs})


def routes_manifest(namespace: str, table: bytes) -> dict[str, Any]:
    """Return the ConfigMap that every gateway mounts from the table's JSON."""
    return _config_map(namespace, ROUTES_CONFIG_MAP, {}, ROUTES_FILE, table, {})


def _config_map(
    namespace: str, name: str, more_labels: dict[str, str], file: str, document: bytes, more: dict[str, str]
) -> dict[str, Any]:
    large = len(document) > PLAIN_BYTES
    ours = {labels.PART_OF: labels.PRODUCT, labels.MANAGED_BY: labels.FIELD_MANAGER}
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {**ours, **more_labels}},
        "data": {**({} if large else {file: document.decode()}), **more},
    }
    return {**manifest, "binaryData": {file: _packed(document)}} if large else manifest


def _packed(document: bytes) -> str:
    return base64.b64encode(gzip.compress(document, compresslevel=6, mtime=0)).decode()
