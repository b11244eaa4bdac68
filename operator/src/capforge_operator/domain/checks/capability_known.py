"""The capability exists."""

from __future__ import annotations

from collections.abc import Iterator

from capforge_operator.domain.checks.case import Case, Violation


def capability_known(case: Case) -> Iterator[Violation]:
    """Refuse a run of a capability that is not there (yet)."""
    if case.capability is None:
        yield Violation("UnknownCapability", f"capabilityRef: there is no Capability {case.capability_name}")
