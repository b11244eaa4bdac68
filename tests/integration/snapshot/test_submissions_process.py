"""The process of a snapshot Job with a gateway and a real S3 server: killed anywhere, the next one ends the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import SnapshotOutcome, SnapshotResult
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.store import NotFound
from tests.integration.snapshot.gateway_stand import GatewayStand, gateway_stand, held_half_way, refusing
from tests.support.eventually import PATIENCE, eventually
from tests.support.objectstore import S3Server
from tests.unit.snapshot.slips import put_readings, request, submission

MANY = 120


@pytest.fixture
def stand() -> Iterator[GatewayStand]:
    with gateway_stand() as one:
        yield one


class Job:
    """One request in the store and the processes that work on it."""

    def __init__(self, s3: S3Server, stand: GatewayStand, folder: Path, namespace: str) -> None:
        self.s3, self.stand, self.folder = s3, stand, folder
        self.store = s3.store()
        self.request = request(MANY, namespace)
        self.key = layout.snapshot_request(namespace, self.request.dataset, self.request.spec_hash)
        self.store.put(self.key, self.request.to_json())
        put_readings(self.store, range(1, MANY + 1), namespace)

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "capforge_snapshot", "--request", self.key]
        own = {
            "CAPFORGE_GATEWAY_URL": self.stand.url,
            "CAPFORGE_GATEWAY_TOKEN_FILE": str(self.stand.token_file(self.folder)),
            "CAPFORGE_TERMINATION_LOG": str(self.folder / "log"),
        }
        env = {**os.environ, **self.s3.environment, **own, **environment}
        return subprocess.Popen(command, env=env, stderr=(self.folder / "stderr").open("wb"))

    def run(self, **environment: str) -> int:
        with self.start(**environment) as process:
            return process.wait(timeout=60 * PATIENCE)

    @property
    def result(self) -> SnapshotResult:
        identity = (self.request.namespace, self.request.dataset, self.request.spec_hash)
        return SnapshotResult.from_json(self.store.get(layout.snapshot_result(*identity)))

    def manifests(self) -> list[str]:
        return [one.key for one in self.store.list(f"{self.request.namespace}/manifests/")]


@pytest.fixture
def job(s3: S3Server, stand: GatewayStand, tmp_path: Path) -> Job:
    stand.submits(*(submission(number) for number in range(1, MANY + 1)))
    return Job(s3, stand, tmp_path, f"t{uuid4().hex[:12]}")


def test_killed_in_the_stream_and_while_checking_the_next_attempt_locks_everything(job: Job):
    job.stand.plays += [held_half_way]
    with job.start() as process:
        eventually(lambda: job.stand.asked)
        process.kill()
    progress = layout.snapshot_progress(job.request.namespace, job.request.dataset, job.request.spec_hash)
    with job.start() as process:
        eventually(lambda: job.store.exists(progress), pause_seconds=0.002)
        process.kill()
    assert job.run() == ExitCode.SUCCESS
    assert (job.result.outcome, job.result.items) == (SnapshotOutcome.LOCKED, MANY)
    assert job.manifests() == [layout.manifest(job.request.namespace, job.result.digest or "")]


def test_sigterm_in_the_stream_ends_it_soon_and_says_so(job: Job):
    job.stand.plays += [held_half_way]
    with job.start() as process:
        eventually(lambda: job.stand.asked)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20 * PATIENCE) == ExitCode.INTERRUPTED
    with pytest.raises(NotFound):
        _ = job.result


def test_a_refused_token_is_an_answer_not_a_failure(job: Job):
    job.stand.plays += [refusing(403)]
    assert job.run() == ExitCode.SUCCESS
    assert job.result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert job.run() == ExitCode.SUCCESS, "prepared meanwhile: the next attempt replaces the refusal"
    assert job.result.outcome is SnapshotOutcome.LOCKED


def test_a_wrong_address_names_the_variable(job: Job):
    assert job.run(CAPFORGE_GATEWAY_URL="gateway:8080") == ExitCode.BAD_CONFIGURATION
    assert "CAPFORGE_GATEWAY_URL" in Termination.from_json((job.folder / "log").read_bytes()).message
