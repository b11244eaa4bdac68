"""Which changes of a capability are worth an event."""

from __future__ import annotations

from collections.abc import Sequence

from capforge_contracts.ledger import AutomaticTraining, ChallengerHeld, VersionPublished
from capforge_operator.api.capability_status import (
    CapabilityStatus,
)
from capforge_operator.domain.annotation import AUTOMATIC
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.capability_findings import LOAD_FAILED, READY
from capforge_operator.domain.ledger import Entry
from capforge_operator.ports import Event, Json

PUBLISHED = "VersionPublished"
AWAITING = frozenset({"AwaitingModel", "CollectingAnnotations"})


def capability_news(
    document: Json, before: CapabilityStatus, after: CapabilityStatus, appended: Sequence[Entry]
) -> list[Event]:
    """Return the events: new versions, a version that does not load, and what changed about being ready."""
    news = [
        Event(document, PUBLISHED, f"Version {entry.version} was made by training run {entry.run}.")
        for entry in appended
        if isinstance(entry, VersionPublished)
    ]
    news += [
        Event(document, one.reason, f"Training run {one.run}: {one.message}", warning=True)
        for one in appended
        if isinstance(one, ChallengerHeld)
    ]
    news += [
        Event(document, AUTOMATIC, f"Training run {one.run} was made: {one.documents} documents are annotated.")
        for one in appended
        if isinstance(one, AutomaticTraining)
    ]
    failure, known = after.last_failure, before.last_failure
    if failure and failure.reason == LOAD_FAILED and (known is None or known.version != failure.version):
        news.append(Event(document, LOAD_FAILED, f"Version {failure.version}: {failure.message}", warning=True))
    changed = announcements(document, before.conditions, after.conditions, [READY])
    # A capability begins by waiting for a model: its status says so, an event would only double the writes.
    return news if not before.conditions and _only_waits(changed) else [*news, *changed]


def _only_waits(events: Sequence[Event]) -> bool:
    return all(one.reason in AWAITING for one in events)
