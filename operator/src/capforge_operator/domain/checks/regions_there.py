"""What learns from entities is given some."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_contracts.run import CapabilityType
from capforge_operator.domain.checks.case import Case, Role, Violation


def regions_there(case: Case) -> Iterator[Violation]:
    """Refuse to train a classifier or embedder on, or to choose its checkpoint by, images without an entity of use."""
    if case.capability is None or not case.capability.shape.sees_regions:
        return
    for role in (Role.TRAIN, Role.DEV):
        selections = list(case.of(role))
        known = all(one.digest is not None for one in selections)
        if known and any(one.items for one in selections) and not _entities(case, role):
            what = f"no entity of {', '.join(case.output_names)}" if _by_outputs(case, role) else "no entity"
            yield Violation(
                "NoEntities",
                f"datasets.{role}: the images hold {what}; a {case.capability.type.value} is trained on and judged by"
                " entities (a box or polygon with a class): annotate some, or take a dataset that has them",
            )


def _entities(case: Case, role: Role) -> int:
    outputs = set(case.output_names) if _by_outputs(case, role) else None
    return sum(
        count for one in case.of(role) for name, count in one.entities.items() if outputs is None or name in outputs
    )


def _by_outputs(case: Case, role: Role) -> bool:
    """A classifier is judged by its outputs alone; what train lacks of them classes_in_train says."""
    return role is Role.DEV and case.is_of(CapabilityType.BOX_CLASSIFIER)
