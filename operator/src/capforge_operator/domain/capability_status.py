"""The status of a capability, from the ledger, the routes and what the serving pods say."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from capforge_contracts.ledger import ChallengerHeld, VersionPublished
from capforge_contracts.serving import Endpoint, RoutedCapability, RoutedVersion
from capforge_operator.api.capability import Capability, CapabilityType
from capforge_operator.api.capability_status import (
    MAX_HISTORY,
    Annotations,
    CapabilityFailure,
    CapabilityStatus,
    HeldChallenger,
    HistoryEntry,
    Interface,
    Traffic,
)
from capforge_operator.api.data_model import MANY_FIELDS
from capforge_operator.domain.annotation import AUTOMATIC, Counted, Outlook, annotation_figures, away_finding, finding
from capforge_operator.domain.capability_findings import LOAD_FAILED, Standing, findings
from capforge_operator.domain.conditions import UNKNOWN, Finding, kube_time, settle
from capforge_operator.domain.inputs import Upstream, input_findings, input_problem, input_warnings
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.pool import Loading, ModelView
from capforge_operator.domain.serving import Release
from capforge_operator.domain.versions import NO_MODEL

MESSAGE_CHARS = 4096
INTERFACES = {
    CapabilityType.DETECTOR: Interface(inputs=["image"], outputs=["entities"]),
    CapabilityType.BOX_CLASSIFIER: Interface(inputs=["image", "entities"], outputs=["entities"]),
    CapabilityType.BOX_EMBEDDER: Interface(inputs=["image", "entities"], outputs=["entities", "embeddings"]),
    CapabilityType.FIELD_EXTRACTOR: Interface(inputs=["document"], outputs=["fields", "candidates"]),
}


@dataclass(frozen=True)
class CapabilityFacts:
    """Everything that is observed about one capability."""

    capability: Capability
    missing: tuple[str, ...]
    """What its namespace lacks."""
    ledger: Ledger
    target: Release | None
    """The version that should answer."""
    target_view: ModelView | None
    """How the target stands over the serving pods."""
    routed: RoutedCapability | None
    """What the gateways were told."""
    active_runs: tuple[str, ...]
    """The training runs that have not ended."""
    lost: tuple[str, ...]
    """Versions that should be served and whose model card is not in the object store."""
    base_url: str
    """Where the gateway is reached, without a slash at the end."""
    counted: Counted | None = None
    """Of a field extractor: what is known of its annotations."""
    outlook: Outlook | None = None
    """What was decided about automatic training; none where nothing is known."""
    upstream: Upstream = field(default_factory=Upstream)
    """Where its entities come from."""


def capability_status(facts: CapabilityFacts, now: datetime) -> CapabilityStatus:
    """Return the whole status; equal facts at another time give an equal status."""
    capability, ledger = facts.capability, facts.ledger
    failure = _last_failure(facts, now)
    answering = _answering(facts.routed)
    standing = _standing(facts, answering, failure)
    generation = capability.metadata.generation
    limit = min(capability.spec.rollout.revision_history_limit, MAX_HISTORY)
    return CapabilityStatus(
        conditions=settle(
            capability.status.conditions,
            [*findings(standing), *_automatic(facts, now), *input_findings(capability, facts.upstream)],
            now,
            generation,
        ),
        observed_generation=generation,
        interface=INTERFACES[capability.spec.type],
        version=standing.current or str(NO_MODEL),
        target_version=standing.target or standing.current or str(NO_MODEL),
        url=_url(facts),
        last_trained_time=ledger.newest.time if ledger.newest else None,
        traffic=_traffic(facts.routed),
        history=[_history_entry(entry) for entry in ledger.published[:limit]],
        version_count=len(ledger.published),
        annotations=_annotations(facts, now),
        held_challenger=_held_challenger(ledger.held_since_newest),
        warnings=[*_warnings(capability), *input_warnings(capability, facts.upstream)],
        last_failure=failure,
    )


def _automatic(facts: CapabilityFacts, now: datetime) -> list[Finding]:
    """Return the condition of automatic training, which only field extractors have."""
    if facts.counted is None:
        return []
    if facts.missing:
        return [Finding(AUTOMATIC, UNKNOWN, "NamespaceNotPrepared", "Nothing can be made in this namespace yet.")]
    before = facts.capability.status.condition(AUTOMATIC)
    if facts.outlook is not None and not facts.counted.away:
        return [finding(facts.outlook)]
    if before is not None and not facts.counted.away:  # nobody has answered this operator yet
        return [Finding(before.type, before.status, before.reason, before.message)]
    return [away_finding(before, now)]


def _annotations(facts: CapabilityFacts, now: datetime) -> Annotations | None:
    if facts.outlook is None:
        return facts.capability.status.annotations if facts.counted else None
    return annotation_figures(facts.outlook, facts.ledger, now)


def _collecting(facts: CapabilityFacts) -> str:
    """Return how far the annotation is, in words; empty for what learns otherwise."""
    if facts.counted is None:
        return ""
    if facts.outlook is not None:
        return facts.outlook.told
    before = facts.capability.status.annotations
    return f"{before.documents} of {before.next_threshold} documents are annotated" if before else "annotate documents"


def _held_challenger(held: ChallengerHeld | None) -> HeldChallenger | None:
    if held is None:
        return None
    return HeldChallenger(
        run=held.run,
        model_sha256=held.model_sha256,
        champion=held.champion,
        reason=held.reason,
        message=held.message[:MESSAGE_CHARS],
        time=held.time,
    )


def _warnings(capability: Capability) -> list[str]:
    fields = capability.spec.data_model.fields if capability.spec.data_model else []
    if len(fields) <= MANY_FIELDS:
        return []
    return [f"dataModel.fields: {len(fields)} fields; with more than {MANY_FIELDS} training and answers get slow"]


def _url(facts: CapabilityFacts) -> str:
    metadata = facts.capability.metadata
    return f"{facts.base_url}/v1/products/{metadata.namespace}/{metadata.name}/v1/predict"


def _answering(routed: RoutedCapability | None) -> RoutedVersion | None:
    if routed is None:
        return None
    return next((one for one in routed.versions if one.version == routed.current), None)


def _standing(facts: CapabilityFacts, answering: RoutedVersion | None, failure: CapabilityFailure | None) -> Standing:
    target = facts.target.version if facts.target else None
    held = facts.ledger.held_since_newest
    newest = facts.ledger.newest.version if facts.ledger.newest else None
    load_failed = failure is not None and failure.reason == LOAD_FAILED and failure.version == target
    return Standing(
        missing=facts.missing,
        pinned=facts.capability.spec.rollout.pinned_version,
        published=tuple(entry.version for entry in facts.ledger.published),
        newest=newest,
        target=target,
        current=answering.version if answering else None,
        answers=bool(answering and _sure(answering)),
        load_failure=failure.message if failure and load_failed else None,
        lost=facts.lost,
        has_pods=facts.target_view is None or facts.target_view.loading is not Loading.NO_PODS,
        active_runs=facts.active_runs,
        collecting=_collecting(facts),
        held=f"The model of run {held.run} was kept back: {held.message}" if held else "",
        held_reason=held.reason if held else "",
        input=input_problem(facts.capability, facts.upstream),
    )


def _last_failure(facts: CapabilityFacts, now: datetime) -> CapabilityFailure | None:
    """The target that does not load, until it does; else the last run that failed since the newest version."""
    before = facts.capability.status.last_failure
    load = _load_failure(facts, before, now)
    if load is not None:
        return load
    runs = facts.ledger.failures_since_newest
    if not runs:
        return None
    last = runs[-1]
    return CapabilityFailure(reason=last.reason, message=last.message[:MESSAGE_CHARS], run=last.run, time=last.time)


def _load_failure(facts: CapabilityFacts, before: CapabilityFailure | None, now: datetime) -> CapabilityFailure | None:
    if facts.target is None or facts.target_view is None or facts.target_view.loading is Loading.READY:
        return None
    same = before if before and (before.reason, before.version) == (LOAD_FAILED, facts.target.version) else None
    if facts.target_view.loading is not Loading.FAILED:
        return same  # the agent tries again; it has not recovered until it is ready
    return CapabilityFailure(
        reason=LOAD_FAILED,
        message=f"{facts.target_view.reason}: {facts.target_view.message}"[:MESSAGE_CHARS],
        version=facts.target.version,
        run=facts.target.published.run,
        time=same.time if same else kube_time(now),
    )


def _traffic(routed: RoutedCapability | None) -> list[Traffic]:
    if routed is None:
        return []
    return [
        Traffic(
            version=one.version,
            percent=100 if one.version == routed.current else 0,
            ready_replicas=len(_sure(one)),
        )
        for one in routed.versions
        if _sure(one)
    ]


def _sure(version: RoutedVersion) -> list[Endpoint]:
    return [one for one in version.endpoints if not one.doubtful]


def _history_entry(entry: VersionPublished) -> HistoryEntry:
    return HistoryEntry(
        version=entry.version,
        run=entry.run,
        run_digest=entry.run_digest,
        model_sha256=entry.model_sha256,
        published_time=entry.time,
    )
