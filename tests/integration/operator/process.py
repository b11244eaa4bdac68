"""The operator as a process, with nothing but its own rights."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from tests.integration.operator.rights import install_operator_account, prepare_tenant
from tests.support.apiserver import KubeApi
from tests.support.eventually import PATIENCE, eventually
from tests.support.objectstore import S3Server
from tests.support.ports import free_port

_END_SECONDS = 20 * PATIENCE
_ANSWER_SECONDS = 10 * PATIENCE


@dataclass(frozen=True)
class Installation:
    """A release namespace with the operator's account."""

    kube: KubeApi
    s3: S3Server
    namespace: str
    kubeconfig: Path
    folder: Path

    def tenant(self) -> str:
        """Make and prepare a tenant namespace that enforces PodSecurity's level restricted."""
        name = self.kube.create_namespace("tenant")
        self.kube.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
        prepare_tenant(self.kube, name, self.namespace)
        return name


@dataclass
class OperatorProcess:
    """`python -m capforge_operator` with exactly the rights of rbac.PERMISSIONS."""

    installation: Installation
    environment: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    arguments: tuple[str, ...] = ("-m", "capforge_operator")
    """For Python."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log_file(self) -> Path:
        return self.installation.folder / f"operator-{self.port}.log"

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it is healthy."""
        self.launch()
        eventually(self._healthy_or_ended, timeout_seconds=90)
        assert self._process is not None
        assert self._process.poll() is None, f"the operator ended:\n{self.log[-4000:]}"

    def _healthy_or_ended(self) -> bool:
        assert self._process is not None
        code, text = self.health()
        assert code == 200 or self._process.poll() is not None, f"{code} {text}\n{self.log[-4000:]}"
        return True

    def wait(self) -> int:
        """Wait for the process to end by itself; return its exit status."""
        assert self._process is not None
        return self._process.wait(_END_SECONDS)

    def launch(self) -> None:
        """Start and do not wait."""
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen([sys.executable, *self.arguments], env=self.variables(), stderr=log)

    def variables(self) -> dict[str, str]:
        """Return the process's environment."""
        installation = self.installation
        token = installation.folder / "token"
        token.write_text("internal-token")
        return {
            **os.environ,
            **installation.s3.environment,
            "KUBECONFIG": str(installation.kubeconfig),
            "CAPFORGE_NAMESPACE": installation.namespace,
            "CAPFORGE_SNAPSHOT_IMAGE": "snapshot:1",
            "CAPFORGE_TRAINER_IMAGE": "trainer:1",
            "CAPFORGE_PORT": str(self.port),
            "CAPFORGE_INTERNAL_TOKEN_FILE": str(token),
            "CAPFORGE_POLL_SECONDS": "0.5",
            "CAPFORGE_LOG_LEVEL": "debug",
            **self.environment,
        }

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        status = self._process.wait(_END_SECONDS)
        self._process = None
        return status

    def close(self) -> None:
        if self._process is not None:
            self.stop(signal.SIGKILL)

    def health(self) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=_ANSWER_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except (URLError, OSError):
            return 0, ""

    def metrics(self) -> list[str]:
        """Return the lines of its page."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=_ANSWER_SECONDS) as answer:
            return list(answer.read().decode().splitlines())

    def metric(self, name: str, **labels: str) -> float:
        """Sum the samples of a metric that have these labels."""
        return total(self.metrics(), name, **labels)

    def writes(self) -> float:
        """How many times it wrote to the API server."""
        verbs = ("create", "patch", "delete")
        return sum(self.metric("capforge_operator_api_requests_total", verb=verb) for verb in verbs)


def total(lines: list[str], name: str, **labels: str) -> float:
    """Sum the samples of a metric in a page that have these labels."""
    wanted = [f'{key}="{value}"' for key, value in labels.items()]
    found = [line for line in lines if re.match(rf"{name}[{{ ]", line) and all(one in line for one in wanted)]
    return sum(float(line.rpartition(" ")[2]) for line in found)


def install(kube: KubeApi, s3: S3Server, folder: Path) -> Installation:
    """Make a release namespace with the operator's account."""
    kube.apply_crds()
    namespace = kube.create_namespace("release")
    return Installation(kube, s3, namespace, install_operator_account(kube, namespace, folder), folder)
