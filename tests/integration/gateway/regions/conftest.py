"""A detector that looks, classifiers and an embedder behind it, on a real model server; a gateway in front of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from capforge_contracts.run import CapabilityType, CropForm, CropSettings, Output
from capforge_contracts.serving import RoutedCapability, RoutedVersion
from tests.integration.gateway.bright_box import bright_box
from tests.integration.gateway.conftest import BATCHED
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version
from tests.integration.gateway.region_models import EMBEDDING_SIZE, mean_colour, thumbnail
from tests.support.onnx_models import FixedDetector
from tests.support.triton import Triton, triton_server

LOOKS, FIXED = "cells--0000000000a1", "cells--0000000000a2"
COLOUR, REVERSED = "colour--0000000000b1", "colour--0000000000b2"
EMBEDS = "shape--0000000000c1"
CANVAS = 320
SIZE = 16
UPRIGHT = CropSettings(width=SIZE, height=SIZE)
ROTATED = CropSettings(width=SIZE, height=SIZE, form=CropForm.ROTATED)
COLOURS = ["red", "green", "blue"]


def classifier(number: str, address: str, model: str = COLOUR, **fields: Any) -> RoutedVersion:
    given = {"thresholds": {}, "crop": UPRIGHT, "max_batch_size": 8, **fields}
    return version(number, model, [address], (SIZE, SIZE), **given)


def colours(versions: list[RoutedVersion], current: str | None, **fields: Any) -> RoutedCapability:
    """A classifier with three outputs, listed out of order on purpose, behind the detector `cells`."""
    given = {
        "name": "colour",
        "type": CapabilityType.BOX_CLASSIFIER,
        "description": "Tells colours.",
        "outputs": [Output(position=2, name="blue"), Output(position=0, name="red"), Output(position=1, name="green")],
        "input_from": "cells",
        **fields,
    }
    return capability(versions, current, **given)


def shapes(versions: list[RoutedVersion], current: str | None, **fields: Any) -> RoutedCapability:
    """An embedder behind the detector `cells`."""
    given = {"name": "shape", "type": CapabilityType.BOX_EMBEDDER, "input_from": "cells", **fields}
    return capability(versions, current, **given)


def embedder(number: str, address: str, **fields: Any) -> RoutedVersion:
    return classifier(number, address, EMBEDS, embedding_size=EMBEDDING_SIZE, **fields)


def detector(address: str) -> RoutedCapability:
    """`cells`: v1 = v1.2 finds the bright rectangle, v1.1 two fixed boxes."""
    fixed = version("1.1", FIXED, [address])
    looks = version("1.2", LOOKS, [address], (CANVAS, CANVAS), transforms_version="2")
    return capability([fixed, looks], "1.2")


@pytest.fixture(scope="session")
def region_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Triton]:
    with triton_server(tmp_path_factory.mktemp("regions")) as server:
        server.serve(LOOKS, bright_box(CANVAS, CANVAS))
        server.serve(FIXED, FixedDetector().onnx())
        server.serve(COLOUR, mean_colour(SIZE), BATCHED)
        server.serve(REVERSED, mean_colour(SIZE, (2, 1, 0)), BATCHED)
        server.serve(EMBEDS, thumbnail(SIZE), BATCHED)
        yield server


@pytest.fixture(scope="session")
def chain(region_models: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """A gateway that nobody reconfigures: `colour` v1 = v1.2 and `shape` behind `cells`, and some that lack something."""
    at = region_models.address
    first, second = classifier("1.1", at), classifier("1.2", at, REVERSED)
    with gateway_process(tmp_path_factory.mktemp("chain"), {"MAX_ENTITIES": "40"}) as process:
        yield opened(
            process,
            detector(at),
            colours([first, second], "1.1"),
            shapes([embedder("1.1", at)], "1.1"),
            colours([classifier("1.1", at, crop=ROTATED)], "1.1", name="turned"),
            colours([classifier("1.1", at)], "1.1", name="only-white", input_filter=["white"]),
            colours([classifier("1.1", at)], "1.1", name="second", input_from="colour", input_filter=["red"]),
            colours([classifier("1.1", at)], "1.1", name="alone", input_from=None),
            colours([classifier("1.1", at)], "1.1", name="behind-nothing", input_from="gone"),
            colours([classifier("1.1", at)], "1.1", name="behind-empty", input_from="empty"),
            colours([classifier("1.1", at)], "1.1", name="round", input_from="about"),
            colours([classifier("1.1", at)], "1.1", name="about", input_from="round"),
            colours([classifier("1.1", at, crop=None)], "1.1", name="uncropped"),
            colours([classifier("1.3", at)], "1.3", name="gone-on"),
            colours([], None, name="untrained", reason="no run has succeeded"),
            capability([], None, name="empty", reason="the detector is being trained"),
        )
