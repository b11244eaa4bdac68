"""Which ends of runs are told to whom, and what the run's condition `Notified` says about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.ledger import Delivery, Notified
from capforge_contracts.model import canonical_json, sha256_hex
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.notifications import Notifications, Outcome, Webhook
from capforge_operator.api.training_run import Deploy, TrainingRun
from capforge_operator.domain.conditions import FALSE, TRUE, UNKNOWN, Finding, kube_time
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.publishing import CANCELLED
from capforge_operator.domain.run_conditions import PUBLISHED, STALLED, SUCCEEDED, Standing
from capforge_operator.domain.run_view import RunView
from capforge_operator.posting import Answer, Delayed, Refused, Sent

NOTIFIED = "Notified"
PENDING = "Pending"
NOBODY = "NoNotifications"
SENT = "NotificationSent"
REFUSED = "NotificationRefused"
DELAYED = "NotificationDelayed"
PUBLISHING_SECONDS = 120.0
"""How long a mail about a success waits for its version; the gate needs moments."""
REFUSED_SECONDS = 600.0
"""How long a run must have been refused before that is news: people apply things in any order, and mend at once."""
_ID_CHARS = 32
_NOBODY_ASKED = Finding(NOTIFIED, FALSE, NOBODY, "the capability has no spec.notifications")


@dataclass(frozen=True)
class End:
    """How a run ended, or that the checks refuse it: then nobody goes on with it before a person does something."""

    namespace: str
    capability: str
    run: str
    run_digest: str | None
    outcome: Outcome
    reason: str
    message: str
    ended: datetime
    is_refusal: bool = False

    @property
    def digest(self) -> str:
        """Which end this is.

        A result is one end, however many runs share it. A failure is one for each run of a name and each reason, as in
        the ledger's RunFailed: the same content may fail, and be tried again under another name.
        """
        same: list[str | None] = [self.namespace, self.capability, self.run_digest]
        return sha256_hex(canonical_json(same if self.outcome is Outcome.SUCCEEDED else [*same, self.run, self.reason]))


@dataclass(frozen=True)
class Target:
    """Somebody who is told: by e-mail, or by a request if there is a webhook."""

    address: str = ""
    webhook: Webhook | None = None

    @property
    def name(self) -> str:
        """As the ledger calls it."""
        return f"webhook:{self.webhook.name}" if self.webhook else f"mail:{self.address}"

    @property
    def told_as(self) -> str:
        """As people call it."""
        return f"webhook {self.webhook.name}" if self.webhook else self.address

    def message_id(self, end: End) -> str:
        """Return what stays the same however often the same end is told to the same target."""
        return sha256_hex(f"{end.digest}\n{self.name}".encode())[:_ID_CHARS]


Answers = Sequence[tuple[Target, Answer]]
"""Who was tried, and what came of it."""


def end_of(run: TrainingRun) -> End | None:
    """Return how a run ended or since when it is refused, None while it goes on."""
    succeeded, ended = run.status.condition(SUCCEEDED), run.status.completion_time
    stalled = run.status.condition(STALLED)
    refused = stalled.last_transition_time if stalled is not None and stalled.status is TRUE else None
    since = ended or refused
    if since is None or succeeded is None or succeeded.status is ConditionStatus.UNKNOWN:
        return None
    return End(
        namespace=run.metadata.namespace,
        capability=run.spec.capability_ref.name,
        run=run.metadata.name,
        run_digest=run.status.run_digest,
        outcome=Outcome.SUCCEEDED if succeeded.status is ConditionStatus.TRUE else Outcome.FAILED,
        reason=succeeded.reason,
        message=run.status.failure.message if run.status.failure else succeeded.message,
        ended=datetime.fromisoformat(since),
        is_refusal=ended is None,
    )


def is_unsettled(run: TrainingRun) -> bool:
    """Tell whether a run has ended (or is refused) and it is not known yet that everybody was told."""
    told = run.status.condition(NOTIFIED)
    return end_of(run) is not None and (told is None or told.status is UNKNOWN)


def seconds_until_news(run: TrainingRun, end: End, now: datetime) -> float:
    """Return how long to wait for what becomes of the model, or for whoever mends what is refused; 0: it is news."""
    if end.is_refusal:
        return max(0.0, REFUSED_SECONDS - (now - end.ended).total_seconds())
    return _seconds_until_published(run, end, now)


def _seconds_until_published(run: TrainingRun, end: End, now: datetime) -> float:
    published = run.status.condition(PUBLISHED)
    open_still = published is None or published.status is ConditionStatus.UNKNOWN
    if end.outcome is Outcome.FAILED or run.spec.deploy is not Deploy.AUTOMATIC or not open_still:
        return 0.0
    return max(0.0, PUBLISHING_SECONDS - (now - end.ended).total_seconds())


def targets(asked: Notifications | None, end: End) -> list[Target]:
    """Return who is to be told of an end. A run that a person ended is nobody's news."""
    if asked is None or end.reason == CANCELLED:
        return []
    return list(_targets(asked, end.outcome))


