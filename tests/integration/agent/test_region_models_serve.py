"""Models of regions: a classifier and an embedder are loaded beside their detector, batched, proven, and believed no
sooner than a detector is."""

from __future__ import annotations

import numpy as np
import onnx
import tritonclient.http as triton_http

from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.serving import DesiredModel, LoadState
from tests.integration.gateway.region_models import EMBEDDING_SIZE, embedded, mean_colour, thumbnail
from tests.support.agent import ServingPod, publish, publish_files
from tests.support.onnx_models import FixedDetector, golden_file

SIZE = 8
MAX_BATCH = 16
CROPS = np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), np.uint8)


def negated(model: bytes) -> bytes:
    """Return a model of the same shape that answers with the opposite vectors."""
    changed = onnx.load_from_string(model)
    divide = next(node for node in changed.graph.node if node.op_type == "Div")
    divide.output[0] = "opposite"
    changed.graph.node.append(onnx.helper.make_node("Neg", ["opposite"], ["embeddings"]))
    return bytes(changed.SerializeToString())


KINDS = {"kinds": (mean_colour(SIZE), "scores"), "looks": (thumbnail(SIZE), "embeddings")}
OTHERS = {"kinds": mean_colour(SIZE, (2, 1, 0)), "looks": negated(thumbnail(SIZE))}


def entry_of(store: S3ObjectStore, name: str, model: bytes | None = None) -> DesiredModel:
    exported, _ = KINDS[name]
    golden = golden_file(exported, {"crops": CROPS})
    return publish_files(store, model or exported, golden, name, max_batch_size=MAX_BATCH)


def infer(pod: ServingPod, entry: DesiredModel, crops: np.ndarray, output: str) -> np.ndarray:
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        given = triton_http.InferInput("crops", list(crops.shape), "UINT8")
        given.set_data_from_numpy(crops)
        return client.infer(entry.model, [given]).as_numpy(output)


def test_the_models_of_a_chain_are_loaded_together_and_answer_batches(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    detector = publish(s3_store, FixedDetector())
    entries = {name: entry_of(s3_store, name) for name in KINDS}
    pod.put(1, detector, *entries.values())
    for entry in (detector, *entries.values()):
        pod.until(entry, LoadState.READY)
    assert pod.ready()

    crops = np.random.default_rng(1).integers(0, 256, (MAX_BATCH, SIZE, SIZE, 3), np.uint8)
    for name, (_, output) in KINDS.items():
        answer = infer(pod, entries[name], crops, output)
        alone = np.concatenate([infer(pod, entries[name], crops[n : n + 1], output) for n in range(3)])
        np.testing.assert_allclose(answer[:3], alone, rtol=1e-5, atol=1e-6)
    scores = infer(pod, entries["kinds"], crops, "scores")
    assert scores.shape == (MAX_BATCH, 3)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    vectors = infer(pod, entries["looks"], crops, "embeddings")
    assert vectors.shape == (MAX_BATCH, EMBEDDING_SIZE)
    np.testing.assert_allclose(vectors, embedded(crops), rtol=1e-3, atol=1e-5)

    with triton_http.InferenceServerClient(pod.triton.address) as client:
        for name, (_, output) in KINDS.items():
            config = client.get_model_config(entries[name].model)
            assert (config["backend"], config["max_batch_size"]) == ("onnxruntime", MAX_BATCH)
            assert "dynamic_batching" in config
            (given,), (told,) = config["input"], config["output"]
            assert (given["name"], given["data_type"], given["dims"]) == ("crops", "TYPE_UINT8", [8, 8, 3])
            assert (told["name"], told["data_type"]) == (output, "TYPE_FP32")


def test_swapped_models_of_regions_are_refused(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entries = {name: entry_of(s3_store, name, OTHERS[name]) for name in KINDS}
    pod.put(1, *entries.values())
    for name, entry in entries.items():
        assert pod.until(entry, LoadState.FAILED, "GoldenMismatch").message.startswith(f"{KINDS[name][1]} differs in")
    assert not pod.ready()
