"""The agent makes a real Triton serve what is desired, from a real S3 server, and believes nothing unproven."""

from __future__ import annotations

import urllib.error
from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton_http

from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.serving import DesiredModel, DesiredModels, LoadState
from tests.support.agent import POOL, ServingPod, publish, publish_files, serving_pod
from tests.support.eventually import eventually
from tests.support.objectstore import S3Server, s3_server
from tests.support.onnx_models import FixedDetector, golden_file
from tests.support.ports import free_port

CELLS = FixedDetector()
BOARDS = FixedDetector(boxes=((0, 0, 5, 5),), scores=(0.7,), classes=(2,))
SAME_SHAPE = FixedDetector(scores=(0.4, 0.3))


def infer(pod: ServingPod, entry: DesiredModel, images: np.ndarray) -> dict[str, np.ndarray]:
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        image = triton_http.InferInput("image", list(images.shape), "UINT8")
        image.set_data_from_numpy(images)
        answer = client.infer(entry.model, [image])
        return {name: answer.as_numpy(name) for name in ("boxes", "scores", "classes", "count")}


def test_a_desired_model_is_pulled_loaded_proven_and_serves(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)
    state = pod.state()
    assert (state.generation, state.ready, state.server_version) == (1, True, "2.51.0")
    assert pod.ready()
    images = CELLS.images(3)
    served = infer(pod, entry, images)
    assert served["boxes"].shape == (3, 2, 4)
    np.testing.assert_allclose(served["scores"][:, 0], 0.9 * images.reshape(3, -1).mean(axis=1) / 255, rtol=1e-4)


def test_what_is_served_has_the_configuration_of_the_model_contract(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS, max_batch_size=6)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        config = client.get_model_config(entry.model)
    assert (config["backend"], config["max_batch_size"]) == ("onnxruntime", 6)
    assert "dynamic_batching" in config
    assert [one["name"] for one in config["output"]] == ["boxes", "scores", "classes", "count"]


def test_a_killed_triton_gets_everything_back_without_a_pull(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)
    pod.triton.kill()
    pod.until(entry, LoadState.PENDING, "ServerUnavailable")
    assert not pod.ready()
    pod.triton.start()
    pod.until(entry, LoadState.READY)
    assert (pod.steps("Pull"), pod.steps("Load"), pod.steps("Prove")) == (1, 2, 2)


def test_a_restarted_agent_knows_what_it_has_proven(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS)
    pod.desired_file.write_bytes(DesiredModels(pool=POOL, generation=3, models=[entry]).to_json())
    pod.until(entry, LoadState.READY)
    pod.kill_agent()
    pod.start_agent()
    pod.until(entry, LoadState.READY)
    assert (pod.steps("Pull"), pod.steps("Load"), pod.steps("Prove")) == (1, 1, 1)


