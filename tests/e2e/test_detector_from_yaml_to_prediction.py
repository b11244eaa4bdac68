"""A team declares a detector, points at labelled images, trains it, and sends it pictures over HTTP.

The tests are one story and run in this order; each leaves the world as the next one finds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from capforge import keys
from capforge_tools.errors import CommandFailedError
from tests.e2e import manifests
from tests.e2e.cells import CLASSES, DEV_IMAGES, TRAIN_IMAGES, Cells, faulty, overlapping, small
from tests.support.e2e import System, Tenant
from tests.support.eventually import eventually

FIRST, AGAIN, OTHER = "first", "again", "other-seed"
_TRAINING_SECONDS = 600.0
_SERVING_SECONDS = 120.0


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    return small(tmp_path_factory.mktemp("cells"))


@pytest.fixture(scope="module")
def address(tenant: Tenant, cells: Cells) -> str:
    return tenant.push(cells.folder, "cells")


def test_before_any_model_a_prediction_is_refused_with_the_reason(tenant: Tenant, cells: Cells) -> None:
    tenant.apply(manifests.capability("cells"))
    found = tenant.until("capability", "cells", "Ready", "AwaitingModel")
    assert found["status"]["version"] == "1.0"
    refused = eventually(lambda: _expect(tenant, cells.dev_image.read_bytes(), 409), _SERVING_SECONDS, 1.0)
    assert refused["code"] == "NoModel"


def test_a_run_on_data_that_is_not_there_waits_and_says_so(tenant: Tenant) -> None:
    tenant.apply(manifests.run(FIRST, train="cells-train", dev="cells-dev"))
    found = tenant.until("trainingrun", FIRST, "Succeeded", "DatasetNotLocked")
    message = _message(found, "Succeeded")
    assert "cells-train" in message
    assert "cells-dev" in message
    assert tenant.names("jobs") == []


def test_datasets_lock_under_their_digest(tenant: Tenant, address: str) -> None:
    tenant.apply(*(manifests.dataset(f"cells-{role}", f"{address}/{role}.json") for role in ("train", "dev")))
    for role, count in (("train", TRAIN_IMAGES), ("dev", DEV_IMAGES)):
        found = tenant.until("dataset", f"cells-{role}", "Ready", "Locked")
        columns = tenant.columns("dataset", f"cells-{role}")
        assert (columns["READY"], columns["REASON"]) == ("True", "Locked")
        assert columns["ITEMS"] == str(count)
        assert columns["CLASSES"] == str(len(CLASSES))
        assert columns["DIGEST"] == found["status"]["digest"][:12]


def test_a_locked_dataset_cannot_be_changed(tenant: Tenant, address: str) -> None:
    with pytest.raises(CommandFailedError, match="immutable once the dataset is locked"):
        tenant.apply(manifests.dataset("cells-dev", f"{address}/train.json"))


def test_the_run_trains_and_its_model_becomes_version_1_1(tenant: Tenant) -> None:
    tenant.until("trainingrun", FIRST, "Succeeded", "Training", _SERVING_SECONDS)
    columns = tenant.columns("trainingrun", FIRST)
    assert (columns["SUCCEEDED"], columns["REASON"]) == ("Unknown", "Training")
    found = _published(tenant, FIRST, "Completed", _TRAINING_SECONDS)
    status = found["status"]
    for milestone in ("Accepted", "Trained", "Exported", "Evaluated", "Published"):
        assert _condition(found, milestone)["status"] == "True", milestone
    assert status["version"] == "1.1"
    assert status["artifact"]["uri"].endswith("model.onnx")
    assert {one["name"] for one in status["metrics"]} >= {"map50"}
    columns = tenant.columns("trainingrun", FIRST)
    assert (columns["SUCCEEDED"], columns["REASON"], columns["VERSION"]) == ("True", "Completed", "1.1")


def test_the_capability_serves_it_and_its_columns_say_so(tenant: Tenant) -> None:
    found = tenant.until("capability", "cells", "ModelServing", "Serving", _SERVING_SECONDS)
    columns = tenant.columns("capability", "cells")
    assert (columns["READY"], columns["REASON"], columns["VERSION"]) == ("True", "Serving", "1.1")
    assert columns["URL"] == found["status"]["url"]
    assert [one["version"] for one in found["status"]["history"]] == ["1.1"]


def test_a_prediction_answers_in_the_pictures_own_pixels(tenant: Tenant, cells: Cells) -> None:
    image = cells.dev_image.read_bytes()
    reply = eventually(lambda: _answered(tenant, image), _SERVING_SECONDS, 1.0)
    inference = reply["document"]["inference"]
    run = tenant.get("trainingrun", FIRST)
    assert inference["model"]["version"] == "1.1"
    assert inference["model"]["run"] == FIRST
    assert inference["model"]["run_digest"] == run["status"]["runDigest"]
    digests = {tenant.get("dataset", f"cells-{role}")["status"]["digest"] for role in ("train", "dev")}
    assert set(inference["model"]["dataset_digests"]) == digests
    _assert_boxes_lie_in(cells.dev_image, reply)


def test_wrong_requests_get_the_right_answer(tenant: Tenant, cells: Cells) -> None:
    image = cells.dev_image.read_bytes()
    assert tenant.post("cells", image, Authorization="Token cf_wrong").status_code == 401
    assert tenant.post("cells", image, "v1.7").status_code == 404
    assert tenant.post("cells", image, "v1.0").status_code == 404
    assert tenant.post("nothing", image).status_code == 404
    assert tenant.post("cells", b"this is no image").status_code == 400
    assert tenant.post("cells", b"\xff" * 11_000_000).status_code == 413


def test_a_revoked_key_is_refused(tenant: Tenant, cells: Cells) -> None:
    image = cells.dev_image.read_bytes()
    key = keys.create(tenant.system.cluster, tenant.namespace, "short-lived")
    header = f"Token {key}"
    eventually(lambda: tenant.post("cells", image, Authorization=header).status_code == 200, 30.0, 0.5)
    keys.revoke(tenant.system.cluster, tenant.namespace, "short-lived")
    eventually(lambda: tenant.post("cells", image, Authorization=header).status_code == 401, 30.0, 0.5)


def test_an_equal_run_takes_the_first_ones_result(tenant: Tenant) -> None:
    tenant.apply(manifests.run(AGAIN, train="cells-train", dev="cells-dev"))
    found = _published(tenant, AGAIN, "Attached")
    assert found["status"]["version"] == "1.1"
    assert found["status"]["runDigest"] == tenant.get("trainingrun", FIRST)["status"]["runDigest"]
    assert not [name for name in tenant.names("jobs") if name.startswith(AGAIN)]


def test_a_deleted_capability_comes_back_at_its_version_and_trains_nothing(tenant: Tenant, cells: Cells) -> None:
    jobs = tenant.names("jobs")
    tenant.delete("capability", "cells")
    tenant.apply(manifests.capability("cells"))
    found = tenant.until("capability", "cells", "ModelServing", "Serving", _SERVING_SECONDS)
    assert found["status"]["version"] == "1.1"
    assert tenant.names("jobs") == jobs
    image = cells.dev_image.read_bytes()
    assert eventually(lambda: _answered(tenant, image), _SERVING_SECONDS, 1.0)


def test_a_deleted_run_attaches_when_it_is_applied_again(tenant: Tenant) -> None:
    tenant.delete("trainingrun", FIRST)
    tenant.apply(manifests.run(FIRST, train="cells-train", dev="cells-dev"))
    found = _published(tenant, FIRST, "Attached")
    assert found["status"]["version"] == "1.1"
    assert not [name for name in tenant.names("jobs") if name.startswith(FIRST)]


_REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown-template": ({"templateRef": {"name": "no-such-template"}}, "UnknownTemplate", "no-such-template"),
    "unknown-parameter": ({"overrides": {"modle": {}}}, "InvalidOverrides", "modle"),
    "wrong-value": ({"overrides": {"model": {"backbone": "vgg16"}}}, "InvalidOverrides", "resnet18"),
    "unknown-capability": ({"capabilityRef": {"name": "nothing"}}, "UnknownCapability", "nothing"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_a_wrong_run_is_refused_before_anything_starts(tenant: Tenant, name: str) -> None:
    changes, reason, words = _REFUSED[name]
    tenant.apply(manifests.run(name, train="cells-train", dev="cells-dev", **changes))
    found = tenant.until("trainingrun", name, "Succeeded", reason)
    assert _condition(found, "Succeeded")["status"] == "False"
    assert words in _message(found, "Succeeded")
    assert not [job for job in tenant.names("jobs") if job.startswith(name)]


def test_one_image_in_train_and_dev_under_two_names_is_refused(tenant: Tenant, cells: Cells, tmp_path: Path) -> None:
    address = tenant.push(overlapping(cells, tmp_path / "overlapping"), "overlapping")
    tenant.apply(
        manifests.dataset("overlapping-dev", f"{address}/dev.json"),
        manifests.run("overlapping", train="cells-train", dev="overlapping-dev"),
    )
    found = tenant.until("trainingrun", "overlapping", "Succeeded", "SplitsOverlap")
    assert "another-name.jpg" in _message(found, "Succeeded")


def test_faulty_records_are_all_named_and_the_dataset_stays_open(tenant: Tenant, cells: Cells, tmp_path: Path) -> None:
    folder = faulty(cells, tmp_path / "faulty")
    address = tenant.push(folder, "faulty", allow_faults=True)
    tenant.apply(manifests.dataset("faulty", f"{address}/dev.json"))
    found = tenant.until("dataset", "faulty", "Ready", "FaultyRecords")
    assert {one["code"] for one in found["status"]["faults"]} == {"BoxOutside", "UndeclaredCategory"}
    assert "digest" not in found["status"]


def test_without_serving_pods_callers_are_told_to_come_back_and_new_pods_load_again(
    tenant: Tenant, system: System, cells: Cells
) -> None:
    image = cells.dev_image.read_bytes()
    scale = ("--namespace=capforge-system", "scale", "deployment/capforge-serving-cpu")
    system.clients.kubectl(*scale, "--replicas=0")
    try:
        eventually(lambda: tenant.post("cells", image).status_code == 503, _SERVING_SECONDS, 1.0)
        assert int(tenant.post("cells", image).headers["retry-after"]) > 0
        tenant.until("capability", "cells", "Ready", "ServingUnavailable")
    finally:
        system.clients.kubectl(*scale, "--replicas=1")
    tenant.until("capability", "cells", "Ready", "Serving", _SERVING_SECONDS)
    assert eventually(lambda: _version(tenant, image, "v1"), _SERVING_SECONDS, 1.0) == "1.1"


def test_the_next_model_is_version_1_2_and_the_old_one_still_answers(tenant: Tenant, cells: Cells) -> None:
    tenant.apply(manifests.run(OTHER, train="cells-train", dev="cells-dev", seed=1))
    found = _published(tenant, OTHER, "Completed", _TRAINING_SECONDS)
    assert found["status"]["version"] == "1.2"
    image = cells.dev_image.read_bytes()
    eventually(lambda: _version(tenant, image, "v1") == "1.2", _SERVING_SECONDS, 1.0)
    assert _version(tenant, image, "v1.1") == "1.1"
    eventually(lambda: tenant.columns("capability", "cells")["VERSION"] == "1.2", _SERVING_SECONDS, 1.0)


def test_an_upgrade_and_a_reinstallation_lose_nothing(tenant: Tenant, system: System, cells: Cells) -> None:
    image = cells.dev_image.read_bytes()
    before = {kind: tenant.names(kind) for kind in ("capabilities", "datasets", "trainingruns")}
    system.install()
    assert _version(tenant, image, "v1") == "1.2"
    system.clients.helm("uninstall", "capforge", "--namespace", "capforge-system", "--wait")
    assert {kind: tenant.names(kind) for kind in before} == before
    system.install()
    eventually(lambda: _version(tenant, image, "v1") == "1.2", _SERVING_SECONDS, 1.0)
    assert {kind: tenant.names(kind) for kind in before} == before
    assert tenant.columns("trainingrun", OTHER)["VERSION"] == "1.2"


def _published(tenant: Tenant, run: str, how: str, timeout_seconds: float = _SERVING_SECONDS) -> dict[str, Any]:
    """Wait until a run has ended well and its model has its number, which it gets a moment later."""
    tenant.until("trainingrun", run, "Succeeded", how, timeout_seconds)
    return tenant.until("trainingrun", run, "Published", "Published")


def _answered(tenant: Tenant, image: bytes, version: str = "v1") -> dict[str, Any]:
    reply = tenant.post("cells", image, version)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


def _version(tenant: Tenant, image: bytes, version: str) -> str:
    return str(_answered(tenant, image, version)["document"]["inference"]["model"]["version"])


def _expect(tenant: Tenant, image: bytes, status: int) -> dict[str, Any]:
    reply = tenant.post("cells", image)
    assert reply.status_code == status, reply.text
    error: dict[str, Any] = reply.json()["api_request"]["error"]
    return error


def _assert_boxes_lie_in(path: Path, reply: dict[str, Any]) -> None:
    with Image.open(path) as opened:
        width, height = opened.size
    document = reply["document"]
    assert document["image"] == {"width": width, "height": height}
    entities = document["inference"]["prediction"]["entities"]
    assert entities, "a minute of training finds something"
    for entity in entities:
        x0, y0, x1, y1 = entity["location"]["box"]
        assert 0 <= x0 < x1 <= width
        assert 0 <= y0 < y1 <= height
        observed = entity["observations"][0]
        assert CLASSES[observed["position"]] == observed["value"]
        assert 0 < observed["confidence"] <= 1


def _condition(found: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(one for one in found["status"]["conditions"] if one["type"] == kind)


def _message(found: dict[str, Any], kind: str) -> str:
    return str(_condition(found, kind)["message"])
