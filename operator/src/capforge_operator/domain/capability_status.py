"""The status of a capability, from the ledger, the routes and what the serving pods say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.ledger import VersionPublished
from capforge_contracts.serving import RoutedCapability, RoutedVersion
from capforge_operator.api.capability import (
    MAX_HISTORY,
    Capability,
    CapabilityFailure,
    CapabilityStatus,
    CapabilityType,
    HistoryEntry,
    Interface,
    Traffic,
)
from capforge_operator.domain.capability_findings import LOAD_FAILED, Standing, findings
from capforge_operator.domain.conditions import kube_time, settle
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.pool import Loading, ModelView
from capforge_operator.domain.serving import Release
from capforge_operator.domain.versions import NO_MODEL

MESSAGE_CHARS = 4096
INTERFACES = {CapabilityType.DETECTOR: Interface(inputs=["image"], outputs=["entities"])}


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
    base_url: str
    """Where the gateway is reached, without a slash at the end."""


def capability_status(facts: CapabilityFacts, now: datetime) -> CapabilityStatus:
    """Return the whole status; equal facts at another time give an equal status."""
    capability, ledger = facts.capability, facts.ledger
    failure = _last_failure(facts, now)
    answering = _answering(facts.routed)
    standing = _standing(facts, answering, failure)
    generation = capability.metadata.generation
    limit = min(capability.spec.rollout.revision_history_limit, MAX_HISTORY)
    return CapabilityStatus(
        conditions=settle(capability.status.conditions, findings(standing), now, generation),
        observed_generation=generation,
        interface=INTERFACES[capability.spec.type],
        version=standing.current or str(NO_MODEL),
        target_version=facts.target.version if facts.target else str(NO_MODEL),
        url=_url(facts),
        last_trained_time=ledger.newest.time if ledger.newest else None,
        traffic=_traffic(facts.routed),
        history=[_history_entry(entry) for entry in ledger.published[:limit]],
        version_count=len(ledger.published),
        last_failure=failure,
    )


def _url(facts: CapabilityFacts) -> str:
    metadata = facts.capability.metadata
    return f"{facts.base_url}/v1/products/{metadata.namespace}/{metadata.name}/v1/predict"


def _answering(routed: RoutedCapability | None) -> RoutedVersion | None:
    if routed is None:
        return None
    return next((one for one in routed.versions if one.version == routed.current), None)


def _standing(facts: CapabilityFacts, answering: RoutedVersion | None, failure: CapabilityFailure | None) -> Standing:
    target = facts.target.version if facts.target else None
    newest = facts.ledger.newest.version if facts.ledger.newest else None
    load_failed = failure is not None and failure.reason == LOAD_FAILED and failure.version == target
    return Standing(
        missing=facts.missing,
        pinned=facts.capability.spec.rollout.pinned_version,
        published=tuple(entry.version for entry in facts.ledger.published),
        newest=newest,
        target=target,
        current=answering.version if answering else None,
        answers=bool(answering and answering.endpoints),
        load_failure=failure.message if failure and load_failed else None,
        has_pods=facts.target_view is None or facts.target_view.loading is not Loading.NO_PODS,
        active_runs=facts.active_runs,
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
            ready_replicas=len(one.endpoints),
        )
        for one in routed.versions
        if one.endpoints
    ]


def _history_entry(entry: VersionPublished) -> HistoryEntry:
    return HistoryEntry(
        version=entry.version,
        run=entry.run,
        run_digest=entry.run_digest,
        model_sha256=entry.model_sha256,
        published_time=entry.time,
    )
