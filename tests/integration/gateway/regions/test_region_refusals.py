"""What is refused about regions, with which status, and that the message names the entity or the element."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from capforge_contracts.run import CapabilityType
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.picky import picky
from tests.integration.gateway.process import GatewayProcess, capability, opened
from tests.integration.gateway.regions.asking import RED_BOX, ask, ask_json, boxes, bright, coloured, text_of
from tests.integration.gateway.regions.conftest import SIZE, classifier, colours, detector, embedder, shapes
from tests.integration.gateway.test_load import uploads
from tests.integration.gateway.test_refusals import error_of
from tests.support.eventually import eventually
from tests.support.triton import Triton

BOX = [0, 0, 10, 10]
FAR = 2e6

WRONG: list[tuple[Any, str, str]] = [
    ({}, "entities", "is no list"),
    (5, "entities", "is no list"),
    ([1], "entities[0]", "valid dictionary"),
    ([{}], "entities[0]", "neither `box` nor `polygon`"),
    ([{"box": BOX}, {"id": "a"}], "entities[1]", "neither `box` nor `polygon`"),
    ([{"box": [0, 0, 10]}], "entities[0].box", "at least 4"),
    ([{"box": [0, 0, 10, 10, 10]}], "entities[0].box", "at most 4"),
    ([{"box": [0, 0, "wide", 10]}], "entities[0].box[2]", "valid number"),
    ([{"box": [0, 0, None, 10]}], "entities[0].box[2]", "valid number"),
    ([{"box": [0, 0, FAR, 10]}], "entities[0].box[2]", "less than or equal to 1000000"),
    ([{"box": [10, 0, 10, 10]}], "entities[0]", "has no area"),
    ([{"box": [10, 10, 0, 0]}], "entities[0]", "has no area"),
    ([{"polygon": [0, 0, 10, 10]}], "entities[0].polygon", "at least 6"),
    ([{"polygon": [0, 0, 10, 10, 20, 30, 5]}], "entities[0]", "7 numbers"),
    ([{"polygon": [0, 0, 10, 10, 20, 20]}], "entities[0]", "has no area"),
    ([{"polygon": [[0, 0], [10, 0], [5, 5]]}], "entities[0].polygon[0]", "valid number"),
    ([{"polygon": [0, 0, 10, 0, 5, 5], "location": {"box": BOX}}], "entities[0]", "one of them"),
    (
        [{"location": {"box": BOX, "circle": 5}}],
        "entities[0].location.circle",
        "is no field here; allowed: box, polygon",
    ),
    ([{"box": BOX, "colour": "red"}], "entities[0].colour", "is no field here; allowed: id, "),
    ([{"box": BOX, "id": ""}], "entities[0].id", "at least 1 character"),
    ([{"box": BOX, "id": "a\nb"}], "entities[0].id", "match pattern"),
    ([{"box": BOX, "id": "x" * 257}], "entities[0].id", "at most 256"),
    ([{"box": BOX, "id": 5}], "entities[0].id", "valid string"),
    ([{"box": BOX, "id": "a"}, {"box": BOX}, {"box": BOX, "id": "a"}], "entities[2].id", "entities[0] as well"),
    ([{"box": BOX, "observations": [{"value": "red"}]}], "entities[0].observations[0].attribute", "required"),
    ([{"box": BOX}, {"box": [641, 10, 700, 20]}], "entities[1]", "outside the image of 640 x 480"),
    ([{"box": [-10, -10, 0, 0]}], "entities[0]", "outside the image of 640 x 480"),
    ([{"polygon": [0, 480, 10, 480, 5, 490]}], "entities[0]", "outside the image of 640 x 480"),
    ([{"box": BOX}] * 41, "entities", "at most 40"),
]


@pytest.mark.parametrize(
    ("entities", "field", "told"), WRONG, ids=[f"{at}: {one[1]} {one[2]}" for at, one in enumerate(WRONG)]
)
def test_a_wrong_entity_is_named_by_its_index(chain: GatewayProcess, entities: Any, field: str, told: str) -> None:
    for answer in (
        ask(chain, "colour", coloured(), entities),
        ask_json(chain, "shape", {"image": text_of(coloured()), "entities": entities}),
    ):
        error = error_of(answer, 400, "BadRequest")
        assert error["details"]["field"] == field
        assert told in error["message"], error["message"]


def test_all_faults_are_told_at_once(chain: GatewayProcess) -> None:
    error = error_of(ask(chain, "colour", coloured(), [{"box": BOX}, {"box": [5, 5, 5, 5]}, {}]), 400, "BadRequest")
    assert [one["field"] for one in error["details"]["faults"]] == ["entities[1]", "entities[2]"]
    assert "and 1 more" in error["message"]


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "no JSON"), ("", "no JSON"), ("NaN", "no JSON"), ('[{"box":[0,0,NaN,10]}]', "no JSON"),
     ('[{"box":[0,0,Infinity,10]}]', "no JSON"), ('[{"box":[0,0,1e999,10]}]', ""), ("[" * 100_000, "no JSON"),
     ("[" + "[]," * 200_001 + "1]", "too long"), ("null", "entities")],
    ids=range(9),
)  # fmt: skip
def test_entities_that_are_no_json_are_refused(chain: GatewayProcess, text: str, told: str) -> None:
    answer = ask(chain, "alone", coloured(), text)
    assert told in error_of(answer, 400, "BadRequest")["message"]


def test_a_field_that_is_not_known_is_refused_rather_than_passed_over(chain: GatewayProcess) -> None:
    image = coloured()
    for answer in (
        ask_json(chain, "colour", {"image": text_of(image), "entites": []}),
        chain.http.post(
            chain.predict_url(name="colour"),
            files={"image": ("a.png", image), "entites": (None, "[]")},
            headers=chain.authorization(),
        ),
        chain.http.post(
            chain.predict_url(name="colour"),
            data={"image": text_of(image), "entites": "[]"},
            headers=chain.authorization(),
        ),
    ):
        error = error_of(answer, 400, "BadRequest")
        assert error["details"] == {"field": "entites"}
        assert "allowed: one of `document` and `image`, and `entities`" in error["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"", "no JSON"), (b"[]", "no JSON object"), (b'{"entities": []}', "no image"), (b'{"image": 5}', "int"),
     (b'{"image": "", "document": ""}', "2 images"), (b'{"image": "' + b"A" * 40 + b'"}', "not an image")],
    ids=range(6),
)  # fmt: skip
def test_a_wrong_body_is_refused(chain: GatewayProcess, body: bytes, told: str) -> None:
    assert told in error_of(ask_json(chain, "colour", body), 400, "BadRequest")["message"]


def test_without_entities_and_without_inputfrom_both_ways_are_named(chain: GatewayProcess) -> None:
    error = error_of(chain.predict(bright(), target={"name": "alone"}), 400, "BadRequest")
    assert "`entities`" in error["message"]
    assert "inputFrom" in error["message"]
    assert ask(chain, "alone", coloured(), boxes(RED_BOX)).status_code == 200


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [("behind-nothing", "InputUnavailable", "takes its entities from `gone`, which is not there"),
     ("behind-empty", "NoModel", "come from `empty`: the detector is being trained"),
     ("round", "InputUnavailable", "leads back to `round`"),
     ("untrained", "NoModel", "no run has succeeded")],
)  # fmt: skip
def test_a_chain_that_cannot_run_says_which_element_is_in_the_way(
    chain: GatewayProcess, name: str, code: str, told: str
) -> None:
    assert told in error_of(chain.predict(bright(), target={"name": name}), 409, code)["message"]
    if name != "untrained":  # an element with a model answers about entities that are brought
        assert ask(chain, name, coloured(), boxes(RED_BOX)).status_code == 200


def test_an_element_that_gives_no_entities_is_named(start_gateway: StartGateway, region_models: Triton) -> None:
    papers = capability([], None, name="cells", type=CapabilityType.FIELD_EXTRACTOR, outputs=[])
    gateway = opened(start_gateway(), papers, colours([classifier("1.1", region_models.address)], "1.1"))
    error = error_of(gateway.predict(bright(), target={"name": "colour"}), 409, "InputUnavailable")
    assert "a FieldExtractorElement, which gives none" in error["message"]
    assert error["details"]["chain"] == ["colour"]


def test_a_version_that_is_gone_or_never_was(chain: GatewayProcess) -> None:
    gone = error_of(chain.predict(bright(), "v1.2", target={"name": "gone-on"}), 410, "VersionNotLoaded")
    assert gone["details"] == {"available": ["v1.3"]}
    error_of(chain.predict(bright(), "v1.9", target={"name": "gone-on"}), 404, "NotFound")


def test_a_version_routed_without_crop_settings_is_told_so(chain: GatewayProcess) -> None:
    answer = ask(chain, "uncropped", coloured(), boxes(RED_BOX))
    assert "`uncropped` is routed without its crop settings" in error_of(answer, 503, "ServingUnavailable")["message"]


def test_predictions_of_regions_are_not_queued(chain: GatewayProcess) -> None:
    url = chain.predict_url(name="colour") + "_async"
    answer = chain.http.post(url, files={"image": ("a.png", bright())}, headers=chain.authorization())
    assert "answers at `predict`" in error_of(answer, 404, "NotFound")["message"]


def test_another_content_type_and_a_wrong_query_are_refused(chain: GatewayProcess) -> None:
    error_of(chain.predict(bright(), media="text/plain", target={"name": "colour"}), 415, "UnsupportedMediaType")
    assert "threshold" in error_of(ask(chain, "colour", bright(), threshold=2), 400, "BadRequest")["message"]


@pytest.mark.parametrize("missing", ["the classifier", "the detector"])
def test_without_a_model_server_it_is_unavailable(
    start_gateway: StartGateway, region_models: Triton, missing: str
) -> None:
    at = region_models.address
    away = classifier("1.1", at, endpoints=[])
    cells = detector(at)
    if missing == "the detector":
        away = classifier("1.1", at)
        cells = cells.model_copy(
            update={"versions": [one.model_copy(update={"endpoints": []}) for one in cells.versions]}
        )
    gateway = opened(start_gateway(), cells, colours([away], "1.1"))
    answer = gateway.predict(bright(), target={"name": "colour"})
    error_of(answer, 503, "ServingUnavailable")
    assert answer.headers["retry-after"] == "1"


def test_more_found_than_one_request_may_hold_is_told_with_the_way_out(
    start_gateway: StartGateway, region_models: Triton
) -> None:
    at = region_models.address
    cells = detector(at).model_copy(update={"current": "1.1"})  # two fixed boxes
    gateway = opened(start_gateway(MAX_ENTITIES=1), cells, colours([classifier("1.1", at)], "1.1"))
    error = error_of(gateway.predict(white(), target={"name": "colour"}), 400, "BadRequest")
    assert "max_entities=1" in error["message"]
    assert gateway.predict(white(), target={"name": "colour"}, params={"max_entities": "1"}).status_code == 200


def test_a_chain_stays_within_its_namespace(start_gateway: StartGateway, region_models: Triton) -> None:
    at = region_models.address
    theirs = detector(at).model_copy(update={"namespace": "rival"})
    gateway = opened(start_gateway(), theirs, colours([classifier("1.1", at)], "1.1"))
    error = error_of(gateway.predict(bright(), target={"name": "colour"}), 409, "InputUnavailable")
    assert "`cells`, which is not there" in error["message"]
    error_of(gateway.predict(bright(), target={"name": "colour", "namespace": "rival"}), 401, "Unauthorized")


def test_a_tenant_over_its_share_is_told_so(start_gateway: StartGateway, region_models: Triton) -> None:
    gateway = start_gateway(MAX_REQUESTS_PER_NAMESPACE=1)
    opened(gateway, detector(region_models.address), colours([classifier("1.1", region_models.address)], "1.1"))
    with uploads(gateway, 1, "Content-Length: 100"):
        answer = ask(gateway, "colour", coloured(), boxes(RED_BOX))
        error_of(answer, 429, "TooManyRequests")
    assert ask(gateway, "colour", coloured(), boxes(RED_BOX)).status_code == 200


@pytest.fixture(scope="module")
def odd(region_models: Triton) -> Triton:
    """A detector under the name of a classifier: it has other tensors."""
    region_models.serve("odd--0000000000d1", picky(SIZE))
    return region_models


def test_a_model_with_other_tensors_is_a_failed_model(start_gateway: StartGateway, odd: Triton) -> None:
    at = odd.address
    wrong_size = embedder("1.1", at).model_copy(update={"embedding_size": 5})
    gateway = opened(
        start_gateway(),
        colours([classifier("1.1", at, "odd--0000000000d1")], "1.1"),
        shapes([wrong_size], "1.1"),
    )
    error_of(ask(gateway, "colour", coloured(), boxes(RED_BOX)), 502, "ModelFailed")
    error_of(ask(gateway, "shape", coloured(), boxes(RED_BOX)), 502, "ModelFailed")
    eventually(lambda: gateway.lines("model server's answer cannot be read"))


def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    start_gateway: StartGateway, region_models: Triton
) -> None:
    gateway = opened(start_gateway(MAX_IMAGE_BYTES=10_000), colours([classifier("1.1", region_models.address)], "1.1"))
    entities = json.dumps(boxes(*[RED_BOX] * 1000))  # more than the image may have is fine for the entities
    assert len(entities) > 10_000
    answer = ask(gateway, "colour", coloured(), entities)
    assert answer.status_code == 200, answer.text
    too_large: httpx.Response = ask(gateway, "colour", bytes(20_000), boxes(RED_BOX))
    error_of(too_large, 413, "FileTooLarge")
