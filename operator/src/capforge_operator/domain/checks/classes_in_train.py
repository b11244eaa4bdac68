"""Every output can be learnt."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_contracts.run import CapabilityType
from capforge_operator.domain.checks.case import Case, Role, Violation

FEWEST_COMPARED = 2
"""An embedder learns from what is not the same."""


def classes_in_train(case: Case) -> Iterator[Violation]:
    """Refuse a class that no train item shows; silent until all train data is known.

    A field may be in no document yet, and an embedder learns from the classes that there are: these are warned of.
    """
    train = list(case.of(Role.TRAIN))
    if case.reads_documents or any(selection.digest is None for selection in train):
        return
    missing = _missing(case, Role.TRAIN)
    if case.is_of(CapabilityType.BOX_EMBEDDER):
        missing = missing if len(case.output_names) - len(missing) < FEWEST_COMPARED else []
        needed = f"at least {FEWEST_COMPARED} outputs of {case.capability_name} must occur"
    else:
        needed = f"every output of {case.capability_name} must occur"
    if missing and not _says_no_entities(case):
        known = ", ".join(sorted({name for selection in train for name in selection.entities})) or "none"
        yield Violation(
            "ClassMissing",
            f"datasets.train: no object of {', '.join(missing)}; {needed}, the classes of the data are: {known}",
        )


def class_warnings(case: Case) -> list[str]:
    """Return a warning for each class or field that dev or test cannot judge, and each that cannot be learnt."""
    warnings = [f"datasets.train: {one}" for one in _unlearnt(case)]
    if case.is_of(CapabilityType.BOX_EMBEDDER):  # judged by whatever classes dev and test have
        return warnings
    thing = "value" if case.reads_documents else "object"
    return warnings + [
        f"datasets.{role}: no {thing} of {name}; its metrics will be 'no data'"
        for role in (Role.DEV, Role.TEST)
        if any(True for _ in case.of(role))
        for name in _missing(case, role)
    ]


def _says_no_entities(case: Case) -> bool:
    """Tell whether regions_there has the better word."""
    sees = case.capability is not None and case.capability.shape.sees_regions
    return sees and not any(count for one in case.of(Role.TRAIN) for count in one.entities.values())


def _unlearnt(case: Case) -> list[str]:
    missing = _missing(case, Role.TRAIN)
    if case.reads_documents:
        return [f"no document has a value for {name}; the model will not find it" for name in missing]
    if case.is_of(CapabilityType.BOX_EMBEDDER):
        return [f"no object of {name}; nothing is learnt from it" for name in missing]
    return []


def _missing(case: Case, role: Role) -> list[str]:
    seen = {name for selection in case.of(role) for name, count in selection.entities.items() if count}
    return [name for name in case.output_names if name not in seen]
