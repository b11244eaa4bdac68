"""Starting a peer's server, and ending it with everything that it started."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types

from benchmarks.predict.ports import our_listener
from benchmarks.predict.usage import tree
from capforge_tools.places import REPOSITORY
from tests.support.servers import running

_START_SECONDS = 90.0
_END_SECONDS = 10.0


@contextmanager
def server(
    argv: Sequence[str | Path], log: Path, port: int, is_up: Callable[[], bool], cwd: Path | None = None
) -> Iterator[psutil.Process]:
    """Run a server for the block, which starts once it is up and listens on its port itself.

    It sees the repository's packages on PYTHONPATH. Afterwards whatever it started is ended, by process id.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [str(word) for word in argv]
    if cwd is not None:
        command = ["env", "--chdir", str(cwd), *command]
    with running(command, log, is_up, environment(), _START_SECONDS) as started:
        our_listener(port)
        process = psutil.Process(started.pid)
        try:
            yield process
        finally:
            family = tree(process) if process.is_running() else []
            _end(family)


def environment() -> Mapping[str, str]:
    """Return a peer's environment: nothing of the caller's virtual environment, our packages by their paths."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "transforms" / "src")))
    return {**kept, "PYTHONPATH": paths, "ORT_DISABLE_TELEMETRY": "1", "OTEL_SDK_DISABLED": "true"}


def _end(family: list[psutil.Process]) -> None:
    """TERM to the first, which ends its children; KILL for whoever is left."""
    if not family:
        return
    with suppress(psutil.NoSuchProcess):
        family[0].terminate()
    _, left = psutil.wait_procs(family, _END_SECONDS)
    _kill(left)


def end_children() -> None:
    """KILL whatever this process has started and still lives.

    An interrupt may come after a program was started, and before anybody here knows that it was.
    """
    _kill(psutil.Process().children(recursive=True))


def _kill(processes: list[psutil.Process]) -> None:
    for one in processes:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(processes, _END_SECONDS)
