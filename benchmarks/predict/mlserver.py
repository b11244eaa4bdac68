"""MLServer with the model in its worker process.

As its documentation recommends for production: debug off (which also turns access logs off), as many parallel workers
as are compared (one: its HTTP process and one inference process), no adaptive batching (off by default). Compression of
answers is off: nobody asks for it here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import environment
from benchmarks.peers.found import text_of
from benchmarks.predict import requests
from benchmarks.predict.answers import from_protocol
from benchmarks.predict.catalogue import MLSERVER
from benchmarks.predict.processes import server
from benchmarks.predict.scene import MODEL, Peer, Scene
from capforge_tools.probing import answers

_WORKERS = 1


@contextmanager
def mlserver(scene: Scene) -> Iterator[Peer]:
    """Run MLServer for the block."""
    ports = scene.ports.take(3)
    folder = scene.folder / "mlserver"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps(settings(ports, folder)))
    (folder / "model-settings.json").write_text(json.dumps(model_settings(scene)))
    scripts = environment("mlserver") / "bin"
    argv: list[str | Path] = [scripts / "python", scripts / "mlserver", "start", folder]
    up = f"http://127.0.0.1:{ports[0]}/v2/models/{MODEL}/ready"
    with server(argv, scene.folder / "mlserver.log", ports[0], lambda: answers(up), cwd=folder) as process:
        address = f"127.0.0.1:{ports[0]}"
        request = requests.picture_to_mlserver(address, MODEL, scene.picture.jpeg)
        yield Peer(MLSERVER, scene.sends(MLSERVER, address, request), from_protocol, {"MLServer": process})


def settings(ports: list[int], folder: Path) -> dict[str, Any]:
    """Return settings.json: HTTP, gRPC and metrics on these ports of loopback."""
    http, grpc, metrics = ports
    return {
        "debug": False,
        "host": "127.0.0.1",
        "http_port": http,
        "grpc_port": grpc,
        "metrics_port": metrics,
        "metrics_dir": str(folder / "metrics"),
        "parallel_workers": _WORKERS,
        "gzip_enabled": False,
    }


def model_settings(scene: Scene) -> dict[str, Any]:
    """Return model-settings.json."""
    options = scene.options
    extra = {"size": text_of(options.model_size), "found": options.found, "threads": options.threads}
    return {
        "name": MODEL,
        "implementation": "benchmarks.peers.mlserver_runtime.Detector",
        "parameters": {"uri": str(scene.model_file), "extra": extra},
    }
