"""The second detector and the weights that torchvision publishes: what fits, and what is said where nothing is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torchvision import models
from torchvision.models.detection import fcos_resnet50_fpn

from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.model import sha256_hex
from capforge_trainer import published
from capforge_trainer.classification.network import network_of
from capforge_trainer.classification.parameters import MobilenetClassifierParameters
from capforge_trainer.config import DetectorParameters
from capforge_trainer.errors import BadConfigurationError, BadDataError
from capforge_trainer.fcos import FcosParameters
from capforge_trainer.models.dense import Shape
from capforge_trainer.models.detectors import detector_of
from capforge_trainer.models.network import Network
from capforge_trainer.published import published_file, published_start
from capforge_trainer.weights import started_from

_SHAPE = Shape(96, 128, 2)


def _parameters(**model: object) -> FcosParameters:
    return FcosParameters.model_validate({"model": {"neckChannels": 64, "headConvs": 1, **model}})


@pytest.mark.parametrize(("finest", "cells"), [(8, 257), (4, 1025)])
def test_cells_answer_for_points_all_over_the_image(finest: int, cells: int):
    network = detector_of(_parameters(finestStride=finest), _SHAPE).eval()
    with torch.no_grad():
        logits, boxes = network(torch.zeros(1, 96, 128, 3, dtype=torch.uint8))
    assert (logits.shape, boxes.shape) == ((1, cells, 2), (1, cells, 4))
    first = [tuple(point) for point in network.points[: 128 // finest].tolist()]
    assert first == [(x, 0.0) for x in range(0, 128, finest)], "by rows, as the heads answer"
    inside = (boxes[0, :, :2] < network.points) & (network.points < boxes[0, :, 2:])
    assert inside.all(), "a box is around its cell"


def test_torchvisions_own_detector_fits_but_for_its_classes():
    theirs = fcos_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    network = detector_of(
        FcosParameters.model_validate({"model": {"backbone": "resnet50", "neckChannels": 256, "headConvs": 4}}), _SHAPE
    )
    anew, unused = started_from(network, theirs, "s3://weights")
    assert "2 of 370 tensors begin anew: head.classification_head.cls_logits.weight" in anew
    assert "2 of its tensors are not part of this network: head.regression_head.bbox_ctrness" in unused
    kernel = "backbone.fpn.inner_blocks.0.0.weight"
    assert torch.equal(network.state_dict()[kernel], theirs[kernel])


def _light(backbone: str) -> Network:
    return detector_of(DetectorParameters.model_validate({"model": {"backbone": backbone}}), _SHAPE)


@pytest.mark.parametrize(
    ("make", "backbone", "prefix", "kernel"),
    [
        pytest.param(
            lambda: detector_of(_parameters(), _SHAPE), "resnet18", "backbone.body.", "layer4.1.conv2.weight", id="fcos"
        ),
        pytest.param(lambda: _light("resnet18"), "resnet18", "backbone.body.", "layer4.1.conv2.weight", id="light"),
        pytest.param(
            lambda: network_of(MobilenetClassifierParameters(), 2),
            "mobilenet_v3_large",
            "body.backbone.body.",
            "features.6.block.0.0.weight",
            id="classifier",
        ),
    ],
)
def test_a_backbone_alone_fits_below_the_networks_own_names(
    make: Callable[[], Network], backbone: str, prefix: str, kernel: str
):
    theirs = models.get_model(backbone, weights=None).state_dict()
    network = make()
    anew, unused = started_from(network, theirs, "s3://weights")
    assert torch.equal(network.state_dict()[prefix + kernel], theirs[kernel])
    assert "begin anew" in anew
    assert "are not part of this network" in unused


def test_published_weights_that_are_not_there_are_named_and_not_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    parameters = _parameters(publishedWeights="ImageNet")
    with pytest.raises(BadConfigurationError, match=r"there is no file .*/hub/checkpoints/resnet18-") as caught:
        published_start(parameters, detector_of(parameters, _SHAPE))
    assert "or set None" in str(caught.value)
    assert caught.value.exit_code is ExitCode.BAD_CONFIGURATION
    assert not list(tmp_path.rglob("*.pth"))


def test_published_weights_are_taken_where_torch_keeps_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    theirs = {name: one for name, one in models.resnet18(weights=None).state_dict().items() if "layer1" in name}
    torch.save(theirs, tmp_path / "some.pth")
    file = tmp_path / f"resnet18-{sha256_hex((tmp_path / 'some.pth').read_bytes())[:8]}.pth"
    (tmp_path / "some.pth").rename(file)
    monkeypatch.setattr(published, "published_file", lambda _: file)
    parameters = _parameters(publishedWeights="ImageNet")
    network = detector_of(parameters, _SHAPE)
    (warning,) = published_start(parameters, network)
    assert warning.startswith(f"initial weights (ImageNet, {file.name}): ")
    mine = network.state_dict()
    assert all(torch.equal(mine[f"backbone.body.{name}"], one) for name, one in theirs.items())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"another file", "does not have the digest that its name ends in", id="other bytes"),
        pytest.param(None, "holds no weights", id="damaged"),
    ],
)
def test_published_weights_that_are_others_are_named(
    data: bytes | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    damaged = b"PK\x03\x04 half a file"
    file = tmp_path / f"resnet18-{sha256_hex(damaged)[:8]}.pth"
    file.write_bytes(data or damaged)
    monkeypatch.setattr(published, "published_file", lambda _: file)
    parameters = _parameters(publishedWeights="ImageNet")
    with pytest.raises(BadDataError, match=said):
        published_start(parameters, detector_of(parameters, _SHAPE))


def test_weights_of_coco_are_asked_for_by_the_network_that_they_fit():
    with pytest.raises(ValidationError, match="backbone resnet50, neckChannels 256, headConvs 4 only; set that too"):
        _parameters(publishedWeights="COCO")
    whole = {"backbone": "resnet50", "neckChannels": 256, "headConvs": 4, "publishedWeights": "COCO"}
    assert _parameters(**whole).model.published_weights == "COCO"
    assert published_file("fcos_resnet50_fpn").name.startswith("fcos_resnet50_fpn_coco-")
