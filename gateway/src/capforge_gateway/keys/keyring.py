"""The API keys of each namespace, as hashes.

- A namespace without keys is closed.
- Looking up takes as long for an unknown namespace as for a known one with as many keys, and compares in constant time.
- What was last known stays until its source says otherwise: an API server that is away locks nobody out.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from capforge_contracts.apikeys import ApiKeyRecord, hash_key

_NOBODY = {"": hash_key("")}
_MAX_KEY_CHARS = 512
_SCHEMES = frozenset({"token", "bearer"})


class Keyring:
    """Hashes by namespace and key name."""

    def __init__(self) -> None:
        self._hashes: dict[str, Mapping[str, str]] = {}

    def replace(self, namespace: str, records: Mapping[str, ApiKeyRecord]) -> None:
        """Set all keys of a namespace."""
        self._hashes[namespace] = {name: record.hash for name, record in records.items()}

    def forget(self, namespace: str) -> None:
        """Close a namespace."""
        self._hashes.pop(namespace, None)

    def holder(self, namespace: str, key: str) -> str | None:
        """Return the name of the namespace's key that this is, or None."""
        hashed = hash_key(key)
        found = None
        for name, known in (self._hashes.get(namespace) or _NOBODY).items():
            if hmac.compare_digest(hashed, known) and key:
                found = name
        return found

    def namespaces_of(self, key: str) -> list[tuple[str, str]]:
        """Return (namespace, key name) wherever this key opens something: for addresses that name no namespace."""
        found = ((namespace, self.holder(namespace, key)) for namespace in sorted(self._hashes))
        return [(namespace, name) for namespace, name in found if name is not None]

    def count(self) -> int:
        """Return how many keys are known."""
        return sum(len(hashes) for hashes in self._hashes.values())


def presented_key(authorization: bytes) -> str:
    """Return the key in an Authorization header (`Token <key>` or `Bearer <key>`); empty where there is none."""
    scheme, _, key = authorization.decode("latin-1").strip().partition(" ")
    key = key.strip()
    return key if scheme.lower() in _SCHEMES and len(key) <= _MAX_KEY_CHARS else ""
