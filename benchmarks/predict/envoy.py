"""The real Envoy in front of Triton: what a proxy costs that only passes bytes on.

Configured as its own advice on benchmarking says: as many workers as there are cores, no circuit breaking, no request
ids, no dynamic statistics, no access log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import environment
from benchmarks.predict import requests
from benchmarks.predict.answers import from_triton
from benchmarks.predict.catalogue import ENVOY
from benchmarks.predict.ours import processes
from benchmarks.predict.processes import server
from benchmarks.predict.scene import MODEL, Peer, Scene
from capforge_tools.probing import answers
from tests.support.triton import Triton

_TYPES = "type.googleapis.com/envoy.extensions"
_MANAGER = f"{_TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager"
_QUIET = ("--log-level", "error")
_UNLIMITED = 1_000_000_000


@contextmanager
def envoy(scene: Scene, triton: Triton) -> Iterator[Peer]:
    """Run Envoy for the block."""
    (port,) = scene.ports.take(1)
    config = scene.file("envoy.json", json.dumps(configuration(port, triton.http_port)).encode())
    program = environment("envoy") / "bin" / "envoy"
    workers = ["--concurrency", str(scene.options.cores)]
    argv: list[str | Path] = [program, "--config-path", config, *workers, "--disable-hot-restart", *_QUIET]
    up = f"http://127.0.0.1:{port}/v2/health/live"
    with server(argv, scene.folder / "envoy.log", port, lambda: answers(up)) as process:
        address = f"127.0.0.1:{port}"
        request = requests.tensor_to_triton(address, MODEL, scene.picture.canvas)
        reader = from_triton(scene.picture.placement, scene.options.found)
        yield Peer(ENVOY, scene.sends(ENVOY, address, request), reader, {"Envoy": process, **processes(triton)})


def configuration(port: int, triton_port: int) -> dict[str, Any]:
    """Return the static configuration: one listener, one route, one cluster, all on loopback."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": "triton", "timeout": "60s"}}
    router = {"@type": f"{_TYPES}.filters.http.router.v3.Router", "dynamic_stats": False}
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "bench",
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    filters = [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]
    return {
        "static_resources": {
            "listeners": [{"name": "in", "address": _address(port), "filter_chains": [{"filters": filters}]}],
            "clusters": [_cluster(triton_port)],
        }
    }


def _cluster(port: int) -> dict[str, Any]:
    limits = {"max_connections": _UNLIMITED, "max_pending_requests": _UNLIMITED, "max_requests": _UNLIMITED}
    endpoint = {"endpoint": {"address": _address(port)}}
    return {
        "name": "triton",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": {"thresholds": [limits]},
        "load_assignment": {"cluster_name": "triton", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