def test_a_swapped_model_of_the_same_shape_is_refused_and_unloaded(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    golden_of_another = golden_file(CELLS.onnx(), {"image": CELLS.images(4)})
    entry = publish(s3_store, SAME_SHAPE, golden=golden_of_another)
    pod.put(1, entry)
    failed = pod.until(entry, LoadState.FAILED, "GoldenMismatch")
    assert failed.message.startswith("scores differs in 8 of 8 values")
    eventually(lambda: pod.triton.index()[entry.model] == "UNAVAILABLE")
    assert not pod.ready()


def test_a_damaged_file_fails_and_the_other_model_stays(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    good = publish(s3_store, CELLS)
    damaged = publish_files(s3_store, BOARDS.onnx()[:-300], b"any", "boards", required=False)
    pod.put(1, damaged, good)
    pod.until(good, LoadState.READY)
    failed = pod.until(damaged, LoadState.FAILED, "LoadFailed")
    assert "model.onnx cannot be read as ONNX" in failed.message
    assert pod.ready()
    assert infer(pod, good, CELLS.images(1))["count"].tolist() == [[2]]


def test_a_refusal_by_triton_is_quoted(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    unknown_operator = CELLS.onnx().replace(b"ReduceMean", b"RedoceMean")
    entry = publish_files(s3_store, unknown_operator, golden_file(CELLS.onnx(), {"image": CELLS.images(1)}))
    pod.put(1, entry)
    assert "RedoceMean" in pod.until(entry, LoadState.FAILED, "LoadFailed").message


def test_bytes_of_another_digest_are_refused(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS)
    s3_store.put(entry.model_key, SAME_SHAPE.onnx())
    pod.put(1, entry)
    failed = pod.until(entry, LoadState.FAILED, "DigestMismatch")
    assert f"expected {entry.model_sha256}" in failed.message
    assert not (pod.triton.repository / entry.model).exists()


def test_a_model_over_the_limit_is_refused(tmp_path: Path, s3: S3Server) -> None:
    with serving_pod(tmp_path / "pod", s3.environment, CAPFORGE_MAX_MODEL_BYTES="100") as pod:
        entry = publish(s3.store(), CELLS)
        pod.put(1, entry)
        pod.until(entry, LoadState.FAILED, "TooLarge")


def test_a_full_repository_is_told_and_heals_when_there_is_room(tmp_path: Path, s3: S3Server) -> None:
    with serving_pod(tmp_path / "pod", s3.environment, CAPFORGE_REPOSITORY_LIMIT_BYTES="30000") as pod:
        first, second = publish(s3.store(), CELLS), publish(s3.store(), BOARDS, "boards")
        pod.put(1, first)
        pod.until(first, LoadState.READY)
        pod.put(2, first, second)
        pod.until(second, LoadState.FAILED, "DiskFull")
        pod.put(3, second)
        pod.until(second, LoadState.READY)


def test_a_store_that_is_away_is_waited_for_while_the_loaded_go_on(tmp_path: Path) -> None:
    port = free_port()
    with s3_server(tmp_path, port) as s3:
        loaded, later = publish(s3.store(), CELLS), publish(s3.store(), BOARDS, "boards")
        environment = s3.environment
    with serving_pod(tmp_path / "pod", environment) as pod:
        with s3_server(tmp_path, port):
            pod.put(1, loaded)
            pod.until(loaded, LoadState.READY)
        pod.put(2, loaded, later)
        pod.until(later, LoadState.FAILED, "PullFailed")
        assert pod.model(loaded).state is LoadState.READY
        with s3_server(tmp_path, port):
            pod.until(later, LoadState.READY)


def test_what_is_no_longer_desired_is_unloaded_and_deleted(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    old, new = publish(s3_store, CELLS), publish(s3_store, SAME_SHAPE)
    pod.put(1, old)
    pod.until(old, LoadState.READY)
    pod.put(2, old, new)
    pod.until(new, LoadState.READY)
    pod.put(3, new)
    eventually(lambda: pod.triton.index() == {new.model: "READY"})
    eventually(lambda: [one.model for one in pod.state().models] == [new.model])
    assert not (pod.triton.repository / old.model).exists()


def test_another_golden_file_for_a_model_makes_a_new_folder(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    wrong = publish(s3_store, CELLS, golden=golden_file(SAME_SHAPE.onnx(), {"image": CELLS.images(2)}))
    pod.put(1, wrong)
    pod.until(wrong, LoadState.FAILED, "GoldenMismatch")
    right = publish(s3_store, CELLS)
    pod.put(2, right)
    pod.until(right, LoadState.READY)
    assert pod.steps("Pull") == 2


def test_the_file_is_truth_at_start_and_when_it_changes(tmp_path: Path, s3: S3Server) -> None:
    first, second = publish(s3.store(), CELLS), publish(s3.store(), BOARDS, "boards")
    pod = ServingPod(tmp_path / "pod", s3.environment)
    pod.desired_file.write_bytes(DesiredModels(pool=POOL, generation=7, models=[first]).to_json())
    pod.triton.start()
    try:
        pod.start_agent()
        pod.until(first, LoadState.READY)
        pod.desired_file.write_bytes(DesiredModels(pool=POOL, generation=8, models=[first, second]).to_json())
        pod.until(second, LoadState.READY)
        assert pod.state().generation == 8
    finally:
        pod.kill_agent()
        pod.triton.kill()


def test_a_generation_that_is_not_newer_is_ignored(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS)
    pod.put(5, entry)
    assert pod.put(5).generation == 5
    assert pod.put(4).generation == 5
    pod.until(entry, LoadState.READY)


def test_a_challenger_that_fails_does_not_make_the_pod_unready(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    champion = publish(s3_store, CELLS)
    challenger = publish(
        s3_store, SAME_SHAPE, golden=golden_file(CELLS.onnx(), {"image": CELLS.images(1)}), required=False
    )
    pod.put(1, champion, challenger)
    pod.until(challenger, LoadState.FAILED, "GoldenMismatch")
    pod.until(champion, LoadState.READY)
    assert pod.ready()


@pytest.mark.parametrize("token", ["", "wrong", "test-token2"])
def test_without_the_token_nothing_is_told_or_taken(pod: ServingPod, token: str) -> None:
    for method, path in (("GET", "/state"), ("PUT", "/desired")):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            pod.call(method, path, b"{}" if method == "PUT" else None, token)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Invalid JSON"),
        (b'{"pool": "gpu", "generation": 1}', "this agent serves pool 'cpu'"),
        (b'{"pool": "cpu"}', "generation: Field required"),
    ],
    ids=["not-json", "another-pool", "no-generation"],
)
def test_a_document_that_cannot_be_used_is_answered_with_the_reason(pod: ServingPod, body: bytes, message: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        pod.put_bytes(body)
    assert refused.value.code == 422
    assert message in refused.value.read().decode()


def test_a_document_without_end_is_cut_off(pod: ServingPod) -> None:
    with pytest.raises((urllib.error.HTTPError, urllib.error.URLError, ConnectionError)) as refused:
        pod.put_bytes(b" " * (3 * 1024 * 1024))
    if isinstance(refused.value, urllib.error.HTTPError):
        assert refused.value.code == 413


def test_no_secret_is_ever_logged(pod: ServingPod, s3_store: S3ObjectStore, s3: S3Server) -> None:
    entry = publish(s3_store, CELLS)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)
    printed = pod.log.read_text() + pod.call("GET", "/metrics").decode()
    assert not [secret for secret in ("test-token", s3.secret_key, pod.triton.control) if secret in printed]


def test_the_metrics_tell_models_and_steps(pod: ServingPod, s3_store: S3ObjectStore) -> None:
    entry = publish(s3_store, CELLS)
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)
    page = pod.call("GET", "/metrics", token="").decode()
    assert 'capforge_agent_models{state="Ready"} 1.0' in page
    assert 'capforge_agent_steps_total{outcome="done",step="Prove"} 1.0' in page


def test_a_restarted_agent_knows_what_it_had_accepted_while_the_file_lags(
    pod: ServingPod, s3_store: S3ObjectStore
) -> None:
    old, new = publish(s3_store, CELLS), publish(s3_store, BOARDS, "boards")
    pod.desired_file.write_bytes(DesiredModels(pool=POOL, generation=3, models=[old]).to_json())
    pod.until(old, LoadState.READY)
    pod.put(4, old, new)
    pod.until(new, LoadState.READY)
    pod.kill_agent()
    pod.start_agent()
    pod.until(new, LoadState.READY)
    assert pod.state().generation == 4
    assert (pod.steps("Unload"), pod.steps("Pull")) == (0, 2)
