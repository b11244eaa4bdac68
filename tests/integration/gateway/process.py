"""The gateway as it is deployed: its own process, real listeners, keys and routes from files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from capforge_contracts.apikeys import ApiKeyRecord, hash_key, new_key
from capforge_contracts.run import CapabilityType, Output
from capforge_contracts.serving import Endpoint, RoutedCapability, RoutedVersion, RoutingTable
from tests.support.eventually import PATIENCE, eventually
from tests.support.ports import free_ports
from tests.support.servers import running, stop

TOKEN = "internal-token-of-this-test"
NAMESPACE = "acme"
CAPABILITY = "cells"
ANSWER_SECONDS = 60.0 * PATIENCE
"""For what comes in milliseconds, and would be a fault if it came not at all."""


def version(
    number: str, model: str, addresses: Sequence[str], size: tuple[int, int] = (32, 32), **fields: Any
) -> RoutedVersion:
    """A routed version with the given (width, height) of its input."""
    given = {
        "version": number,
        "model": model,
        "run": f"run-{number.replace('.', '-')}",
        "run_digest": "ab" * 32,
        "dataset_digests": ["cd" * 32],
        "input_width": size[0],
        "input_height": size[1],
        "transforms_version": "1",
        "thresholds": {"red": 0.2, "white": 0.2},
        "endpoints": [Endpoint(pod=f"pod-{index}", address=address) for index, address in enumerate(addresses)],
        **fields,
    }
    return RoutedVersion(**given)


def capability(versions: Sequence[RoutedVersion], current: str | None, **fields: Any) -> RoutedCapability:
    """A routed detector with two outputs, listed out of order on purpose."""
    given = {
        "namespace": NAMESPACE,
        "name": CAPABILITY,
        "type": CapabilityType.DETECTOR,
        "description": "Finds cells.",
        "outputs": [Output(position=1, name="white"), Output(position=0, name="red")],
        "versions": list(versions),
        "current": current,
        **fields,
    }
    return RoutedCapability(**given)


@dataclass
class GatewayProcess:
    """A running gateway and what its neighbours would do to it."""

    folder: Path
    port: int
    internal_port: int
    process: subprocess.Popen[bytes] = field(init=False)
    generation: int = 0
    key: str = ""
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=ANSWER_SECONDS))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def internal_url(self) -> str:
        return f"http://127.0.0.1:{self.internal_port}"

    @property
    def log(self) -> Path:
        return self.folder / "gateway.log"

    def predict_url(self, asked: str = "v1", name: str = CAPABILITY, namespace: str = NAMESPACE) -> str:
        return f"{self.url}/v1/products/{namespace}/{name}/{asked}/predict"

    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Token {self.key}"}

    def predict(self, image: bytes, asked: str = "v1", media: str = "image/png", **fields: Any) -> httpx.Response:
        """Send an image as raw body with the valid key."""
        headers = {**self.authorization(), "Content-Type": media, **fields.pop("headers", {})}
        return self.http.post(
            self.predict_url(asked, **fields.pop("target", {})), content=image, headers=headers, **fields
        )

    def route(self, *capabilities: RoutedCapability) -> int:
        """Put a newer table as the operator does; return its generation."""
        self.generation += 1
        table = RoutingTable(generation=self.generation, capabilities=list(capabilities))
        answer = self.put_routes(table.to_json())
        assert answer.json() == {"generation": self.generation, "accepted": True}, answer.text
        return self.generation

    def put_routes(self, body: bytes, token: str = TOKEN) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}".strip()}
        return self.http.put(f"{self.internal_url}/internal/routes", content=body, headers=headers)

    def create_key(self, namespace: str = NAMESPACE, name: str = "test") -> str:
        """Store a new key's hash as the key command does; return the key."""
        key = new_key()
        folder = self.folder / "keys" / namespace
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / f".{name}"
        partial.write_bytes(ApiKeyRecord(hash=hash_key(key), created="2026-01-01T00:00:00Z").to_json())
        partial.rename(folder / name)
        return key

    def accepts(self, key: str, namespace: str = NAMESPACE) -> bool:
        """Tell whether the key opens the namespace (an unknown capability behind it answers 404)."""
        headers = {"Authorization": f"Token {key}", "Content-Type": "image/png"}
        answer = self.http.post(self.predict_url(name="no-such", namespace=namespace), content=b"x", headers=headers)
        assert answer.status_code in {401, 404}, answer.text
        return answer.status_code == 404

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log's lines with this event."""
        *whole, _ = self.log.read_bytes().split(b"\n")  # the last one may still be in the writing
        found = [json.loads(line) for line in whole if line.startswith(b"{")]
        return [line for line in found if line["event"] == event]

    def metric(self, sample: str) -> float:
        """Return one sample of the exposition, by its full name with labels; 0 where it is not there."""
        for line in self.http.get(f"{self.internal_url}/metrics").text.splitlines():
            if line.startswith(f"{sample} "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0


@contextmanager
def gateway_process(
    folder: Path,
    environment: Mapping[str, str] | None = None,
    ports: Sequence[int] = (),
    plain: Mapping[str, str] | None = None,
) -> Iterator[GatewayProcess]:
    """Run a gateway for the block. It has no routes yet; `<folder>/routes.json` is its mounted ConfigMap.

    `environment` are settings without their prefix, `plain` variables as they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, internal_port = ports or free_ports(2)
    process = GatewayProcess(folder, port, internal_port)
    (folder / "token").write_text(TOKEN + "\n")
    settings = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "INTERNAL_PORT": str(internal_port),
        "ROUTES_FILE": str(folder / "routes.json"),
        "INTERNAL_TOKEN_FILE": str(folder / "token"),
        "KEYS": f"file:{folder / 'keys'}",
        "DRAIN_SECONDS": "0",
        **(environment or {}),
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    given = {**kept, **{f"CAPFORGE_{name}": value for name, value in settings.items()}, **(plain or {})}

    def is_up() -> bool:
        # Two listeners, which begin one after the other.
        answers = [process.http.get(f"{url}/healthz") for url in (process.internal_url, process.url)]
        return all(answer.status_code == httpx.codes.OK for answer in answers)

    command = [sys.executable, "-m", "capforge_gateway"]
    with process.http, running(command, process.log, lambda: _quietly(is_up), env=given) as child:
        process.process = child
        yield process
        _end(child)


def _quietly(is_up: Any) -> bool:
    try:
        return bool(is_up())
    except httpx.TransportError:
        return False


def _end(child: subprocess.Popen[bytes]) -> None:
    """A gateway that was not killed by its test must end by itself, with status 0."""
    if child.poll() is None:
        stop(child, 10.0 * PATIENCE)
        assert child.returncode == 0, f"the gateway ended with {child.returncode}"


def opened(process: GatewayProcess, *capabilities: RoutedCapability) -> GatewayProcess:
    """Give the gateway a key and routes, and wait until it knows both."""
    process.key = process.create_key()
    process.route(*capabilities)
    eventually(lambda: process.accepts(process.key))
    return process
