"""What a model's tensors say about entities, added to them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import CapabilityType
from capforge_gateway.predict.interface import EMBEDDINGS
from capforge_gateway.predict.regions.chain import Step
from capforge_gateway.predict.regions.entity import CLASS, Entity
from capforge_gateway.predict.regions.gallery import Gallery, check_comparable, most_similar
from capforge_gateway.predict.target import Options
from capforge_gateway.predict.wire import WireError

_CONFIDENCE_DECIMALS = 4
_VECTOR_DECIMALS = 6
Rows = NDArray[np.float32]
"""One row for each entity."""


def provenance_of(step: Step) -> Mapping[str, str]:
    """Return where a value comes from."""
    return {
        "element": step.capability.name,
        "model_version": step.version.version,
        "training_run": step.version.run,
    }


def say_class(entities: Sequence[Entity], scores: Rows, step: Step, options: Options) -> None:
    """Add the likeliest class to each entity where it reaches its threshold; scores are [n, outputs]."""
    version, provenance = step.version, provenance_of(step)
    if not len(version.names) or not scores.shape[1]:
        return
    likeliest = scores.argmax(axis=1)
    for entity, position, row in zip(entities, likeliest.tolist(), scores, strict=True):
        score = float(row[position])
        if position >= len(version.names) or not score >= _threshold(step, position, options):
            continue
        observed: dict[str, Any] = {
            "attribute": CLASS,
            "value": version.names[position],
            "position": position,
            "confidence": round(score, _CONFIDENCE_DECIMALS),
            "provenance": provenance,
        }
        entity["observations"] = [*entity["observations"], observed]


def say_embedding(entities: Sequence[Entity], vectors: Rows, step: Step, _: Options) -> None:
    """Give each entity its vector; vectors are [n, size], of unit length."""
    provenance = provenance_of(step)
    for entity, vector in zip(entities, vectors.astype(np.float64).round(_VECTOR_DECIMALS).tolist(), strict=True):
        entity["embedding"] = {"vector": vector, "provenance": provenance}


def add_similar(entities: Sequence[Entity], gallery: Gallery, step: Step, most: int) -> None:
    """Give each entity that has a vector what is most like it; raises 400 for a gallery of other vectors."""
    embedded = [one for one in entities if "embedding" in one]
    if not embedded:
        return
    vectors = np.array([one["embedding"]["vector"] for one in embedded], np.float32)
    check_comparable(gallery, step, vectors.shape[1])
    for entity, found in zip(embedded, most_similar(vectors, gallery, most), strict=True):
        entity["similar"] = found


Say = Callable[[Sequence[Entity], Rows, Step, Options], None]
SAYS: Mapping[CapabilityType, Say] = {
    CapabilityType.BOX_CLASSIFIER: say_class,
    CapabilityType.BOX_EMBEDDER: say_embedding,
}


def rows_of(tensors: Mapping[str, NDArray[Any]], name: str, step: Step) -> Rows:
    """Return one output [n, numbers]; raises WireError where it is not what the type's models answer."""
    try:
        rows = tensors[name]
    except KeyError as error:
        raise WireError(f"the model's outputs {sorted(tensors)} lack `{name}`") from error
    size = step.version.embedding_size if name == EMBEDDINGS else 0
    if rows.ndim != 2 or rows.dtype != np.float32 or (size and rows.shape[1] != size):  # noqa: PLR2004 - rows of numbers
        raise WireError(f"`{name}` is {rows.dtype} {rows.shape}; expected float32 [N,{size or 'numbers'}]")
    if not np.isfinite(rows).all():
        raise WireError(f"`{name}` holds numbers that are none")
    return rows


def _threshold(step: Step, position: int, options: Options) -> float:
    """A classifier's answer is in float32: so must be what it is held against."""
    given = options.threshold
    return float(step.version.thresholds[position] if given is None else np.float32(given))
