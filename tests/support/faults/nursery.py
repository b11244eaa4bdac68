"""Processes that start at once: a parent has imported what they need, and forks.

A sweep kills and restarts a process a hundred times; importing kopf, boto3 or torch each time would take most of it.
What runs in the child is the program's own `__main__`, with its own environment and log, and SIGKILL hits it alone.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from capforge_tools.places import REPOSITORY
from tests.support.eventually import PATIENCE
from tests.support.servers import die_with_parent

_CRADLE = Path(__file__).with_name("cradle.py")
_PAUSE_SECONDS = 0.005


@dataclass
class Child:
    """One forked process: the part of subprocess.Popen that tests use."""

    pid: int
    _status: Path
    """Where its exit status will be; by its number, since a process's id is given to another one day."""
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status once it has ended, as Popen does: -9 after SIGKILL."""
        if self.returncode is None:
            with suppress(FileNotFoundError):
                self.returncode = int(self._status.read_text())
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Wait for its end, so many seconds on a quiet machine."""
        deadline = time.monotonic() + timeout * PATIENCE
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout * PATIENCE)
            time.sleep(_PAUSE_SECONDS)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass
class Nursery:
    """The parent process."""

    process: subprocess.Popen[str]
    folder: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: Lock = field(default_factory=Lock)

    def start(self, module: str, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
        """Fork; the child runs `python -m <module> <arguments>` and writes to the end of `log`."""
        order = {"module": module, "arguments": list(arguments), "env": dict(env), "log": str(log)}
        number = next(self._numbers)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self._lock:
            self.process.stdin.write(json.dumps({**order, "number": number}) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        assert answer, "the nursery ended"
        return Child(int(answer), self.folder / str(number))


@contextmanager
def nursery(imports: Sequence[str], python: str | Path = sys.executable) -> Iterator[Nursery]:
    """Run a parent for the block that has imported these modules; its children end with it."""
    with TemporaryDirectory(prefix="nursery-") as folder:
        env = {
            **os.environ,
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(REPOSITORY)]),
        }
        process = subprocess.Popen(
            [str(python), str(_CRADLE), folder, *imports],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, which takes no lock
        )
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready", "the nursery could not import what it should"
        try:
            yield Nursery(process, Path(folder))
        finally:
            process.kill()
            process.wait()
