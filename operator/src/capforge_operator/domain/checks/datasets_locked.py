"""Every dataset is locked."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Violation


def datasets_locked(case: Case) -> Iterator[Violation]:
    """Refuse data that may still change."""
    unlocked = {one.dataset: one.why_unlocked for one in case.selections if one.digest is None}
    for name, why in sorted(unlocked.items()):
        yield Violation("DatasetNotLocked", f"dataset {name} is not locked: {why}")
