"""What a manifest holds, counted while it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from capforge_contracts.dataset import ManifestItem, Split
from capforge_contracts.submissions import Submission


@dataclass
class Tally:
    """Items by split, and what is labelled: objects of each class, or values of each field."""

    items: Counter[Split] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    of_parts: set[tuple[str, Split]] = field(default_factory=set)
    """Which classes occur in which parts."""

    def images(self, items: Iterator[ManifestItem]) -> Iterator[ManifestItem]:
        """Pass images through."""
        for item in items:
            self.items[item.split] += 1
            self.classes.update(entity.class_name for entity in item.entities)
            self.of_parts.update((entity.class_name, item.split) for entity in item.entities)
            yield item

    def documents(self, items: Iterator[Submission]) -> Iterator[Submission]:
        """Pass annotated documents through: a field counts once where it has a value or a class."""
        for item in items:
            self.items[item.split] += 1
            self.classes.update(label.field for label in item.labels if not label.absent)
            yield item

    def missing(self) -> list[tuple[str, Split]]:
        """Return the classes that occur somewhere, but not in a part that has items."""
        return sorted(
            (name, part)
            for name, count in self.classes.items()
            for part in self.items
            if count and (name, part) not in self.of_parts
        )
