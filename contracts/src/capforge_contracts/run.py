"""The run contract: what the operator asks a trainer for and what a trainer writes."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from capforge_contracts.dataset import Split
from capforge_contracts.model import Stored, canonical_json, sha256_hex


class CapabilityType(StrEnum):
    """What a capability does."""

    DETECTOR = "DetectorElement"
    BOX_CLASSIFIER = "BoxClassifierElement"
    BOX_EMBEDDER = "BoxEmbedderElement"
    FIELD_EXTRACTOR = "FieldExtractorElement"


class Output(Stored):
    """One output class; position = class index of the ONNX output."""

    position: int
    name: str


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


class RunSpec(Stored):
    """`run.json`: everything a trainer needs to know. Written once under the run digest."""

    namespace: str
    capability: str
    capability_type: CapabilityType
    run: str
    """The TrainingRun's name when first asked for; not part of the digest."""
    digest: str
    outputs: list[Output]
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


def run_digest(spec: RunSpec) -> str:
    """Return what makes two runs the same run: parameters, data, outputs, seed, time budget, image, accelerator."""
    same = {
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
    return sha256_hex(canonical_json(same))


class AttemptClaim(Stored):
    """`attempt.json`: one process took this attempt's number."""

    attempt: int
    host: str
    start_time: str


class Phase(StrEnum):
    """What a trainer is doing."""

    PREPARING = "Preparing"
    TRAINING = "Training"
    EXPORTING = "Exporting"
    EVALUATING = "Evaluating"
    DONE = "Done"


class Progress(Stored):
    """`progress.json`: overwritten every few seconds."""

    phase: Phase
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    percent: int = 0
    """Of the whole run, 0-100, never goes back within an attempt."""
    remaining_seconds: int | None = None
    metrics: dict[str, float] = {}
    """The last known: loss, map50, …"""
    attempt: int = 1
    resumed_from_epoch: int | None = None


class ClassMetrics(Stored):
    """Metrics of one class; None means no data."""

    name: str
    objects: int
    ap50: float | None = None
    ap50_95: float | None = None
    precision: float | None = None
    recall: float | None = None


class DetectionMetrics(Stored):
    """What the served ONNX reaches on one set."""

    images: int
    objects: int
    map50: float | None = None
    map50_95: float | None = None
    precision: float | None = None
    """At the card's threshold."""
    recall: float | None = None
    f1: float | None = None
    classes: list[ClassMetrics] = []


class Parity(Stored):
    """How close the ONNX graph is to the trained torch model."""

    images: int
    heads_max_abs_error: float
    detections_matched_percent: float
    min_matched_iou: float | None = None
    max_score_difference: float | None = None
    passed: bool


class TensorSpec(Stored):
    """Name, type and shape (-1 = batch) of one tensor of the model."""

    name: str
    datatype: str
    """Open Inference Protocol name: UINT8, FP32, INT64."""
    shape: list[int]


class ModelCard(Stored):
    """`model-card.json`: written last; everything known about one trained model."""

    namespace: str
    capability: str
    capability_type: CapabilityType
    run: str
    run_digest: str
    attempt: int
    template: str
    parameters: dict[str, Any]
    outputs: list[Output]
    datasets: RunDatasets
    ignored_classes: dict[str, int] = {}
    """Classes of the data that are not outputs, with how many objects were left out."""
    model_sha256: str
    model_size_bytes: int
    golden_sha256: str
    opset: int
    inputs: list[TensorSpec]
    model_outputs: list[TensorSpec]
    max_batch_size: int
    input_width: int
    input_height: int
    transforms_version: str
    confidence_threshold: float
    """Best F1 on dev."""
    dev: DetectionMetrics | None = None
    test: DetectionMetrics | None = None
    parity: Parity
    epochs: int
    best_epoch: int
    train_seconds: float
    warnings: list[str] = []
    environment: dict[str, str] = {}


class RunResult(Stored):
    """`result.json`: the operator's word on which attempt counts."""

    attempt: int
    model_sha256: str
    card_sha256: str
