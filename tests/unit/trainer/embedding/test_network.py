"""The network, its loss, and how crops are changed before it sees them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from capforge_trainer.embedding.augment import CropAugmentation
from capforge_trainer.embedding.loss import MetricLoss, by_directions_loss, by_pairs_loss
from capforge_trainer.embedding.network import Embedder
from capforge_trainer.embedding.parameters import EmbedderAugmentationParameters, MetricParameters
from capforge_trainer.models.bodies import SmallBody, TorchvisionBody

_STILL = EmbedderAugmentationParameters(turn_degrees=0, zoom=0, shift=0, bend=0, colour=0, stroke=0, hide=0)


def _drawing() -> NDArray[np.uint8]:
    pixels = np.full((48, 40, 3), 255, np.uint8)
    pixels[10:40, 15:19] = 0
    return pixels


@pytest.mark.parametrize("body", [SmallBody(8), TorchvisionBody("resnet10")], ids=["small", "resnet"])
def test_vectors_have_the_size_asked_for_and_length_one(body: SmallBody | TorchvisionBody):
    crops = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8)
    embedder = Embedder(body, body.channels, 24).eval()
    with torch.no_grad():
        vectors = embedder(crops)
    assert vectors.shape == (3, 24)
    assert vectors.dtype == torch.float32
    np.testing.assert_allclose(vectors.norm(dim=1), 1, atol=1e-5)


@pytest.mark.parametrize("direction_share", [0.0, 0.5, 1.0])
def test_the_loss_falls_when_vectors_of_one_class_meet(direction_share: float):
    loss = MetricLoss(MetricParameters(direction_share=direction_share))
    directions, batch = torch.eye(2), SimpleNamespace(classes=torch.tensor([0, 0, 1, 1]))
    together = torch.eye(2)[[0, 0, 1, 1]]
    mixed = torch.eye(2)[[0, 1, 0, 1]]
    assert loss((together, directions), batch) < 0.1 < loss((mixed, directions), batch)


def test_the_own_direction_must_win_by_the_margin():
    vectors, classes = torch.eye(2), torch.tensor([0, 1])
    without, within = (by_directions_loss(vectors, torch.eye(2), classes, 0.1, margin) for margin in (0.0, 0.5))
    assert without < within


def test_pairs_that_do_not_exist_cost_nothing():
    vectors = torch.eye(3, requires_grad=True)
    cost = by_pairs_loss(vectors, torch.tensor([0, 1, 2]), temperature=0.1)
    cost.backward()
    assert float(cost.detach()) == 0
    assert torch.isfinite(vectors.grad).all()


def test_black_and_white_stays_black_and_white_where_nothing_is_recoloured():
    change = CropAugmentation(EmbedderAugmentationParameters(colour=0))
    for seed in range(20):
        changed = change(_drawing(), np.random.default_rng(seed))
        assert (changed.shape, changed.dtype) == ((48, 40, 3), np.uint8)
        assert np.ptp(changed.astype(int), axis=2).max() == 0, "no channel differs from another"
        assert np.median(changed) == 255, "paper stays paper"


def test_nothing_is_changed_when_nothing_is_asked_for():
    change = CropAugmentation(_STILL)
    np.testing.assert_array_equal(change(_drawing(), np.random.default_rng(0)), _drawing())


def test_a_change_depends_on_its_generator_alone():
    change = CropAugmentation(EmbedderAugmentationParameters())
    first, again, other = (change(_drawing(), np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_what_is_asked_for_only_once_in_a_while_is_done_only_then():
    still = _STILL.model_copy(update={"horizontal_flip": 0.5})
    change, mirrored = CropAugmentation(still), np.asarray(_drawing()[:, ::-1])
    seen = [bool((change(_drawing(), np.random.default_rng(seed)) == mirrored).all()) for seed in range(40)]
    assert 8 < sum(seen) < 32
