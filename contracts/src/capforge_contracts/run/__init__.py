"""The run contract: what the operator asks a trainer for and what a trainer writes."""

from capforge_contracts.run.attempt import AttemptClaim, Phase, Progress, RunResult
from capforge_contracts.run.capability import CapabilityType, CropForm, CropSettings, Output
from capforge_contracts.run.card import ModelCard, Parity, TensorSpec
from capforge_contracts.run.metrics import (
    ClassificationMetrics,
    ClassMetrics,
    ClassShare,
    Comparison,
    DetectionMetrics,
    DocumentMetrics,
    EmbeddingMetrics,
    FieldMetrics,
)
from capforge_contracts.run.spec import Champion, DatasetSelection, InitialWeights, RunDatasets, RunSpec, run_digest

__all__ = [
    "AttemptClaim",
    "CapabilityType",
    "Champion",
    "ClassMetrics",
    "ClassShare",
    "ClassificationMetrics",
    "Comparison",
    "CropForm",
    "CropSettings",
    "DatasetSelection",
    "DetectionMetrics",
    "DocumentMetrics",
    "EmbeddingMetrics",
    "FieldMetrics",
    "InitialWeights",
    "ModelCard",
    "Output",
    "Parity",
    "Phase",
    "Progress",
    "RunDatasets",
    "RunResult",
    "RunSpec",
    "TensorSpec",
    "run_digest",
]
