"""EasyOCR's real Reader on weights that are made here, with the network shut."""

from __future__ import annotations

import hashlib
import socket
from collections import OrderedDict
from pathlib import Path
from typing import Any

import easyocr.easyocr
import pytest
import torch
from easyocr.craft import CRAFT
from easyocr.model.vgg_model import Model

DETECTOR, RECOGNIZER = "craft", "english_g2"
_EVERYWHERE = 2.0
"""Score of text at each point: above every threshold, so that one box covers the page and the recogniser has work."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants to connect fails the test."""

    def refuse(*_args: Any, **_kwargs: Any) -> None:
        pytest.fail("something wanted to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(scope="session")
def made_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both files, in EasyOCR's formats, from random numbers."""
    folder = tmp_path_factory.mktemp("weights")
    torch.manual_seed(7)
    detector = CRAFT(pretrained=False)
    last = detector.conv_cls[-1]
    torch.nn.init.zeros_(last.weight)
    torch.nn.init.constant_(last.bias, _EVERYWHERE)
    tables = easyocr.easyocr.recognition_models["gen2"][RECOGNIZER]
    classes = len(tables["characters"]) + 1
    recogniser = Model(input_channel=1, output_channel=256, hidden_size=256, num_class=classes)
    _save(detector, folder / easyocr.easyocr.detection_models[DETECTOR]["filename"])
    _save(recogniser, folder / tables["filename"])
    return folder


@pytest.fixture
def weights(made_weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, with EasyOCR's table of checksums saying what lies there instead of what is published."""
    for model in (
        easyocr.easyocr.detection_models[DETECTOR],
        easyocr.easyocr.recognition_models["gen2"][RECOGNIZER],
    ):
        file = made_weights / model["filename"]
        monkeypatch.setitem(model, "md5sum", hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest())
    return made_weights


def _save(network: torch.nn.Module, file: Path) -> None:
    """Write the state as it is published: from a model that was spread over devices."""
    torch.save(OrderedDict((f"module.{name}", value) for name, value in network.state_dict().items()), file)
