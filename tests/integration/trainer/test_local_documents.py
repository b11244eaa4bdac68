"""Training a field extractor without a cluster, by the command people type."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from capforge_contracts import layout
from capforge_contracts.dataset import Split
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import ModelCard
from capforge_contracts.submissions import write_documents_manifest
from capforge_trainer.documents.served import ServedScorer
from tests.unit.trainer.documents_world import FIELDS, NAMESPACE, QUICK, put_document, reading


def folder(path: Path) -> Path:
    store = MemoryObjectStore()
    items = [put_document(store, seed, Split.DEV if seed == 5 else Split.TRAIN) for seed in range(1, 6)]
    (path / "readings").mkdir(parents=True)
    for item in items:
        data = store.get(layout.blob(NAMESPACE, item.reading_sha256))
        (path / "readings" / f"{item.reading_sha256}.json").write_bytes(data)
    (path / "documents.jsonl").write_bytes(write_documents_manifest(FIELDS, items))
    return path


def train(data: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "capforge_trainer", "local", str(data), "--out", str(out)]
    for name, value in {**QUICK, "maxEpochs": 2}.items():
        command += ["--set", f"{name}={str(value).lower()}"]
    environment = {**os.environ, "CAPFORGE_TERMINATION_LOG": str(out.with_suffix(".termination"))}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)


def test_a_folder_of_annotated_documents_becomes_a_model(tmp_path: Path):
    done = train(folder(tmp_path / "slips"), tmp_path / "out")
    assert done.returncode == ExitCode.SUCCESS, done.stderr[-3000:]
    card = ModelCard.from_json((tmp_path / "out" / "model-card.json").read_bytes())
    assert (card.capability, card.template) == ("slips", "candidate-scorer")
    assert card.document_dev is not None
    assert card.document_dev.cross_validated
    model = ServedScorer((tmp_path / "out" / "model.onnx").read_bytes(), card.fields)
    assert set(model.predictions(reading(77))) == {field.name for field in FIELDS}
    for told in ("train, by folds (4 documents)", "supplier", "whole documents right", "warning: field phone"):
        assert told in done.stdout


def test_a_missing_reading_is_named(tmp_path: Path):
    data = folder(tmp_path / "slips")
    missing = next((data / "readings").iterdir())
    missing.unlink()
    done = train(data, tmp_path / "out")
    assert done.returncode == ExitCode.BAD_DATA
    assert missing.name in done.stderr
