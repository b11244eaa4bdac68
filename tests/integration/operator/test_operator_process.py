"""The operator as a process with nothing but its own rights, on a real API server and a real S3 server."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from capforge_contracts.dataset import Fault, SnapshotOutcome, SnapshotResult
from capforge_operator.api.capability import Capability
from tests.integration.operator.life import Life
from tests.integration.operator.process import Installation, OperatorProcess
from tests.integration.operator.rest import forget_earlier_tests, until_at_rest, until_it_has_looked
from tests.integration.operator.rights import prepare_tenant
from tests.support.eventually import eventually
from tests.unit.operator.training_world import capability, dataset, run

SLOW = 150.0
"""Seconds: other work may share the machine."""
_MEBIBYTE = 2**20
_RSS_LIMIT_MEBIBYTES = 150


@pytest.fixture
def life(installation: Installation, tenant: str) -> Life:
    return Life(installation.kube, installation.s3.store(), tenant)


def test_labelled_data_becomes_a_published_version(operator: OperatorProcess, life: Life):
    life.apply_all()
    life.await_run("DatasetNotLocked")
    life.await_dataset("Snapshotting")
    life.answer_snapshot()
    assert life.await_dataset("Locked").status.items == 4
    life.await_run("Pending")
    pod = life.begin_training()
    assert life.await_run("Training").status.progress == "Training 1/4 (25%)"
    life.end_training(pod)
    assert life.await_run("Completed").status.artifact is not None

    def published() -> None:
        found = life.run()
        assert found.status.version == "1.1"
        assert (found.status.condition("Published") or pytest.fail("not set")).reason == "Published"

    eventually(published, timeout_seconds=SLOW)


def test_a_killed_operator_goes_on_where_it_was(operator: OperatorProcess, life: Life):
    life.apply_all()
    life.await_dataset("Snapshotting")
    operator.stop(signal.SIGKILL)
    life.answer_snapshot()
    operator.start()
    life.await_run("Pending")
    operator.stop(signal.SIGKILL)
    pod = life.begin_training()
    uid = life.job_uid("cells-1-train")
    operator.start()
    life.await_run("Training")
    operator.stop(signal.SIGKILL)
    life.end_training(pod)
    operator.start()
    life.await_run("Completed")
    assert life.job_uid("cells-1-train") == uid


def test_a_deleted_job_is_recreated(operator: OperatorProcess, life: Life):
    life.apply_all()
    life.answer_snapshot()
    life.await_run("Pending")
    before = life.job_uid("cells-1-train")
    life.kube.kubectl("delete", "job", "cells-1-train", "-n", life.namespace)
    eventually(lambda: life.job_uid("cells-1-train") != before, timeout_seconds=SLOW)


def test_a_failed_trainer_is_explained(operator: OperatorProcess, life: Life):
    life.apply_all()
    life.answer_snapshot()
    pod = life.begin_training_when_pending()
    life.fail_training(pod, 67, "NonFiniteLoss", "loss is nan in epoch 3; lower optimizer.rate")
    found = life.await_run("NonFiniteLoss")
    assert found.status.failure is not None
    assert found.status.failure.exit_code == 67
    assert "lower optimizer.rate" in found.status.failure.message


def test_faults_reach_the_status(operator: OperatorProcess, life: Life):
    life.apply_all()
    life.await_dataset("Snapshotting")
    fault = Fault(code="MissingImage", file="a.json", record="image 7", message="b.jpg is not there")
    result = SnapshotResult(outcome=SnapshotOutcome.FAULTY_RECORDS, message="1 fault", fault_count=1, faults=[fault])
    life.answer_snapshot(result)
    found = life.await_dataset("FaultyRecords")
    assert [one.record for one in found.status.faults] == ["image 7"]


def test_suspend_and_cancel_reach_the_job(operator: OperatorProcess, life: Life):
    life.apply_all(suspend=True)
    life.answer_snapshot()
    life.await_run("Suspended")
    assert life.kube.get("job", "cells-1-train", "-n", life.namespace)["spec"]["suspend"] is True
    life.apply(run(suspend=False))
    life.await_run("Pending")
    assert life.kube.get("job", "cells-1-train", "-n", life.namespace)["spec"]["suspend"] is False
    life.apply(run(suspend=False, stop="Cancel"))
    life.await_run("Cancelled")
    eventually(lambda: life.kube.kubectl("get", "jobs", "-n", life.namespace, "-o", "name").count("train") == 0)


def test_a_namespace_gets_prepared_later(operator: OperatorProcess, installation: Installation):
    namespace = installation.kube.create_namespace("bare")
    life = Life(installation.kube, installation.s3.store(), namespace)
    life.apply(dataset())
    life.await_dataset("NamespaceNotPrepared")
    prepare_tenant(installation.kube, namespace, installation.namespace)
    installation.kube.kubectl("annotate", "dataset", "cells", "-n", namespace, "look=again")
    life.await_dataset("Snapshotting")


def test_a_classifier_hears_of_the_detector_that_it_takes_its_entities_from(operator: OperatorProcess, life: Life):
    spec = {**capability()["spec"], "type": "BoxClassifierElement", "inputFrom": {"capabilityRef": {"name": "cells"}}}

    def told(reason: str) -> None:
        found = Capability.parse(life.kube.get("capability", "kinds", "-n", life.namespace))
        condition = found.status.condition("InputConnected")
        assert condition is not None
        assert condition.reason == reason, condition.message

    life.apply({**capability("kinds"), "spec": spec})
    eventually(lambda: told("UnknownInput"), timeout_seconds=SLOW)
    life.apply(capability())  # no resync comes within the test: the detector's event rings the classifier
    eventually(lambda: told("InputWithoutModel"), timeout_seconds=SLOW)
    life.kube.kubectl("delete", "capability", "cells", "-n", life.namespace)
    eventually(lambda: told("UnknownInput"), timeout_seconds=SLOW)


def test_a_template_that_is_deleted_comes_back(operator: OperatorProcess, installation: Installation):
    kube = installation.kube
    eventually(lambda: kube.get("modeltemplate", "anchor-free-detector"), timeout_seconds=SLOW)
    kube.kubectl("delete", "modeltemplate", "anchor-free-detector")
    eventually(lambda: kube.get("modeltemplate", "anchor-free-detector"), timeout_seconds=SLOW)


def test_at_rest_nothing_is_written_not_even_by_resync_or_restart(installation: Installation, life: Life):
    forget_earlier_tests(installation.kube)
    operator = OperatorProcess(installation, {"CAPFORGE_RESYNC_SECONDS": "0.5"})
    operator.start()
    try:
        life.apply_all()
        life.answer_snapshot()
        life.end_training(life.begin_training_when_pending())
        eventually(lambda: life.run().status.version == "1.1", timeout_seconds=SLOW)
        until_at_rest(operator)
        versions = life.kube.kubectl("get", "trainingruns,datasets,capabilities", "-A", "-o", _VERSIONS)
        until_at_rest(operator)
        assert life.kube.kubectl("get", "trainingruns,datasets,capabilities", "-A", "-o", _VERSIONS) == versions
        operator.stop()
        operator.start()
        until_it_has_looked(operator)
        assert operator.writes() == 0
    finally:
        operator.close()


_VERSIONS = "jsonpath={range .items[*]}{.metadata.namespace}/{.metadata.name}={.metadata.resourceVersion} {end}"


def test_it_stays_small_with_many_objects(operator: OperatorProcess, life: Life):
    many = [run(f"many-{number}") for number in range(100)]
    life.apply(*many)
    eventually(lambda: _refused(life) == len(many), timeout_seconds=SLOW)
    assert _rss_mebibytes(operator.pid) <= _RSS_LIMIT_MEBIBYTES
    life.kube.kubectl("delete", "trainingruns", "--all", "-n", life.namespace)


def _refused(life: Life) -> int:
    reasons = life.kube.kubectl(
        "get", "trainingruns", "-n", life.namespace, "-o", "jsonpath={.items[*].status.conditions[0].reason}"
    )
    return reasons.split().count("UnknownCapability")


def _rss_mebibytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / _MEBIBYTE


def test_logs_are_json_and_hold_no_secret(operator: OperatorProcess, life: Life, installation: Installation):
    life.apply_all()
    life.answer_snapshot()
    life.await_run("Pending")
    assert operator.stop() == 0
    lines = [json.loads(line) for line in operator.log.splitlines()]
    assert {"Dataset", "TrainingRun"} <= {line.get("kind") for line in lines if line["event"] == "reconciled"}
    for secret in ("very-secret", "internal-token", installation.s3.secret_key):
        assert secret not in operator.log
    told = life.kube.kubectl("get", "events,datasets,trainingruns", "-n", life.namespace, "-o", "json")
    assert "very-secret" not in told


def test_a_wrong_setting_is_named(installation: Installation):
    operator = OperatorProcess(installation, {"CAPFORGE_WORKERS": "many", "CAPFORGE_SNAPSHOT_IMAGE": ""})
    operator.launch()
    assert operator.wait() == 64
    assert "CAPFORGE_SNAPSHOT_IMAGE: Field required" in operator.log
    assert "CAPFORGE_WORKERS: " in operator.log
