"""The manifest: written line by line, stored under its own digest."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, Split, SplitSpec, manifest_lines
from capforge_contracts.store import ObjectStore
from capforge_snapshot.index import Index
from capforge_snapshot.labels import class_names, kept_digests, kept_items
from capforge_snapshot.split import assign


@dataclass
class Tally:
    """What the manifest holds, counted while it is written."""

    items: Counter[Split] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)

    def counted(self, items: Iterator[ManifestItem]) -> Iterator[ManifestItem]:
        """Pass the items through."""
        for item in items:
            self.items[item.split] += 1
            self.classes.update(entity.class_name for entity in item.entities)
            yield item


def freeze(index: Index, split: SplitSpec | None, namespace: str, store: ObjectStore, path: Path) -> tuple[str, Tally]:
    """Write the manifest of what stays to `path`, store it, return its digest and what it holds."""
    index.drop_doubted()
    tally = Tally()
    digest = hashlib.sha256()
    names = class_names(index)
    tally.classes.update(dict.fromkeys(names, 0))
    items = tally.counted(kept_items(index, assign(kept_digests(index), split)))
    with path.open("wb") as file:
        for line in manifest_lines(names, items):
            digest.update(line)
            file.write(line)
    key = layout.manifest(namespace, digest.hexdigest())
    if not store.exists(key):
        store.put_file(key, path)
    return digest.hexdigest(), tally
