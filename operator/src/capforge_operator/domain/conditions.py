"""From what was found to the conditions of a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from capforge_operator.api.conditions import Condition, ConditionStatus

TRUE, FALSE, UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
MESSAGE_CHARS = 4096


@dataclass(frozen=True)
class Finding:
    """What is known about one condition now. The message holds no times and no counters, or conditions would flap."""

    type: str
    status: ConditionStatus
    reason: str
    message: str


def settle(
    previous: Sequence[Condition], findings: Sequence[Finding], now: datetime, generation: int
) -> list[Condition]:
    """Return the conditions in the findings' order; the transition time moves only where the status does."""
    before = {condition.type: condition for condition in previous}
    return [_settled(before.get(finding.type), finding, now, generation) for finding in findings]


def kube_time(moment: datetime) -> str:
    """Return a time as the API server writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _settled(before: Condition | None, finding: Finding, now: datetime, generation: int) -> Condition:
    stays = before is not None and before.status == finding.status
    return Condition(
        type=finding.type,
        status=finding.status,
        reason=finding.reason,
        message=finding.message[:MESSAGE_CHARS],
        last_transition_time=before.last_transition_time if before and stays else kube_time(now),
        observed_generation=generation,
    )
