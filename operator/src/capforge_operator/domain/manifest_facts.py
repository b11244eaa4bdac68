"""What the checks need of a manifest, in little memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from capforge_contracts.dataset import Split, read_manifest
from capforge_operator.domain.checks.case import Item, Role, Selection

ALL = "All"


@dataclass(frozen=True)
class SplitFacts:
    """The items of one split and how many entities of each class they have."""

    items: tuple[Item, ...]
    entities: Mapping[str, int]


def split_facts(data: bytes) -> dict[Split, SplitFacts]:
    """Parse a manifest; raises ValueError for one of another format."""
    items: dict[Split, list[Item]] = {split: [] for split in Split}
    entities: dict[Split, Counter[str]] = {split: Counter() for split in Split}
    _, lines = read_manifest(data)
    for line in lines:
        items[line.split].append(Item(line.sha256, line.name))
        entities[line.split].update(entity.class_name for entity in line.entities)
    return {split: SplitFacts(tuple(items[split]), entities[split]) for split in Split}


def selection(role: Role, dataset: str, split: str, digest: str, facts: Mapping[Split, SplitFacts]) -> Selection:
    """Return the selection of one split, or of all."""
    chosen = list(facts.values()) if split == ALL else [facts[Split(split)]]
    entities: Counter[str] = Counter()
    for one in chosen:
        entities.update(one.entities)
    items = tuple(item for one in chosen for item in one.items)
    return Selection(role, dataset, split, digest, items=items, entities=entities)
