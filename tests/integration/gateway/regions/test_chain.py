"""Image in, one answer of several elements out: what the detector finds, with what the elements behind it say."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from capforge_gateway.api.region_schemas import RegionsAnswer
from capforge_transforms import DEFAULT_LIMITS, Region, transforms
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.images import encoded
from tests.integration.gateway.process import GatewayProcess, opened
from tests.integration.gateway.region_models import embedded
from tests.integration.gateway.regions.asking import bright, entities_of, said
from tests.integration.gateway.regions.conftest import (
    COLOUR,
    EMBEDS,
    REVERSED,
    UPRIGHT,
    classifier,
    colours,
    detector,
)
from tests.support.eventually import eventually
from tests.support.triton import Triton

REDDISH, BLUISH = (255, 210, 210), (210, 210, 255)


def predicted(gateway: GatewayProcess, name: str, image: bytes, asked: str = "v1", **options: Any) -> httpx.Response:
    return gateway.predict(image, asked, target={"name": name}, **options)


@pytest.mark.parametrize(("colour", "named"), [(REDDISH, "red"), (BLUISH, "blue")])
def test_an_image_alone_is_answered_by_the_whole_chain(
    chain: GatewayProcess, colour: tuple[int, int, int], named: str
) -> None:
    answer = predicted(chain, "colour", bright(colour))
    assert answer.status_code == 200, answer.text
    parsed = RegionsAnswer.model_validate_json(answer.content)
    (entity,) = parsed.document.inference.prediction.entities
    assert entity.location.box == pytest.approx([160, 120, 320, 240], abs=2)
    first, second = entity.observations
    assert (first.value, first.provenance and first.provenance.element) == ("red", "cells")
    assert (second.attribute, second.value) == ("class", named)
    assert second.provenance is not None
    assert second.provenance.model_dump() == {
        "element": "colour",
        "model_version": "1.1",
        "training_run": "run-1-1",
    }
    assert second.confidence == pytest.approx(255 / (255 + 2 * 210), abs=0.02)
    inference = parsed.document.inference
    assert inference.model.name == COLOUR
    assert inference.product.features == ["red", "green", "blue"]
    assert [one.model_dump() for one in inference.inputs] == [
        {"element": "cells", "model_version": "1.2", "training_run": "run-1-2"}
    ]
    assert (parsed.document.image.width, parsed.document.image.height) == (640, 480)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_the_entities_are_those_that_the_detector_answers(chain: GatewayProcess, file_format: str) -> None:
    pixels = np.full((1500, 2000, 3), 40, np.uint8)
    pixels[333:777, 444:1111] = REDDISH
    image = encoded(Image.fromarray(pixels), file_format)
    media = f"image/{file_format.lower()}"
    (ours,) = entities_of(predicted(chain, "colour", image, media=media))
    (detectors,) = entities_of(chain.predict(image, media=media))
    # one canvas pixel is 6.25 image pixels; a JPEG is shrunk by the decoder there and from its pixels here
    allowed = 0 if file_format == "PNG" else 6.3
    assert ours["location"]["box"] == pytest.approx(detectors["location"]["box"], abs=allowed)
    assert ours["observations"][0] == detectors["observations"][0]


def test_a_version_is_pinned_and_the_detectors_is_the_one_in_force(chain: GatewayProcess) -> None:
    answer = predicted(chain, "colour", bright(REDDISH), "v1.2")
    (entity,) = entities_of(answer)
    assert entity["observations"][1]["value"] == "blue"  # its channels are in the opposite order
    assert entity["observations"][1]["provenance"]["model_version"] == "1.2"
    assert answer.json()["document"]["inference"]["model"]["name"] == REVERSED


def test_an_embedder_gives_each_entity_its_vector(chain: GatewayProcess) -> None:
    image = bright(REDDISH)
    answer = predicted(chain, "shape", image)
    (entity,) = entities_of(answer)
    known = transforms("1")
    region = Region(entity["location"]["box"])
    expected = embedded(known.crops(known.decode(image, DEFAULT_LIMITS), [region], UPRIGHT))[0]
    assert entity["embedding"]["vector"] == pytest.approx(expected.tolist(), abs=2e-3)
    assert np.linalg.norm(entity["embedding"]["vector"]) == pytest.approx(1, abs=1e-4)
    assert entity["embedding"]["provenance"]["element"] == "shape"
    assert said(entity) == [("red", "cells")]
    assert answer.json()["document"]["inference"]["model"]["name"] == EMBEDS


def test_an_element_takes_only_the_classes_of_its_filter_and_answers_the_others_as_they_were(
    chain: GatewayProcess,
) -> None:
    (entity,) = entities_of(predicted(chain, "only-white", bright(REDDISH)))
    assert said(entity) == [("red", "cells")]


@pytest.mark.parametrize(("colour", "last"), [(REDDISH, ("red", "second")), (BLUISH, ("blue", "colour"))])
def test_a_classifier_may_stand_behind_a_classifier(
    chain: GatewayProcess, colour: tuple[int, int, int], last: tuple[str, str]
) -> None:
    answer = predicted(chain, "second", bright(colour))
    (entity,) = entities_of(answer)
    assert said(entity)[:2] == [("red", "cells"), (last[0], "colour")]
    assert said(entity)[-1] == last  # the second takes only what the first calls red
    assert [one["element"] for one in answer.json()["document"]["inference"]["inputs"]] == ["cells", "colour"]


def test_the_threshold_is_the_asked_elements_and_max_entities_the_detectors(chain: GatewayProcess) -> None:
    (unsure,) = entities_of(predicted(chain, "colour", bright(REDDISH), params={"threshold": "0.9"}))
    assert said(unsure) == [("red", "cells")]
    assert len(entities_of(predicted(chain, "colour", bright(REDDISH), params={"max_entities": "1"}))) == 1


def test_where_nothing_passes_the_filter_nobody_is_asked_further(chain: GatewayProcess, region_models: Triton) -> None:
    before = region_models.executions(COLOUR)
    answer = predicted(chain, "only-white", bright(REDDISH))
    assert answer.status_code == 200
    assert region_models.executions(COLOUR) == before


def test_the_chain_is_counted_and_logged_under_the_element_that_was_asked(chain: GatewayProcess) -> None:
    labels = 'capability="colour",namespace="acme",version="1.2"'
    before = chain.metric(f"capforge_predict_entities_total{{{labels}}}")
    images = chain.metric(f"capforge_predict_batch_images_count{{{labels}}}")
    assert predicted(chain, "colour", bright(REDDISH), "v1.2", headers={"X-Request-Id": "chain-1"}).status_code == 200
    (line,) = eventually(lambda: [one for one in chain.lines("predict") if one["request"] == "chain-1"])
    assert (line["capability"], line["version"], line["entities"], line["status"]) == ("colour", "1.2", 1, 200)
    assert line["decode_seconds"] > 0
    assert line["upstream_seconds"] > 0
    assert chain.metric(f"capforge_predict_entities_total{{{labels}}}") == before + 1
    assert chain.metric(f"capforge_predict_batch_images_count{{{labels}}}") == images + 1


def test_a_new_version_rolls_in_without_a_failed_request(start_gateway: StartGateway, region_models: Triton) -> None:
    at = region_models.address
    gateway = start_gateway()
    old, new = classifier("1.1", at), classifier("1.2", at, REVERSED)
    opened(gateway, detector(at), colours([old], "1.1"))
    image = bright(REDDISH)
    statuses: list[int] = []
    versions: list[str] = []
    stopping = threading.Event()

    def go_on() -> None:
        while not stopping.is_set():
            answer = predicted(gateway, "colour", image)
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                versions.append(answer.json()["document"]["inference"]["model"]["version"])

    callers = [threading.Thread(target=go_on) for _ in range(3)]
    for one in callers:
        one.start()
    try:
        eventually(lambda: len(versions) > 0)
        for routed in ([old, new], [new]):
            seen = len(versions)
            gateway.route(detector(at), colours(routed, "1.2"))
            eventually(lambda seen=seen: len(versions) > seen + 10)
    finally:
        stopping.set()
        for one in callers:
            one.join()
    assert set(statuses) == {200}
    assert versions[0] == "1.1"
    assert set(versions[-3:]) == {"1.2"}
