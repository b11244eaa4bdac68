"""`make bench-predict`: it prints what it promises, refuses what is not ours, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types
import pytest

from capforge_tools.places import REPOSITORY
from tests.support.eventually import PATIENCE, eventually
from tests.support.living import lives

_SECONDS = 90.0
_REFUSED, _INTERRUPTED = 2, 130


def command(*flags: str) -> list[str]:
    return [sys.executable, "-m", "benchmarks.predict", *flags]


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY / "tools"), "TMPDIR": str(folder)}


def run(folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*flags),
        cwd=REPOSITORY,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=_SECONDS * PATIENCE,
        check=False,
    )


def left_behind(folder: Path) -> list[str]:
    """Processes whose command line names the run's folder, and files in it."""
    named = [" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"])]
    return [line for line in named if str(folder) in line] + [path.name for path in folder.iterdir()]


def test_a_run_prints_every_peer_the_ratios_and_the_aims(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    file = tmp_path / "figures.json"
    only = "gateway,direct,decoding-client,in-process"
    flags = ["--only", only, "--rounds", "2", "--seconds", "0.2", "--connections", "1,8", "--json", str(file)]
    done = run(folder, *flags)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^640x480 JPEG of \d+ kB, small model for 224x224", done.stdout)
    for title in ("our gateway → Triton", "Triton direct", "client decodes itself", "ONNX Runtime in process"):
        assert done.stdout.count(f"\n  {title}") == 2, done.stdout
    assert re.search(r"gateway \d+\.\d\d \+ Triton \d+\.\d\d = \d+\.\d\d \(\d+\.\d\d, \d+ %\)", done.stdout)
    assert re.search(
        r"throughput, of Triton direct +at 8 +\d\.\d\d \(.*\) +\d\.\d\d +>= 0\.95 +(met|missed)", done.stdout
    )
    assert re.search(r"ms added to Triton direct \(p50\) +at 1 ", done.stdout)
    written = json.loads(file.read_text())
    assert {key: len(rounds) for key, rounds in written["connections"]["8"].items()} == dict.fromkeys(
        only.split(","), 2
    )
    assert left_behind(folder) == []


def test_a_busy_port_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        done = run(tmp_path, "--only", "direct", "--first-port", str(port))
    assert done.returncode == _REFUSED
    assert f"refused: port {port} is busy: process {os.getpid()} listens on it" in done.stderr
    assert done.stdout == ""
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize(
    ("tell", "number"),
    [(os.killpg, signal.SIGINT), (os.kill, signal.SIGTERM)],
    ids=["Ctrl-C on a terminal, which every process gets", "TERM"],
)
def test_an_interrupted_run_ends_what_it_started(
    tmp_path: Path, tell: Callable[[int, int], None], number: signal.Signals
) -> None:
    flags = ["--only", "gateway,direct", "--rounds", "100", "--seconds", "2", "--connections", "1"]
    with (tmp_path / "out").open("w") as out:
        folder = tmp_path / "run"
        folder.mkdir()
        process = subprocess.Popen(
            command(*flags), cwd=REPOSITORY, env=environment(folder), stdout=out, stderr=out, start_new_session=True
        )
        try:
            eventually(lambda: _runs(process, "capforge-load"), _SECONDS)
            started = psutil.Process(process.pid).children(recursive=True)
            tell(process.pid, number)
            assert process.wait(_SECONDS * PATIENCE) == _INTERRUPTED, (tmp_path / "out").read_text()
        finally:
            process.kill()
            process.wait()
    assert "everything that was started has ended" in (tmp_path / "out").read_text()
    assert len(started) >= 3
    assert [one for one in started if lives(one)] == []
    assert left_behind(folder) == []


def _runs(process: subprocess.Popen[bytes], name: str) -> bool:
    return any(child.name().startswith(name) for child in psutil.Process(process.pid).children(recursive=True))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--only", "gateway,torchserve"], "--only torchserve: unknown; allowed: gateway, direct"),
        (["--picture", "none.jpg"], "argument --picture: there is no file none.jpg"),
        (["--onnx", "README.md"], "--onnx: "),
        (["--only", "direct", "--picture", "README.md"], "refused: "),
    ],
    ids=["peer", "picture", "model", "no picture"],
)
def test_what_cannot_be_is_told_without_a_traceback(tmp_path: Path, flags: list[str], said: str) -> None:
    done = run(tmp_path, *flags)
    assert done.returncode == _REFUSED
    assert said in done.stderr
    assert "Traceback" not in done.stderr
