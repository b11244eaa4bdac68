"""How far the annotation of a field extractor is, and what follows from it for its status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from capforge_operator.api.capability import Capability
from capforge_operator.api.capability_status import Annotations
from capforge_operator.api.conditions import Condition
from capforge_operator.domain.automatic import (
    BUDGET_EXHAUSTED,
    DUE,
    OFF,
    QUIET_PERIOD,
    RUNNING,
    WAITING,
    Decision,
    Situation,
)
from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding, kube_time
from capforge_operator.domain.ledger import Ledger

AUTOMATIC = "AutomaticTraining"
LAST_RUN_FAILED = "LastRunFailed"
GATEWAY_UNAVAILABLE = "GatewayUnavailable"
NAME_TAKEN = "NameTaken"


@dataclass(frozen=True)
class Count:
    """What a gateway says about one capability."""

    documents: int = 0
    """With a current annotation."""
    sequence: int = 0
    """Of the newest submission."""


@dataclass(frozen=True)
class Counted:
    """What is known of the count now."""

    count: Count | None
    """None: no gateway has answered since the operator started."""
    away: bool = False
    """No gateway answers, for longer than a restart takes."""


@dataclass(frozen=True)
class AutomaticRuns:
    """What there is of automatic runs."""

    under_way: str = ""
    """The run that has not ended."""
    failed: str = ""
    """Why the newest one ended without a model, for people; empty if it did not."""
    taken: str = ""
    """An object of the next run's name that is not the capability's."""


@dataclass(frozen=True)
class Outlook:
    """Count and decision: what the status tells."""

    count: Count
    decision: Decision
    runs: AutomaticRuns
    changed: datetime
    reached: datetime | None

    @property
    def told(self) -> str:
        """`17 of 20 documents are annotated`."""
        return f"{self.count.documents} of {self.decision.threshold} documents are annotated"


def situation(capability: Capability, ledger: Ledger, count: Count, runs: AutomaticRuns, now: datetime) -> Situation:
    """Put together what the decision looks at; the status remembers since when the count is what it is."""
    before = capability.status.annotations
    same = before is not None and (before.documents, before.sequence) == (count.documents, count.sequence)
    return Situation(
        documents=count.documents,
        watermark=ledger.watermark,
        made=tuple(datetime.fromisoformat(one.time) for one in ledger.automatic),
        changed=datetime.fromisoformat(before.changed_time) if before and same else now,
        reached=_reached(before, count, ledger),
        under_way=bool(runs.under_way),
    )


def _reached(before: Annotations | None, count: Count, ledger: Ledger) -> datetime | None:
    """Return since when a threshold above the watermark has been reached without a break."""
    if before is None or before.reached_time is None or before.trained_threshold != (ledger.watermark or None):
        return None
    return datetime.fromisoformat(before.reached_time) if count.documents >= before.next_threshold else None


def annotation_figures(outlook: Outlook, ledger: Ledger, now: datetime) -> Annotations:
    """Return the part of the status that holds the figures."""
    decision = outlook.decision
    return Annotations(
        documents=outlook.count.documents,
        sequence=outlook.count.sequence,
        progress=f"{outlook.count.documents}/{decision.threshold}",
        next_threshold=decision.threshold,
        trained_threshold=ledger.watermark or None,
        changed_time=kube_time(outlook.changed),
        reached_time=kube_time(outlook.reached or now) if decision.reached else None,
        waiting_until_time=kube_time(decision.until) if decision.until else None,
    )


def finding(outlook: Outlook) -> Finding:
    """Return the condition AutomaticTraining."""
    decision, runs, told = outlook.decision, outlook.runs, outlook.told
    until = kube_time(decision.until) if decision.until else ""
    if runs.taken:
        message = f"{runs.taken} and is not this capability's: delete it, the next run needs its name."
        return Finding(AUTOMATIC, FALSE, NAME_TAKEN, message)
    if decision.reason in {WAITING, DUE} and runs.failed:
        return Finding(AUTOMATIC, FALSE, LAST_RUN_FAILED, f"{runs.failed} The next one is made later: {told}.")
    messages = {
        OFF: f"training.automatic.mode is Disabled; {told}.",
        RUNNING: f"Training run {runs.under_way} is under way.",
        BUDGET_EXHAUSTED: f"{told}; the next run waits until {until}: training.automatic.maxRunsPerDay were made.",
        QUIET_PERIOD: f"{told}; the next run waits until {until}, or longer while annotating goes on.",
    }
    reason = decision.reason or WAITING
    return Finding(AUTOMATIC, FALSE if reason == OFF else TRUE, reason, messages.get(reason, f"{told}."))


def away_finding(before: Condition | None, now: datetime) -> Finding:
    """Return the condition while no gateway says how far the annotation is."""
    since = before.last_transition_time if before and before.status is UNKNOWN else kube_time(now)
    message = (
        f"No gateway has told since {since} how many documents are annotated (does one run, with its database?);"
        " nothing changes meanwhile."
    )
    return Finding(AUTOMATIC, UNKNOWN, GATEWAY_UNAVAILABLE, message)
