"""The process of a snapshot Job on each format, against a real S3 server: the same data set, whatever the format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, SnapshotOutcome, read_manifest
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VocSource, YoloSource
from tests.integration.snapshot.test_snapshot_process import Job, blobs
from tests.support.eventually import eventually
from tests.support.objectstore import S3Server
from tests.unit.snapshot.cocofolder import picture
from tests.unit.snapshot.formats import voc_object, voc_xml

MANY = 60
BOX = (5.0, 6.0, 15.0, 18.0)
"""Of the one cat in each picture of 40 x 30 pixels."""


def yolo() -> Mapping[str, bytes]:
    label = b"0 0.25 0.4 0.25 0.4"
    files = {f"labels/{n}.txt": label for n in range(MANY)} | {f"images/{n}.png": picture(n) for n in range(MANY)}
    return {"data.yaml": b"names: [cat]\ntrain: images", **files}


def voc() -> Mapping[str, bytes]:
    files = {f"Annotations/{n}.xml": voc_xml(n, voc_object(box=BOX)) for n in range(MANY)}
    return files | {f"JPEGImages/{n}.png": picture(n) for n in range(MANY)}


def manifest() -> Mapping[str, bytes]:
    items = [{"name": f"{n}.png", "entities": [{"className": "cat", "box": list(BOX)}]} for n in range(MANY)]
    lines = [{"format": "capforge.dataset/v1", "classes": ["cat"]}, *items]
    text = "\n".join(json.dumps(line) for line in lines).encode()
    return {"manifest.jsonl": text, **{f"{n}.png": picture(n) for n in range(MANY)}}


def image_folder() -> Mapping[str, bytes]:
    return {f"cat/{n}.png": picture(n) for n in range(MANY)}


FORMATS: dict[str, Any] = {
    "yolo": (yolo, lambda uri: {"yolo": YoloSource(data_uri=f"{uri}/data.yaml")}),
    "voc": (voc, lambda uri: {"voc": VocSource(annotations_uri=f"{uri}/Annotations")}),
    "manifest": (manifest, lambda uri: {"manifest": ManifestSource(manifest_uri=f"{uri}/manifest.jsonl")}),
    "image-folder": (image_folder, lambda uri: {"image_folder": ImageFolderSource(images_uri=uri)}),
}


def job(s3: S3Server, folder: Path, namespace: str, name: str) -> Job:
    files, source = FORMATS[name]
    for path, data in files().items():
        s3.store().put(f"{namespace}/in/{path}", data)
    return Job(s3, folder, namespace, None, **source(f"s3://{s3.bucket}/{namespace}/in"))


def items(it: Job) -> list[ManifestItem]:
    assert it.result.outcome is SnapshotOutcome.LOCKED, it.result.message
    _, found = read_manifest(it.store.get(layout.manifest(it.request.namespace, it.result.digest or "")))
    return list(found)


@pytest.mark.parametrize("name", FORMATS)
def test_killed_half_way_the_next_attempt_locks_every_image(s3: S3Server, tmp_path: Path, name: str):
    namespace = f"format-{name}"
    it = job(s3, tmp_path, namespace, name)
    with it.start() as process:
        eventually(lambda: blobs(it.store, namespace) >= MANY // 2, pause_seconds=0.002)
        process.kill()
    assert it.run() == ExitCode.SUCCESS, (tmp_path / "stderr").read_text()
    found = items(it)
    assert len(found) == MANY
    box = [0.0, 0.0, 40.0, 30.0] if name == "image-folder" else list(BOX)
    assert {(one.class_name, tuple(one.box)) for item in found for one in item.entities} == {("cat", tuple(box))}
    assert blobs(it.store, namespace) == MANY


@pytest.mark.parametrize(
    ("name", "said"),
    [("yolo", "data.yaml"), ("manifest", "manifest.jsonl"), ("voc", "no XML file"), ("image-folder", "no picture")],
)
def test_a_source_that_is_not_there_is_named(s3: S3Server, tmp_path: Path, name: str, said: str):
    _, source = FORMATS[name]
    it = Job(s3, tmp_path, f"nothing-{name}", None, **source(f"s3://{s3.bucket}/nothing-{name}/in"))
    assert it.run() == ExitCode.SUCCESS
    assert it.result.outcome in {SnapshotOutcome.SOURCE_UNAVAILABLE, SnapshotOutcome.FAULTY_RECORDS}
    assert said in it.result.message


@pytest.mark.parametrize("name", FORMATS)
def test_another_tenants_folder_cannot_be_a_source(s3: S3Server, tmp_path: Path, name: str):
    _, source = FORMATS[name]
    it = Job(s3, tmp_path, f"curious-{name}", None, **source(f"s3://{s3.bucket}/format-{name}/in"))
    assert it.run() == ExitCode.SUCCESS
    assert [fault.code for fault in it.result.faults] == ["SourceNotAllowed"]
