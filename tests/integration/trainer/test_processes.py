"""Two processes started by torchrun train one model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from capforge_contracts import layout
from capforge_contracts.files import FileObjectStore
from capforge_contracts.run import ModelCard
from tests.support.ports import free_port
from tests.unit.trainer.world import TINY, put_run, small_datasets


def test_two_processes_train_one_model_in_one_attempt(tmp_path: Path):
    store = FileObjectStore(tmp_path / "store")
    spec = put_run(store, small_datasets(store, 8, 2), [*TINY, "schedule.maxEpochs=3", "schedule.evaluations=1"])
    key = layout.run_spec(spec.namespace, spec.digest)
    environment = {**os.environ, "CAPFORGE_STORE": store.uri, "CAPFORGE_CACHE": str(tmp_path / "cache")}
    launch = ["-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port()}"]
    done = subprocess.run(
        [sys.executable, *launch, "-m", "--", "capforge_trainer", "run", "--run", key],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    prefix = layout.attempts_prefix(spec.namespace, spec.digest)
    attempts = {one.key.removeprefix(prefix).partition("/")[0] for one in store.list(prefix)}
    assert attempts == {"1"}
    card = ModelCard.from_json(store.get(layout.attempt_file(spec.namespace, spec.digest, 1, layout.CARD)))
    assert card.epochs == 3
    assert card.parity.passed
