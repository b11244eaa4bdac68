"""Every output can be learnt."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Role, Violation


def classes_in_train(case: Case) -> Iterator[Violation]:
    """Refuse a class that no train item shows; silent until all train data is known."""
    train = list(case.of(Role.TRAIN))
    if any(selection.digest is None for selection in train):
        return
    missing = _missing(case, Role.TRAIN)
    if missing:
        known = ", ".join(sorted({name for selection in train for name in selection.entities})) or "none"
        yield Violation(
            "ClassMissing",
            f"datasets.train: no object of {', '.join(missing)}; every output of {case.capability_name}"
            f" must occur, the classes of the data are: {known}",
        )


def class_warnings(case: Case) -> list[str]:
    """Return a warning for each class that dev or test cannot judge."""
    return [
        f"datasets.{role}: no object of {name}; its metrics will be 'no data'"
        for role in (Role.DEV, Role.TEST)
        if any(True for _ in case.of(role))
        for name in _missing(case, role)
    ]


def _missing(case: Case, role: Role) -> list[str]:
    seen = {name for selection in case.of(role) for name, count in selection.entities.items() if count}
    return [name for name in case.output_names if name not in seen]
