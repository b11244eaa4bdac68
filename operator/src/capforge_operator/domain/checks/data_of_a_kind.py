"""Images train detectors, documents train field extractors."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Violation


def data_of_a_kind(case: Case) -> Iterator[Violation]:
    """Refuse a dataset of the other kind."""
    if case.capability is None:
        return
    wanted = case.capability.shape.reads_documents
    for one in case.selections:
        if one.digest is not None and one.holds_documents is not wanted:
            held, needed = ("documents", "images") if one.holds_documents else ("images", "documents")
            yield Violation(
                "OtherData",
                f"datasets.{one.role}: {one.dataset} holds {held}; {case.capability_name}"
                f" ({case.capability.type.value}) is trained on {needed}",
            )
