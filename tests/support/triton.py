"""Fixtures `triton_home`, `triton`: the real tritonserver on loopback with our onnxruntime back end."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # has no types
import pytest

from capforge_tools.places import REPOSITORY, Places
from capforge_tools.probing import answers
from tests.support.ports import free_ports
from tests.support.servers import running

CONTROL_HEADER = "capforge-control"
RESTRICTED = "model-repository,shared-memory,trace,logging"
_IMAGE = REPOSITORY / "images" / "triton-cpu"
_REQUIREMENTS = REPOSITORY / "requirements" / "triton-cpu.txt"
_CACHE = Places.from_environment().cache / "triton"
_TIMEOUT_SECONDS = 30.0
_COUNTED_SECONDS = 0.1
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def install() -> Path:
    """Return the folder with the server, installed by the image's own script; cached by the content of the recipe."""
    recipe = sorted(path for path in _IMAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    digest = hashlib.sha256(f"{sys.base_prefix} {sys.version_info[:2]}".encode())
    for path in (*recipe, _REQUIREMENTS):
        digest.update(path.read_bytes())
    home = _CACHE / digest.hexdigest()[:16]
    _CACHE.mkdir(parents=True, exist_ok=True)
    with (_CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            _install(home)
    return home


def _install(home: Path) -> None:
    python = os.environ.get("TRITON_PYTHON") or (sys.executable if sys.version_info[:2] == (3, 11) else "python3.11")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    partial = Path(tempfile.mkdtemp(dir=_CACHE, prefix="partial-"))
    command = [str(_IMAGE / "install.sh"), str(partial)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHON": python, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(partial)
        raise AssertionError(f"images/triton-cpu/install.sh failed:\n{done.stdout}{done.stderr}")
    partial.rename(home)


@dataclass
class Triton:
    """A server that can be killed and started again on the same ports, repository and control value."""

    home: Path
    folder: Path
    control: str = field(default_factory=lambda: secrets.token_hex(16))
    host: str = "127.0.0.1"
    """Any of 127.0.0.0/8: a pod with an address of its own has the product's ports on it."""
    http_port: int = 0
    grpc_port: int = 0
    metrics_port: int = 0
    _stack: ExitStack = field(default_factory=ExitStack)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def repository(self) -> Path:
        """The model repository: `<model>/config.pbtxt` and `<model>/1/model.onnx`."""
        return self.folder / "models"

    @property
    def address(self) -> str:
        """`127.0.0.1:<http port>`."""
        return f"{self.host}:{self.http_port}"

    @property
    def grpc_address(self) -> str:
        """`127.0.0.1:<grpc port>`."""
        return f"{self.host}:{self.grpc_port}"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<http port>`."""
        return f"http://{self.address}"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.folder / "triton.log"

    def start(self) -> None:
        """Start the server and wait until it is live."""
        self.repository.mkdir(parents=True, exist_ok=True)
        if not self.http_port:
            self.http_port, self.grpc_port, self.metrics_port = free_ports(3)
        self._process = self._stack.enter_context(
            running(self.command(), self.log, lambda: answers(f"{self.url}/v2/health/live"))
        )

    def stop(self) -> None:
        """End the server in order."""
        self._stack.close()
        self._process = None

    def kill(self) -> None:
        """End the server by SIGKILL: it loses all loaded models."""
        self.crash()
        self.stop()

    def crash(self) -> None:
        """Send SIGKILL and touch nothing else: whoever watches the server sees that it `ended`. From any thread."""
        if self._process:
            children = self.children()
            self._process.kill()
            self._process.wait()
            for child in children:  # most notice and end; in a container none outlives the first process
                with suppress(psutil.NoSuchProcess):
                    child.kill()

    @property
    def ended(self) -> bool:
        """It was started and its process is gone."""
        return self._process is not None and self._process.poll() is not None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the server's process: SIGSTOP makes it hang, SIGCONT lets it go on."""
        if self._process:
            self._process.send_signal(number)

    def children(self) -> list[psutil.Process]:
        """Return the server's back-end processes, one per instance of a model."""
        if self._process is None or self._process.poll() is not None:
            return []
        return list(psutil.Process(self._process.pid).children(recursive=True))

    def executions(self, name: str) -> int:
        """Return how often a model was run so far: a batch counts once.

        The server counts a run a moment after it has sent its answer: what two looks agree on is the count.
        """
        last, count = -1, self._executions(name)
        while count != last:
            time.sleep(_COUNTED_SECONDS)
            last, count = count, self._executions(name)
        return count

    def _executions(self, name: str) -> int:
        with _OPENER.open(f"{self.url}/v2/models/{name}/stats", timeout=_TIMEOUT_SECONDS) as answer:
            return int(json.load(answer)["model_stats"][0]["execution_count"])

    def command(self) -> list[str]:
        """The serving pod's command line, on loopback and these ports."""
        return [
            str(self.home / "bin" / "tritonserver"),
            f"--model-repository={self.repository}",
            "--model-control-mode=explicit",
            "--strict-readiness=false",
            "--exit-timeout-secs=5",
            "--allow-sagemaker=false",
            "--allow-vertex-ai=false",
            "--allow-gpu-metrics=false",
            f"--http-restricted-api={RESTRICTED}:{CONTROL_HEADER}={self.control}",
            f"--grpc-restricted-protocol={RESTRICTED}:{CONTROL_HEADER}={self.control}",
            f"--http-address={self.host}",
            f"--grpc-address={self.host}",
            f"--metrics-address={self.host}",
            f"--http-port={self.http_port}",
            f"--grpc-port={self.grpc_port}",
            f"--metrics-port={self.metrics_port}",
        ]

    def add_model(self, name: str, onnx: bytes, config: str = 'backend: "onnxruntime"\n') -> None:
        """Put a model into the repository without loading it; a minimal configuration is completed from the file."""
        version = self.repository / name / "1"
        version.mkdir(parents=True)
        (version / "model.onnx").write_bytes(onnx)
        (version.parent / "config.pbtxt").write_text(config)

    def load(self, name: str) -> None:
        """Load a model explicitly; raises urllib.error.HTTPError."""
        self.control_call(f"/v2/repository/models/{name}/load")

    def unload(self, name: str) -> None:
        """Unload a model; raises urllib.error.HTTPError."""
        self.control_call(f"/v2/repository/models/{name}/unload")

    def serve(self, name: str, onnx: bytes, config: str = 'backend: "onnxruntime"\n') -> None:
        """Put a model into the repository and load it."""
        self.add_model(name, onnx, config)
        self.load(name)

    def index(self) -> dict[str, str]:
        """Return each model's state: `{"cells--0123456789ab": "READY"}`; absent from the repository = not listed."""
        listed = self.control_call("/v2/repository/index")
        return {model["name"]: model.get("state", "UNAVAILABLE") for model in listed}

    def control_call(self, path: str) -> Any:
        """POST to a restricted address with this server's control value; raises urllib.error.HTTPError."""
        headers = {CONTROL_HEADER: self.control, "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, b"{}", headers)  # noqa: S310 - our own server on loopback
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return json.loads(answer.read() or b"null")


@contextmanager
def triton_server(folder: Path) -> Iterator[Triton]:
    """Run a server with an empty repository for the block, with its files in `folder`."""
    server = Triton(install(), folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()  # an orderly stop of the python back end takes three seconds


@pytest.fixture(scope="session")
def triton_home() -> Path:
    """The installed server: `bin/tritonserver`, `backends/`."""
    return install()


@pytest.fixture
def triton(tmp_path: Path) -> Iterator[Triton]:
    """A server of its own with an empty repository (starts in well under a second)."""
    with triton_server(tmp_path / "triton") as server:
        yield server
