"""The document that tells the gateways where requests go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from capforge_contracts.run import CapabilityType
from capforge_contracts.serving import RoutedCapability, RoutedVersion, RoutingTable
from capforge_operator.api.capability import Capability
from capforge_operator.domain.desired import next_generation
from capforge_operator.domain.pool import Pool
from capforge_operator.domain.serving import Choice, Release, ServedCard
from capforge_operator.domain.shape import percents_of, shape_of

PERCENT = 100
NO_VERSION = "There is no model yet: make a TrainingRun for this capability."
NO_VERSION_YET = "There is no model yet: annotate documents, and the first one is trained by itself."
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


def routed(
    capability: Capability, choice: Choice, pool: Pool, before: RoutedCapability | None, *, has_versions: bool
) -> RoutedCapability:
    """Return one capability's routes."""
    earlier = {one.version: one for one in before.versions} if before else {}
    shape, spec = shape_of(capability), capability.spec
    return RoutedCapability(
        namespace=capability.metadata.namespace,
        name=capability.metadata.name,
        type=CapabilityType(capability.spec.type.value),
        description=capability.spec.description or "",
        outputs=list(shape.outputs),
        fields=list(shape.fields),
        input_from=spec.input_from.capability_ref.name if spec.input_from else None,
        input_filter=sorted(spec.input_filter.classes) if spec.input_filter else [],
        versions=[_version(capability, release, pool, earlier.get(release.version)) for release in choice.loaded],
        current=choice.current.version if choice.current else None,
        reason="" if choice.current else _why_none(capability, choice, pool, has_versions=has_versions),
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
        thresholds=_thresholds(capability, release.card),
        max_batch_size=release.card.max_batch_size,
        fields=list(release.card.shape.fields),
        crop=release.card.crop,
        embedding_size=release.card.embedding_size,
        endpoints=pool.endpoints(release.model, known),
    )


def _thresholds(capability: Capability, card: ServedCard) -> dict[str, float]:
    """Return 0-1 per class or field of the model: the spec's where set, else the card's. An embedder has none."""
    if card.shape.type is CapabilityType.BOX_EMBEDDER:
        return {}
    percents = percents_of(capability)
    cards = {name: card.field_thresholds.get(name, card.confidence_threshold) for name in card.shape.names}
    chosen = {name: percents.get(name) for name in cards}
    return {name: cards[name] if percent is None else percent / PERCENT for name, percent in chosen.items()}


def _why_none(capability: Capability, choice: Choice, pool: Pool, *, has_versions: bool) -> str:
    if not has_versions:
        return NO_VERSION if capability.spec.data_model is None else NO_VERSION_YET
    if choice.target is None:
        return NOTHING_FITS
    view = pool.view(choice.target.model)
    if view.reason:
        return f"Version {choice.target.version} could not be loaded: {view.reason}: {view.message}"
    return f"Version {choice.target.version} is being loaded."
