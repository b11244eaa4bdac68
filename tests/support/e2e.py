"""Fixtures `system` and `tenant`: Capforge installed on a whole cluster, and a fresh namespace in it.

The cluster is the one that `make demo` would use (CLUSTER=current|kind|local); it is brought up if it is not, and left up.
E2E_IMAGES=last takes the cluster and the images as they are.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from capforge import keys
from capforge.cluster.connection import Cluster
from capforge.cluster.reach import reachable
from capforge_demo import install, material, story
from capforge_demo.clients import Clients
from capforge_demo.follow import condition, row_of
from capforge_demo.settings import TENANT_RELEASE, Settings
from tests.support.eventually import PATIENCE

Json = dict[str, Any]

_PAUSE_SECONDS = 1.0
_HTTP_SECONDS = 60.0


@dataclass(frozen=True)
class System:
    """An installation, and how to reach it from here."""

    settings: Settings
    clients: Clients
    cluster: Cluster

    def install(self, *values: str) -> None:
        """Install or upgrade with values as `--set` takes them, and wait until everything is ready."""
        install.install_system(self.clients, story.IMAGE_VALUES, more=values)


@dataclass(frozen=True)
class Tenant:
    """A namespace prepared for Capforge, with an API key."""

    system: System
    namespace: str
    key: str

    def apply(self, *manifests: Json) -> str:
        """kubectl apply; raises CommandFailedError with the API server's message."""
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
        return self.kubectl("apply", "-f", "-", stdin=document)

    def delete(self, kind: str, name: str) -> None:
        """Delete an object and wait until it and what it owns are gone."""
        self.kubectl("delete", kind, name, "--wait", "--cascade=foreground")

    def get(self, kind: str, name: str) -> Json:
        """Return one object."""
        found = self.system.clients.get(kind, name, self.namespace)
        assert found is not None, f"there is no {kind} {name}"
        return found

    def names(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind."""
        listed: list[Json] = json.loads(self.kubectl("get", kind, "--output=json"))["items"]
        return sorted(one["metadata"]["name"] for one in listed)

    def columns(self, kind: str, name: str) -> dict[str, str]:
        """Return the row that `kubectl get` prints, by the columns' titles."""
        head, row = self.kubectl("get", kind, name).splitlines()[:2]
        starts = [head.index(title) for title in head.split()]
        ends = [*starts[1:], None]
        return {head[start:end].strip(): row[start:end].strip() for start, end in zip(starts, ends, strict=True)}

    def until(self, kind: str, name: str, condition_type: str, reason: str, timeout_seconds: float = 120.0) -> Json:
        """Wait until a condition has a reason; prints what changes meanwhile. Returns the object."""
        timeout_seconds *= PATIENCE
        deadline = time.monotonic() + timeout_seconds
        shown = ""
        while True:
            found = self.get(kind, name)
            if condition(found, condition_type).get("reason") == reason:
                return found
            line = str(row_of(found))
            if line != shown:
                print(line, flush=True)  # noqa: T201 - every wait shows progress (pytest -s)
                shown = line
            if time.monotonic() > deadline:
                conditions = json.dumps(found.get("status", {}).get("conditions", []), indent=1)
                raise AssertionError(f"{kind} {name} is not {reason} after {timeout_seconds:.0f} s: {conditions}")
            time.sleep(_PAUSE_SECONDS)

    def push(self, folder: Path, name: str, *, allow_faults: bool = False) -> str:
        """`capforge data push`; returns the address of the folder in the object store."""
        address = f"{material.BUCKET}/{self.namespace}/{name}"
        command = [material.program(), "data", "push", str(folder), address, "--namespace", self.namespace]
        command += ["--allow-faults"] if allow_faults else []
        done = subprocess.run(
            command, env=self.system.clients.whole_environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return address

    def post(self, capability: str, content: bytes, version: str = "v1", **headers: str) -> httpx.Response:
        """POST an image to the gateway, with this tenant's key unless `Authorization` is given."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/v1/products/{self.namespace}/{capability}/{version}/predict"
        all_headers = {"Authorization": f"Token {self.key}", "Content-Type": "image/jpeg", **given}
        # Looked up for each request: an installation made anew has another address.
        with (
            reachable(story.GATEWAY, self.system.cluster) as gateway,
            httpx.Client(trust_env=False, timeout=_HTTP_SECONDS) as client,
        ):
            return client.post(f"{gateway}{path}", content=content, headers=all_headers)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in this namespace."""
        return self.system.clients.kubectl("--namespace", self.namespace, *arguments, stdin=stdin)


@pytest.fixture(scope="session")
def system() -> System:
    """Capforge as this working tree has it, installed on the cluster in use."""
    settings = Settings.from_environment(os.environ)
    if os.environ.get("E2E_IMAGES") != "last":
        story.prepare_cluster(settings)
    clients = Clients.find(settings.kubeconfig, settings.places)
    install.install_system(clients, story.IMAGE_VALUES)
    return System(settings, clients, Cluster.connect(kubeconfig=settings.kubeconfig))


@pytest.fixture(scope="module")
def tenant(system: System) -> Iterator[Tenant]:
    """A namespace of its own for a module's story, deleted afterwards."""
    with a_tenant(system) as made:
        yield made


@contextmanager
def a_tenant(system: System) -> Iterator[Tenant]:
    """Prepare a fresh namespace, delete it after the block."""
    namespace = f"e2e-{secrets.token_hex(3)}"
    install.install_tenant(system.clients, namespace)
    yield Tenant(system, namespace, keys.create(system.cluster, namespace, "tests"))
    # The release first: its account of the object store lies in the system's namespace.
    system.clients.helm("uninstall", TENANT_RELEASE, "--namespace", namespace)
    system.clients.kubectl("delete", "namespace", namespace, "--wait=false")
