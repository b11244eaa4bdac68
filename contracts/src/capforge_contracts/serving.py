"""What the operator wants loaded, what each serving pod has loaded, and where the gateway sends a request."""

from __future__ import annotations

from enum import StrEnum

from capforge_contracts.model import Stored
from capforge_contracts.run import CapabilityType, Output


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


class DesiredModels(Stored):
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
    endpoints: list[Endpoint] = []


class RoutedCapability(Stored):
    """One capability as the gateway sees it."""

    namespace: str
    name: str
    type: CapabilityType
    description: str = ""
    outputs: list[Output] = []
    versions: list[RoutedVersion] = []
    current: str | None = None
    """The version that `v1` answers with; None: no model yet."""
    reason: str = ""
    """Why there is no model yet, for the 409."""


class RoutingTable(Stored):
    """The whole truth for the gateways; one that is not newer than the current is ignored."""

    generation: int
    capabilities: list[RoutedCapability] = []
