"""Runs as trainer and operator leave them in the object store, sound and damaged."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from capforge_contracts import layout
from capforge_contracts.run import CapabilityType, ModelCard, Output, Parity, RunDatasets, RunResult
from capforge_contracts.store import ObjectStore

DIGEST = "ab" * 32
"""Of the run behind version 1.1."""
FAILED = "cd" * 32
OLD = "ef" * 32
"""A run of a release that made no reports."""
CUT = "0a" * 32
"""A run whose model lost its end in the store."""
DAMAGED = "0b" * 32
"""A run whose result.json is no JSON."""
ENDLESS = "0c" * 32
"""A run whose own trainer left a model card without end."""
MODEL = bytes(range(256)) * 4096 + b"the end"
REPORT = b"<!DOCTYPE html><title>report</title>"


def card(run_digest: str) -> ModelCard:
    values: dict[str, Any] = {
        "namespace": "acme",
        "capability": "cells",
        "capability_type": CapabilityType.DETECTOR,
        "run": "run-1-1",
        "run_digest": run_digest,
        "attempt": 2,
        "template": "anchor-free-detector",
        "parameters": {},
        "outputs": [Output(position=0, name="red")],
        "datasets": RunDatasets(train=[], dev=[]),
        "model_sha256": sha256(MODEL).hexdigest(),
        "model_size_bytes": len(MODEL),
        "golden_sha256": "0" * 64,
        "opset": 17,
        "inputs": [],
        "model_outputs": [],
        "max_batch_size": 8,
        "input_width": 32,
        "input_height": 32,
        "transforms_version": "1",
        "confidence_threshold": 0.5,
        "parity": Parity(images=1, heads_max_abs_error=0, detections_matched_percent=100, passed=True),
        "epochs": 1,
        "best_epoch": 1,
        "train_seconds": 1,
    }
    return ModelCard(**values)


def put_run(store: ObjectStore, run_digest: str, *, report: bytes | None = REPORT, namespace: str = "acme") -> None:
    """Store a run whose first attempt broke off and whose second one counts."""

    def put(attempt: int, name: str, data: bytes) -> None:
        store.put(layout.attempt_file(namespace, run_digest, attempt, name), data)

    put(1, layout.REPORT, b"of the attempt that does not count")
    for name, data in ((layout.MODEL, MODEL), (layout.CARD, card(run_digest).to_json()), (layout.METRICS, b"{}\n")):
        put(2, name, data)
    if report is not None:
        put(2, layout.REPORT, report)
    result = RunResult(attempt=2, model_sha256=sha256(MODEL).hexdigest(), card_sha256="0" * 64)
    store.put(layout.run_result(namespace, run_digest), result.to_json())
