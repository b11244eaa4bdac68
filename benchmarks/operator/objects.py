"""What is put into the cluster: capabilities, each with a run that has ended and the version that came of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts import layout
from capforge_contracts.ledger import VersionPublished
from capforge_contracts.model import sha256_hex
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target
from capforge_operator.resource_types import CAPABILITIES, TRAINING_RUNS
from tests.support.objectstore import S3Server
from tests.unit.operator.training_world import model_card

CREATORS = 16
_ENDED = "2026-01-01T00:00:00Z"
_MANAGER = "benchmark"


@dataclass(frozen=True)
class People:
    """Whoever creates objects, through one connection."""

    api: KubernetesApi
    namespace: str
    created: dict[str, float] = field(default_factory=dict)
    """When the API server had taken each capability, by the monotonic clock."""

    async def create(self, names: Iterable[str]) -> None:
        """Create capabilities as fast as the API server takes them from a few at once."""
        await _several(names, self._create)

    async def create_served(self, names: Iterable[str], s3: S3Server) -> None:
        """Create capabilities, each with a finished run whose version is in the ledger."""

        async def one(name: str) -> None:
            _leave(s3, self.namespace, name)
            await self._create(name)
            await self.api.create(Target(TRAINING_RUNS, self.namespace), _run(self.namespace, name))
            status = {"status": _ended(name), **_head("TrainingRun", self.namespace, run_name(name))}
            await self.api.apply(Target(TRAINING_RUNS, self.namespace, run_name(name), "status"), status)

        await _several(names, one)

    async def describe(self, name: str, description: str) -> int:
        """Change a spec; returns the generation that this made."""
        body = {"spec": {"description": description}}
        changed = await self.api.merge(Target(CAPABILITIES, self.namespace, name), body)
        return int(changed["metadata"]["generation"])

    async def delete_all(self) -> None:
        """Delete every capability of the namespace."""
        await self.api.delete(Target(CAPABILITIES, self.namespace), {})

    async def _create(self, name: str) -> None:
        await self.api.create(Target(CAPABILITIES, self.namespace), _capability(self.namespace, name))
        self.created[name] = time.monotonic()


def run_name(capability: str) -> str:
    """Return the name of a capability's finished run."""
    return f"{capability}-1"


async def _several(names: Iterable[str], work: Callable[[str], Awaitable[None]]) -> None:
    waiting = iter(names)

    async def worker() -> None:
        for name in waiting:
            await work(name)

    await asyncio.gather(*(worker() for _ in range(CREATORS)))


def _leave(s3: S3Server, namespace: str, name: str) -> None:
    """Put ledger and card where the S3 server stores them: through its HTTP side it would take minutes."""
    digest = _digest(name)
    entry = VersionPublished(
        sequence=1,
        time=_ENDED,
        version="1.1",
        run=run_name(name),
        run_digest=digest,
        attempt=1,
        dataset_digests=[sha256_hex(b"data")],
        model_sha256=sha256_hex(f"model of {name}".encode()),
    )
    card = model_card(digest, run_name=run_name(name))
    files = {
        layout.ledger_entry(namespace, name, 1): entry.to_json(),
        layout.attempt_file(namespace, digest, 1, layout.CARD): card.model_copy(update={"capability": name}).to_json(),
    }
    for key, data in files.items():
        path = s3.folder / s3.bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _digest(name: str) -> str:
    return sha256_hex(f"run of {name}".encode())


def _head(kind: str, namespace: str, name: str) -> dict[str, Any]:
    return {"apiVersion": "capforge.dev/v1alpha1", "kind": kind, "metadata": {"name": name, "namespace": namespace}}


def _capability(namespace: str, name: str) -> dict[str, Any]:
    outputs = [{"position": 0, "name": "RBC"}, {"position": 1, "name": "WBC"}]
    spec = {"type": "DetectorElement", "description": "Cells.", "modelParameters": {"outputs": outputs}}
    return {**_head("Capability", namespace, name), "spec": spec}


def _run(namespace: str, name: str) -> dict[str, Any]:
    spec = {
        "capabilityRef": {"name": name},
        "datasets": {"train": [{"name": "cells"}], "dev": [{"name": "cells"}]},
        "templateRef": {"name": "anchor-free-detector"},
    }
    return {**_head("TrainingRun", namespace, run_name(name)), "spec": spec}


def _ended(name: str) -> dict[str, Any]:
    reasons = {"Succeeded": "Completed", "Accepted": "Accepted", "Trained": "Trained", "Published": "Published"}
    conditions = [
        {"type": one, "status": "True", "reason": reason, "message": "", "lastTransitionTime": _ENDED}
        for one, reason in reasons.items()
    ]
    return {
        "conditions": conditions,
        "observedGeneration": 1,
        "runDigest": _digest(name),
        "startTime": _ENDED,
        "completionTime": _ENDED,
        "version": "1.1",
    }
