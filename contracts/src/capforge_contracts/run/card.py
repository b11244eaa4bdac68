"""Everything that is known about one trained model."""

from __future__ import annotations

from typing import Any

from capforge_contracts.data_model import DataField
from capforge_contracts.model import Stored
from capforge_contracts.run.capability import CapabilityType, CropSettings, Output
from capforge_contracts.run.metrics import (
    ClassificationMetrics,
    Comparison,
    DetectionMetrics,
    DocumentMetrics,
    EmbeddingMetrics,
)
from capforge_contracts.run.spec import RunDatasets


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
    outputs: list[Output] = []
    fields: list[DataField] = []
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
    field_thresholds: dict[str, float] = {}
    """Of a field extractor: the confidence from which a field's value counts."""
    dev: DetectionMetrics | None = None
    test: DetectionMetrics | None = None
    crop: CropSettings | None = None
    """Of a classifier or embedder."""
    embedding_size: int = 0
    """Of an embedder: numbers in a vector."""
    classification_dev: ClassificationMetrics | None = None
    classification_test: ClassificationMetrics | None = None
    embedding_dev: EmbeddingMetrics | None = None
    embedding_test: EmbeddingMetrics | None = None
    document_dev: DocumentMetrics | None = None
    document_test: DocumentMetrics | None = None
    comparison: Comparison | None = None
    """With the champion; None: there was none, or it could not be judged (a warning says why)."""
    parity: Parity
    epochs: int
    best_epoch: int
    train_seconds: float
    warnings: list[str] = []
    environment: dict[str, str] = {}
