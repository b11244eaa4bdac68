"""A serving pod and a gateway pod: real processes at addresses of their own, with the product's ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from capforge_contracts.apikeys import ApiKeyRecord, hash_key
from capforge_contracts.names import (
    AGENT_PORT,
    GATEWAY_INTERNAL_PORT,
    GATEWAY_PORT,
    TRITON_GRPC_PORT,
    TRITON_HTTP_PORT,
    TRITON_METRICS_PORT,
)
from capforge_tools.probing import answers
from tests.support.agent import TOKEN, ServingPod
from tests.support.eventually import PATIENCE
from tests.support.logs import logged
from tests.support.servers import running


@dataclass
class PodProcesses:
    """Triton and agent of one pod. `restarts`: whether what has ended is started again, as a kubelet does."""

    name: str
    ip: str
    serving: ServingPod
    restarts: bool = True

    @classmethod
    def start(cls, name: str, ip: str, folder: Path, store: Mapping[str, str], **settings: str) -> PodProcesses:
        """Start both; neither has anything to serve yet."""
        serving = ServingPod(folder / name, store, settings, agent_port=AGENT_PORT, host=ip)
        serving.triton.http_port, serving.triton.grpc_port = TRITON_HTTP_PORT, TRITON_GRPC_PORT
        serving.triton.metrics_port = TRITON_METRICS_PORT
        serving.triton.start()
        serving.start_agent()
        return cls(name, ip, serving)

    def is_ready(self) -> bool:
        """Ask what the readiness probes of both containers ask."""
        return self.serving.ready() and answers(f"{self.serving.triton.url}/v2/health/ready")

    def tried_to_load(self, model: str) -> int:
        """Count how often the agent has begun to load a model and come to an end with it, good or bad."""
        return sum(line.get("step") == "Load" for line in self._said_of(model))

    def crashed_under(self, model: str) -> int:
        """Count how often Triton ended while the agent worked on a model."""
        return sum(line.get("outcome") == "Crashed" for line in self._said_of(model))

    def _said_of(self, model: str) -> list[dict[str, object]]:
        return [line for line in logged(self.serving.log) if line.get("model") == model]

    def keep_running(self) -> None:
        """Start again what has ended."""
        if self.restarts and self.serving.triton.ended:
            self.serving.triton.stop()
            self.serving.triton.start()
        if self.restarts and self.serving.agent_ended:
            self.serving.kill_agent()
            self.serving.start_agent()

    def end(self) -> None:
        """End both by SIGKILL."""
        self.restarts = False
        self.serving.kill_agent()
        self.serving.triton.kill()


@dataclass
class GatewayPod:
    """One gateway process with its mounted ConfigMap, its key folder and its token."""

    ip: str
    folder: Path
    drain_seconds: float
    _stack: ExitStack = field(default_factory=ExitStack)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.ip}:{GATEWAY_PORT}"

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def routes_file(self) -> Path:
        return self.folder / "routes.json"

    @property
    def log(self) -> Path:
        return self.folder / "gateway.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "token").write_text(TOKEN)
        settings = {
            "HOST": self.ip,
            "PORT": str(GATEWAY_PORT),
            "INTERNAL_PORT": str(GATEWAY_INTERNAL_PORT),
            "ROUTES_FILE": str(self.routes_file),
            "INTERNAL_TOKEN_FILE": str(self.folder / "token"),
            "KEYS": f"file:{self.folder / 'keys'}",
            "DRAIN_SECONDS": str(self.drain_seconds),
        }
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        environment = {**kept, **{f"CAPFORGE_{name}": value for name, value in settings.items()}}
        command = [sys.executable, "-m", "capforge_gateway"]
        self._process = self._stack.enter_context(
            running(command, self.log, lambda: answers(f"{self.url}/healthz"), env=environment)
        )

    def terminate(self) -> None:
        """Send SIGTERM, as a kubelet does to a pod that is to go; it drains by itself."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Wait until it has ended; return its exit status."""
        assert self._process is not None
        status = self._process.wait(30 * PATIENCE)
        self.end()
        return status

    def end(self) -> None:
        self._stack.close()
        self._process = None

    def is_ready(self) -> bool:
        return self.is_running and answers(f"{self.url}/readyz")

    def allow(self, namespace: str, key: str) -> None:
        """Store a key's hash as the key command does."""
        folder = self.folder / "keys" / namespace
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / ".partial"
        partial.write_bytes(ApiKeyRecord(hash=hash_key(key), created="2026-01-01T00:00:00Z").to_json())
        partial.rename(folder / "tests")

    def said(self, event: str) -> list[dict[str, object]]:
        """Return the log's lines of this event."""
        return [line for line in logged(self.log) if event in {line.get("event"), line.get("message")}]
