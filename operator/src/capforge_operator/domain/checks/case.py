"""What the policies look at, and what they answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from capforge_contracts.run import CapabilityType
from capforge_operator.domain.shape import Shape
from capforge_operator.domain.weights import Weights


class Role(StrEnum):
    """What a selection is read for."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Item:
    """One image or document of a selection."""

    sha256: str
    name: str


@dataclass(frozen=True)
class Selection:
    """One entry of the run's lists: a dataset, or one split of it."""

    role: Role
    dataset: str
    split: str
    """All, Train, Dev or Test."""
    digest: str | None = None
    """None: not locked, and then there are no items."""
    why_unlocked: str = ""
    items: tuple[Item, ...] = ()
    entities: Mapping[str, int] = field(default_factory=dict)
    """How many entities of each class, or documents with a value for each field."""
    holds_documents: bool = False

    def __str__(self) -> str:
        return self.dataset if self.split == "All" else f"{self.dataset} ({self.split})"


@dataclass(frozen=True)
class Template:
    """The ModelTemplate."""

    capability_types: frozenset[str]
    schema: Mapping[str, Any]
    defaults: Mapping[str, Any]
    image: str | None


@dataclass(frozen=True)
class Target:
    """The Capability."""

    shape: Shape

    @property
    def type(self) -> CapabilityType:
        """What it does."""
        return self.shape.type


@dataclass(frozen=True)
class Case:
    """A TrainingRun with everything that it names."""

    capability_name: str
    capability: Target | None
    template_name: str
    template: Template | None
    selections: tuple[Selection, ...]
    """In the spec's order: train, dev, test."""
    overrides: Mapping[str, Any]
    weights: Weights | None = None
    """What training is to start from."""

    def of(self, *roles: Role) -> Iterator[Selection]:
        """Yield the selections of these roles."""
        return (selection for selection in self.selections if selection.role in roles)

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The capability's classes by position, or its fields."""
        return self.capability.shape.names if self.capability else ()

    @property
    def reads_documents(self) -> bool:
        """It is a field extractor that is trained."""
        return self.capability is not None and self.capability.shape.reads_documents

    def is_of(self, kind: CapabilityType) -> bool:
        """Tell whether a capability of this type is trained."""
        return self.capability is not None and self.capability.type is kind

    def ignored_classes(self) -> dict[str, int]:
        """Return the classes that are not outputs, with their number of entities in train."""
        counts: Counter[str] = Counter()
        for selection in self.of(Role.TRAIN):
            counts.update(selection.entities)
        return {name: count for name, count in sorted(counts.items()) if name not in self.output_names}


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong: a reason of the condition, and what is allowed."""

    reason: str
    message: str
