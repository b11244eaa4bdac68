"""Every way a run can end badly has its exit code and a message that says what is wrong and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from capforge_contracts import layout
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.files import FileObjectStore
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.run import Output, Progress, RunDatasets, RunSpec
from capforge_trainer.__main__ import main
from capforge_trainer.config import DetectorParameters, OptimizerParameters
from capforge_trainer.data.batches import Batch
from capforge_trainer.ending import explained
from capforge_trainer.errors import BadDataError, NonFiniteLossError, OutOfMemoryError, TrainerError
from capforge_trainer.fit.average import Average
from capforge_trainer.fit.optimizer import make_optimizer
from capforge_trainer.fit.step import Stepper
from capforge_trainer.memory import advising
from capforge_trainer.models.detector import Detector, Shape
from capforge_trainer.models.loss import Objects, loss_of
from capforge_trainer.run import run
from capforge_trainer.stopping import Stopping
from capforge_trainer.surroundings import Surroundings
from capforge_trainer.templates import TEMPLATES
from tests.unit.trainer.world import NAMESPACE, TINY, put_dataset, put_item, put_run, small_datasets

Make = Callable[[MemoryObjectStore], RunSpec]


def _changed(**changes: object) -> Make:
    return lambda store: put_run(store, small_datasets(store, 2, 1), TINY, **changes)


def _settings(*settings: str) -> Make:
    return lambda store: put_run(store, small_datasets(store, 2, 1), [*TINY, *settings])


def _shared_image(store: MemoryObjectStore) -> RunSpec:
    train = put_dataset(store, "train", [put_item(store, 1), put_item(store, 2)])
    dev = put_dataset(store, "dev", [put_item(store, 2), put_item(store, 3)])
    return put_run(store, RunDatasets(train=[train], dev=[dev]), TINY)


def _class_missing(store: MemoryObjectStore) -> RunSpec:
    train = put_dataset(store, "train", [put_item(store, 1, classes=("disc",))])
    dev = put_dataset(store, "dev", [put_item(store, 3)])
    return put_run(store, RunDatasets(train=[train], dev=[dev]), TINY)


def _no_dev(store: MemoryObjectStore) -> RunSpec:
    train = put_dataset(store, "train", [put_item(store, 1)])
    return put_run(store, RunDatasets(train=[train], dev=[]), TINY)


def _manifest_missing(store: MemoryObjectStore) -> RunSpec:
    datasets = small_datasets(store, 2, 1)
    store.delete(layout.manifest(NAMESPACE, datasets.train[0].digest))
    return put_run(store, datasets, TINY)


def _manifest_changed(store: MemoryObjectStore) -> RunSpec:
    datasets = small_datasets(store, 2, 1)
    key = layout.manifest(NAMESPACE, datasets.train[0].digest)
    store.put(key, store.get(key) + b"\n")
    return put_run(store, datasets, TINY)


def _blob_missing(store: MemoryObjectStore) -> RunSpec:
    spec = put_run(store, small_datasets(store, 2, 1), TINY)
    store.delete(layout.blob(NAMESPACE, put_item(store, 1).sha256))
    return spec


def _blob_changed(store: MemoryObjectStore) -> RunSpec:
    spec = put_run(store, small_datasets(store, 2, 1), TINY)
    store.put(layout.blob(NAMESPACE, put_item(store, 1).sha256), b"something else")
    return spec


@pytest.mark.parametrize(
    ("make", "code", "says"),
    [
        pytest.param(_settings("model.backbon=x"), "BAD_CONFIGURATION", r"parameters: model\.backbon", id="unknown"),
        pytest.param(
            _settings("optimizer.batchSize=0"), "BAD_CONFIGURATION", r"optimizer\.batchSize.*greater", id="range"
        ),
        pytest.param(_changed(template="yolo"), "BAD_CONFIGURATION", "known: anchor-free-detector", id="template"),
        pytest.param(
            _changed(capability_type="BoxEmbedderElement"), "BAD_CONFIGURATION", "trains DetectorElement", id="type"
        ),
        pytest.param(
            _changed(outputs=[Output(position=1, name="disc")]), "BAD_CONFIGURATION", r"positions are \[1\]", id="gap"
        ),
        pytest.param(_shared_image, "BAD_DATA", r"2\.png of datasets\.dev is 2\.png of datasets\.train", id="overlap"),
        pytest.param(_class_missing, "BAD_DATA", "class square has no object in datasets.train", id="class missing"),
        pytest.param(_no_dev, "BAD_DATA", "datasets.dev: no image is selected", id="no dev"),
        pytest.param(_manifest_missing, "BAD_DATA", "dataset train .*there is no manifest", id="manifest missing"),
        pytest.param(_manifest_changed, "BAD_DATA", "dataset train .*changed or damaged", id="manifest changed"),
        pytest.param(_blob_missing, "BAD_DATA", r"image 1\.png: its bytes are not in the store", id="blob missing"),
        pytest.param(_blob_changed, "BAD_DATA", r"image 1\.png: the stored bytes do not have", id="blob changed"),
    ],
)
def test_what_is_wrong_is_named(make: Make, code: str, says: str, tmp_path: Path):
    store = MemoryObjectStore()
    with pytest.raises(TrainerError, match=says) as caught:
        run(make(store), Surroundings(store, Stopping(), tmp_path))
    assert caught.value.exit_code is ExitCode[code]


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU: asking for one is no error here")
def test_a_gpu_that_is_not_there_is_asked_for_in_vain(tmp_path: Path):
    store = MemoryObjectStore()
    with pytest.raises(TrainerError, match="sees no CUDA device") as caught:
        run(_changed(gpus=1)(store), Surroundings(store, Stopping(), tmp_path))
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION


def test_a_loss_that_is_no_number_stops_before_any_weight_changes():
    network = Detector("mobilenet_v3_large", 32, Shape(96, 96, 2)).train()
    with torch.no_grad():
        next(network.parameters())[0, 0, 0, 0] = float("inf")
    parameters = OptimizerParameters()
    step = Stepper(
        network=network,
        loss_of=loss_of(network),
        optimizer=make_optimizer(network, parameters),
        average=Average(network, 0.9),
        gradient_clip_norm=1.0,
        bfloat16=False,
        device=torch.device("cpu"),
    )
    last = list(network.parameters())[-1]
    before = last.detach().clone()
    batch = Batch(
        torch.zeros(2, 96, 96, 3, dtype=torch.uint8),
        [Objects(torch.tensor([0]), torch.tensor([[8.0, 8.0, 40.0, 40.0]]))] * 2,
    )
    with pytest.raises(NonFiniteLossError, match=r"step 3.*optimizer\.learningRate") as caught:
        step(batch, 3, 0.1)
    assert caught.value.exit_code is ExitCode.NON_FINITE_LOSS
    assert torch.equal(last, before)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(MemoryError(), "OUT_OF_MEMORY", id="python"),
        pytest.param(torch.cuda.OutOfMemoryError("CUDA out of memory."), "OUT_OF_MEMORY", id="cuda"),
        pytest.param(
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "OUT_OF_MEMORY", id="cpu"
        ),
        pytest.param(OSError(12, "Cannot allocate memory"), "OUT_OF_MEMORY", id="the system"),
        pytest.param(RuntimeError("shape mismatch"), "INTERNAL_ERROR", id="a fault of ours"),
        pytest.param(ValueError("CAPFORGE_STORE is ''; allowed: …"), "BAD_CONFIGURATION", id="no store"),
    ],
)
def test_other_errors_have_their_codes_too(error: Exception, code: str):
    assert explained(error)[0] is ExitCode[code]


@pytest.mark.parametrize(
    ("template", "advised"),
    [
        pytest.param(
            "anchor-free-detector",
            r"optimizer\.batchSize \(now 8\) or model\.inputLongSidePixels \(now chosen by the data\)",
            id="images",
        ),
        pytest.param(
            "box-classifier-small", r"optimizer\.batchSize \(now 32\) or crop\.longSidePixels \(now 64\)", id="regions"
        ),
        pytest.param(
            "box-classifier-resnet",
            r"optimizer\.batchSize \(now 32\) or crop\.longSidePixels \(now chosen by the data\)",
            id="regions of any size",
        ),
        pytest.param("candidate-scorer", r"lower batchSize \(now 8\), or ask", id="documents"),
    ],
)
def test_where_memory_runs_out_the_templates_own_parameters_are_advised(template: str, advised: str, tmp_path: Path):
    def too_much(_: Progress) -> None:
        torch.empty(1 << 60, dtype=torch.uint8)

    store, chosen = MemoryObjectStore(), TEMPLATES[template]
    fields = {"capability_type": chosen.capability_types[0], "template": template, "parameters": chosen.defaults()}
    spec = put_run(store, small_datasets(store, 2, 1), [], **fields)
    with pytest.raises(OutOfMemoryError, match=advised) as caught:
        run(spec, Surroundings(store, Stopping(), tmp_path, listener=too_much))
    assert explained(caught.value)[0] is ExitCode.OUT_OF_MEMORY


def test_a_name_that_speaks_of_memory_is_no_lack_of_it():
    error = BadDataError("image out of memory.png: no picture")
    with pytest.raises(BadDataError), advising(DetectorParameters()):
        raise error
    assert explained(error)[0] is ExitCode.BAD_DATA


def test_the_command_ends_with_the_code_and_tells_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAPFORGE_STORE", FileObjectStore(tmp_path / "store").uri)
    monkeypatch.setenv("CAPFORGE_TERMINATION_LOG", str(tmp_path / "log"))
    assert main(["run", "--run", "team-a/runs/none/run.json"]) == ExitCode.BAD_CONFIGURATION
    told = Termination.from_json((tmp_path / "log").read_bytes())
    assert told.reason == "BadConfiguration"
    assert "there is no run team-a/runs/none/run.json" in told.message


def test_a_store_that_does_not_answer_is_worth_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CAPFORGE_STORE", "s3://bucket")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # the discard port: nothing listens
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("CAPFORGE_TERMINATION_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("CAPFORGE_STORE_PATIENCE_SECONDS", "0")
    assert main(["run", "--run", "team-a/runs/none/run.json"]) == ExitCode.STORE_UNAVAILABLE
    assert Termination.from_json((tmp_path / "log").read_bytes()).reason == "StoreUnavailable"


def test_a_run_file_of_another_form_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = FileObjectStore(tmp_path / "store")
    store.put("team-a/runs/x/run.json", b'{"namespace": "team-a"}')
    monkeypatch.setenv("CAPFORGE_STORE", store.uri)
    monkeypatch.setenv("CAPFORGE_TERMINATION_LOG", str(tmp_path / "log"))
    assert main(["run", "--run", "team-a/runs/x/run.json"]) == ExitCode.BAD_CONFIGURATION
    message = Termination.from_json((tmp_path / "log").read_bytes()).message
    assert "capability: Field required" in message


def test_asked_to_stop_while_preparing_it_stops(tmp_path: Path):
    store = MemoryObjectStore()
    stopping = Stopping()
    stopping._hear(15, None)
    with pytest.raises(TrainerError, match="stopped while preparing") as caught:
        run(_changed()(store), Surroundings(store, stopping, tmp_path))
    assert caught.value.exit_code is ExitCode.INTERRUPTED
