"""Small true objects of the serving side, for tests."""

from __future__ import annotations

from typing import Any

from capforge_contracts.ledger import RunFailed, VersionPublished
from capforge_contracts.names import model_name
from capforge_contracts.run import CapabilityType, ModelCard, Output, Parity, RunDatasets
from capforge_contracts.serving import LoadState, ModelState, PodState
from capforge_operator.api.capability import Capability
from capforge_operator.domain.pool import PodView
from capforge_operator.domain.serving import Release, ServedCard

NAMESPACE = "team-a"
CAPABILITY = "cells"
OUTPUTS = (Output(position=0, name="RBC"), Output(position=1, name="WBC"))
SERVER = "2.51.0"


def sha(number: int) -> str:
    """A sha256 whose first characters differ from number to number."""
    return f"{number:012x}" + "0" * 52


def published(minor: int, *, sequence: int | None = None, model: int | None = None) -> VersionPublished:
    return VersionPublished(
        sequence=minor if sequence is None else sequence,
        time=f"2026-01-{minor:02d}T00:00:00Z",
        version=f"1.{minor}",
        run=f"cells-{minor}",
        run_digest=sha(1000 + minor),
        attempt=1,
        dataset_digests=[sha(77)],
        model_sha256=sha(minor if model is None else model),
    )


def failed(sequence: int, run: str = "cells-x", reason: str = "OutOfMemory") -> RunFailed:
    return RunFailed(
        sequence=sequence, time="2026-02-01T00:00:00Z", run=run, run_digest=sha(9), reason=reason, message="Why."
    )


def card(model_sha256: str, outputs: tuple[Output, ...] = OUTPUTS, capability: str = CAPABILITY) -> ModelCard:
    return ModelCard(
        namespace=NAMESPACE,
        capability=capability,
        capability_type=CapabilityType.DETECTOR,
        run="cells-1",
        run_digest=sha(1001),
        attempt=1,
        template="anchor-free-detector",
        parameters={},
        outputs=list(outputs),
        datasets=RunDatasets(train=[], dev=[]),
        model_sha256=model_sha256,
        model_size_bytes=1,
        golden_sha256=sha(55),
        opset=17,
        inputs=[],
        model_outputs=[],
        max_batch_size=8,
        input_width=320,
        input_height=256,
        transforms_version="1",
        confidence_threshold=0.41,
        parity=Parity(images=1, heads_max_abs_error=0.0, detections_matched_percent=100.0, passed=True),
        epochs=1,
        best_epoch=1,
        train_seconds=1.0,
    )


def release(minor: int, *, model: int | None = None) -> Release:
    entry = published(minor, model=model)
    return Release(entry, ServedCard.of(card(entry.model_sha256)))


def releases(*minors: int) -> list[Release]:
    """Newest first."""
    return [release(minor) for minor in sorted(minors, reverse=True)]


def triton_name(minor: int) -> str:
    return model_name(CAPABILITY, sha(minor))


def pod(
    name: str,
    *,
    ready: dict[int, LoadState] | None = None,
    generation: int = 1,
    server: str = SERVER,
    kube_ready: bool = True,
    deleting: bool = False,
) -> PodView:
    """A pod whose agent answers with these models by minor version."""
    models = [
        ModelState(
            model=triton_name(minor),
            state=state,
            reason="LoadFailed" if state is LoadState.FAILED else "",
            message="bad graph" if state is LoadState.FAILED else "",
        )
        for minor, state in (ready or {}).items()
    ]
    state = PodState(pool="cpu", generation=generation, server_version=server, ready=kube_ready, models=models)
    return PodView(name, f"10.0.0.{len(name)}", kube_ready, deleting, state)


def silent_pod(name: str, *, kube_ready: bool = True) -> PodView:
    """A pod whose agent does not answer."""
    return PodView(name, f"10.0.0.{len(name)}", kube_ready, deleting=False, state=None)


def capability(name: str = CAPABILITY, status: dict[str, Any] | None = None, **spec: Any) -> Capability:
    return Capability.parse(capability_document(name, status, **spec))


def capability_document(name: str = CAPABILITY, status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "capforge.dev/v1alpha1",
        "kind": "Capability",
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "generation": 1},
        "spec": {
            "type": "DetectorElement",
            "modelParameters": {"outputs": [{"position": 0, "name": "RBC"}, {"position": 1, "name": "WBC"}]},
            **spec,
        },
        **({"status": status} if status else {}),
    }
