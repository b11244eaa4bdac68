"""How a Job in a tenant's namespace reaches the object store: with that tenant's own credentials."""

from __future__ import annotations

from typing import Any

from capforge_contracts.names import STORE_SECRET

_CA_FOLDER = "/etc/capforge/store"
_CA_FILE = "ca.crt"

_REQUIRED = {"CAPFORGE_STORE": "store", "AWS_ACCESS_KEY_ID": "accessKeyId", "AWS_SECRET_ACCESS_KEY": "secretAccessKey"}
_OPTIONAL = {"AWS_ENDPOINT_URL": "endpointUrl", "AWS_REGION": "region", "CAPFORGE_STORE_PATH_STYLE": "pathStyle"}


def store_environment(*, with_ca: bool) -> list[dict[str, Any]]:
    """Return the container's `env` from the tenant's Secret."""
    env = [_from_secret(name, key, optional=False) for name, key in _REQUIRED.items()]
    env += [_from_secret(name, key, optional=True) for name, key in _OPTIONAL.items()]
    if with_ca:
        env.append({"name": "CAPFORGE_STORE_CA", "value": f"{_CA_FOLDER}/{_CA_FILE}"})
    return env


def store_volumes(*, with_ca: bool) -> list[dict[str, Any]]:
    """Return the pod's volumes for the store's CA."""
    if not with_ca:
        return []
    items = [{"key": _CA_FILE, "path": _CA_FILE}]
    return [{"name": "store-ca", "secret": {"secretName": STORE_SECRET, "items": items}}]


def store_mounts(*, with_ca: bool) -> list[dict[str, Any]]:
    """Return the container's mounts for the store's CA."""
    return [{"name": "store-ca", "mountPath": _CA_FOLDER, "readOnly": True}] if with_ca else []


def _from_secret(name: str, key: str, *, optional: bool) -> dict[str, Any]:
    reference: dict[str, Any] = {"name": STORE_SECRET, "key": key}
    if optional:
        reference["optional"] = True
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}
