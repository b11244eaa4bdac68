"""Preprocessing of objects before a dataset is split. Pure: read `Pipeline.apply` from the top.

An image that an operation leaves without any object is dropped; an image that never had one stays: it shows what the
background looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from capforge_contracts.coco.faults import FaultCode, RecordFault
from capforge_contracts.dataset import ManifestEntity
from capforge_contracts.preprocessing import Action, Operation, Where

_SHOWN_CLASSES = 100


@dataclass(frozen=True)
class Pipeline:
    """Operations in the order of their application."""

    operations: Sequence[Operation]

    def apply(self, entities: Sequence[ManifestEntity]) -> list[ManifestEntity] | None:
        """Return the objects that stay; None where the image goes."""
        left = list(entities)
        for operation in self.operations:
            matching = [matches(operation.where, entity) for entity in left]
            if operation.action is Action.DROP_IMAGES and any(matching):
                return None
            left = list(_changed(operation, left, matching))
        return None if entities and not left else left

    def classes(self, declared: Sequence[str]) -> list[str]:
        """Return the classes that objects can have afterwards, sorted."""
        names = set(declared)
        for operation in self.operations:
            names = _classes_after(operation, names)
        return sorted(names)

    def faults(self, declared: Sequence[str]) -> Iterator[RecordFault]:
        """Yield a fault for each class that an operation names and that no object can have by then."""
        names = set(declared)
        for position, operation in enumerate(self.operations):
            for name in operation.where.classes:
                if name not in names:
                    allowed = ", ".join(sorted(names)[:_SHOWN_CLASSES]) or "none, there is no class left"
                    message = f"where.classes: {name!r} is no class of the data at this point; allowed: {allowed}"
                    yield RecordFault(FaultCode.UNKNOWN_CLASS, f"preprocessing[{position}]", message)
            names = _classes_after(operation, names)


def matches(where: Where, entity: ManifestEntity) -> bool:
    """Tell whether every condition that is given holds."""
    x0, y0, x1, y1 = entity.box
    return (
        (not where.classes or entity.class_name in where.classes)
        and all(entity.attributes.get(one.name) in one.values for one in where.attributes)
        and _within(x1 - x0, where.min_width, where.max_width)
        and _within(y1 - y0, where.min_height, where.max_height)
    )


def _within(size: float, least: int | None, most: int | None) -> bool:
    return (least is None or size >= least) and (most is None or size <= most)


def _changed(
    operation: Operation, entities: Sequence[ManifestEntity], matching: Sequence[bool]
) -> Iterator[ManifestEntity]:
    for entity, matched in zip(entities, matching, strict=True):
        if operation.action is Action.MAP and matched and operation.to_class:
            yield entity.model_copy(update={"class_name": operation.to_class})
        elif {Action.KEEP: matched, Action.DROP: not matched}.get(operation.action, True):
            yield entity


def _classes_after(operation: Operation, names: set[str]) -> set[str]:
    named, where = set(operation.where.classes), operation.where
    of_all = where == Where(classes=where.classes)  # no condition but the class: all of them match
    match operation.action:
        case Action.KEEP:
            return names & named if named else names
        case Action.DROP | Action.DROP_IMAGES:
            return names - (named or names) if of_all else names
        case Action.MAP:
            gone = (named or names) if of_all else set()
            return (names - gone) | {operation.to_class or ""} if (named or names) & names else names
