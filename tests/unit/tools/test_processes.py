"""Processes that outlive the tool: recognised exactly, ended exactly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from capforge_tools.processes import Command, Register, boot_id, end, start_ticks
from tests.support.eventually import eventually

SLEEP = (sys.executable, "-c", "import time; time.sleep(600)")
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)",
)


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    made = Register(tmp_path / "processes")
    yield made
    for record in made.all():
        made.stop(record.name, grace_seconds=0)


def command(tmp_path: Path, argv: tuple[str, ...] = SLEEP, inputs: tuple[Path, ...] = ()) -> Command:
    return Command("sleeper", argv, tmp_path / "log", inputs)


def test_a_started_process_is_recognised_and_ended(register: Register, tmp_path: Path) -> None:
    record = register.start(command(tmp_path))
    assert record.is_alive()
    assert register.is_running(command(tmp_path))
    register.stop("sleeper")
    assert not record.is_alive()
    assert register.all() == []


def test_a_process_that_ignores_term_is_killed(register: Register, tmp_path: Path) -> None:
    record = register.start(command(tmp_path, DEAF))
    eventually((tmp_path / "log").read_text)
    register.stop("sleeper", grace_seconds=0.2)
    assert not record.is_alive()


def test_another_process_with_the_recorded_pid_is_left_alone(register: Register, tmp_path: Path) -> None:
    other = subprocess.Popen(SLEEP)
    try:
        ours = register.start(command(tmp_path))
        register.stop("sleeper")
        # As the record of a process that ended, whose pid the kernel gave to another one since.
        recycled = replace(ours, pid=other.pid, start_ticks=ours.start_ticks - 1000)
        (register.folder / "sleeper.json").write_text(json.dumps(vars(recycled)))
        assert not recycled.is_alive()
        register.stop("sleeper")
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_record_of_an_earlier_boot_is_not_alive(register: Register, tmp_path: Path) -> None:
    record = register.start(command(tmp_path))
    assert not replace(record, boot_id="another boot").is_alive()


def test_a_process_whose_configuration_changed_counts_as_not_running(register: Register, tmp_path: Path) -> None:
    configuration = tmp_path / "configuration"
    configuration.write_text("one")
    register.start(command(tmp_path, inputs=(configuration,)))
    configuration.write_text("two")
    assert not register.is_running(command(tmp_path, inputs=(configuration,)))


def test_ending_what_is_gone_is_fine() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    end([gone.pid], grace_seconds=1)
    assert start_ticks(gone.pid) is None


def test_the_boot_has_an_identifier() -> None:
    assert len(boot_id()) == 36
