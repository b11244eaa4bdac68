"""What the operator asks a trainer for, and what makes two runs the same run."""

from __future__ import annotations

from typing import Any

from capforge_contracts.data_model import DataField
from capforge_contracts.dataset import Split
from capforge_contracts.model import Stored, canonical_json, sha256_hex
from capforge_contracts.run.capability import CapabilityType, Output


class InitialWeights(Stored):
    """The weights that training starts from, instead of random ones."""

    key: str
    """Of a file WEIGHTS in the object store, in the same namespace."""
    sha256: str
    origin: str
    """For people: `version 1.3`, or the address that a person gave."""


class DatasetSelection(Stored):
    """A locked dataset, or one split of it."""

    name: str
    digest: str
    split: Split | None = None
    """None takes all items."""


class RunDatasets(Stored):
    """What is read for what: dev chooses checkpoint and threshold, test is read once at the end."""

    train: list[DatasetSelection]
    dev: list[DatasetSelection]
    test: list[DatasetSelection] = []


class Champion(Stored):
    """The version that answers now: the run also judges it, on the same dev."""

    version: str
    model_key: str
    model_sha256: str
    card_key: str


class RunSpec(Stored):
    """`run.json`: everything a trainer needs to know. Written once under the run digest."""

    namespace: str
    capability: str
    capability_type: CapabilityType
    run: str
    """The TrainingRun's name when first asked for; not part of the digest."""
    digest: str
    outputs: list[Output] = []
    """Of the vision types."""
    fields: list[DataField] = []
    """Of a field extractor: its data model; the position is the field's index in the model."""
    datasets: RunDatasets
    template: str
    parameters: dict[str, Any]
    """The template's effective parameters: defaults with the overrides merged in."""
    seed: int
    time_budget_seconds: int
    """Training (not export and evaluation) stops gracefully after this time."""
    image: str
    """Reference of the trainer image."""
    gpus: int = 0
    champion: Champion | None = None
    """Not part of the digest."""
    initial_weights: InitialWeights | None = None
    """None: as the template's parameters say."""


def run_digest(spec: RunSpec) -> str:
    """Return what makes two runs the same run: parameters, data, outputs, seed, time budget, image, accelerator."""
    same: dict[str, Any] = {
        "type": spec.capability_type,
        "outputs": [output.model_dump() for output in sorted(spec.outputs, key=lambda output: output.position)],
        "datasets": {
            role: sorted((one.digest, one.split or "All") for one in getattr(spec.datasets, role))
            for role in ("train", "dev", "test")
        },
        "template": spec.template,
        "parameters": spec.parameters,
        "seed": spec.seed,
        "timeBudgetSeconds": spec.time_budget_seconds,
        "image": spec.image,
        "accelerator": "cuda" if spec.gpus else "cpu",
    }
    if spec.initial_weights:
        same["initialWeights"] = spec.initial_weights.sha256
    if spec.fields:
        same["fields"] = [field.model_dump(mode="json") for field in spec.fields]
    return sha256_hex(canonical_json(same))
