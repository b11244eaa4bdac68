"""A card, rows and findings as a finished run would have them, to make pages of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from capforge_contracts.run import (
    CapabilityType,
    ClassificationMetrics,
    ClassMetrics,
    ClassShare,
    CropSettings,
    DatasetSelection,
    DetectionMetrics,
    EmbeddingMetrics,
    ModelCard,
    Output,
    Parity,
    RunDatasets,
)
from capforge_trainer.report.findings import Counts, DataFigures, Findings, Mark, Mistake, Picture
from capforge_trainer.report.page import Told
from capforge_trainer.report.trades import trade

NASTY = "</style><script>alert(1)</script>\"'&"
"""A class that somebody named so."""
ROWS: tuple[dict[str, Any], ...] = (
    {"step": 4, "epoch": 1, "loss": 2.5, "learning_rate": 0.002},
    {"step": 6, "epoch": 1, "map50": 0.2, "map50_95": 0.1},
    {"step": 8, "epoch": 2, "loss": 1.25, "learning_rate": 0.001},
    {"step": 8, "epoch": 2, "map50": 0.7, "map50_95": 0.4},
)


def card(**changes: Any) -> ModelCard:
    """Return the card of a detector of two classes."""
    values: dict[str, Any] = {
        "namespace": "team-a",
        "capability": "shapes",
        "capability_type": CapabilityType.DETECTOR,
        "run": "shapes-1",
        "run_digest": "a1" * 32,
        "attempt": 1,
        "template": "anchor-free-detector",
        "parameters": {"model": {"backbone": "resnet18", "neckChannels": 64}},
        "outputs": [Output(position=0, name="disc"), Output(position=1, name=NASTY)],
        "datasets": RunDatasets(
            train=[DatasetSelection(name="shapes", digest="b2" * 32)],
            dev=[DatasetSelection(name="shapes-dev", digest="c3" * 32)],
        ),
        "model_sha256": "d4" * 32,
        "model_size_bytes": 20_000_000,
        "golden_sha256": "e5" * 32,
        "opset": 17,
        "inputs": [],
        "model_outputs": [],
        "max_batch_size": 8,
        "input_width": 96,
        "input_height": 96,
        "transforms_version": "2",
        "confidence_threshold": 0.4,
        "dev": DetectionMetrics(
            images=2,
            objects=3,
            map50=0.7,
            map50_95=0.4,
            precision=0.5,
            recall=0.6,
            f1=0.55,
            classes=[
                ClassMetrics(name="disc", objects=3, ap50=0.7, ap50_95=0.4, precision=0.5, recall=0.6),
                ClassMetrics(name=NASTY, objects=0),
            ],
        ),
        "parity": Parity(images=2, heads_max_abs_error=1e-6, detections_matched_percent=100.0, passed=True),
        "epochs": 2,
        "best_epoch": 2,
        "train_seconds": 12.0,
        "warnings": [f"class {NASTY} has no object in dev"],
        "environment": {"image": "trainer:test"},
        **changes,
    }
    return ModelCard(**values)


def pixels() -> np.ndarray:
    """Return a picture uint8 [200,300,3]: red, so that its place in the page can be told."""
    return np.full((200, 300, 3), (200, 40, 40), np.uint8)


def findings() -> Findings:
    """Return findings of every kind."""
    marks = (Mark.box([10, 20, 60, 90], NASTY, truth=True), Mark.box([12, 22, 64, 95], "disc 0.93", truth=False))
    curve = trade("disc", np.array([0.9, 0.8, 0.7, 0.1]), np.array([True, False, True, True]), 4, 0.5)
    assert curve is not None
    return Findings(
        data=(DataFigures("train", {"images": 8, "objects": 15}, {"disc": 8, NASTY: 7}),),
        counts=(Counts("Objects", ("disc", NASTY), ("disc", NASTY), np.array([[7, 1], [2, 0]])),),
        trades=(curve,),
        mistakes=(Mistake(f"{NASTY}.png", "1 disc missed", (Picture(pixels, marks),)),),
    )


def told(**changes: Any) -> Told:
    """Return everything that a page is made of."""
    values: dict[str, Any] = {
        "card": card(),
        "rows": ROWS,
        "findings": findings(),
        "champion": None,
        "initial_weights": None,
        "made": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        **changes,
    }
    return Told(**values)


def classifier_card() -> ModelCard:
    """Return the card of a classifier of two classes."""
    return card(
        capability_type=CapabilityType.BOX_CLASSIFIER,
        template="box-classifier-small",
        dev=None,
        crop=CropSettings(width=64, height=64),
        classification_dev=ClassificationMetrics(
            objects=10,
            top1=0.8,
            macro_f1=0.7,
            classes=[ClassShare(name="disc", objects=6, precision=0.9, recall=0.8, f1=0.85)],
            confusion=[[5, 1], [1, 3]],
        ),
    )


def embedder_card() -> ModelCard:
    """Return the card of an embedder."""
    return card(
        capability_type=CapabilityType.BOX_EMBEDDER,
        template="box-embedder-small",
        dev=None,
        crop=CropSettings(width=64, height=64),
        embedding_size=128,
        embedding_dev=EmbeddingMetrics(objects=40, classes=10, recall_at_1=0.9, recall_at_5=0.95, map_at_r=0.7),
    )
