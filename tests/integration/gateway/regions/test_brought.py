"""A request brings its own entities: they come back with what the model says of each, and no detector runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from capforge_gateway.api.region_schemas import RegionsAnswer
from tests.integration.gateway.images import encoded
from tests.integration.gateway.process import GatewayProcess
from tests.integration.gateway.regions.asking import (
    BLUE_BOX,
    GREEN_BOX,
    HEIGHT,
    RED_BOX,
    WIDTH,
    ask,
    ask_json,
    boxes,
    bright,
    coloured,
    entities_of,
    said,
    text_of,
)
from tests.integration.gateway.regions.conftest import COLOUR, LOOKS, SIZE
from tests.integration.gateway.test_predict import ORIENTATION_TAG
from tests.support.triton import Triton

ALL = [{"id": "one", "box": RED_BOX}, {"box": GREEN_BOX, "class": "cell"}, {"id": "three", "box": BLUE_BOX}]


def test_a_form_brings_image_and_entities(chain: GatewayProcess, region_models: Triton) -> None:
    before = region_models.executions(LOOKS)
    answer = ask(chain, "colour", coloured(), ALL)
    assert answer.status_code == 200, answer.text
    document = RegionsAnswer.model_validate_json(answer.content).document
    red, green, blue = document.inference.prediction.entities
    assert [one.location.box for one in (red, green, blue)] == [RED_BOX, GREEN_BOX, BLUE_BOX]
    assert (red.id, blue.id) == ("one", "three")
    assert len(green.id) == 36
    assert [one.observations[-1].value for one in (red, green, blue)] == ["red", "green", "blue"]
    assert all((one.observations[-1].confidence or 0) > 0.99 for one in (red, green, blue))
    assert [one.value for one in green.observations] == ["cell", "green"]
    assert document.inference.inputs == []
    assert document.name == "a.png"
    assert region_models.executions(LOOKS) == before


def test_json_and_an_urlencoded_form_bring_them_too(chain: GatewayProcess) -> None:
    image = text_of(coloured())
    told = [
        ask_json(chain, "colour", {"image": image, "entities": ALL}),
        ask_json(chain, "colour", {"document": f"data:image/png;base64,{image}", "entities": ALL}),
        chain.http.post(
            chain.predict_url(name="colour"),
            data={"image": image, "entities": json.dumps(ALL)},
            headers=chain.authorization(),
        ),
    ]
    for answer in told:
        assert [said(one)[-1] for one in entities_of(answer)] == [(one, "colour") for one in ("red", "green", "blue")]


def test_no_entities_at_all_are_answered_as_none(chain: GatewayProcess, region_models: Triton) -> None:
    before = region_models.executions(LOOKS), region_models.executions(COLOUR)
    assert entities_of(ask(chain, "colour", bright(), [])) == []
    assert (region_models.executions(LOOKS), region_models.executions(COLOUR)) == before
    assert len(entities_of(ask_json(chain, "colour", {"image": text_of(bright()), "entities": None}))) == 1


def test_the_entities_of_an_answer_can_be_sent_on_as_they_are(chain: GatewayProcess) -> None:
    image = bright((255, 210, 210))
    (found,) = entities_of(chain.predict(image))
    (classified,) = entities_of(ask(chain, "colour", image, [found]))
    assert classified["id"] == found["id"]
    assert classified["location"] == found["location"]
    assert classified["observations"][0] == found["observations"][0]
    (again,) = entities_of(ask(chain, "turned", image, [classified]))
    assert [element for _, element in said(again)] == ["cells", "colour", "turned"]


def test_all_regions_of_a_request_go_in_as_few_requests_as_the_model_takes(
    chain: GatewayProcess, region_models: Triton
) -> None:
    before = region_models.executions(COLOUR)
    answer = ask(chain, "colour", coloured(), boxes(*[RED_BOX, GREEN_BOX] * 10))
    assert [said(one)[-1][0] for one in entities_of(answer)] == ["red", "green"] * 10
    assert region_models.executions(COLOUR) - before == 3  # 20 regions, 8 at once


def test_what_lies_outside_the_image_is_black(chain: GatewayProcess) -> None:
    white = encoded(Image.new("RGB", (100, 100), "white"))
    (entity,) = entities_of(ask(chain, "shape", white, boxes([-100, 0, 100, 100])))
    vector = np.array(entity["embedding"]["vector"]).reshape(3, 2, 2)
    assert (vector[:, :, 0] < 0).all()
    assert (vector[:, :, 1] > 0).all()


def test_a_polygon_is_turned_upright(chain: GatewayProcess) -> None:
    """A slanted bar, red in its first half, blue in its second: its rectangle holds nothing else."""
    image = Image.new("RGB", (400, 400), "lime")
    draw = ImageDraw.Draw(image)
    along, across, start = np.array([120.0, 120.0]), np.array([-30.0, 30.0]), np.array([120.0, 100.0])
    corners = [
        start,
        start + along,
        start + 2 * along,
        start + 2 * along + across,
        start + along + across,
        start + across,
    ]
    draw.polygon([tuple(one) for one in (corners[0], corners[1], corners[4], corners[5])], fill="red")
    draw.polygon([tuple(one) for one in (corners[1], corners[2], corners[3], corners[4])], fill="blue")
    bar = [corners[0], corners[2], corners[3], corners[5]]
    first_half = [corners[0], corners[1], corners[4], corners[5]]
    entities = [{"polygon": np.concatenate(one).tolist()} for one in (bar, first_half)]
    whole, half = entities_of(ask(chain, "turned", encoded(image), entities))
    assert whole["location"]["polygon"] == entities[0]["polygon"]
    assert whole["location"]["box"] == [90, 100, 360, 370]
    assert (said(half)[-1][0], half["observations"][-1]["confidence"]) == ("red", pytest.approx(1, abs=0.06))
    assert whole["observations"][-1]["confidence"] == pytest.approx(0.5, abs=0.06)  # as much red as blue, no green
    (upright,) = entities_of(ask(chain, "colour", encoded(image), entities[:1]))
    assert said(upright)[-1][0] == "green"


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_entities_refer_to_the_upright_image(chain: GatewayProcess, orientation: int) -> None:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    turned = {3: [WIDTH - 80, HEIGHT - 90, WIDTH - 20, HEIGHT - 30], 6: [HEIGHT - 90, 20, HEIGHT - 30, 80],
              8: [30, WIDTH - 80, 90, WIDTH - 20]}[orientation]  # fmt: skip
    (entity,) = entities_of(ask(chain, "colour", coloured("JPEG", exif=exif, quality=95), boxes(turned)))
    assert said(entity)[-1][0] == "red"
    assert entity["observations"][-1]["confidence"] > 0.9


@pytest.mark.parametrize("size", [1, SIZE, 400])
def test_regions_of_every_size_are_scaled_to_the_models_input(chain: GatewayProcess, size: int) -> None:
    image = encoded(Image.new("RGB", (500, 500), "red"))
    (entity,) = entities_of(ask(chain, "colour", image, boxes([10.25, 10.5, 10.25 + size, 10.5 + size])))
    assert said(entity) == [("red", "colour")]


def test_two_at_once_get_their_own_answers(chain: GatewayProcess) -> None:
    def one(number: int) -> list[Any]:
        box = (RED_BOX, GREEN_BOX, BLUE_BOX)[number % 3]
        return [said(entity)[-1][0] for entity in entities_of(ask(chain, "colour", coloured(), boxes(box)))]

    with ThreadPoolExecutor(12) as pool:
        told = list(pool.map(one, range(48)))
    assert told == [[("red", "green", "blue")[number % 3]] for number in range(48)]
