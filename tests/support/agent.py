"""A serving pod on loopback: the real agent as a process beside a real Triton."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from capforge_contracts.model import sha256_hex
from capforge_contracts.names import model_name
from capforge_contracts.serving import DesiredModel, DesiredModels, LoadState, ModelState, PodState
from capforge_contracts.store import ObjectStore
from capforge_tools.probing import answers
from tests.support.eventually import PATIENCE, eventually
from tests.support.logs import logged
from tests.support.onnx_models import FixedDetector, golden_file
from tests.support.ports import free_port
from tests.support.servers import running
from tests.support.triton import Triton, install

POOL = "cpu"
NAMESPACE = "lab"
TOKEN = "test-token"
_ANSWER_SECONDS = 10 * PATIENCE
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def publish(
    store: ObjectStore,
    detector: FixedDetector,
    capability: str = "cells",
    golden: bytes | None = None,
    required: bool = True,
    max_batch_size: int = 8,
) -> DesiredModel:
    """Put a model and its golden file into the store and return the entry that asks for it."""
    model = detector.onnx()
    return publish_files(
        store,
        model,
        golden or golden_file(model, {"image": detector.images(4)}),
        capability,
        required=required,
        max_batch_size=max_batch_size,
    )


def publish_files(
    store: ObjectStore,
    model: bytes,
    golden: bytes,
    capability: str = "cells",
    *,
    required: bool = True,
    max_batch_size: int = 8,
) -> DesiredModel:
    """Put files as they are into the store and return the entry that asks for them."""
    digest = sha256_hex(model)
    prefix = f"{NAMESPACE}/runs/{digest}/attempts/1"
    store.put(f"{prefix}/model.onnx", model)
    store.put(f"{prefix}/golden.npz", golden)
    return DesiredModel(
        model=model_name(capability, digest),
        namespace=NAMESPACE,
        capability=capability,
        version="1.1",
        model_key=f"{prefix}/model.onnx",
        model_sha256=digest,
        golden_key=f"{prefix}/golden.npz",
        golden_sha256=sha256_hex(golden),
        max_batch_size=max_batch_size,
        required=required,
    )


@dataclass
class ServingPod:
    """Triton and the agent over one folder; both can be ended and started again."""

    folder: Path
    store_environment: Mapping[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    agent_port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"
    """Any of 127.0.0.0/8."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _agent: Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "token").write_text(TOKEN)
        self.triton = Triton(install(), self.folder, host=self.host)
        (self.folder / "control").write_text(self.triton.control)

    @property
    def url(self) -> str:
        """The agent's address."""
        return f"http://{self.host}:{self.agent_port}"

    @property
    def desired_file(self) -> Path:
        """What the ConfigMap is in a cluster."""
        return self.folder / "desired.json"

    @property
    def log(self) -> Path:
        """What the agent printed."""
        return self.folder / "agent.log"

    def start_agent(self) -> None:
        """Start the agent and wait until it answers."""
        environment = {
            "PATH": os.environ["PATH"],
            "CAPFORGE_POOL": POOL,
            "CAPFORGE_TOKEN_FILE": str(self.folder / "token"),
            "CAPFORGE_DESIRED_FILE": str(self.desired_file),
            "CAPFORGE_CONTROL_FILE": str(self.folder / "control"),
            "CAPFORGE_DATA": str(self.folder),
            "CAPFORGE_TRITON": self.triton.address,
            "CAPFORGE_TRITON_GRPC": self.triton.grpc_address,
            "CAPFORGE_AGENT_HOST": self.host,
            "CAPFORGE_AGENT_PORT": str(self.agent_port),
            "CAPFORGE_RETRY_SECONDS": "0.2",
            "CAPFORGE_LINGER_SECONDS": "0",
            **self.store_environment,
            **self.settings,
        }
        argv = [sys.executable, "-m", "capforge_agent"]
        self._agent = self._stack.enter_context(
            running(argv, self.log, lambda: answers(f"{self.url}/healthz"), env=environment)
        )

    def kill_agent(self) -> None:
        """End the agent by SIGKILL."""
        if self._agent:
            self._agent.kill()
            self._agent.wait()
        self._stack.close()
        self._agent = None

    def crash_agent(self) -> None:
        """Send SIGKILL and touch nothing else: whoever watches the agent sees that it `agent_ended`."""
        if self._agent:
            self._agent.kill()
            self._agent.wait()

    @property
    def agent_ended(self) -> bool:
        """It was started and its process is gone."""
        return self._agent is not None and self._agent.poll() is not None

    def put(self, generation: int, *models: DesiredModel, pool: str = POOL) -> PodState:
        """Send a desired document as the operator does; raises urllib.error.HTTPError."""
        return self.put_bytes(DesiredModels(pool=pool, generation=generation, models=list(models)).to_json())

    def put_bytes(self, body: bytes, token: str = TOKEN) -> PodState:
        """Send any body; raises urllib.error.HTTPError."""
        return PodState.from_json(self.call("PUT", "/desired", body, token))

    def state(self) -> PodState:
        """Ask for the report."""
        return PodState.from_json(self.call("GET", "/state"))

    def model(self, entry: DesiredModel) -> ModelState:
        """Return the report on one model; raises KeyError."""
        return {one.model: one for one in self.state().models}[entry.model]

    def until(self, entry: DesiredModel, state: LoadState, reason: str = "") -> ModelState:
        """Wait until a model is in a state."""

        def reached() -> ModelState:
            now = self.model(entry)
            assert (now.state, now.reason) == (state, reason), f"{now}"
            return now

        return eventually(reached, 30)

    def ready(self) -> bool:
        """Ask the readiness probe."""
        return answers(f"{self.url}/readyz")

    def call(self, method: str, path: str, body: bytes | None = None, token: str = TOKEN) -> bytes:
        """Call the agent; raises urllib.error.HTTPError."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310 - loopback
        with _OPENER.open(request, timeout=_ANSWER_SECONDS) as answer:
            return bytes(answer.read())

    def steps(self, step: str, outcome: str = "done") -> int:
        """Count the steps that agents of this pod have logged."""
        return sum(line.get("step") == step and line.get("outcome") == outcome for line in logged(self.log))


@contextmanager
def serving_pod(folder: Path, store_environment: Mapping[str, str], **settings: str) -> Iterator[ServingPod]:
    """Run Triton and the agent for the block."""
    pod = ServingPod(folder, store_environment, settings)
    pod.triton.start()
    try:
        pod.start_agent()
        yield pod
    finally:
        pod.kill_agent()
        pod.triton.kill()
