"""`capforge status` and `capforge logs` against a real API server with the CRDs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.integration.cli.command import capforge, environment
from tests.support.apiserver import KubeApi
from tests.support.eventually import eventually

DIGEST = "a" * 64


def condition(kind: str, status: str, reason: str, message: str) -> dict[str, str]:
    time = "2026-01-01T00:00:00Z"
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": time}


def training(percent: int) -> dict[str, object]:
    return {
        "conditions": [condition("Succeeded", "Unknown", "Training", "epoch 4 of 10")],
        "progressPercent": percent,
        "progress": f"Training 4/10 {percent}%",
        "remaining": "2m",
    }


@pytest.fixture
def namespace(kube: KubeApi, kube_namespace: str) -> str:
    """A capability without a model, a faulty data set, a training under way."""
    kube.apply_crds()
    outputs = [{"position": 0, "name": "RBC"}]
    capability = {"type": "DetectorElement", "modelParameters": {"outputs": outputs}}
    coco = {"annotationsUri": f"s3://capforge/{kube_namespace}/train.json"}
    run = {
        "capabilityRef": {"name": "cells"},
        "datasets": {"train": [{"name": "train"}], "dev": [{"name": "dev"}]},
        "templateRef": {"name": "detector"},
    }
    for kind, name, spec in (
        ("Capability", "cells", capability),
        ("Dataset", "train", {"source": {"coco": coco}}),
        ("TrainingRun", "first", run),
    ):
        metadata = {"name": name, "namespace": kube_namespace}
        kube.apply({"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
    faulty = {
        "conditions": [condition("Ready", "False", "FaultyRecords", "2 faults (BoxOutside 2)")],
        "faultCount": 2,
    }
    kube.write_status("Dataset", kube_namespace, "train", faulty)
    kube.write_status("TrainingRun", kube_namespace, "first", training(40))
    return kube_namespace


def test_one_table_shows_everything(kube: KubeApi, namespace: str):
    done = capforge("status", "-n", namespace, kube=kube)
    assert done.code == 0, done.err
    lines = {line.split()[0]: line for line in done.out.splitlines() if line.strip()}
    assert "cells" in lines["Capability"]
    assert "Pending" in lines["Capability"]
    assert "40 %" in lines["TrainingRun"]
    assert "Training 4/10 40%, 2m left" in lines["TrainingRun"]
    assert "Dataset train: 2 faults (BoxOutside 2)" in done.out


def test_programs_get_json(kube: KubeApi, namespace: str):
    done = capforge("status", "-n", namespace, "-o", "json", kube=kube)
    (faulty,) = [row for row in json.loads(done.out) if row["kind"] == "Dataset"]
    assert (faulty["status"], faulty["reason"], faulty["namespace"]) == ("False", "FaultyRecords", namespace)


def test_all_namespaces_are_told_apart(kube: KubeApi, namespace: str):
    assert namespace in capforge("status", "-A", kube=kube).out


def test_an_empty_namespace_says_what_to_do(kube: KubeApi, namespace: str):
    done = capforge("status", "-n", kube.create_namespace(), kube=kube)
    assert done.code == 0
    assert "docs/how-to/README.md" in done.err


def test_watching_shows_what_changes(kube: KubeApi, namespace: str):
    command = [sys.executable, "-m", "capforge", "status", "-n", namespace, "--watch"]
    with subprocess.Popen(command, env=environment({"TTY_COMPATIBLE": "1"}, kube), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seen: list[str] = []

        def shows(text: str) -> bool:
            seen.append(process.stdout.readline().decode())  # type: ignore[union-attr]
            return text in "".join(seen)

        try:
            eventually(lambda: shows("40 %"), pause_seconds=0)
            kube.write_status("TrainingRun", namespace, "first", training(70))
            eventually(lambda: shows("70 %"), pause_seconds=0)
        finally:
            process.kill()


def test_without_the_resources_it_asks_whether_capforge_is_installed(kube: KubeApi):
    done = capforge("logs", "no-such-run", "-n", "default", kube=kube)
    assert done.code == 1
    assert "no-such-run" in done.err
    assert "Is Capforge installed" in done.err


def test_logs_of_a_run_without_a_pod_say_why(kube: KubeApi, namespace: str):
    done = capforge("logs", "first", "-n", namespace, kube=kube)
    assert done.code == 1
    assert "has no pod to read from: Training: epoch 4 of 10" in done.err


def test_logs_of_a_pod_that_waits_say_for_what(kube: KubeApi, namespace: str):
    labels = {"capforge.dev/training-run": "first"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "first-train-x", "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "trainer", "image": "none"}]},
    }
    kube.apply(pod)
    done = capforge("logs", "first", "-n", namespace, kube=kube)
    assert done.code == 1
    assert "pod first-train-x has not started: it waits for its node" in done.err
