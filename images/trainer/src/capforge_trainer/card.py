"""The model card: everything known about one trained model, written last."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib import metadata

import torch

from capforge_contracts.model import sha256_hex
from capforge_contracts.run import DetectionMetrics, ModelCard, RunSpec
from capforge_trainer.config import DetectorParameters
from capforge_trainer.data.selection import Selection
from capforge_trainer.export.artefact import MAX_BATCH_SIZE, Artefact, input_tensors, output_tensors
from capforge_trainer.export.heads import OPSET
from capforge_trainer.export.suppression import Limits
from capforge_trainer.fit.loop import Fitted
from capforge_transforms import VERSION

_PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "pycocotools", "capforge-trainer")


@dataclass(frozen=True)
class Scores:
    """What the served model reaches."""

    threshold: float
    dev: DetectionMetrics
    test: DetectionMetrics | None


def model_card(
    spec: RunSpec,
    parameters: DetectorParameters,
    attempt: int,
    selection: Selection,
    fitted: Fitted,
    artefact: Artefact,
    limits: Limits,
    scores: Scores,
    device: torch.device,
) -> ModelCard:
    """Return the card of a finished attempt."""
    shape = fitted.network.shape
    return ModelCard(
        namespace=spec.namespace,
        capability=spec.capability,
        capability_type=spec.capability_type,
        run=spec.run,
        run_digest=spec.digest,
        attempt=attempt,
        template=spec.template,
        parameters=parameters.model_dump(mode="json", by_alias=True),
        outputs=sorted(spec.outputs, key=lambda output: output.position),
        datasets=spec.datasets,
        ignored_classes=selection.ignored,
        model_sha256=sha256_hex(artefact.model),
        model_size_bytes=len(artefact.model),
        golden_sha256=sha256_hex(artefact.golden),
        opset=OPSET,
        inputs=input_tensors(fitted.network),
        model_outputs=output_tensors(limits),
        max_batch_size=MAX_BATCH_SIZE,
        input_width=shape.width,
        input_height=shape.height,
        transforms_version=VERSION,
        confidence_threshold=scores.threshold,
        dev=scores.dev,
        test=scores.test,
        parity=artefact.parity,
        epochs=fitted.epochs,
        best_epoch=fitted.best_epoch,
        train_seconds=round(fitted.seconds, 1),
        warnings=selection.warnings,
        environment=_environment(spec, device),
    )


def _environment(spec: RunSpec, device: torch.device) -> dict[str, str]:
    versions = {name: version for name in _PACKAGES if (version := _version(name))}
    accelerator = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        **versions,
        "python": platform.python_version(),
        "image": spec.image,
        "device": f"{device.type} {accelerator}",
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return str(getattr(torch, "__version__", "")) if name == "torch" else ""
