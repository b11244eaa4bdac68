"""Recall@k and mAP@R: against a plain count, and what they say where there is little to count."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from capforge_contracts.run import EmbeddingMetrics
from capforge_trainer.embedding.retrieval import DEPTHS, retrieval


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _by_hand(embeddings: NDArray[np.float32], classes: NDArray[np.int64]) -> EmbeddingMetrics:
    found: dict[int, list[bool]] = {depth: [] for depth in DEPTHS}
    precisions = []
    for query, name in enumerate(classes):
        rest = [one for one in range(len(classes)) if one != query]
        wanted = sum(classes[one] == name for one in rest)
        if not wanted:
            continue
        rest.sort(key=lambda one: -float(embeddings[query] @ embeddings[one]))
        hits = [bool(classes[one] == name) for one in rest]
        for depth in DEPTHS:
            found[depth].append(any(hits[:depth]))
        precisions.append(sum(sum(hits[: k + 1]) / (k + 1) for k in range(wanted) if hits[k]) / wanted)
    recalls = {f"recall_at_{depth}": round(float(np.mean(found[depth])), 4) for depth in DEPTHS}
    return EmbeddingMetrics(
        objects=len(classes),
        classes=len(set(classes.tolist())),
        map_at_r=round(float(np.mean(precisions)), 4),
        **recalls,
    )


@pytest.mark.parametrize("block_bytes", [1, 20_000, 2**26], ids=["row by row", "a few rows", "all at once"])
@pytest.mark.parametrize(
    "counts",
    [[4] * 30, [1, 1, 1, 2, 40, 3, 17], [60, 60], [2] * 8],
    ids=["even", "some alone, one large", "two classes", "pairs"],
)
def test_the_figures_are_those_of_a_plain_count(counts: list[int], block_bytes: int):
    random = np.random.default_rng(len(counts))
    classes = random.permutation(np.repeat(np.arange(len(counts)), counts))
    centres = random.normal(size=(len(counts), 16))
    embeddings = _unit(centres[classes] + random.normal(0, 1.5, (len(classes), 16)))
    assert retrieval(embeddings, classes, block_bytes) == _by_hand(embeddings, classes)


def test_one_vector_for_everything_finds_nothing():
    embeddings = _unit(np.ones((40, 8)))
    metrics = retrieval(embeddings, np.repeat(np.arange(4), 10))
    assert (metrics.recall_at_1, metrics.recall_at_10, metrics.map_at_r) == (0.0, 0.0, 0.0)


def test_a_set_without_any_pair_is_no_data():
    metrics = retrieval(_unit(np.eye(20)), np.arange(20))
    assert metrics == EmbeddingMetrics(objects=20, classes=20)


def test_an_empty_set_is_no_data():
    assert retrieval(np.zeros((0, 8), np.float32), np.zeros(0, np.int64)) == EmbeddingMetrics(objects=0, classes=0)


def test_a_depth_that_takes_all_is_no_data():
    metrics = retrieval(_unit(np.eye(6)), np.array([0, 0, 1, 1, 2, 2]))
    assert metrics.recall_at_1 is not None
    assert (metrics.recall_at_5, metrics.recall_at_10) == (None, None)


def test_the_memory_does_not_grow_with_the_pairs():
    random = np.random.default_rng(0)
    embeddings, classes = _unit(random.normal(size=(6000, 8))), random.integers(0, 600, 6000)
    tracemalloc.start()
    retrieval(embeddings, classes, block_bytes=8 * 2**20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * 2**20  # all pairs would be 144 MB of similarities alone
