"""The S3 server is killed by SIGKILL at the stages of a story, and comes back a moment later."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.integration.faults.conftest import Site, site_of
from tests.integration.faults.living import lived_through
from tests.integration.faults.sweep import tell
from tests.support.apiserver import KubeApi
from tests.support.eventually import PATIENCE
from tests.support.faults.journal import Exchange, Moment
from tests.support.faults.nursery import Nursery
from tests.support.objectstore import S3Server, s3_server
from tests.support.ports import free_port

_AWAY_SECONDS = 0.4
_BACK_SECONDS = 15.0 * PATIENCE
STAGES = (
    "/request.json",
    "/blobs/",
    "/manifests/",
    "/snapshots/.*/result.json",
    "/run.json",
    "/attempt.json",
    "/model.onnx",
    "/model-card.json",
    "/runs/[^/]*/result.json",
    "/ledger/",
)


@dataclass
class MortalStore:
    """One S3 server on a fixed port: what it stores stays when it dies."""

    folder: Path
    port: int = field(default_factory=free_port)
    _stack: ExitStack = field(default_factory=ExitStack)
    server: S3Server | None = None

    def start(self) -> S3Server:
        self.server = self._stack.enter_context(s3_server(self.folder, self.port))
        return self.server

    def die_and_come_back(self) -> None:
        assert self.server is not None
        os.kill(self.server.pid, signal.SIGKILL)
        time.sleep(_AWAY_SECONDS)  # it is away for a while: that is the test
        self._stack.close()
        self.start()

    def end(self) -> None:
        self._stack.close()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[MortalStore]:
    store = MortalStore(tmp_path)
    store.start()
    yield store
    store.end()


@pytest.fixture
def site(
    kube: KubeApi, mortal: MortalStore, python_nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A site of its own: nobody else's store dies."""
    assert mortal.server is not None
    with site_of(kube, mortal.server, python_nursery, tmp_path_factory.mktemp("mortal")) as made:
        yield made


@dataclass
class Undertaker:
    """Kills the server at the first write of each stage, before the write or after it had its effect."""

    mortal: MortalStore
    moment: Moment
    killed: list[str] = field(default_factory=list)
    _waiting: Event = field(default_factory=Event)
    _over: bool = False

    def __call__(self, exchange: Exchange, moment: Moment) -> bool:
        if moment is not self.moment:
            return False
        for stage in STAGES:
            if stage not in self.killed and re.search(stage, exchange.path):
                if not self._is_back():
                    return False
                self.killed.append(stage)
                server = self.mortal.server
                assert server is not None
                os.kill(server.pid, signal.SIGKILL)
                self._waiting.set()
                return False
        return False

    def _is_back(self) -> bool:
        """Hold the write up until the server is back from the last kill: none of a stage slips through meanwhile."""
        until = time.monotonic() + _BACK_SECONDS
        while self._waiting.is_set() and time.monotonic() < until:
            time.sleep(0.02)
        return not self._waiting.is_set()

    def work(self) -> None:
        while not self._over:
            if self._waiting.wait(0.05):
                self.mortal.die_and_come_back()
                self._waiting.clear()

    def stop(self) -> None:
        self._over = True


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.value)
def test_killed_at_every_stage_of_one_story(site: Site, mortal: MortalStore, moment: Moment):
    story, operator = site.story(), site.operator(CAPFORGE_RESYNC_SECONDS="5")
    undertaker = Undertaker(mortal, moment)
    thread = Thread(target=undertaker.work, daemon=True)
    thread.start()
    site.journal.set_trap(undertaker)
    site.jobs_store.journal.set_trap(undertaker)
    try:
        # A snapshot gives up when the server is away for longer than its retries take, and is begun anew.
        lived_through(site, story, operator, anew=len(STAGES))
    finally:
        undertaker.stop()
        thread.join()
    tell(f"killed {moment.value}:", *undertaker.killed)
    assert set(undertaker.killed) == set(STAGES)
    assert operator.lives == 1
