"""The two programs that are measured: our operator, and kopf's own handlers."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from importlib.metadata import packages_distributions
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # no stubs among our dependencies

from benchmarks.operator.audit import AuditLog, Calls
from tests.integration.operator.process import Installation, OperatorProcess
from tests.support.eventually import eventually
from tests.support.ports import free_port

RESYNC_SECONDS = 300.0
"""The operator's default."""
_MEGABYTE = 10**6
_REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "operator.txt"
_ABSENT = "ABSENT_MODULES"
_AS_IN_IMAGE = (
    "import os, runpy, sys; "
    f"sys.modules.update(dict.fromkeys(os.environ.pop('{_ABSENT}').split(','))); "
    "runpy.run_module('capforge_operator', run_name='__main__', alter_sys=True)"
)
"""Libraries look for others and load what they find: 14 MB in a development environment."""


@dataclass
class Ours:
    """`python -m capforge_operator` with exactly its rights, and no libraries but those of its image."""

    installation: Installation
    name: str = "capforge"
    process: OperatorProcess = field(init=False)

    def __post_init__(self) -> None:
        """Prepare to start it."""
        environment = {"CAPFORGE_LOG_LEVEL": "info", _ABSENT: ",".join(absent_from_image())}
        self.process = OperatorProcess(self.installation, environment, arguments=("-c", _AS_IN_IMAGE))

    def start(self, resync_seconds: float = RESYNC_SECONDS) -> None:
        """Start and wait until it works; it looks at every object once in so many seconds."""
        self.process.environment["CAPFORGE_RESYNC_SECONDS"] = str(resync_seconds)
        self.process.start()

    def stop(self) -> None:
        """End it as Kubernetes would."""
        self.process.stop()

    def close(self) -> None:
        """End it for good."""
        self.process.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def calls(self, log: AuditLog, mark: int) -> Calls:
        """Return what it asked since the mark."""
        return log.since(mark, user=f"system:serviceaccount:{self.installation.namespace}:")

    def metric(self, name: str, **labels: str) -> float:
        """Sum a metric of its own."""
        return self.process.metric(name, **labels)


@dataclass
class Kopf:
    """`kopf run` with the handlers of kopf_handlers.py, as administrator."""

    installation: Installation
    name: str = "kopf's handlers"
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers its liveness probe."""
        port = free_port()
        handlers = Path(__file__).with_name("kopf_handlers.py")
        liveness = f"http://127.0.0.1:{port}/healthz"
        argv = [
            sys.executable,
            "-m",
            "kopf",
            "run",
            "-A",
            "--standalone",
            "--quiet",
            f"--liveness={liveness}",
            handlers,
        ]
        env = {**os.environ, "KUBECONFIG": str(self.installation.kube.kubeconfig)}
        with (self.installation.folder / "kopf.log").open("ab") as log:
            self._process = subprocess.Popen(argv, env=env, stderr=log)
        eventually(lambda: psutil.Process(self.pid).net_connections(), timeout_seconds=60)
        eventually(lambda: _answers(port), timeout_seconds=60)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    close = stop

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def calls(self, log: AuditLog, mark: int) -> Calls:
        """Return what it asked since the mark."""
        return log.since(mark, agent="kopf/")


def absent_from_image() -> list[str]:
    """Return the modules of this environment that the operator's image does not have."""
    lines = _REQUIREMENTS.read_text().splitlines()
    there = {line.partition("==")[0] for line in lines if "==" in line}
    return sorted(
        module
        for module, owners in packages_distributions().items()
        if not module.startswith("capforge") and not any(one.lower().replace("_", "-") in there for one in owners)
    )


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def server_cpu_seconds() -> float:
    """Return the CPU time of the API server and etcd that this process has started."""
    children = psutil.Process().children(recursive=True)
    return sum(cpu_seconds(one.pid) for one in children if one.name() in {"kube-apiserver", "etcd"})


def megabytes(pid: int) -> float:
    """Return a process's resident memory in MB (10^6 bytes)."""
    return float(psutil.Process(pid).memory_info().rss) / _MEGABYTE


def _answers(port: int) -> bool:
    connections = psutil.net_connections("tcp")
    return any(one.laddr.port == port and one.status == psutil.CONN_LISTEN for one in connections if one.laddr)
