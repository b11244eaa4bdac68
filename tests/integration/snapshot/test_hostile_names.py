"""File names that no picture can have, on a real S3 server: a fault of the record, never a store that seems to be away."""

from __future__ import annotations

from pathlib import Path

import pytest

from capforge_contracts.dataset import CocoSource, Fault, SnapshotOutcome
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.layout import snapshot_faults
from capforge_contracts.store import Refused
from tests.integration.snapshot.test_snapshot_process import Job
from tests.support.objectstore import S3Server
from tests.unit.snapshot.cocofolder import CocoFolder, three_images

IMPOSSIBLE = [
    "x" * 300, "é" * 300, "/".join("x" * 250 for _ in range(2)), "é/" * 250, ".", "1.png/", "1.png/x", "a//b", "a/", " ", "%00",
    "%2e%2e/%2e%2e/other", "?versionId=x", "#", "+", "\u00a0", "...", "-", "~", "'\"<>&", "{}|^`", "train.json/../x"[:11],
]  # fmt: skip


def test_names_that_a_store_cannot_hold_are_missing_pictures(s3: S3Server, tmp_path: Path) -> None:
    images = [{"id": at, "file_name": name} for at, name in enumerate(IMPOSSIBLE)]
    source = CocoFolder(document={**three_images(), "images": images, "annotations": []}, prefix="hostile-names/cells")
    source.upload(s3.store())
    coco = CocoSource(annotations_uri=f"{s3.store().uri}/hostile-names/cells/train.json")
    job = Job(s3, tmp_path, "hostile-names", coco)
    assert job.run() == ExitCode.SUCCESS, (tmp_path / "stderr").read_text()
    assert job.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    key = snapshot_faults("hostile-names", "cells", job.request.spec_hash)
    faults = [Fault.from_json(line) for line in s3.store().get(key).splitlines()]
    told = {fault.record.split(" ")[1]: fault.code for fault in faults}
    assert set(told) == {str(at) for at in range(len(IMPOSSIBLE))}, [
        name for at, name in enumerate(IMPOSSIBLE) if str(at) not in told
    ]
    assert set(told.values()) <= {"MissingImage", "UnreadableImage", "BadFileName", "DuplicateContent"}


@pytest.mark.parametrize("name", ["a b", "-", "A" * 300, "x/y", "ü"])
def test_a_bucket_that_cannot_be_is_refused_and_not_asked_for_again(s3: S3Server, name: str) -> None:
    with pytest.raises(Refused):
        s3.store(name).get("train.json")
