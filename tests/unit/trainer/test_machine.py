"""What a container's limits leave of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from capforge_trainer.machine import usable_cores, usable_memory_bytes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("100000 100000", 1, id="one core"),
        pytest.param("50000 100000", 1, id="half a core"),
        pytest.param("max 100000", None, id="no limit"),
        pytest.param("99900000 100000", None, id="more than there is"),
        pytest.param(None, None, id="no cgroup"),
    ],
)
def test_threads_fit_the_container(tmp_path: Path, text: str | None, expected: int | None):
    if text is not None:
        (tmp_path / "cpu.max").write_text(text + "\n")
    assert usable_cores(tmp_path) == (expected or len(os.sched_getaffinity(0)))


def test_memory_is_the_containers(tmp_path: Path):
    (tmp_path / "memory.max").write_text("1048576\n")
    assert usable_memory_bytes(tmp_path) == 1048576
    (tmp_path / "memory.max").write_text("max\n")
    assert usable_memory_bytes(tmp_path) > 1024**3


def test_the_older_cgroups_are_read_too(tmp_path: Path):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("100000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("2097152\n")
    assert (usable_cores(tmp_path), usable_memory_bytes(tmp_path)) == (1, 2097152)
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))
