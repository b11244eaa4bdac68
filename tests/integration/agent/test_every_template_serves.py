"""Every template of images and regions: what the real trainer exports is loaded by the real Triton and proven by its
golden request, and a batch of three answers as three batches of one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton_http

from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.serving import DesiredModel, LoadState
from capforge_tools.places import REPOSITORY
from tests.support.agent import ServingPod, publish_files

TRAINER = REPOSITORY / ".venv-trainer" / "bin" / "python"
TEMPLATES = REPOSITORY / "operator" / "src" / "capforge_operator" / "templates"
INPUTS = {"detector": ("image", (96, 128)), "classifier": ("crops", (64, 64)), "embedder": ("crops", (64, 64))}
"""By kind: the input's name, its height and width."""
OUTPUTS = {"detector": ("scores", "count"), "classifier": ("scores",), "embedder": ("embeddings",)}


def kind_of(template: str) -> str:
    return next(kind for kind in INPUTS if kind in template)


def exported(folder: Path) -> dict[str, Path]:
    """Return the models of all templates by name."""
    done = subprocess.run(
        [str(TRAINER), "-m", "tests.support.exported_templates", str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, "ORT_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {path.stem: path for path in sorted(folder.glob("*.onnx"))}


def infer(pod: ServingPod, entry: DesiredModel, pixels: np.ndarray, kind: str) -> dict[str, np.ndarray]:
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        given = triton_http.InferInput(INPUTS[kind][0], list(pixels.shape), "UINT8")
        given.set_data_from_numpy(pixels)
        answer = client.infer(entry.model, [given])
        return {name: np.asarray(answer.as_numpy(name)) for name in OUTPUTS[kind]}


@pytest.mark.skipif(not TRAINER.exists(), reason="the trainer's environment is missing: make trainer-venv")
def test_every_template_is_loaded_and_proven(pod: ServingPod, s3_store: S3ObjectStore, tmp_path: Path) -> None:
    models = exported(tmp_path)
    assert set(models) == {path.stem for path in TEMPLATES.glob("*.yaml")} - {"candidate-scorer"}
    entries = {
        name: publish_files(s3_store, path.read_bytes(), path.with_suffix(".npz").read_bytes(), name, max_batch_size=16)
        for name, path in models.items()
    }
    pod.put(1, *entries.values())
    for entry in entries.values():
        pod.until(entry, LoadState.READY)
    assert pod.ready()
    for name, entry in entries.items():
        kind = kind_of(name)
        pixels = np.random.default_rng(1).integers(0, 256, (3, *INPUTS[kind][1], 3), dtype=np.uint8)
        together = infer(pod, entry, pixels, kind)
        alone = [infer(pod, entry, pixels[index : index + 1], kind) for index in range(3)]
        for output, rows in together.items():
            expected = np.concatenate([one[output] for one in alone])
            np.testing.assert_allclose(rows, expected, atol=1e-4, err_msg=f"{name}: {output}")
        if kind == "classifier":
            np.testing.assert_allclose(together["scores"].sum(axis=1), 1, atol=1e-4, err_msg=name)
        if kind == "embedder":
            np.testing.assert_allclose(np.linalg.norm(together["embeddings"], axis=1), 1, atol=1e-4, err_msg=name)
