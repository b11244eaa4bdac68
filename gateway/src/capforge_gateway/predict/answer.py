"""The document that answers a prediction, as it goes on the wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from capforge_gateway.routing.routes import Capability, Version


def document_of(
    document_id: str,
    name: str,
    capability: Capability,
    version: Version,
    image_size: tuple[int, int],
    entities: list[dict[str, Any]],
    started_at: datetime,
    processing_seconds: float,
    finished_at: datetime,
) -> Mapping[str, Any]:
    """Return the document: what was predicted, on which image (width, height), by which model."""
    return {
        "id": document_id,
        "name": name,
        "n_pages": 1,
        "image": {"width": image_size[0], "height": image_size[1]},
        "inference": {
            "started_at": started_at,
            "finished_at": finished_at,
            "processing_time": round(processing_seconds, 4),
            "product": {
                "name": f"{capability.namespace}/{capability.name}",
                "type": capability.type,
                "version": version.version,
                "features": version.names,
            },
            "model": model_of(version),
            "prediction": {"entities": entities},
        },
    }


def model_of(version: Version) -> dict[str, Any]:
    """Return what answered, and what it was made of."""
    return {
        "name": version.model,
        "version": version.version,
        "run": version.run,
        "run_digest": version.run_digest,
        "dataset_digests": version.dataset_digests,
        "transforms_version": version.transforms_version,
    }
