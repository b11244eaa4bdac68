"""A run of an embedder → the real trainer → S3 → the agent → Triton: what is served is what was trained."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton_http

from capforge_contracts import golden, layout
from capforge_contracts.run import CapabilityType, Output, RunDatasets, RunSpec, run_digest
from capforge_contracts.serving import LoadState
from capforge_contracts.store import ObjectStore
from capforge_transforms import Region, transforms
from tests.integration.agent.test_trained_model_serves import NAMESPACE, TRAINER, drawn, put_dataset, train
from tests.integration.agent.trained import card_of, entry_of
from tests.support.agent import ServingPod
from tests.support.objectstore import S3Server

_PARAMETERS: dict[str, Any] = {
    "model": {"width": 8, "embeddingSize": 16},
    "crop": {"longSidePixels": 32},
    "optimizer": {"batchSize": 8, "warmupSteps": 2, "emaDecay": 0.9, "precision": "Float32"},
    "schedule": {"maxEpochs": 1, "evaluations": 1, "loaderThreads": 1},
}


def put_run(store: ObjectStore) -> RunSpec:
    spec = RunSpec(
        namespace=NAMESPACE,
        capability="looks",
        capability_type=CapabilityType.BOX_EMBEDDER,
        run="by-hand",
        digest="",
        outputs=[Output(position=0, name="disc"), Output(position=1, name="square")],
        datasets=RunDatasets(
            train=[put_dataset(store, "train", range(8))], dev=[put_dataset(store, "dev", range(100, 104))]
        ),
        template="box-embedder-small",
        parameters=_PARAMETERS,
        seed=7,
        time_budget_seconds=300,
        image="by-hand",
    )
    spec = spec.model_copy(update={"digest": run_digest(spec)})
    store.put(layout.run_spec(NAMESPACE, spec.digest), spec.to_json())
    return spec


def infer(pod: ServingPod, model: str, crops: np.ndarray) -> np.ndarray:
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        given = triton_http.InferInput("crops", list(crops.shape), "UINT8")
        given.set_data_from_numpy(crops)
        return client.infer(model, [given]).as_numpy("embeddings")


@pytest.mark.skipif(not TRAINER.exists(), reason="the trainer's environment is missing: make trainer-venv")
def test_an_embedder_is_trained_proven_and_served(pod: ServingPod, s3: S3Server, tmp_path: Path) -> None:
    store = s3.store()
    spec = put_run(store)
    train(spec, s3.environment, tmp_path)
    card = card_of(store, spec)
    entry = entry_of(spec, card)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)

    file = np.load(io.BytesIO(store.get(entry.golden_key)), allow_pickle=False)
    served = infer(pod, entry.model, file[golden.INPUT + "crops"])
    np.testing.assert_allclose(served, file[golden.OUTPUT + "embeddings"], rtol=1e-3, atol=1e-2)

    assert card.crop
    known = transforms(card.transforms_version)
    cut = [
        known.crops(pixels, [Region(one.box) for one in gold], card.crop)
        for pixels, gold in map(drawn, range(200, 203))
    ]
    together = infer(pod, entry.model, np.concatenate(cut))
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    alone = np.concatenate([infer(pod, entry.model, one[np.newaxis]) for one in cut[0]])
    np.testing.assert_allclose(alone, together[:2], atol=1e-4)
    cosines = together @ together.T
    assert cosines[::2, ::2].min() > cosines[::2, 1::2].max(), "discs are near discs, squares are not"
