"""Which cells answer for which object, and what the loss makes of it."""

from __future__ import annotations

import pytest
import torch

from capforge_trainer.config import DetectorParameters
from capforge_trainer.data.batches import Batch
from capforge_trainer.fcos import FcosParameters
from capforge_trainer.models.assign import CELLS_PER_OBJECT, Assignment, assign
from capforge_trainer.models.backbone import cell_centres
from capforge_trainer.models.detector import Detector, Shape
from capforge_trainer.models.detectors import detector_of
from capforge_trainer.models.loss import Objects, detection_loss, loss_of

_SIDE = 128
_POINTS, _STRIDES = cell_centres(_SIDE, _SIDE)


def _naive_boxes() -> torch.Tensor:
    """What an untrained network answers: four strides around each cell."""
    reach = _STRIDES[:, None] * 2
    return torch.cat([_POINTS - reach, _POINTS + reach], dim=1)


def _assigned(gold: list[list[float]], classes: list[int], count: int = 2) -> Assignment:
    scores = torch.full((len(_POINTS), count), 0.01)
    boxes = torch.tensor(gold).reshape(-1, 4)
    return assign(scores, _naive_boxes(), _POINTS, _STRIDES, torch.tensor(classes, dtype=torch.int64), boxes)


@pytest.mark.parametrize("side", [2.0, 5.0, 12.0, 40.0, 120.0])
def test_an_object_of_any_size_gets_cells(side: float):
    left = (_SIDE - side) / 2 + 1.5
    assignment = _assigned([[left, left, left + side, left + side]], [0])
    cells = (assignment.object == 0).nonzero().squeeze(1)
    assert 1 <= len(cells) <= CELLS_PER_OBJECT
    assert assignment.quality[cells].max() > 0
    far = (_POINTS[cells] - (left + side / 2)).abs().max()
    assert far <= max(side, 1.5 * 32) / 2


def test_a_cell_answers_for_one_object_only_and_each_object_has_some():
    assignment = _assigned([[20, 20, 60, 60], [30, 30, 70, 70]], [0, 1])
    assert {0, 1} <= set(assignment.object.tolist())


def test_quality_is_a_score_and_empty_cells_have_none():
    assignment = _assigned([[20, 20, 60, 60]], [1])
    assert ((assignment.quality >= 0) & (assignment.quality <= 1)).all()
    assert (assignment.quality[assignment.object < 0] == 0).all()


def test_an_image_without_objects_has_no_owners():
    assignment = _assigned([], [])
    assert (assignment.object == -1).all()


def test_images_without_objects_still_teach():
    network = Detector("resnet10", 32, Shape(96, 96, 2)).train()
    logits, boxes = network(torch.zeros(2, 96, 96, 3, dtype=torch.uint8))
    nothing = Objects(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4))
    loss = detection_loss(logits, boxes, (network.points, network.strides), [nothing, nothing])
    loss.total.backward()
    assert loss.total.isfinite()
    gradients = [one.grad for one in network.parameters() if one.grad is not None]
    assert gradients
    assert all(one.isfinite().all() for one in gradients)


@pytest.mark.parametrize("parameters", [DetectorParameters(), FcosParameters()], ids=["light", "fcos"])
def test_windows_of_the_input_teach_the_same_network(parameters: DetectorParameters):
    network = detector_of(parameters, Shape(128, 160, 2)).train()
    images = torch.zeros(2, 64, 96, 3, dtype=torch.uint8)
    gold = Objects(torch.tensor([1]), torch.tensor([[50.0, 20.0, 70.0, 44.0]]))
    logits, boxes = network(images)
    points, strides = network.cells(images)
    assert points is network.cells(images)[0]  # those of the boxes serve the loss
    other = network.cells(torch.zeros(1, 96, 64, 3))[0]
    assert other.amax(dim=0).tolist() <= [64.0, 96.0]
    assert torch.equal(network.cells(images)[0], points)
    assert len(points) == len(strides) == boxes.shape[1] < len(network.points)
    assert points.amax(dim=0).tolist() <= [96.0, 64.0]
    loss = loss_of(network)((logits, boxes), Batch(images, [gold, gold]))
    loss.backward()
    assert loss.isfinite()
    assert network.cells(torch.zeros(1, 128, 160, 3))[0] is network.points


def test_a_right_answer_costs_less_than_a_wrong_one():
    gold = Objects(torch.tensor([1]), torch.tensor([[24.0, 24.0, 72.0, 72.0]]))
    boxes = _naive_boxes()[None]
    centre = ((_POINTS - 48).abs() < 24).all(dim=1)

    def cost(category: int, answer: torch.Tensor) -> float:
        logits = torch.full((1, len(_POINTS), 2), -5.0)
        logits[0, centre, category] = 3.0
        return float(detection_loss(logits, answer, (_POINTS, _STRIDES), [gold]).total)

    placed = boxes.clone()
    placed[0, centre] = gold.boxes
    assert cost(1, placed) < cost(1, boxes)
    assert cost(1, placed) < cost(0, placed)
