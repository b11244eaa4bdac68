"""Every selection has items."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Violation

_ANNOTATE = "annotate more documents: of each five, one has the role Dev and four Train"


def selections_filled(case: Case) -> Iterator[Violation]:
    """Refuse a split that the dataset does not have."""
    for one in case.selections:
        if one.digest is not None and not one.items:
            hint = _ANNOTATE if one.holds_documents else "choose another split, or a dataset with spec.split"
            yield Violation("EmptySelection", f"datasets.{one.role}: {one} has no items; {hint}")
