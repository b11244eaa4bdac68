"""The document that tells the gateways where requests go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.run import CapabilityType, Output
from capforge_contracts.serving import RoutedCapability, RoutedVersion, RoutingTable
from capforge_operator.api.capability import Capability
from capforge_operator.domain.desired import next_generation
from capforge_operator.domain.pool import Pool
from capforge_operator.domain.serving import Choice, Release

PERCENT = 100
NO_VERSION = "There is no model yet: make a TrainingRun for this capability."
NOTHING_FITS = "The capability's outputs were changed since its versions were trained: make a TrainingRun."


@dataclass(frozen=True)
class Known:
    """The previous table, by capability."""

    generation: int = 0
    capabilities: Mapping[tuple[str, str], RoutedCapability] | None = None

    @classmethod
    def of(cls, table: RoutingTable | None) -> Known:
        """Index a table; none is an empty one."""
        if table is None:
            return cls()
        return cls(table.generation, {(one.namespace, one.name): one for one in table.capabilities})

    def capability(self, namespace: str, name: str) -> RoutedCapability | None:
        """Return what was routed for a capability."""
        return (self.capabilities or {}).get((namespace, name))


def contract_outputs(capability: Capability) -> list[Output]:
    """Return the spec's outputs as the contract has them, by position."""
    outputs = sorted(capability.spec.model_parameters.outputs, key=lambda one: one.position)
    return [Output(position=one.position, name=one.name) for one in outputs]


def routed(
    capability: Capability, choice: Choice, pool: Pool, before: RoutedCapability | None, *, has_versions: bool
) -> RoutedCapability:
    """Return one capability's routes."""
    earlier = {one.version: one for one in before.versions} if before else {}
    return RoutedCapability(
        namespace=capability.metadata.namespace,
        name=capability.metadata.name,
        type=CapabilityType(capability.spec.type.value),
        description=capability.spec.description or "",
        outputs=contract_outputs(capability),
        versions=[_version(capability, release, pool, earlier.get(release.version)) for release in choice.loaded],
        current=choice.current.version if choice.current else None,
        reason="" if choice.current else _why_none(choice, pool, has_versions=has_versions),
    )


def refreshed(before: RoutedCapability, pool: Pool) -> RoutedCapability:
    """Return a capability's old routes with the pods of now, for when the rest cannot be read."""
    versions = [
        version.model_copy(update={"endpoints": pool.endpoints(version.model, version.endpoints)})
        for version in before.versions
    ]
    return before.model_copy(update={"versions": versions})


def next_table(capabilities: Iterable[RoutedCapability], before: RoutingTable | None, now: datetime) -> RoutingTable:
    """Return the table with the next generation, the old one if nothing changed."""
    content = sorted(capabilities, key=lambda one: (one.namespace, one.name))
    if before is not None and before.capabilities == content:
        return before
    return RoutingTable(generation=next_generation(before.generation if before else 0, now), capabilities=content)


def _version(capability: Capability, release: Release, pool: Pool, before: RoutedVersion | None) -> RoutedVersion:
    known = before.endpoints if before and before.model == release.model else ()
    return RoutedVersion(
        version=release.version,
        model=release.model,
        run=release.published.run,
        run_digest=release.published.run_digest,
        dataset_digests=release.published.dataset_digests,
        input_width=release.card.input_width,
        input_height=release.card.input_height,
        transforms_version=release.card.transforms_version,
        thresholds=_thresholds(capability, release.card.outputs, release.card.confidence_threshold),
        endpoints=pool.endpoints(release.model, known),
    )


def _thresholds(capability: Capability, outputs: Sequence[Output], card: float) -> dict[str, float]:
    """Return 0-1 per output of the model: the spec's where set, else the card's."""
    percents = {one.name: one.confidence_threshold_percent for one in capability.spec.model_parameters.outputs}
    chosen = {output.name: percents.get(output.name) for output in outputs}
    return {name: card if percent is None else percent / PERCENT for name, percent in chosen.items()}


def _why_none(choice: Choice, pool: Pool, *, has_versions: bool) -> str:
    if not has_versions:
        return NO_VERSION
    if choice.target is None:
        return NOTHING_FITS
    view = pool.view(choice.target.model)
    if view.reason:
        return f"Version {choice.target.version} could not be loaded: {view.reason}: {view.message}"
    return f"Version {choice.target.version} is being loaded."
