"""A hand-written run.json → the real trainer → S3 → the agent → Triton: what is served is what was trained."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
import tritonclient.http as triton_http

from capforge_contracts import golden, layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, write_manifest
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import (
    CapabilityType,
    DatasetSelection,
    Output,
    RunDatasets,
    RunSpec,
    run_digest,
)
from capforge_contracts.serving import LoadState
from capforge_contracts.store import ObjectStore
from capforge_tools.places import REPOSITORY
from tests.integration.agent.trained import card_of, entry_of
from tests.support.agent import ServingPod
from tests.support.objectstore import S3Server

NAMESPACE = "trained"
SIDE = 96
TRAINER = REPOSITORY / ".venv-trainer" / "bin" / "python"
PARAMETERS = {
    "model": {"inputLongSidePixels": SIDE, "neckChannels": 32},
    "augmentation": {"mosaic": 0, "turnDegrees": 0, "stretch": 0, "scaleMin": 0.9, "scaleMax": 1.1, "colour": 0.1},
    "optimizer": {"learningRate": 0.003, "warmupSteps": 5, "emaDecay": 0.9, "precision": "Float32"},
    "schedule": {"maxEpochs": 60, "evaluations": 3, "loaderThreads": 1},
}


def drawn(seed: int) -> tuple[np.ndarray, list[ManifestEntity]]:
    """One red disc above one blue square on noise: RGB pixels and gold."""
    random = np.random.default_rng(seed)
    pixels = random.integers(150, 200, (SIDE, SIDE, 3)).astype(np.uint8)
    entities = []
    for half, (name, colour) in enumerate({"disc": (220, 60, 60), "square": (60, 90, 220)}.items()):
        size = int(random.integers(20, 36))
        left = int(random.integers(4, SIDE - size - 4))
        top = half * SIDE // 2 + int(random.integers(2, SIDE // 2 - size - 2))
        if name == "square":
            pixels[top : top + size, left : left + size] = colour
        else:
            cv2.circle(pixels, (left + size // 2, top + size // 2), size // 2, colour, -1)
        entities.append(ManifestEntity(class_name=name, box=[left, top, left + size, top + size]))
    return pixels, entities


def put_dataset(store: ObjectStore, name: str, seeds: range) -> DatasetSelection:
    items = []
    for seed in seeds:
        pixels, entities = drawn(seed)
        data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()
        digest = sha256_hex(data)
        store.put(layout.blob(NAMESPACE, digest), data)
        item = ManifestItem(
            sha256=digest, name=f"{seed}.png", width=SIDE, height=SIDE, split=Split.TRAIN, entities=entities
        )
        items.append(item)
    manifest = write_manifest({"disc", "square"}, items)
    store.put(layout.manifest(NAMESPACE, sha256_hex(manifest)), manifest)
    return DatasetSelection(name=name, digest=sha256_hex(manifest))


def put_run(store: ObjectStore) -> RunSpec:
    spec = RunSpec(
        namespace=NAMESPACE,
        capability="shapes",
        capability_type=CapabilityType.DETECTOR,
        run="by-hand",
        digest="",
        outputs=[Output(position=0, name="disc"), Output(position=1, name="square")],
        datasets=RunDatasets(
            train=[put_dataset(store, "train", range(8))], dev=[put_dataset(store, "dev", range(100, 104))]
        ),
        template="anchor-free-detector",
        parameters=PARAMETERS,
        seed=7,
        time_budget_seconds=300,
        image="by-hand",
    )
    spec = spec.model_copy(update={"digest": run_digest(spec)})
    store.put(layout.run_spec(NAMESPACE, spec.digest), spec.to_json())
    return spec


def train(spec: RunSpec, environment: dict[str, str], folder: Path) -> None:
    done = subprocess.run(
        [str(TRAINER), "-m", "capforge_trainer", "run", "--run", layout.run_spec(NAMESPACE, spec.digest)],
        env={**environment, "PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def infer(pod: ServingPod, model: str, images: np.ndarray) -> dict[str, np.ndarray]:
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        image = triton_http.InferInput("image", list(images.shape), "UINT8")
        image.set_data_from_numpy(images)
        answer = client.infer(model, [image])
        return {name: answer.as_numpy(name) for name in ("boxes", "scores", "classes", "count")}


def overlap(one: np.ndarray, other: list[float]) -> float:
    """Intersection over union of two xyxy boxes."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    inner = max(0.0, right - left) * max(0.0, bottom - top)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return float(inner / (areas - inner))


@pytest.mark.skipif(not TRAINER.exists(), reason="the trainer's environment is missing: make trainer-venv")
def test_a_run_written_by_hand_is_trained_proven_and_served(pod: ServingPod, s3: S3Server, tmp_path: Path) -> None:
    store = s3.store()
    spec = put_run(store)
    train(spec, s3.environment, tmp_path)
    card = card_of(store, spec)
    entry = entry_of(spec, card)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)
    assert pod.ready()

    file = np.load(io.BytesIO(store.get(entry.golden_key)), allow_pickle=False)
    served = infer(pod, entry.model, file[golden.INPUT + "image"])
    for name, value in served.items():
        np.testing.assert_allclose(value, file[golden.OUTPUT + name], rtol=1e-3, atol=1e-2)

    unseen = [drawn(seed) for seed in range(200, 203)]
    together = infer(pod, entry.model, np.stack([pixels for pixels, _ in unseen]))
    for row, (pixels, gold) in enumerate(unseen):
        alone = infer(pod, entry.model, pixels[np.newaxis])
        np.testing.assert_allclose(alone["scores"][0], together["scores"][row], atol=1e-4)
        for position, entity in enumerate(gold):
            found = together["boxes"][row][together["classes"][row] == position]
            assert overlap(found[0], entity.box) > 0.5, (entity, found[0])
