"""Which changes of a capability are worth an event."""

from __future__ import annotations

from collections.abc import Sequence

from capforge_contracts.ledger import VersionPublished
from capforge_operator.api.capability import CapabilityStatus
from capforge_operator.domain.announcements import announcements
from capforge_operator.domain.capability_findings import LOAD_FAILED, READY
from capforge_operator.domain.ledger import Entry
from capforge_operator.ports import Event, Json

PUBLISHED = "VersionPublished"


def capability_news(
    document: Json, before: CapabilityStatus, after: CapabilityStatus, appended: Sequence[Entry]
) -> list[Event]:
    """Return the events: new versions, a version that does not load, and what changed about being ready."""
    news = [
        Event(document, PUBLISHED, f"Version {entry.version} was made by training run {entry.run}.")
        for entry in appended
        if isinstance(entry, VersionPublished)
    ]
    failure, known = after.last_failure, before.last_failure
    if failure and failure.reason == LOAD_FAILED and (known is None or known.version != failure.version):
        news.append(Event(document, LOAD_FAILED, f"Version {failure.version}: {failure.message}", warning=True))
    return [*news, *announcements(document, before.conditions, after.conditions, [READY])]
