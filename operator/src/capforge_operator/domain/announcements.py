"""Which changes of a status are worth an event."""

from __future__ import annotations

from collections.abc import Sequence

from capforge_operator.api.conditions import Condition
from capforge_operator.domain.conditions import FALSE, TRUE
from capforge_operator.ports import Event, Json


def announcements(
    document: Json,
    before: Sequence[Condition],
    after: Sequence[Condition],
    summaries: Sequence[str],
    milestones: Sequence[str] = (),
) -> list[Event]:
    """Return an event for each summary whose status or reason changed, and for each milestone that became true.

    A condition that is False makes a warning.
    """
    old = {one.type: (one.status, one.reason) for one in before}
    changed = [one for one in after if old.get(one.type) != (one.status, one.reason)]
    told = [one for one in changed if one.type in summaries or (one.type in milestones and one.status is TRUE)]
    return [Event(document, one.reason, one.message or one.reason, warning=one.status is FALSE) for one in told]
