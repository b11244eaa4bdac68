"""Our own: Triton with the model as the agent would load it, and the gateway in front."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types

from benchmarks.predict import requests
from benchmarks.predict.answers import Reader, from_gateway, from_triton
from benchmarks.predict.catalogue import DIRECT, GATEWAY, GATEWAY_V2
from benchmarks.predict.ports import our_listener
from benchmarks.predict.scene import MODEL, Peer, Scene
from capforge_agent.model_config import Serving, config_text
from capforge_agent.onnx_interface import read_interface
from capforge_contracts.run import Output
from capforge_transforms import VERSION
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version
from tests.support.triton import Triton, install

TRITON = "Triton"
_MAX_BATCH_SIZE = 16
"""What the trainer writes into the card."""
_PATH = "/v1/products/acme/cells/v1/predict"
_PROTOCOL_MODEL = "acme.cells"


@contextmanager
def triton(scene: Scene) -> Iterator[Triton]:
    """Run Triton with the model for the block."""
    server = Triton(install(), scene.folder / "triton")
    server.http_port, server.grpc_port, server.metrics_port = scene.ports.take(3)
    try:
        server.start()
        our_listener(server.http_port)
        load(server, MODEL, scene.model_file, scene.options.threads)
        yield server
    finally:
        server.kill()


def load(server: Triton, name: str, model: Path, threads: int) -> None:
    """Load a model with the configuration that our agent writes; raises urllib.error.HTTPError."""
    serving = Serving(intra_op_threads=threads)
    server.serve(name, model.read_bytes(), config_text(read_interface(model), _MAX_BATCH_SIZE, serving))


def processes(server: Triton) -> dict[str, psutil.Process]:
    """Return Triton's process by the name that is printed."""
    return {TRITON: our_listener(server.http_port)}


def direct(scene: Scene, server: Triton) -> Peer:
    """Triton with a tensor that is ready."""
    request = requests.tensor_to_triton(server.address, MODEL, scene.picture.canvas)
    reader = from_triton(scene.picture.placement, scene.options.found)
    return Peer(DIRECT, scene.sends(DIRECT, server.address, request), reader, processes(server))


@contextmanager
def gateway(scene: Scene, server: Triton) -> Iterator[GatewayProcess]:
    """Run our gateway as it is deployed, with a key and a route to Triton, for the block."""
    with gateway_process(scene.folder / "gateway", ports=scene.ports.take(2)) as process:
        our_listener(process.port)
        outputs = [Output(position=number, name=f"class {number}") for number in range(scene.options.classes)]
        everything = {output.name: 0.0 for output in outputs}
        fields = {"thresholds": everything, "transforms_version": VERSION}
        routed = version("1.1", MODEL, [server.address], scene.options.model_size, **fields)
        yield opened(process, capability([routed], "1.1", outputs=outputs))


def predict_route(scene: Scene, server: Triton, process: GatewayProcess) -> Peer:
    """The picture to our predict route."""
    request = requests.picture_to_gateway(
        _address(process), _PATH, process.key, scene.picture.jpeg, scene.options.found
    )
    return _through(GATEWAY, scene, server, process, request, from_gateway)


def protocol_route(scene: Scene, server: Triton, process: GatewayProcess) -> Peer:
    """The ready tensor to our Open Inference Protocol: the nearest to a pass-through that the gateway has."""
    headers = process.authorization()
    request = requests.tensor_to_triton(_address(process), _PROTOCOL_MODEL, scene.picture.canvas, headers)
    reader = from_triton(scene.picture.placement, scene.options.found)
    return _through(GATEWAY_V2, scene, server, process, request, reader)


def _through(key: str, scene: Scene, server: Triton, process: GatewayProcess, request: bytes, reader: Reader) -> Peer:
    servers = {"gateway": our_listener(process.port), **processes(server)}
    return Peer(key, scene.sends(key, _address(process), request), reader, servers)


def _address(process: GatewayProcess) -> str:
    return f"127.0.0.1:{process.port}"
