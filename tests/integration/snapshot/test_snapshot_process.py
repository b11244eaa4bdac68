"""The process of a snapshot Job against a real S3 server: answers, exit codes, and being killed anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from capforge_contracts import layout
from capforge_contracts.coco.faults import FaultCode
from capforge_contracts.dataset import (
    CocoSource,
    SnapshotOutcome,
    SnapshotProgress,
    SnapshotRequest,
    SnapshotResult,
    read_manifest,
)
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.store import NotFound
from tests.support.eventually import PATIENCE, eventually
from tests.support.faults.kinds import NeverAnswers
from tests.support.faults.proxy import Proxy
from tests.support.faults.words import s3_words
from tests.support.objectstore import S3Server
from tests.support.ports import free_port
from tests.unit.snapshot.cocofolder import CocoFolder, broken, picture

MANY = 150


class Job:
    """One request in the store and the processes that work on it."""

    def __init__(self, s3: S3Server, folder: Path, namespace: str, coco: CocoSource | None, **source: Any) -> None:
        self.s3 = s3
        self.store = s3.store()
        self.folder = folder
        self.request = SnapshotRequest(
            namespace=namespace, dataset="cells", spec_hash="a" * 64, as_of="2026-01-01T00:00:00Z", coco=coco, **source
        )
        self.key = layout.snapshot_request(namespace, "cells", "a" * 64)
        self.store.put(self.key, self.request.to_json())

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "capforge_snapshot", "--request", self.key]
        env = {**os.environ, **self.s3.environment, "CAPFORGE_TERMINATION_LOG": str(self.folder / "log"), **environment}
        return subprocess.Popen(command, env=env, stderr=(self.folder / "stderr").open("wb"))

    def run(self, **environment: str) -> int:
        with self.start(**environment) as process:
            return process.wait(timeout=60 * PATIENCE)

    @property
    def result_key(self) -> str:
        return layout.snapshot_result(self.request.namespace, "cells", self.request.spec_hash)

    @property
    def result(self) -> SnapshotResult:
        return SnapshotResult.from_json(self.store.get(self.result_key))

    @property
    def progress(self) -> SnapshotProgress:
        key = layout.snapshot_progress(self.request.namespace, "cells", self.request.spec_hash)
        return SnapshotProgress.from_json(self.store.get(key))

    @property
    def termination(self) -> Termination:
        return Termination.from_json((self.folder / "log").read_bytes())


@pytest.fixture
def namespace() -> str:
    """A tenant of its own for each test (the server is shared)."""
    return f"t{uuid4().hex[:12]}"


def job(s3: S3Server, tmp_path: Path, namespace: str, source: CocoFolder) -> Job:
    source.prefix = f"{namespace}/uploads"
    source.upload(s3.store())
    return Job(s3, tmp_path, namespace, CocoSource(annotations_uri=f"s3://{s3.bucket}/{source.prefix}/train.json"))


def many_images() -> CocoFolder:
    numbers = range(MANY)
    document = {
        "images": [{"id": n, "file_name": f"{n}.png", "width": 40, "height": 30} for n in numbers],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [{"id": n, "image_id": n, "category_id": 1, "bbox": [1, 2, 3, 4]} for n in numbers],
    }
    return CocoFolder(document=document, files={f"{n}.png": picture(n) for n in numbers})


def test_a_sound_source_is_locked(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    assert it.run() == ExitCode.SUCCESS
    assert it.result.outcome is SnapshotOutcome.LOCKED
    assert it.result.digest is not None
    _, items = read_manifest(it.store.get(layout.manifest(namespace, it.result.digest)))
    assert all(it.store.exists(layout.blob(namespace, item.sha256)) for item in items)
    assert it.progress == SnapshotProgress(done=3, total=3)


def test_faults_are_an_answer_not_a_failure(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, broken(lambda f: f.files.pop("2.png")))
    assert it.run() == ExitCode.SUCCESS
    assert it.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert [(fault.code, fault.record) for fault in it.result.faults] == [(FaultCode.MISSING_IMAGE, "image 2 (2.png)")]


def test_a_source_in_another_bucket_of_the_server_is_read(s3: S3Server, tmp_path: Path, namespace: str):
    bucket = s3.create_bucket(f"labels-{namespace}")
    source = CocoFolder(prefix="2026/cells").upload(bucket)
    it = Job(s3, tmp_path, namespace, CocoSource(annotations_uri=f"{bucket.uri}/{source.prefix}/train.json"))
    assert it.run() == ExitCode.SUCCESS
    assert it.result.outcome is SnapshotOutcome.LOCKED


@pytest.mark.parametrize("uri", ["s3://no-such-bucket-here/train.json", "s3://capforge/{namespace}/nothing.json"])
def test_a_source_that_is_not_there_is_named(s3: S3Server, tmp_path: Path, namespace: str, uri: str):
    it = Job(s3, tmp_path, namespace, CocoSource(annotations_uri=uri.format(namespace=namespace)))
    assert it.run() == ExitCode.SUCCESS
    assert it.result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert uri.rpartition("/")[2] in it.result.message


def test_a_store_that_is_away_is_worth_another_try(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    assert it.run(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}") == ExitCode.STORE_UNAVAILABLE
    assert it.termination.reason == "StoreUnavailable"


def test_a_missing_request_is_a_bad_configuration(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    it.store.delete(it.key)
    assert it.run() == ExitCode.BAD_CONFIGURATION
    assert it.key in it.termination.message


def test_a_wrong_request_names_its_field(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    it.store.put(it.key, json.dumps({"namespace": namespace}).encode())
    assert it.run() == ExitCode.BAD_CONFIGURATION
    assert "specHash" in it.termination.message


def test_a_wrong_store_names_the_variable(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    assert it.run(CAPFORGE_STORE="ftp://x") == ExitCode.BAD_CONFIGURATION
    assert "CAPFORGE_STORE" in it.termination.message


def test_wrong_credentials_are_a_bad_configuration(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    assert it.run(AWS_SECRET_ACCESS_KEY="wrong") == ExitCode.BAD_CONFIGURATION
    assert "wrong" not in (tmp_path / "stderr").read_text()


def blobs(store: S3ObjectStore, namespace: str) -> int:
    return sum(1 for _ in store.list(f"{namespace}/blobs/"))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_killed_anywhere_the_next_attempt_comes_to_the_same_digest(
    s3: S3Server, tmp_path: Path, namespace: str, share: float
):
    reference = job(s3, tmp_path, f"{namespace}ref", many_images())
    assert reference.run() == ExitCode.SUCCESS

    it = job(s3, tmp_path, namespace, many_images())
    with it.start() as process:
        eventually(lambda: blobs(it.store, namespace) >= int(share * MANY), pause_seconds=0.002)
        process.kill()
    notes = layout.snapshot_proven(namespace, "cells", it.request.spec_hash)
    is_noted, is_done = any(it.store.list(notes)), it.store.exists(it.result_key)
    assert it.run() == ExitCode.SUCCESS
    assert it.result == reference.result
    assert blobs(it.store, namespace) == MANY
    assert ("going on where an earlier attempt ended" in (tmp_path / "stderr").read_text()) == (
        is_noted and not is_done
    )
    assert not any(it.store.list(notes))


def test_sigterm_ends_it_soon_and_says_so(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, many_images())
    with Proxy(s3.endpoint_url, s3_words).running() as proxy:
        half_way = proxy.rules.add(NeverAnswers(), "PUT", "/blobs/", when=lambda number: number > MANY // 2)
        with it.start(AWS_ENDPOINT_URL=proxy.url) as process:
            eventually(lambda: half_way.done > 0)
            process.send_signal(signal.SIGTERM)
            proxy.rules.clear()
            assert process.wait(timeout=20 * PATIENCE) == ExitCode.INTERRUPTED
    assert it.termination.reason == "Interrupted"
    with pytest.raises(NotFound):
        _ = it.result


def test_a_locked_snapshot_is_not_taken_again(s3: S3Server, tmp_path: Path, namespace: str):
    it = job(s3, tmp_path, namespace, CocoFolder())
    assert it.run() == ExitCode.SUCCESS
    first = it.result
    CocoFolder(text=b"{", prefix=f"{namespace}/uploads").upload(it.store)
    assert it.run() == ExitCode.SUCCESS
    assert it.result == first
