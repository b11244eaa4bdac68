"""The nearest of the own class and of the others: against a plain search."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from capforge_trainer.embedding.findings import embedding_findings
from capforge_trainer.embedding.neighbours import neighbours


@pytest.mark.parametrize("block_bytes", [1, 5_000, 2**26], ids=["row by row", "a few rows", "all at once"])
def test_neighbours_are_those_of_a_plain_search(block_bytes: int):
    random = np.random.default_rng(1)
    vectors = random.normal(size=(60, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    classes = random.integers(0, 7, 60)
    near = neighbours(vectors, classes, block_bytes)
    for index, name in enumerate(classes):
        rest = sorted((one for one in range(60) if one != index), key=lambda one: -float(vectors[index] @ vectors[one]))
        assert near.own[index] == next(one for one in rest if classes[one] == name)
        assert near.other[index] == next(one for one in rest if classes[one] != name)


_ANGLES = np.deg2rad([0, 40, 10, 12, 200])
_VECTORS = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1).astype(np.float32)
_CLASSES = np.array([0, 0, 1, 1, 2])


class _Crops:
    """Crops of one colour each."""

    classes = _CLASSES
    examples = tuple(SimpleNamespace(item=SimpleNamespace(name=f"{index}.png")) for index in range(5))

    def __getitem__(self, index: int) -> np.ndarray:
        return np.full((4, 4, 3), index, np.uint8)


def test_mistakes_come_worst_first_and_leave_out_who_is_alone():
    near = neighbours(_VECTORS, _CLASSES)
    assert near.mistaken().tolist() == [0, 1], "0: 10 degrees to another class, 40 to its own; 1: 28 and 40"
    assert near.own_cosines[4] < -1


def test_the_report_shows_the_region_what_it_lies_near_and_what_it_should():
    selection = SimpleNamespace(names=["disc", "square", "star"], train=[], dev=[], test=[])
    material: Any = SimpleNamespace(selection=selection, dev=_Crops())
    first, second = embedding_findings(material, _VECTORS).mistakes
    assert (first.name, second.name) == ("0.png", "1.png")
    assert first.what == "disc, nearer to square (0.98) than to its own (0.77)"
    assert [int(one.pixels()[0, 0, 0]) for one in first.pictures] == [0, 2, 1]
