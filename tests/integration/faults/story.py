"""From labelled pictures to a served version, and the one end that it must have whatever happens on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts import layout
from capforge_contracts.dataset import read_manifest
from capforge_contracts.ledger import VersionPublished, read_entry
from capforge_contracts.model import sha256_hex
from capforge_contracts.names import DESIRED_FILE, desired_config_map
from capforge_contracts.run import RunResult
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.serving import DesiredModels
from tests.support.kubeclient import Json, KubeClient
from tests.unit.operator.training_world import resource
from tests.unit.snapshot.cocofolder import CocoFolder, picture

IMAGES = 6
CLASSES = ("disc", "square")
TEMPLATE = "anchor-free-detector"
OURS = ("TrainingRun", "Dataset", "Capability", "Job", "Pod")


def small_data(prefix: str, seed: int = 0) -> CocoFolder:
    """Six noisy pictures with two boxes each; another seed gives others."""
    numbers = range(IMAGES)
    document: dict[str, Any] = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 30} for n in numbers],
        "categories": [{"id": position + 1, "name": name} for position, name in enumerate(CLASSES)],
        "annotations": [
            {
                "id": 10 * n + position,
                "image_id": n,
                "category_id": position + 1,
                "bbox": [1 + 15 * position, 2, 12, 12],
            }
            for n in numbers
            for position in range(len(CLASSES))
        ],
    }
    return CocoFolder(document=document, files={f"{n}.png": picture(1000 * seed + n) for n in numbers}, prefix=prefix)


@dataclass
class Story:
    """One Dataset, Capability and TrainingRun, all of one name."""

    kube: KubeClient
    store: S3ObjectStore
    namespace: str
    release: str
    name: str = "cells"
    seed: int = 1
    """Another seed is other data and another run."""
    overrides: Json = field(default_factory=dict)

    def begin(self) -> None:
        """Upload the data and apply the objects, as a person does: everything at once."""
        self.upload()
        for document in self.documents():
            self.kube.create(document)

    def upload(self) -> None:
        small_data(self.prefix, self.seed).upload(self.store)

    @property
    def prefix(self) -> str:
        return f"{self.namespace}/in/{self.name}"

    def documents(self) -> list[Json]:
        source = {"coco": {"annotationsUri": f"{self.store.uri}/{self.prefix}/train.json"}}
        split = {"devPercent": 34, "testPercent": 0, "seed": 1}
        outputs = [{"position": position, "name": name} for position, name in enumerate(CLASSES)]
        datasets = {role: [{"name": self.name, "split": split}] for role, split in (("train", "Train"), ("dev", "Dev"))}
        run = {
            "capabilityRef": {"name": self.name},
            "datasets": datasets,
            "templateRef": {"name": TEMPLATE},
            "timeBudgetSeconds": 600,
            "seed": self.seed,
            "overrides": self.overrides,
        }
        return [
            resource("Dataset", self.name, {"source": source, "split": split}, self.namespace),
            resource(
                "Capability",
                self.name,
                {"type": "DetectorElement", "modelParameters": {"outputs": outputs}},
                self.namespace,
            ),
            resource("TrainingRun", self.name, run, self.namespace),
        ]

    def clean(self) -> None:
        """Delete the namespace's objects: the next story starts without them."""
        for kind in OURS:
            self.kube.delete_all(kind, self.namespace)

    # What there is.

    def status(self, kind: str) -> Json:
        found = self.kube.get(kind, self.namespace, self.name)
        assert found is not None, f"{kind} {self.name} is gone"
        return dict(found.get("status", {}))

    def reason(self, kind: str, condition: str) -> str:
        conditions = self.status(kind).get("conditions", [])
        return next((one["reason"] for one in conditions if one["type"] == condition), "")

    def message(self, kind: str, condition: str) -> str:
        conditions = self.status(kind).get("conditions", [])
        return next((one["message"] for one in conditions if one["type"] == condition), "")

    def desired(self) -> list[str]:
        """The versions of this capability that the pool should load."""
        found = self.kube.get("ConfigMap", self.release, desired_config_map("cpu"))
        if found is None:
            return []
        models = DesiredModels.from_json(found["data"][DESIRED_FILE]).models
        return [one.version for one in models if (one.namespace, one.capability) == (self.namespace, self.name)]

    def ledger(self) -> list[VersionPublished]:
        prefix = layout.ledger_prefix(self.namespace, self.name)
        entries = [read_entry(self.store.get(one.key)) for one in self.store.list(prefix)]
        assert all(isinstance(one, VersionPublished) for one in entries), entries
        return [one for one in entries if isinstance(one, VersionPublished)]

    # What must be.

    def assert_ended(self) -> None:
        """The story has come to its end, as far as anyone can see."""
        assert self.reason("Dataset", "Ready") == "Locked", self.status("Dataset")
        assert self.reason("TrainingRun", "Succeeded") == "Completed", self.status("TrainingRun").get("conditions")
        assert self.reason("TrainingRun", "Published") == "Published", self.status("TrainingRun").get("conditions")
        assert self.desired() == ["1.1"], "serving"
        running = [one["metadata"]["name"] for one in self.kube.list("Pod", self.namespace) if not _has_ended(one)]
        assert running == [], "the kubelet has not said yet that these pods have ended"

    def assert_whole(self) -> None:
        """Nothing is lost, nothing is there twice."""
        self.assert_ended()
        dataset, run = self.status("Dataset"), self.status("TrainingRun")
        manifest = self.store.get(layout.manifest(self.namespace, dataset["digest"]))
        assert sha256_hex(manifest) == dataset["digest"]
        _, items = read_manifest(manifest)
        names = [item.sha256 for item in items]
        assert len(names) == len(set(names)) == dataset["items"]
        assert all(self.store.exists(layout.blob(self.namespace, name)) for name in names)
        assert run["version"] == "1.1"
        [entry] = self.ledger()
        result = RunResult.from_json(self.store.get(layout.run_result(self.namespace, run["runDigest"])))
        assert (entry.version, entry.run_digest, entry.attempt) == ("1.1", run["runDigest"], result.attempt)
        assert entry.dataset_digests == [dataset["digest"]]
        card, model = (
            self.store.get(layout.attempt_file(self.namespace, run["runDigest"], result.attempt, name))
            for name in (layout.CARD, layout.MODEL)
        )
        assert (sha256_hex(card), sha256_hex(model)) == (result.card_sha256, result.model_sha256)
        self._assert_no_orphans()

    def _assert_no_orphans(self) -> None:
        owners = {one["metadata"]["uid"] for kind in OURS[:3] for one in self.kube.list(kind, self.namespace)}
        jobs = self.kube.list("Job", self.namespace)
        assert len(jobs) == 2, [job["metadata"]["name"] for job in jobs]
        assert all(job["metadata"]["ownerReferences"][0]["uid"] in owners for job in jobs)
        uids = {job["metadata"]["uid"] for job in jobs}
        pods = self.kube.list("Pod", self.namespace)
        assert all(pod["metadata"]["ownerReferences"][0]["uid"] in uids for pod in pods)
        succeeded = [one for one in self.kube.list("TrainingRun", self.namespace) if _succeeded(one)]
        assert len(succeeded) == 1

    def __str__(self) -> str:
        return json.dumps([self.status(kind).get("conditions") for kind in OURS[:3]], indent=1)


def _has_ended(pod: Json) -> bool:
    return pod["status"]["phase"] in {"Succeeded", "Failed"}


def _succeeded(run: Json) -> bool:
    conditions = run["status"]["conditions"]
    return any((one["type"], one["status"]) == ("Succeeded", "True") for one in conditions)
