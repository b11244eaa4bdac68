"""The snapshot is killed at every one of its writes; the next attempt comes to the same digest."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import CocoSource, SnapshotOutcome, SnapshotRequest, SnapshotResult, read_manifest
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.store import NotFound
from tests.integration.faults.conftest import Site
from tests.integration.faults.living import lived_through
from tests.integration.faults.story import IMAGES, small_data
from tests.integration.faults.sweep import chosen, tell
from tests.support.faults.journal import Exchange, Moment
from tests.support.faults.kinds import Answer, AnswerLost, Fault, HalfUpload, ResetBefore, Slow
from tests.support.faults.nursery import Child
from tests.support.faults.schedules import every

_SECONDS = 60.0
_KEY = "a" * 64
_NUMBERS = itertools.count(1)


@dataclass
class Snapshot:
    """One request and the processes that work on it, through the Jobs' proxy."""

    site: Site
    namespace: str
    folder: Path
    child: Child | None = None
    killed: list[str] = field(default_factory=list)

    def ask(self) -> None:
        store = self.site.s3.store()
        data = small_data(f"{self.namespace}/in").upload(store)
        source = CocoSource(annotations_uri=f"{store.uri}/{data.prefix}/train.json")
        request = SnapshotRequest(
            namespace=self.namespace, dataset="cells", spec_hash=_KEY, as_of="2026-01-01T00:00:00Z", coco=source
        )
        store.put(self.request_key, request.to_json())

    @property
    def request_key(self) -> str:
        return layout.snapshot_request(self.namespace, "cells", _KEY)

    @property
    def termination(self) -> Termination:
        return Termination.from_json((self.folder / "termination-log").read_bytes())

    def run(self, **environment: str) -> int:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "CAPFORGE_TERMINATION_LOG": str(self.folder / "termination-log"),
            **replace(self.site.s3, endpoint_url=self.site.jobs_store.url).environment,
            **environment,
        }
        log = self.folder / "log"
        self.child = self.site.nursery.start("capforge_snapshot", ["--request", self.request_key], env, log)
        return self.child.wait(_SECONDS)

    def kill_at(self, number: int, moment: Moment) -> None:
        def trap(exchange: Exchange, now: Moment) -> bool:
            if (exchange.write, now) != (number, moment) or self.child is None:
                return False
            self.killed.append(f"{moment.value} {exchange}")
            self.child.send_signal(signal.SIGKILL)
            return True

        self.site.jobs_store.journal.restart()
        self.site.jobs_store.journal.set_trap(trap)

    @property
    def result(self) -> SnapshotResult:
        return SnapshotResult.from_json(self.site.s3.store().get(layout.snapshot_result(self.namespace, "cells", _KEY)))

    def assert_whole(self) -> None:
        store, result = self.site.s3.store(), self.result
        assert result.outcome is SnapshotOutcome.LOCKED
        _, items = read_manifest(store.get(layout.manifest(self.namespace, result.digest or "")))
        names = {item.sha256 for item in items}
        assert names == {one.key.rpartition("/")[2] for one in store.list(f"{self.namespace}/blobs/")}
        assert len(names) == IMAGES
        assert len(list(store.list(f"{self.namespace}/manifests/"))) == 1


@pytest.fixture
def snapshot(site: Site, tmp_path: Path) -> Callable[[str], Snapshot]:
    def make(name: str) -> Snapshot:
        folder = tmp_path / name
        folder.mkdir()
        made = Snapshot(site, f"{site.namespace}-{next(_NUMBERS)}", folder)
        made.ask()
        return made

    return make


@pytest.fixture
def digest(site: Site, snapshot: Callable[[str], Snapshot]) -> str:
    """Of a snapshot that nobody disturbed; its writes stay in the journal."""
    calm = snapshot("calm")
    assert calm.run() == ExitCode.SUCCESS
    calm.assert_whole()
    return calm.result.digest or ""