def _targets(asked: Notifications, outcome: Outcome) -> Iterator[Target]:
    mail = asked.email
    if mail is not None and outcome in (mail.outcomes or Outcome):
        yield from (Target(address=address) for address in mail.recipients)
    yield from (Target(webhook=one) for one in asked.webhooks if outcome in (one.outcomes or Outcome))


def told_before(ledger: Ledger, end: End) -> list[Notified]:
    """Return what the ledger says about an end."""
    return [one for one in ledger.entries if isinstance(one, Notified) and one.end == end.digest]


def due(wanted: Sequence[Target], entries: Sequence[Notified]) -> list[Target]:
    """Return who is still to be told."""
    if any(one.complete for one in entries):
        return []
    settled = {delivery.target for entry in entries for delivery in entry.deliveries}
    return [target for target in wanted if target.name not in settled]


def entry_for(end: End, answers: Answers, sequence: int, now: datetime) -> Notified | None:
    """Return what the ledger needs to know about these answers, None where nothing was settled."""
    deliveries = [
        Delivery(
            target=target.name,
            message_id=target.message_id(end),
            refused=answer.cause if isinstance(answer, Refused) else "",
        )
        for target, answer in answers
        if isinstance(answer, Sent | Refused)
    ]
    if not deliveries:
        return None
    return Notified(
        sequence=sequence,
        time=kube_time(now),
        run=end.run,
        end=end.digest,
        outcome=end.outcome.value,
        deliveries=deliveries,
        complete=not any(isinstance(answer, Delayed) for _, answer in answers),
    )


def abandoned(answers: Answers) -> Answers:
    """Return the answers with every delay made final: its time is over."""
    return [
        (target, Refused(f"given up: {answer.cause}") if isinstance(answer, Delayed) else answer)
        for target, answer in answers
    ]


def finding(entries: Sequence[Notified], answers: Answers) -> Finding:
    """Return the condition: what was sent, what was refused, what is still tried."""
    settled = {delivery.target: delivery for entry in entries for delivery in entry.deliveries}
    sent = sorted(_plain(name) for name, delivery in settled.items() if not delivery.refused)
    refused = sorted(f"{_plain(name)}: {delivery.refused}" for name, delivery in settled.items() if delivery.refused)
    late = sorted(f"{one.told_as}: {answer.cause}" for one, answer in answers if isinstance(answer, Delayed))
    parts = [("sent to", sent), ("refused", refused), ("tried again", late)]
    message = "; ".join(f"{word} {', '.join(listed)}" for word, listed in parts if listed)
    if late:
        return Finding(NOTIFIED, UNKNOWN, DELAYED, message)
    if refused:
        return Finding(NOTIFIED, FALSE, REFUSED, message)
    return Finding(NOTIFIED, TRUE, SENT, message)


def nobody(end: End) -> Finding:
    """Return the condition of an end that is not told."""
    if end.reason == CANCELLED:
        return Finding(NOTIFIED, FALSE, NOBODY, "a person ended the run: nobody is told")
    return Finding(NOTIFIED, FALSE, NOBODY, f"spec.notifications asks for no news of outcome {end.outcome.value}")


def as_the_run_ends(view: RunView, standing: Standing, *, over: bool) -> Finding:
    """Return the condition as the run's own reconcile knows it: whoever sends writes what comes after.

    A run that was refused and goes on begins anew: how it ends is another piece of news.
    """
    if not over and (standing.ongoing or standing.status is not FALSE):
        return Finding(NOTIFIED, UNKNOWN, PENDING, "")
    told, before = view.run.status.condition(NOTIFIED), view.run.status.condition(SUCCEEDED)
    is_same = before is not None and before.reason == standing.reason
    if told is not None and is_same and (told.status is not UNKNOWN or view.has_notifications):
        return Finding(NOTIFIED, told.status, told.reason, told.message)
    return Finding(NOTIFIED, UNKNOWN, PENDING, "") if view.has_notifications else _NOBODY_ASKED


def _plain(name: str) -> str:
    kind, _, rest = name.partition(":")
    return rest if kind == "mail" else f"{kind} {rest}"
