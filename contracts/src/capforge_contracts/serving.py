"""What the operator wants loaded, what each serving pod has loaded, and where the gateway sends a request."""

from __future__ import annotations

import gzip
import zlib
from contextlib import suppress
from enum import StrEnum
from typing import Self

from capforge_contracts.data_model import DataField
from capforge_contracts.model import Stored
from capforge_contracts.run import CapabilityType, CropSettings, Output

_GZIP = b"\x1f\x8b"


class Mounted(Stored):
    """A document that the operator also keeps in a ConfigMap, under one name in one of two forms.

    JSON; or gzipped JSON, where it would be too large for an object of the API server (1 MiB).
    """

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Parse either form; raises pydantic.ValidationError naming each wrong field."""
        if isinstance(data, bytes) and data.startswith(_GZIP):
            # Damaged ones are parsed as they are: that names the fault in the same way.
            with suppress(OSError, EOFError, zlib.error):
                data = gzip.decompress(data)
        return super().from_json(data)


class DesiredModel(Stored):
    """One model that a pool should serve."""

    model: str
    """Triton's model name, names.model_name()."""
    namespace: str
    capability: str
    version: str
    model_key: str
    model_sha256: str
    golden_key: str
    golden_sha256: str
    max_batch_size: int
    required: bool
    """True: the champion, already proven on this pool; a pod is not ready without it."""
    trial_pod: str = ""
    """A model that no pod has proven yet is loaded by this pod alone, until it has; empty: by every pod."""


class DesiredModels(Mounted):
    """The whole truth for one pool; an agent ignores a generation that is not newer than its own."""

    pool: str
    generation: int
    models: list[DesiredModel] = []


class LoadState(StrEnum):
    """How far one pod has come with one model."""

    PENDING = "Pending"
    PULLING = "Pulling"
    LOADING = "Loading"
    PROVING = "Proving"
    READY = "Ready"
    FAILED = "Failed"
    UNLOADING = "Unloading"


class ModelState(Stored):
    """One model on one pod."""

    model: str
    state: LoadState
    reason: str = ""
    """CamelCase: PullFailed, DigestMismatch, LoadFailed, GoldenMismatch, …"""
    message: str = ""


class PodState(Stored):
    """`GET /state` of an agent."""

    pool: str
    generation: int
    """Of the desired document the agent works on."""
    server_version: str = ""
    ready: bool = False
    models: list[ModelState] = []


class Endpoint(Stored):
    """A pod that has a version loaded and proven."""

    pod: str
    address: str
    """`10.0.0.7:8000`: Triton's HTTP port."""
    doubtful: bool = False
    """Nothing is known of it now, and nobody else has the version: better asked than nobody."""


class RoutedVersion(Stored):
    """Everything the gateway needs to answer with one version."""

    version: str
    model: str
    run: str
    run_digest: str
    dataset_digests: list[str]
    input_width: int
    input_height: int
    transforms_version: str
    thresholds: dict[str, float]
    """Per output name, 0-1: the spec's if set, else the card's."""
    max_batch_size: int = 1
    """How many images the model takes in one request, by its card."""
    fields: list[DataField] = []
    """Of a field extractor: the data model that this version was trained on, by index in the model."""
    crop: CropSettings | None = None
    """Of a classifier or embedder: how its regions are cut out."""
    embedding_size: int = 0
    """Of an embedder."""
    endpoints: list[Endpoint] = []


class RoutedCapability(Stored):
    """One capability as the gateway sees it."""

    namespace: str
    name: str
    type: CapabilityType
    description: str = ""
    outputs: list[Output] = []
    fields: list[DataField] = []
    """Of a field extractor: its data model now."""
    input_from: str | None = None
    """Of a classifier or embedder: the capability of the same namespace whose entities it takes where a request brings
    none."""
    input_filter: list[str] = []
    """Which of their classes it takes; empty: all."""
    versions: list[RoutedVersion] = []
    current: str | None = None
    """The version that `v1` answers with; None: no model yet."""
    reason: str = ""
    """Why there is no model yet, for the 409."""


class RoutingTable(Mounted):
    """The whole truth for the gateways; one that is not newer than the current is ignored."""

    generation: int
    capabilities: list[RoutedCapability] = []
