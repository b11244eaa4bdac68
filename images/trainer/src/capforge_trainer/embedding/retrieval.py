"""How well nearest vectors are of the same class: recall@k and mAP@R over all pairs of one set, in blocks of rows.

Every region is a query against all others of its set. Classes need not be known to the model (open set). What no other
region of the set shares its class with is looked for by nobody, but stands in everybody's way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.run import EmbeddingMetrics

DEPTHS = (1, 5, 10)
"""The k of recall@k."""
BLOCK_BYTES = 64 * 2**20
"""Room for similarities, whatever the number of regions."""

_BYTES_PER_PAIR = 16
"""Similarity, its rank key, whether the classes are the same, and numpy's passing arrays."""
_RESOLUTION = 1e5
"""Cosines closer than 1e-5 are equal: two identical regions differ by as much when they lie in different batches."""
_NOT_RANKED = np.iinfo(np.int32).min


@dataclass(frozen=True)
class _Sums:
    """Of one block: queries found within each depth, and average precisions at R."""

    found: NDArray[np.int64]
    precision: float


def retrieval(
    embeddings: NDArray[np.float32], classes: NDArray[np.int64], block_bytes: int = BLOCK_BYTES
) -> EmbeddingMetrics:
    """Return the metrics of unit vectors [N,D] with the class [N] of each; None where there is nothing to be found.

    Equal similarities count against the model: one that gives every region the same vector finds nothing.
    """
    others = np.bincount(classes, minlength=1)[classes] - 1
    queries = np.flatnonzero(others > 0)
    found, precision = np.zeros(len(DEPTHS), np.int64), 0.0
    for rows in _blocks(queries, len(classes), block_bytes):
        sums = _block(embeddings, classes, others, rows)
        found += sums.found
        precision += sums.precision
    # Among ten regions, the ten nearest are all: such a recall says nothing.
    recalls = [
        _share(count, len(queries)) if len(classes) - 1 > depth else None
        for depth, count in zip(DEPTHS, found.tolist(), strict=True)
    ]
    return EmbeddingMetrics(
        objects=len(classes),
        classes=len(np.unique(classes)),
        recall_at_1=recalls[0],
        recall_at_5=recalls[1],
        recall_at_10=recalls[2],
        map_at_r=_share(precision, len(queries)),
    )


def _blocks(queries: NDArray[np.int64], count: int, block_bytes: int) -> Iterator[NDArray[np.int64]]:
    size = max(1, block_bytes // max(1, count * _BYTES_PER_PAIR))
    for start in range(0, len(queries), size):
        yield queries[start : start + size]


def _block(
    embeddings: NDArray[np.float32], classes: NDArray[np.int64], others: NDArray[np.int64], rows: NDArray[np.int64]
) -> _Sums:
    wanted = others[rows]
    hits = _nearest(embeddings, classes, rows, max(DEPTHS[-1], int(wanted.max())))
    found = np.array([hits[:, :depth].any(axis=1).sum() for depth in DEPTHS], np.int64)
    places = np.arange(1, hits.shape[1] + 1)
    at_r = hits & (places <= wanted[:, None])
    precisions = np.cumsum(at_r, axis=1, dtype=np.float32) / places
    return _Sums(found, float((np.where(at_r, precisions, 0).sum(axis=1, dtype=np.float64) / wanted).sum()))


def _nearest(
    embeddings: NDArray[np.float32], classes: NDArray[np.int64], rows: NDArray[np.int64], depth: int
) -> NDArray[np.bool_]:
    """Tell for the nearest `depth` others of each row, nearest first, whether they are of its class."""
    # The class lies in the key's last bit, so no index has to be sorted along, and among equals it comes last.
    keys = np.rint(embeddings[rows] @ embeddings.T * _RESOLUTION).astype(np.int32) * 2
    keys -= classes[rows, None] == classes
    keys[np.arange(len(rows)), rows] = _NOT_RANKED
    depth = min(depth, keys.shape[1])
    keys.partition(keys.shape[1] - depth, axis=1)
    best = np.sort(keys[:, keys.shape[1] - depth :], axis=1)[:, ::-1]
    return np.asarray(best & 1, np.bool_)


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
