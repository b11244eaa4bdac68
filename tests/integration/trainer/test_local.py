"""Training without a cluster, by the commands people type: a COCO folder in, a model that onnxruntime runs out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.run import ModelCard
from capforge_trainer.export.session import Session
from tests.unit.trainer.world import TINY, picture

_WAIT_SECONDS = 300
_SHORT = [*TINY, "schedule.maxEpochs=2", "schedule.evaluations=1"]


def _coco(folder: Path, role: str, seeds: range) -> None:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for seed in seeds:
        pixels, entities = picture(seed)
        name = f"images/{seed}.png"
        cv2.imwrite(str(folder / name), pixels[:, :, ::-1])
        images.append({"id": seed, "file_name": name, "width": pixels.shape[1], "height": pixels.shape[0]})
        for entity in entities:
            left, top, right, bottom = entity.box
            box = [left, top, right - left, bottom - top]
            category = 9 if entity.class_name == "disc" else 4
            number = len(annotations) + 1
            annotations.append({"id": number, "image_id": seed, "category_id": category, "bbox": box, "iscrowd": 0})
    categories = [{"id": 9, "name": "disc"}, {"id": 4, "name": "square"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / f"{role}.json").write_text(json.dumps(document))


def _train(
    data: Path, out: Path, settings: list[str] = _SHORT, template: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "capforge_trainer", "local", str(data), "--out", str(out)]
    command += ["--template", template] if template else []
    for setting in settings:
        command += ["--set", setting]
    environment = {**os.environ, "CAPFORGE_TERMINATION_LOG": str(out.with_suffix(".termination"))}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_WAIT_SECONDS, env=environment)


def test_a_coco_folder_becomes_a_model(tmp_path: Path):
    _coco(tmp_path / "data", "train", range(6))
    _coco(tmp_path / "data", "dev", range(100, 102))
    _coco(tmp_path / "data", "test", range(200, 202))
    done = _train(tmp_path / "data", tmp_path / "out")
    assert done.returncode == ExitCode.SUCCESS, done.stderr
    card = ModelCard.from_json((tmp_path / "out" / "model-card.json").read_bytes())
    assert [output.name for output in card.outputs] == ["square", "disc"]  # in the order of category ids
    assert (card.dev.images if card.dev else 0, card.test.images if card.test else 0) == (2, 2)
    answer = Session((tmp_path / "out" / "model.onnx").read_bytes()).run(picture(1)[0][None])
    assert answer["boxes"].shape == (1, 100, 4)
    assert np.isfinite(answer["boxes"]).all()
    assert "100 % done" in done.stderr
    assert "mAP50" in done.stdout
    assert str(tmp_path / "out" / "model.onnx") in done.stdout


def test_without_a_dev_file_a_share_of_train_is_kept_for_dev(tmp_path: Path):
    _coco(tmp_path / "data", "train", range(20))
    done = _train(tmp_path / "data", tmp_path / "out")
    assert done.returncode == ExitCode.SUCCESS, done.stderr
    card = ModelCard.from_json((tmp_path / "out" / "model-card.json").read_bytes())
    assert card.dev is not None
    assert 1 <= card.dev.images <= 10


def test_the_same_folder_becomes_a_classifier(tmp_path: Path):
    _coco(tmp_path / "data", "train", range(6))
    _coco(tmp_path / "data", "dev", range(100, 102))
    settings = ["crop.longSidePixels=32", "model.width=8", "optimizer.batchSize=8", "schedule.maxEpochs=1"]
    done = _train(tmp_path / "data", tmp_path / "out", settings, "box-classifier-small")
    assert done.returncode == ExitCode.SUCCESS, done.stderr
    card = ModelCard.from_json((tmp_path / "out" / "model-card.json").read_bytes())
    assert (card.template, [output.name for output in card.outputs]) == ("box-classifier-small", ["square", "disc"])
    answer = Session((tmp_path / "out" / "model.onnx").read_bytes()).run(np.zeros((1, 32, 32, 3), np.uint8))
    assert answer["scores"].shape == (1, 2)
    for told in ("dev (4 regions)", "taken for", "top-1", "weights.safetensors", "report.html"):
        assert told in done.stdout


def test_a_template_of_other_data_is_refused(tmp_path: Path):
    done = _train(tmp_path, tmp_path / "out", [], "candidate-scorer")
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert "allowed for images: anchor-free-detector, fcos-detector, box-classifier-small" in done.stderr


def test_every_faulty_record_is_named(tmp_path: Path):
    data = tmp_path / "data"
    _coco(data, "train", range(4))
    _coco(data, "dev", range(100, 101))
    document = json.loads((data / "train.json").read_text())
    document["annotations"][0]["bbox"] = [5, 5, 0, 10]
    document["annotations"][3]["category_id"] = 77
    (data / "images" / "2.png").unlink()
    (data / "train.json").write_text(json.dumps(document))
    done = _train(data, tmp_path / "out")
    assert done.returncode == ExitCode.BAD_DATA
    for named in ("annotation 1", "annotation 4", "2.png"):
        assert named in done.stderr
    assert Termination.from_json((tmp_path / "out.termination").read_bytes()).reason == "BadData"


def test_a_wrong_setting_is_named(tmp_path: Path):
    done = _train(tmp_path, tmp_path / "out", [*_SHORT, "optimizer.batchSise=4"])
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert "optimizer.batchSise" in done.stderr


def test_a_folder_without_train_json_is_named(tmp_path: Path):
    done = _train(tmp_path, tmp_path / "out")
    assert done.returncode == ExitCode.BAD_CONFIGURATION
    assert "train.json: there is no such file" in done.stderr
