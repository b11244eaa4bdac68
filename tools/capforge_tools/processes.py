"""Background processes that outlive the tool: started, recorded, recognised again and ended.

A record holds the pid together with the boot and the start time, so a pid that the kernel gave to another
process later is never taken for ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from capforge_tools.errors import ToolError

_POLL_SECONDS = 0.05
_PROC = Path("/proc")


@dataclass(frozen=True)
class Command:
    """What to run under a name. `inputs` are files that it reads only at its start."""

    name: str
    argv: tuple[str, ...]
    log: Path
    inputs: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """Return a hash over all that a restart would change."""
        digest = hashlib.sha256(repr((self.argv, sorted(self.env.items()))).encode())
        for path in self.inputs:
            digest.update(path.read_bytes())
        # The programs themselves: a rebuilt one is a reason to start again.
        for word in self.argv:
            if word.startswith("/") and os.access(word, os.X_OK) and Path(word).is_file():
                digest.update(repr(Path(word).stat().st_mtime_ns).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Record:
    """One process that was started: enough to recognise exactly this one."""

    name: str
    pid: int
    start_ticks: int
    boot_id: str
    command_digest: str

    def is_alive(self) -> bool:
        """Tell whether this very process still runs."""
        return self.boot_id == boot_id() and start_ticks(self.pid) == self.start_ticks


def started_at(record: Record) -> float:
    """Return when a process of this boot started, in seconds of the wall clock."""
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return time.time() - uptime + record.start_ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Register:
    """The folder in which the records lie, one file per name."""

    folder: Path

    def find(self, name: str) -> Record | None:
        """Return the record under a name, if there is one."""
        path = self._path(name)
        return Record(**json.loads(path.read_text())) if path.is_file() else None

    def all(self) -> list[Record]:
        """Return every record."""
        return [Record(**json.loads(path.read_text())) for path in sorted(self.folder.glob("*.json"))]

    def is_running(self, command: Command) -> bool:
        """Tell whether the command runs, with exactly this command line and these inputs."""
        record = self.find(command.name)
        return record is not None and record.is_alive() and record.command_digest == command.digest()

    def start(self, command: Command) -> Record:
        """Start the command in a session of its own and record it; an older process of that name is ended first."""
        self.stop(command.name)
        self.folder.mkdir(parents=True, exist_ok=True)
        command.log.parent.mkdir(parents=True, exist_ok=True)
        digest = command.digest()
        with command.log.open("ab") as log:
            process = subprocess.Popen(
                command.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.env},
                cwd="/",
                start_new_session=True,
            )
        ticks = start_ticks(process.pid)
        if ticks is None:
            raise ToolError(f"{command.name} ended at once; see {command.log}")
        record = Record(command.name, process.pid, ticks, boot_id(), digest)
        self._path(command.name).write_text(json.dumps(asdict(record)))
        return record

    def stop(self, name: str, grace_seconds: float = 10.0) -> None:
        """End the process recorded under a name, if it still runs, and forget it."""
        record = self.find(name)
        if record and record.is_alive():
            end([record.pid], grace_seconds)
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"


def boot_id() -> str:
    """Return the kernel's identifier of this boot."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """Return when the process started, in clock ticks since boot; None if it does not run (or is a zombie)."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name in brackets may hold blanks and brackets itself.
    state, *fields = stat.rpartition(")")[2].split()
    return None if state in {"Z", "X"} else int(fields[18])


def end(pids: Iterable[int], grace_seconds: float) -> None:
    """Send TERM, wait, send KILL to what is left, wait. Processes that are gone already are fine."""
    known = {pid: ticks for pid in pids if (ticks := start_ticks(pid)) is not None}
    for number, patience_seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 10.0)):
        alive = _still_alive(known)
        if alive and patience_seconds > 0:
            _signal(alive, number)
            _wait_for_end(known, patience_seconds)
    left = _still_alive(known)
    if left:
        raise ToolError(f"these processes do not end, not even by KILL: {', '.join(map(str, left))}")


def arguments(pid: int) -> list[str]:
    """Return a process's command line; empty if it is gone or a kernel thread."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [word.decode(errors="replace") for word in raw.split(b"\0")[:-1]]


def all_pids() -> list[int]:
    """Return the pids of all processes."""
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _still_alive(known: Mapping[int, int]) -> list[int]:
    return [pid for pid, ticks in known.items() if start_ticks(pid) == ticks]


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _wait_for_end(known: Mapping[int, int], patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while _still_alive(known) and time.monotonic() < deadline:
        _reap(known)
        time.sleep(_POLL_SECONDS)


def _reap(pids: Iterable[int]) -> None:
    """Collect those of them that are this process's own children (else they stay as zombies while it runs)."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
