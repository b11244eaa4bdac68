"""Programs out of Debian's packages run from where they were unpacked, and what is installed comes first."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from capforge_tools.errors import ToolError
from capforge_tools.packaged import Packaged, ensure, launcher
from capforge_tools.places import Places

PACKAGED = Packaged("reader", ("reader-package",), (("READER_DATA", "{root}/usr/share/reader"),))


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_launcher_passes_arguments_and_says_where_the_data_lies(tmp_path: Path) -> None:
    program(tmp_path / "usr" / "bin" / "reader", 'echo "$READER_DATA $1"')
    start = tmp_path / "start"
    start.write_text(launcher(PACKAGED, tmp_path))
    start.chmod(0o755)
    done = subprocess.run([start, "two words"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/usr/share/reader two words\n"


def test_a_program_that_is_installed_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = program(tmp_path / "bin" / "reader", "")
    monkeypatch.setenv("PATH", f"{installed.parent}:{os.environ['PATH']}")
    assert ensure(PACKAGED, Places(tmp_path / "cache", tmp_path / "state")) == installed


def test_without_packages_it_says_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="reader is not installed and there is no apt-get"):
        ensure(PACKAGED, Places(tmp_path / "cache", tmp_path / "state"))
