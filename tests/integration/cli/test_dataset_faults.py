"""`capforge dataset faults`: the complete list, which is in the object store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from capforge_contracts.dataset import Fault
from tests.integration.cli.command import Ended, capforge
from tests.support.apiserver import KubeApi
from tests.support.objectstore import S3Server

FOUND = [
    Fault(code="BoxOutside", file="train.json", record=f"annotation {number}", message="allowed: inside the image")
    for number in range(30)
]


@pytest.fixture
def namespace(kube: KubeApi, kube_namespace: str, s3: S3Server) -> str:
    """A faulty data set, whose list is in the store, and one that waits."""
    kube.apply_crds()
    key = f"{kube_namespace}/snapshots/broken/faults.jsonl"
    s3.store().put(key, b"\n".join(one.to_json() for one in FOUND))
    uri = f"{s3.environment['CAPFORGE_STORE']}/{key}"
    for name in ("broken", "waiting"):
        source = {"coco": {"annotationsUri": f"s3://capforge/{kube_namespace}/{name}.json"}}
        metadata = {"name": name, "namespace": kube_namespace}
        kube.apply(
            {"apiVersion": "capforge.dev/v1alpha1", "kind": "Dataset", "metadata": metadata, "spec": {"source": source}}
        )
    kube.write_status("Dataset", kube_namespace, "broken", {"faultsUri": uri, "faultCount": len(FOUND)})
    return kube_namespace


def faults(kube: KubeApi, s3: S3Server, namespace: str, *arguments: str) -> Ended:
    return capforge("dataset", "faults", *arguments, "-n", namespace, env=s3.environment, kube=kube)


def test_every_fault_is_listed_with_its_record(kube: KubeApi, s3: S3Server, namespace: str) -> None:
    done = faults(kube, s3, namespace, "broken")
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 30
    assert done.out.splitlines()[7] == "train.json: annotation 7: BoxOutside: allowed: inside the image"
    assert "30 faults: BoxOutside 30." in done.err
    listed: list[dict[str, Any]] = json.loads(faults(kube, s3, namespace, "broken", "-o", "json").out)
    assert [one["record"] for one in listed] == [one.record for one in FOUND]


def test_a_dataset_without_a_list_says_where_it_stands(kube: KubeApi, s3: S3Server, namespace: str) -> None:
    done = faults(kube, s3, namespace, "waiting")
    assert (done.code, done.out) == (0, "")
    assert "has no list of faults (the operator has not looked at it yet)" in done.err
