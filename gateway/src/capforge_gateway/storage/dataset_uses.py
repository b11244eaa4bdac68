"""Which datasets of a tenant name a content: read from their manifests, a line at a time."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import PurgedItem
from capforge_contracts.store import ObjectStore
from capforge_contracts.submissions import DOCUMENTS_FORMAT
from capforge_gateway.storage.rows import spelled

_SUFFIX = ".jsonl"


@dataclass
class DatasetUses:
    """Of the contents that were asked for."""

    annotated: dict[str, list[str]] = field(default_factory=dict)
    """By content: digests of the datasets that have it from annotated documents or images."""
    imported: set[str] = field(default_factory=set)
    """Contents that a dataset has from somewhere else: their bytes are not ours to remove."""


def uses_of(store: ObjectStore, namespace: str, contents: Collection[str]) -> DatasetUses:
    """Read every manifest of the tenant; raises StoreError."""
    found = DatasetUses()
    prefix = layout.manifests_prefix(namespace)
    names = [info.key.removeprefix(prefix) for info in store.list(prefix)]
    for name in names:
        digest = name.removesuffix(_SUFFIX)
        if "/" in name or digest == name:
            continue
        with store.open(prefix + name) as lines:
            header = _parsed(next(lines, b"{}"))
            named = {str(line.get("sha256")) for line in map(_parsed, lines)} & set(contents)
        if header.get("format") == DOCUMENTS_FORMAT or header.get("annotated") is True:
            for content in named:
                found.annotated.setdefault(content, []).append(digest)
        else:
            found.imported |= named
    return found


def mark(store: ObjectStore, namespace: str, content: str, datasets: Collection[str]) -> None:
    """Note beside each dataset that the bytes of one of its items are gone; raises StoreError."""
    item = PurgedItem(sha256=content, time=spelled(datetime.now(UTC)))
    for digest in datasets:
        store.put(layout.purged_item(namespace, digest, content), item.to_json())


def _parsed(line: bytes) -> dict[str, Any]:
    found = json.loads(line) if line.strip() else {}
    return found if isinstance(found, dict) else {}
