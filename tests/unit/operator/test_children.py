"""The Jobs that are made: what PodSecurity, the queue, the GPU and the run contract ask for."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts.run import CapabilityType, Output, RunDatasets, RunSpec
from capforge_operator.api.dataset import Dataset
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.children.snapshot_job import snapshot_job
from capforge_operator.children.training_job import training_job
from capforge_operator.settings import Settings
from tests.unit.operator.training_world import NAMESPACE, SETTINGS, dataset, run

DIGEST = "ab" * 32
TMP, SHM = "/tmp", "/dev/shm"  # noqa: S108 - the pod's own


def spec(**changes: Any) -> RunSpec:
    fields: dict[str, Any] = {
        "namespace": NAMESPACE,
        "capability": "cells",
        "capability_type": CapabilityType.DETECTOR,
        "run": "cells-1",
        "digest": DIGEST,
        "outputs": [Output(position=0, name="RBC")],
        "datasets": RunDatasets(train=[], dev=[]),
        "template": "tiny-detector",
        "parameters": {},
        "seed": 0,
        "time_budget_seconds": 600,
        "image": "trainer:1",
        **changes,
    }
    return RunSpec(**fields)


def training(settings: Settings = SETTINGS, labels: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    document = run(**fields)
    document["metadata"] |= {"uid": "u-1", "labels": labels or {}}
    return training_job(TrainingRun.parse(document), spec(), settings)


def snapshot(settings: Settings = SETTINGS) -> dict[str, Any]:
    document = dataset()
    document["metadata"]["uid"] = "u-2"
    return snapshot_job(Dataset.parse(document), DIGEST, settings)


def pod(job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = job["spec"]["template"]["spec"]
    return found


def container(job: dict[str, Any]) -> dict[str, Any]:
    (found,) = pod(job)["containers"]
    return dict(found)


@pytest.mark.parametrize("job", [training(), snapshot()], ids=["training", "snapshot"])
class TestEveryJob:
    def test_is_restricted(self, job: dict[str, Any]):
        assert pod(job)["securityContext"]["runAsNonRoot"] is True
        assert pod(job)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod(job)["automountServiceAccountToken"] is False
        assert container(job)["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }

    def test_can_write_to_tmp(self, job: dict[str, Any]):
        assert {"name": "tmp", "emptyDir": {}} in pod(job)["volumes"]
        assert {"name": "tmp", "mountPath": TMP} in container(job)["volumeMounts"]

    def test_has_requests_and_a_memory_limit(self, job: dict[str, Any]):
        resources = container(job)["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert resources["limits"]["memory"] == resources["requests"]["memory"]

    def test_never_retries_what_would_end_the_same_way_and_always_what_the_node_did(self, job: dict[str, Any]):
        ignore, fail = job["spec"]["podFailurePolicy"]["rules"]
        assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
        assert fail["action"] == "FailJob"
        assert fail["onExitCodes"] == {
            "containerName": container(job)["name"],
            "operator": "In",
            "values": [64, 65, 67, 68],
        }
        assert job["spec"]["podReplacementPolicy"] == "Failed"
        assert pod(job)["restartPolicy"] == "Never"

    def test_ends_in_time_and_is_cleaned_up(self, job: dict[str, Any]):
        assert job["spec"]["activeDeadlineSeconds"] > 0
        assert job["spec"]["ttlSecondsAfterFinished"] == 86400

    def test_belongs_to_its_owner_and_is_watched(self, job: dict[str, Any]):
        (owner,) = job["metadata"]["ownerReferences"]
        assert owner["controller"] is True
        assert owner["uid"] in ("u-1", "u-2")
        for labels in (job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]):
            assert labels["app.kubernetes.io/part-of"] == "capforge"

    def test_takes_the_stores_credentials_from_the_tenants_secret(self, job: dict[str, Any]):
        env = {one["name"]: one for one in container(job)["env"]}
        key = {"name": "capforge-object-store", "key": "secretAccessKey"}
        assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"] == {"secretKeyRef": key}
        assert env["CAPFORGE_STORE"]["valueFrom"]["secretKeyRef"]["key"] == "store"
        assert env["AWS_ENDPOINT_URL"]["valueFrom"]["secretKeyRef"]["optional"] is True
        assert "CAPFORGE_STORE_CA" not in env


def test_the_snapshot_works_on_its_request():
    request = f"{NAMESPACE}/snapshots/cells-{DIGEST[:12]}/request.json"
    assert container(snapshot())["args"] == ["--request", request]
    assert snapshot()["metadata"]["name"] == f"cells-snapshot-{DIGEST[:8]}"


def test_the_trainer_works_on_its_run():
    assert container(training())["args"] == ["run", "--run", f"{NAMESPACE}/runs/{DIGEST}/run.json"]
    assert container(training())["image"] == "trainer:1"
    assert training()["metadata"]["annotations"] == {"capforge.dev/run-digest": DIGEST}


def test_training_has_time_for_a_checkpoint_and_tries_again():
    job = training()
    assert pod(job)["terminationGracePeriodSeconds"] == 120
    assert job["spec"]["backoffLimit"] == 3
    assert job["spec"]["activeDeadlineSeconds"] == 600 + SETTINGS.training_allowance_seconds


def test_training_has_shared_memory():
    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}} in pod(training())["volumes"]
    assert {"name": "shm", "mountPath": SHM} in container(training())["volumeMounts"]


def test_a_gpu_becomes_a_limit():
    resources = container(training(resources={"gpu": 1}))["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == "1"
    assert resources["requests"]["nvidia.com/gpu"] == "1"


def test_a_gpus_name_can_be_the_clusters():
    slice_name = "nvidia.com/mig-1g.10gb"
    resources = container(training(resources={"gpu": 2, "gpuResourceName": slice_name}))["resources"]
    assert resources["limits"][slice_name] == "2"
    assert "nvidia.com/gpu" not in resources["limits"]


def test_without_a_gpu_none_is_asked_for():
    assert set(container(training())["resources"]["limits"]) == {"memory"}


def test_resources_and_placement_come_from_the_run():
    toleration = {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
    job = training(
        resources={
            "cpu": "6",
            "memory": "12Gi",
            "nodeSelector": {"zone": "a"},
            "tolerations": [toleration],
            "priorityClassName": "low",
            "runtimeClassName": "nvidia",
        }
    )
    assert container(job)["resources"]["requests"] == {"cpu": "6", "memory": "12Gi"}
    assert pod(job)["nodeSelector"] == {"zone": "a"}
    assert pod(job)["tolerations"] == [toleration]
    assert (pod(job)["priorityClassName"], pod(job)["runtimeClassName"]) == ("low", "nvidia")


def test_suspend_and_a_queue_start_the_job_suspended():
    assert training()["spec"]["suspend"] is False
    assert training(suspend=True)["spec"]["suspend"] is True
    queued = training(labels={"kueue.x-k8s.io/queue-name": "gpus"})
    assert queued["spec"]["suspend"] is True
    assert queued["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "gpus"


def test_the_stores_authority_is_mounted_where_there_is_one():
    job = training(SETTINGS.model_copy(update={"store_ca": "/etc/capforge/store/ca.crt"}))
    env = {one["name"]: one.get("value") for one in container(job)["env"]}
    assert env["CAPFORGE_STORE_CA"] == "/etc/capforge/store/ca.crt"
    assert any(one["name"] == "store-ca" for one in pod(job)["volumes"])


def test_pull_secrets_are_named():
    job = training(SETTINGS.model_copy(update={"image_pull_secrets": ("registry",)}))
    assert pod(job)["imagePullSecrets"] == [{"name": "registry"}]
