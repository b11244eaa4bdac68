"""Real servers as children of the test process: they end with it, whatever happens to it."""

from __future__ import annotations

import ctypes
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from capforge_tools.probing import last_lines
from tests.support.eventually import eventually

_PR_SET_PDEATHSIG = 1
_STOP_SECONDS = 10.0
_C_LIBRARY = ctypes.CDLL(None)


def die_with_parent() -> None:
    """Ask the kernel (in the child, before exec) for KILL when the parent's thread ends: no orphan after a crash."""
    _C_LIBRARY.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@contextmanager
def running(
    argv: list[str],
    log: Path,
    is_up: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    timeout_seconds: float = 60.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the block, which starts once `is_up()`; its output goes to `log`, quoted if it fails."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, which takes no lock
        )
    try:
        eventually(lambda: process.poll() is not None or is_up(), timeout_seconds)
        if process.poll() is not None:
            raise AssertionError(f"{argv[0]} ended with {process.returncode}:\n{last_lines(log)}")
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], timeout_seconds: float = _STOP_SECONDS) -> None:
    """End a server: TERM, then KILL when it does not listen."""
    process.terminate()
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
