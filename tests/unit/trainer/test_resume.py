"""Interrupted by SIGKILL or SIGTERM, a run goes on; real processes, a real folder as the store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from capforge_contracts import layout
from capforge_contracts.exitcodes import ExitCode, Termination
from capforge_contracts.files import FileObjectStore
from capforge_contracts.run import ModelCard, Progress, RunSpec
from capforge_trainer.fit.checkpoint import CheckpointManifest, Checkpoints
from tests.support.eventually import PATIENCE
from tests.unit.trainer.world import TINY, put_run, small_datasets

_WAIT_SECONDS = 240
_EPOCHS = 5
_SIGNALLED = """
import os, sys
from capforge_trainer.__main__ import main
from capforge_trainer.fit.checkpoint import Checkpoints

def saved(checkpoints, state, epoch, step):
    save(checkpoints, state, epoch, step)
    if epoch == {epoch}:
        os.kill(os.getpid(), {number})

save, Checkpoints.save = Checkpoints.save, saved
sys.exit(main())
"""
"""The command, which a signal meets at a checkpoint: whoever watches from outside may look when all is over."""


class Trainer:
    """The command, on a store in a folder."""

    def __init__(self, folder: Path, spec: RunSpec) -> None:
        self._folder = folder
        self.spec = spec
        self.store = FileObjectStore(folder / "store")
        self.termination = folder / "termination-log"

    def start(self, signalled: tuple[int, signal.Signals] | None = None) -> subprocess.Popen[bytes]:
        """Run the command; `signalled` is an epoch, and what comes once it is saved."""
        environment = {
            **os.environ,
            "CAPFORGE_STORE": self.store.uri,
            "CAPFORGE_CACHE": str(self._folder / "cache"),
            "CAPFORGE_TERMINATION_LOG": str(self.termination),
        }
        key = layout.run_spec(self.spec.namespace, self.spec.digest)
        program = ["-m", "capforge_trainer"]
        if signalled:
            program = ["-c", _SIGNALLED.format(epoch=signalled[0], number=int(signalled[1]))]
        return subprocess.Popen([sys.executable, *program, "run", "--run", key], env=environment)

    def finish(self, signalled: tuple[int, signal.Signals] | None = None) -> int:
        return self.start(signalled).wait(_WAIT_SECONDS * PATIENCE)

    def file(self, attempt: int, name: str) -> bytes:
        return self.store.get(layout.attempt_file(self.spec.namespace, self.spec.digest, attempt, name))

    def checkpoints(self) -> list[CheckpointManifest]:
        prefix = layout.attempts_prefix(self.spec.namespace, self.spec.digest)
        keys = [one.key for one in self.store.list(prefix) if layout.CHECKPOINTS in one.key]
        return [CheckpointManifest.from_json(self.store.get(key)) for key in keys if key.endswith(".json")]

    def epochs_saved(self) -> int:
        return max((one.epoch for one in self.checkpoints()), default=0)


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    store = FileObjectStore(tmp_path / "store")
    settings = [*TINY, f"schedule.maxEpochs={_EPOCHS}", "schedule.evaluations=1", "schedule.patience=9"]
    return Trainer(tmp_path, put_run(store, small_datasets(store, train=24, dev=2), settings))


def test_killed_in_the_middle_it_goes_on_and_repeats_no_finished_epoch(trainer: Trainer):
    assert trainer.finish(signalled=(2, signal.SIGKILL)) == -signal.SIGKILL
    assert trainer.epochs_saved() == 2

    assert trainer.finish() == ExitCode.SUCCESS
    card = ModelCard.from_json(trainer.file(2, layout.CARD))
    assert (card.attempt, card.epochs) == (2, _EPOCHS)
    progress = Progress.from_json(trainer.file(2, layout.PROGRESS))
    assert progress.resumed_from_epoch == 2
    rows = [json.loads(line) for line in trainer.file(2, layout.METRICS).splitlines()]
    assert [row["epoch"] for row in rows if "loss" in row] == list(range(1, _EPOCHS + 1))


def test_sigterm_saves_the_state_and_says_so(trainer: Trainer):
    assert trainer.finish(signalled=(1, signal.SIGTERM)) == ExitCode.INTERRUPTED
    told = Termination.from_json(trainer.termination.read_bytes())
    assert told.reason == "Interrupted"
    assert "the state is saved" in told.message
    newest = Checkpoints(trainer.store, trainer.spec.namespace, trainer.spec.digest, 1).newest()
    assert newest is not None
    assert newest.manifest.step == max(one.step for one in trainer.checkpoints())


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path: Path):
    store = FileObjectStore(tmp_path)
    checkpoints = Checkpoints(store, "team-a", "d" * 64, 1)
    checkpoints.save({"ended": False}, epoch=1, step=10)
    checkpoints.save({"ended": True}, epoch=2, step=20)
    newest = checkpoints.newest()
    assert newest is not None
    store.put(newest.manifest.data_key, b"half a checkp")
    before = Checkpoints(store, "team-a", "d" * 64, 2).newest()
    assert before is not None
    assert (before.manifest.step, before.state) == (10, {"ended": False})


def test_data_without_a_manifest_is_no_checkpoint(tmp_path: Path):
    store = FileObjectStore(tmp_path)
    store.put(layout.attempt_file("team-a", "d" * 64, 1, layout.CHECKPOINTS + "0000000030-a.pt"), b"unfinished")
    assert Checkpoints(store, "team-a", "d" * 64, 2).newest() is None


def test_the_last_two_checkpoints_are_kept(tmp_path: Path):
    store = FileObjectStore(tmp_path)
    checkpoints = Checkpoints(store, "team-a", "d" * 64, 1)
    for step in (10, 20, 30, 40):
        checkpoints.save({}, epoch=step // 10, step=step)
    names = [one.key.rpartition("/")[2] for one in store.list("team-a/")]
    assert sorted({name[:10] for name in names}) == ["0000000030", "0000000040"]
    assert len(names) == 4
