"""What the checks need of a manifest, in little memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from capforge_contracts.dataset import Split
from capforge_contracts.manifests import labelled_items, manifest_format
from capforge_contracts.submissions import DOCUMENTS_FORMAT
from capforge_operator.domain.checks.case import Item, Role, Selection

ALL = "All"


@dataclass(frozen=True)
class SplitFacts:
    """The items of one split and how many entities of each class (of documents: values of each field) they have."""

    items: tuple[Item, ...]
    entities: Mapping[str, int]
    are_documents: bool = False


def split_facts(data: bytes) -> dict[Split, SplitFacts]:
    """Parse a manifest of images or documents; raises ValueError for one of another format."""
    items: dict[Split, list[Item]] = {split: [] for split in Split}
    entities: dict[Split, Counter[str]] = {split: Counter() for split in Split}
    for item in labelled_items(data):
        items[item.split].append(Item(item.sha256, item.name))
        entities[item.split].update(item.labels)
    documents = manifest_format(data) == DOCUMENTS_FORMAT
    return {split: SplitFacts(tuple(items[split]), entities[split], documents) for split in Split}


def selection(role: Role, dataset: str, split: str, digest: str, facts: Mapping[Split, SplitFacts]) -> Selection:
    """Return the selection of one split, or of all."""
    chosen = list(facts.values()) if split == ALL else [facts[Split(split)]]
    entities: Counter[str] = Counter()
    for one in chosen:
        entities.update(one.entities)
    items = tuple(item for one in chosen for item in one.items)
    documents = any(one.are_documents for one in facts.values())
    return Selection(role, dataset, split, digest, items=items, entities=entities, holds_documents=documents)
