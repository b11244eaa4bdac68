"""API keys of a namespace: named entries of its Secret `capforge-api-keys`.

Every change carries the Secret's resourceVersion, so of two changes at once one is refused and made again: none is
lost.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from kubernetes.client import ApiException

from capforge.cluster.connection import TIMEOUT_SECONDS, Cluster, explained
from capforge.errors import CliError, Exit
from capforge_contracts.apikeys import NAME_PATTERN, ApiKeyRecord, hash_key, new_key
from capforge_contracts.names import KEYS_SECRET

_TRIES = 10
Change = Callable[[dict[str, str]], dict[str, str | None]]
"""Entries of the Secret (base64) in, merge patch of the entries out."""


@dataclass(frozen=True)
class NamedKey:
    """What is known about a key after it was made."""

    name: str
    created: str


def create(cluster: Cluster, namespace: str, name: str) -> str:
    """Make a key and return it: this is the only time it can be seen."""
    if not NAME_PATTERN.match(name):
        allowed = "allowed: 1 to 63 of a-z, 0-9, '-' and '.', a letter or digit at both ends"
        raise CliError(f"key name {name!r}: {allowed}", code=Exit.WRONG_USAGE)
    key = new_key()
    record = ApiKeyRecord(hash=hash_key(key), created=datetime.now(UTC).isoformat(timespec="seconds"))

    def add(entries: dict[str, str]) -> dict[str, str | None]:
        if name in entries:
            hint = f"Choose another name, or revoke it first: capforge key revoke {name} -n {namespace}"
            raise CliError(f"there is already a key {name!r} in namespace {namespace}", hint)
        return {name: base64.b64encode(record.to_json()).decode()}

    _change(cluster, namespace, add)
    return key


def revoke(cluster: Cluster, namespace: str, name: str) -> None:
    """Delete a key: requests with it are refused as soon as the gateways hear of it."""

    def remove(entries: dict[str, str]) -> dict[str, str | None]:
        if name not in entries:
            raise CliError(f"there is no key {name!r} in namespace {namespace}; there are: {_names(entries)}")
        return {name: None}

    _change(cluster, namespace, remove)


def names(cluster: Cluster, namespace: str) -> list[NamedKey]:
    """Return the keys of a namespace, by name."""
    entries = _read(cluster, namespace).data or {}
    return [NamedKey(name, _created(value)) for name, value in sorted(entries.items())]


def _change(cluster: Cluster, namespace: str, change: Change) -> None:
    for _ in range(_TRIES):
        secret = _read(cluster, namespace)
        version = secret.metadata.resource_version
        patch = {"metadata": {"resourceVersion": version}, "data": change(secret.data or {})}
        if _patched(cluster, namespace, patch):
            return
    raise CliError(f"the keys of namespace {namespace} are being changed all the time", "Try again in a moment.")


def _patched(cluster: Cluster, namespace: str, patch: dict[str, Any]) -> bool:
    """Return False where somebody else was faster."""
    with explained(f"change the keys of namespace {namespace}"):
        try:
            cluster.core.patch_namespaced_secret(KEYS_SECRET, namespace, patch, _request_timeout=TIMEOUT_SECONDS)
        except ApiException as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return False
    return True


def _read(cluster: Cluster, namespace: str) -> Any:
    with explained(f"read the keys of namespace {namespace}"):
        try:
            return cluster.core.read_namespaced_secret(KEYS_SECRET, namespace, _request_timeout=TIMEOUT_SECONDS)
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            hint = f"Prepare the namespace: helm install capforge-tenant charts/capforge-tenant -n {namespace}"
            raise CliError(f"namespace {namespace} has no Secret {KEYS_SECRET}", hint) from error


def _created(value: str) -> str:
    try:
        return ApiKeyRecord.from_json(base64.b64decode(value)).created
    except ValueError:
        return "unreadable entry"


def _names(entries: dict[str, str]) -> str:
    return ", ".join(sorted(entries)) or "none"
