"""Which changes of a status are worth an event."""

from __future__ import annotations

from collections.abc import Sequence

from capforge_operator.api.conditions import Condition
from capforge_operator.domain.conditions import FALSE
from capforge_operator.ports import Event, Json


def announcements(
    document: Json, before: Sequence[Condition], after: Sequence[Condition], types: Sequence[str]
) -> list[Event]:
    """Return an event for each of these conditions whose status or reason changed; a False one is a warning."""
    old = {one.type: (one.status, one.reason) for one in before}
    new = {one.type: one for one in after}
    changed = [new[name] for name in types if name in new and old.get(name) != (new[name].status, new[name].reason)]
    return [Event(document, one.reason, one.message or one.reason, warning=one.status is FALSE) for one in changed]
