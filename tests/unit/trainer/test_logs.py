"""The trainer's lines have the shape that all components have, and name what it works on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from capforge_contracts.logs import LineShape
from tests.unit.trainer.conftest import Trained


def test_a_run_that_is_not_there_ends_with_one_line_of_the_shape(tmp_path: Path):
    environment = {
        **os.environ,
        "CAPFORGE_STORE": tmp_path.as_uri(),
        "CAPFORGE_TERMINATION_LOG": str(tmp_path / "termination"),
    }
    command = [sys.executable, "-m", "capforge_trainer", "run", "--run", "lab/runs/none/run.json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    (line,) = [one for one in lines if one["event"] == "run ended"]
    assert list(line)[:4] == ["time", "level", "component", "event"]
    assert (line["level"], line["component"], line["reason"]) == ("error", "trainer", "BadConfiguration")


def test_every_line_names_the_run_down_to_its_attempt(trained: Trained):
    line = LineShape("trainer")(None, "info", {"event": "said"})
    assert trained.card.run_digest
    assert {"namespace", "capability", "run", "run_digest", "attempt"} <= line.keys()
