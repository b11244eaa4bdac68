"""What training starts from is there."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Violation

WEIGHTS_UNAVAILABLE = "WeightsUnavailable"


def weights_known(case: Case) -> Iterator[Violation]:
    """Refuse weights that are not there, or not this namespace's, or of no use."""
    if case.weights is None:
        return
    if case.reads_documents:
        what = "not allowed for a FieldExtractorElement, which starts from what its template brings along"
        yield Violation(WEIGHTS_UNAVAILABLE, f"initialWeights: {what}")
    elif case.weights.fault:
        yield Violation(WEIGHTS_UNAVAILABLE, f"initialWeights.{case.weights.fault}")
