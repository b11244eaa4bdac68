"""From all that was observed about serving to the two documents: what is loaded, and where requests go."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.serving import DesiredModel, DesiredModels, LoadState, RoutedCapability, RoutingTable
from capforge_operator.api.capability import Capability
from capforge_operator.domain.desired import Proofs, desired_models, next_document
from capforge_operator.domain.ledger import Ledger
from capforge_operator.domain.packed import interned
from capforge_operator.domain.pool import AWAITING_TRIAL, Pool
from capforge_operator.domain.routes import Known, next_table, refreshed, routed
from capforge_operator.domain.serving import Choice, Release, Wish, choose

_SETTLED = {LoadState.READY, LoadState.FAILED}


@dataclass(frozen=True)
class ServedCapability:
    """A capability and what of it can be served. No releases: what it has could not be read; the old stays."""

    capability: Capability
    ledger: Ledger
    releases: tuple[Release, ...] | None

    @property
    def name(self) -> tuple[str, str]:
        """Return namespace and name."""
        return interned(self.capability.metadata.namespace, self.capability.metadata.name)


@dataclass(frozen=True)
class ServingFacts:
    """Everything that is observed."""

    pool_name: str
    pool: Pool
    capabilities: tuple[ServedCapability, ...]
    desired: DesiredModels | None
    """The previous document."""
    proofs: Proofs
    routes: RoutingTable | None
    """The previous table."""
    elsewhere: frozenset[str] = frozenset()
    """Models that capabilities keep loaded which are not looked at this time."""
    unreadable: frozenset[tuple[str, str]] = frozenset()
    """Capabilities (namespace, name) whose objects cannot even be parsed; what they had stays."""

    @property
    def unread(self) -> frozenset[tuple[str, str]]:
        """Return the capabilities of which not everything could be read."""
        return self.unreadable | {one.name for one in self.capabilities if one.releases is None}


@dataclass(frozen=True)
class ServingPlan:
    """What should be."""

    desired: DesiredModels
    proofs: Proofs
    routes: RoutingTable


def wish_of(capability: Capability) -> Wish:
    """Return what the spec says about serving."""
    return Wish(capability.spec.rollout.pinned_version, capability.spec.serving.keep_loaded)


def plan(facts: ServingFacts, now: datetime) -> ServingPlan:
    """Decide; equal facts give equal documents, and unchanged content keeps its generation."""
    known = Known.of(facts.routes)
    choices = {
        one.name: _choice(one, facts.pool, known.capability(*one.name))
        for one in facts.capabilities
        if one.releases is not None
    }
    kept = list(_kept_models(facts))
    loaded = {release.model for choice in choices.values() for release in choice.loaded} | {one.model for one in kept}
    proofs = facts.proofs.updated(facts.pool, facts.elsewhere | loaded)
    models = [
        one
        for name, choice in choices.items()
        for one in desired_models(name, choice, proofs, facts.pool, facts.desired)
    ]
    return ServingPlan(
        desired=next_document(facts.pool_name, [*models, *kept], facts.desired, facts.pool, now),
        proofs=proofs,
        routes=next_table(_routes(facts, choices, known), facts.routes, now),
    )


def is_settled(generation: int, models: Collection[str], pool: Pool) -> bool:
    """Tell whether every pod has come to an end, good or bad, with every model of the newest document."""
    for pod in pool.pods:
        if pod.deleting:
            continue
        if pod.state is None or pod.state.generation != generation:
            return False
        settled = {one.model for one in pod.state.models if one.state in _SETTLED or one.reason == AWAITING_TRIAL}
        if not settled.issuperset(models):
            return False
    return True


def _choice(served: ServedCapability, pool: Pool, before: RoutedCapability | None) -> Choice:
    return choose(
        served.releases or (),
        wish_of(served.capability),
        before.current if before else None,
        lambda release: pool.is_ready(release.model),
        lambda release: pool.is_spread(release.model),
    )


def _kept_models(facts: ServingFacts) -> Iterable[DesiredModel]:
    before = facts.desired.models if facts.desired else []
    return (one for one in before if (one.namespace, one.capability) in facts.unread)


def _routes(facts: ServingFacts, choices: dict[tuple[str, str], Choice], known: Known) -> Iterable[RoutedCapability]:
    for one in facts.capabilities:
        choice = choices.get(one.name)
        if choice is not None:
            before, has_versions = known.capability(*one.name), bool(one.ledger.published)
            yield routed(one.capability, choice, facts.pool, before, has_versions=has_versions)
    for name in sorted(facts.unread):
        before = known.capability(*name)
        if before is not None:
            yield refreshed(before, facts.pool)
