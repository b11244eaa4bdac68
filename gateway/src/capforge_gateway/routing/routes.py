"""The routing table in the form the hot path reads: immutable, indexed, swapped as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.data_model import DataField
from capforge_contracts.run import CapabilityType, CropSettings
from capforge_contracts.serving import RoutedCapability, RoutedVersion, RoutingTable
from capforge_transforms import Transforms, UnknownVersion, transforms

DEFAULT_THRESHOLD = 0.5
"""For an output that neither the spec nor the card gives a threshold."""
REGION_TYPES = frozenset({CapabilityType.BOX_CLASSIFIER, CapabilityType.BOX_EMBEDDER})
"""Those that say something about the entities of an image."""
_DEFAULT_THRESHOLDS: Mapping[CapabilityType, float] = {CapabilityType.BOX_CLASSIFIER: 0.0}
"""A classifier without a threshold always says which class is the likeliest."""


@dataclass(frozen=True)
class Version:
    """One version of a capability, with everything that a prediction needs."""

    version: str
    model: str
    run: str
    run_digest: str
    dataset_digests: tuple[str, ...]
    width: int
    height: int
    """Of the model's input, pixels."""
    transforms_version: str
    transforms: Transforms | None
    """None: this gateway has no transforms of that version (it is older than the model)."""
    names: tuple[str, ...]
    """Output name by position."""
    thresholds: NDArray[np.float32]
    """Confidence from which a detection counts, 0-1, by position."""
    addresses: tuple[str, ...]
    """`host:port` of the model servers that have it loaded and proven."""
    max_batch_size: int = 1
    """How many images (or pages) a model server takes in one request."""
    fields: tuple[DataField, ...] = ()
    """Of a field extractor: the data model that this version was trained on, by index in the model."""
    field_thresholds: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Of a field extractor: confidence from which a value counts, 0-1, by field; DEFAULT_THRESHOLD for others."""
    crop: CropSettings | None = None
    """Of a classifier or embedder: how its regions are cut out."""
    embedding_size: int = 0
    """Of an embedder: numbers in a vector; 0: not told."""


@dataclass(frozen=True)
class Capability:
    """One capability: its interface and the versions that answer."""

    namespace: str
    name: str
    type: CapabilityType
    description: str
    versions: Mapping[str, Version]
    current: str | None
    reason: str
    fields: tuple[DataField, ...] = ()
    """Of a field extractor: its data model now."""
    input_from: str | None = None
    """Of a classifier or embedder: whose entities it takes where a request brings none."""
    input_filter: frozenset[str] = frozenset()
    """Which of their classes it takes; empty: all."""


@dataclass(frozen=True)
class Routes:
    """All capabilities by (namespace, name)."""

    generation: int = -1
    """-1: nothing was received yet."""
    capabilities: Mapping[tuple[str, str], Capability] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def namespaces(self) -> frozenset[str]:
        """Namespaces that have a capability."""
        return frozenset(namespace for namespace, _ in self.capabilities)

    @property
    def addresses(self) -> frozenset[str]:
        """Model servers that any version is routed to."""
        return frozenset(
            address
            for capability in self.capabilities.values()
            for version in capability.versions.values()
            for address in version.addresses
        )


def routes_from(table: RoutingTable) -> Routes:
    """Index a table."""
    return Routes(
        generation=table.generation,
        capabilities=MappingProxyType({(one.namespace, one.name): _capability(one) for one in table.capabilities}),
    )


def _capability(routed: RoutedCapability) -> Capability:
    names = _names_by_position(routed)
    return Capability(
        namespace=routed.namespace,
        name=routed.name,
        type=routed.type,
        description=routed.description,
        versions=MappingProxyType({one.version: _version(one, names, routed.type) for one in routed.versions}),
        current=routed.current,
        reason=routed.reason,
        fields=tuple(routed.fields),
        input_from=routed.input_from,
        input_filter=frozenset(routed.input_filter),
    )


def _names_by_position(routed: RoutedCapability) -> tuple[str, ...]:
    """Order by position, never by the list's order; a gap keeps its place with a name of its own."""
    by_position = {output.position: output.name for output in routed.outputs}
    return tuple(
        by_position.get(position, f"output-{position}") for position in range(max(by_position, default=-1) + 1)
    )


def _version(routed: RoutedVersion, names: tuple[str, ...], element_type: CapabilityType) -> Version:
    default = _DEFAULT_THRESHOLDS.get(element_type, DEFAULT_THRESHOLD)
    return Version(
        version=routed.version,
        model=routed.model,
        run=routed.run,
        run_digest=routed.run_digest,
        dataset_digests=tuple(routed.dataset_digests),
        width=routed.input_width,
        height=routed.input_height,
        transforms_version=routed.transforms_version,
        transforms=_transforms(routed.transforms_version),
        names=names,
        thresholds=np.array([routed.thresholds.get(name, default) for name in names], np.float32),
        addresses=tuple(dict.fromkeys(endpoint.address for endpoint in routed.endpoints)),
        max_batch_size=max(routed.max_batch_size, 1),
        fields=tuple(routed.fields),
        field_thresholds=MappingProxyType(dict(routed.thresholds)),
        crop=routed.crop,
        embedding_size=routed.embedding_size,
    )


def _transforms(version: str) -> Transforms | None:
    """One model that is newer than this gateway must not stop the whole table."""
    try:
        return transforms(version)
    except UnknownVersion:
        return None
