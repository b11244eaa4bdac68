"""Fixture `postgres`: a real PostgreSQL on loopback, started as the embedded image starts it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil  # type: ignore[import-untyped]  # has no types
import pytest

from capforge_tools.places import REPOSITORY
from tests.support.eventually import eventually
from tests.support.living import lives
from tests.support.ports import free_port
from tests.support.servers import running

if TYPE_CHECKING:
    import psycopg

_IMAGE = REPOSITORY / "images/postgres/src"
_PASSWORD = "test-password"
_ANYBODY = ("postgres", "nobody")
_CONNECT_SECONDS = 5


@dataclass
class Postgres:
    """A running server, and its process to be cruel to."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "capforge") -> str:
        """Where the gateway finds a database, as in CAPFORGE_DATABASE_URL."""
        return f"postgresql+psycopg://capforge:{_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "capforge") -> psycopg.Connection[tuple[object, ...]]:
        """Connect as a test does to look at the tables; commits each statement."""
        address = f"postgresql://capforge:{_PASSWORD}@127.0.0.1:{self.port}/{database}"
        import psycopg  # not in the trainer's environment, whose tests load these fixtures too

        return psycopg.connect(address, autocommit=True, connect_timeout=_CONNECT_SECONDS)

    def create_database(self, template: str = "template1") -> str:
        """Make a database (a copy of another that nobody is connected to) and return its name."""
        name = f"test_{uuid4().hex[:12]}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return name

    def freeze(self) -> None:
        """Let every process of the server stop in its tracks: connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a lost node does: none of its processes is left, which would keep the next server from its data."""
        assert self.process is not None
        children = self._signal(signal.SIGKILL)
        self.process.wait()
        eventually(lambda: not any(map(lives, children)))

    def stop(self) -> None:
        """End it in order, without waiting for its clients (SIGTERM would)."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)

    def _signal(self, number: signal.Signals) -> list[psutil.Process]:
        """Send it to every process of the server; return all but the first."""
        assert self.process is not None
        # The first one stands still already when the others are looked for: it starts one for each connection.
        if number in {signal.SIGSTOP, signal.SIGKILL}:
            self._stand_still()
        children: list[psutil.Process] = psutil.Process(self.process.pid).children()
        for pid in (self.process.pid, *(child.pid for child in children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return children

    def _stand_still(self) -> None:
        assert self.process is not None
        pid = self.process.pid
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        eventually(lambda: psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE})


@contextmanager
def postgres_server(folder: Path, port: int | None = None) -> Iterator[Postgres]:
    """Run PostgreSQL for the block with its data in `folder`; a fixed port lets a test stop it and start it again.

    PostgreSQL refuses to be run by root: then another user of this machine runs it, who must be able to enter `folder`.
    """
    server = Postgres(port or free_port())
    folder.mkdir(parents=True, exist_ok=True)
    user = _user(folder)
    env = {
        "PATH": f"{_programs()}:{os.environ['PATH']}",
        "PYTHONPATH": str(_IMAGE),
        "PGDATA": str(folder / "pgdata"),
        "POSTGRES_PASSWORD": _PASSWORD,
        "LC_ALL": "C.UTF-8",
    }
    flags = ["-c", f"port={server.port}", "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=60"]
    # Without fsync what is committed survives the server's death all the same, not the machine's.
    flags += ["-c", f"unix_socket_directories={folder}", "-c", "shared_buffers=16MB", "-c", "fsync=off"]
    argv = [sys.executable, "-m", "capforge_postgres", *flags]
    if user:
        # The interpreter may lie where only root may look; the image's program needs nothing but the standard library.
        argv[0] = shutil.which("python3", path="/usr/bin:/usr/local/bin:/bin") or sys.executable
        code = (_IMAGE / "capforge_postgres/__main__.py").read_text()
        (folder / "start.py").write_text(code)
        # A change of the user forgets who asked to die with the parent.
        become = ["setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", "--pdeathsig=KILL"]
        argv = [*become, argv[0], str(folder / "start.py"), *flags]

    def is_up() -> bool:
        server.connect().close()
        return True

    with running(argv, folder.with_suffix(".log"), is_up, env=env) as process:
        server.process = process
        yield server
        server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for the test process; each test makes databases of its own on it."""
    with postgres_folder() as folder, postgres_server(folder) as server:
        yield server


@contextmanager
def postgres_folder() -> Iterator[Path]:
    """A folder that the server's user can enter (pytest's own are closed to others); gone afterwards."""
    folder = Path(mkdtemp(prefix="capforge-postgres-"))
    try:
        yield folder / "server"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user(folder: Path) -> str:
    """Return who runs the server where we are root, the folder being theirs from now on; else nobody else."""
    if os.geteuid() != 0:
        return ""
    for name in _ANYBODY:
        try:
            record = pwd.getpwnam(name)
        except KeyError:
            continue
        folder.parent.chmod(0o755)
        os.chown(folder, record.pw_uid, -1)
        return name
    raise AssertionError(f"root cannot run PostgreSQL, and there is none of the users {_ANYBODY}")


def _programs() -> str:
    """Return the folder of `postgres` and `initdb`; Debian keeps them out of PATH."""
    found = shutil.which("postgres")
    if found:
        return str(Path(found).resolve().parent)
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        raise AssertionError("PostgreSQL is missing: install the package postgresql (version 15 or newer)")
    return str(folders[-1])