def test_killed_at_any_write_the_next_attempt_comes_to_the_same_digest(
    site: Site, snapshot: Callable[[str], Snapshot], digest: str
):
    writes = len(site.jobs_store.journal.writes)
    assert writes > IMAGES + 2
    for number, moment in chosen([(n, m) for n in range(1, writes + 1) for m in Moment], 100):
        it = snapshot(f"{number}-{moment.value}")
        it.kill_at(number, moment)
        assert it.run() == -signal.SIGKILL
        site.jobs_store.journal.set_trap(None)
        assert it.run() == ExitCode.SUCCESS
        it.assert_whole()
        assert it.result.digest == digest
        tell(*it.killed)


def test_killed_in_every_life_it_still_gets_on(snapshot: Callable[[str], Snapshot], digest: str):
    """A pod that is killed early each time finds what the others have stored."""
    it = snapshot("again")
    lives = 0
    while True:
        it.kill_at(5, Moment.AFTER)
        lives += 1
        if it.run() == ExitCode.SUCCESS:
            break
        assert lives < IMAGES + 5
    it.assert_whole()
    assert it.result.digest == digest
    assert lives >= 3


PASSING: dict[str, tuple[Fault, dict[str, str]]] = {
    "every fourth request fails": (Answer(500), {}),
    "every fourth request finds the store busy": (Answer(503), {}),
    "every fourth connection is reset": (ResetBefore(), {}),
    "every fourth answer is lost": (AnswerLost(), {"method": "PUT"}),
    "every fourth upload breaks off": (HalfUpload(100), {"method": "PUT"}),
    "every fourth request is slow": (Slow(0.3, 0.00001), {}),
}


@pytest.mark.parametrize("case", PASSING)
def test_a_troubled_store_changes_nothing(site: Site, snapshot: Callable[[str], Snapshot], digest: str, case: str):
    fault, which = PASSING[case]
    rule = site.jobs_store.rules.add(fault, when=every(4), **which)
    it = snapshot("troubled")
    assert it.run() == ExitCode.SUCCESS
    assert rule.done >= 2
    it.assert_whole()
    assert it.result.digest == digest


def test_progress_that_cannot_be_told_does_not_end_it(site: Site, snapshot: Callable[[str], Snapshot], digest: str):
    rule = site.jobs_store.rules.add(Answer(500), "PUT", r"/progress\.json")
    it = snapshot("silent")
    assert it.run() == ExitCode.SUCCESS
    assert rule.done > 0
    assert it.result.digest == digest


def test_a_store_that_stays_away_is_worth_another_try_and_leaves_no_result(
    site: Site, snapshot: Callable[[str], Snapshot], digest: str
):
    it = snapshot("away")
    rule = site.jobs_store.rules.add(ResetBefore(), "PUT", "/blobs/")
    assert it.run() == ExitCode.STORE_UNAVAILABLE
    assert rule.done > 1
    assert "/blobs/" in it.termination.message
    with pytest.raises(NotFound):
        _ = it.result
    site.jobs_store.rules.clear()
    assert it.run() == ExitCode.SUCCESS
    assert it.result.digest == digest


def test_a_wrong_clock_is_named(site: Site, snapshot: Callable[[str], Snapshot]):
    it = snapshot("clock")
    site.jobs_store.rules.add(Answer(403, reason="RequestTimeTooSkewed"))
    assert it.run() == ExitCode.STORE_UNAVAILABLE
    assert "set both by NTP" in it.termination.message


def test_killed_under_the_operators_eyes_the_story_ends_the_same(site: Site):
    story, operator = site.story(), site.operator()
    node = site.node()
    killed: list[str] = []
    deaths = ("/blobs/", "/manifests/")

    def trap(exchange: Exchange, moment: Moment) -> bool:
        children = [node.child(job) for job in list(node.starts) if "-snapshot-" in job]
        child = next((one for one in children if one is not None), None)
        if len(killed) == len(deaths) or child is None or moment is not Moment.AFTER:
            return False
        if deaths[len(killed)] not in exchange.target:
            return False
        killed.append(str(exchange))
        child.send_signal(signal.SIGKILL)
        return True

    site.jobs_store.journal.set_trap(trap)
    lived_through(site, story, operator, node=node)
    assert len(killed) == 2
    assert [count for job, count in node.starts.items() if "-snapshot-" in job] == [3]
