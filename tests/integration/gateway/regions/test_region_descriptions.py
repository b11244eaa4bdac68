"""What is told about a classifier's or embedder's version is true, and nothing sent by it is a server error."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.integration.gateway.anything_sent import check_anything_sent
from tests.integration.gateway.process import GatewayProcess
from tests.integration.gateway.regions.asking import RED_BOX, ask, boxes, bright, coloured
from tests.integration.gateway.regions.conftest import SIZE
from tests.integration.gateway.test_descriptions import described, get

PRODUCT = "/v1/products/acme/{name}/v1.1"
EXAMPLES = 25


def test_a_classifier_is_described_with_its_classes_crops_and_input(chain: GatewayProcess) -> None:
    document = described(chain, PRODUCT.format(name="colour") + "/openapi.json")
    told = document["x-capforge"]
    assert told["type"] == "BoxClassifierElement"
    assert [one["name"] for one in told["outputs"]] == ["red", "green", "blue"]
    assert told["crop"] == {"width": SIZE, "height": SIZE, "scale": 1.0, "paddingPixels": 0, "form": "Upright"}
    assert (told["input_from"], told["input_filter"]) == ("cells", [])
    form = document["paths"][PRODUCT.format(name="colour") + "/predict"]["post"]["requestBody"]["content"]
    assert "entities" in form["multipart/form-data"]["schema"]["properties"]


@pytest.mark.parametrize(
    ("name", "texts"),
    [("colour", ["<code>green</code>", "those that <code>cells</code> finds", "Upright"]),
     ("only-white", ["<code>white</code>; the others are answered as they were"]),
     ("alone", ["refused: a request brings its entities"]),
     ("shape", ["Classes it was trained on", "12 numbers, of unit length", "/search?k=5", "gallery=@known.json"])],
)  # fmt: skip
def test_the_page_has_examples_and_nothing_from_elsewhere(chain: GatewayProcess, name: str, texts: list[str]) -> None:
    page = get(chain, PRODUCT.format(name=name) + "/docs", chain.key)
    assert page.status_code == 200
    for text in (*texts, "curl -X POST", "import requests", f"acme/{name}"):
        assert text in page.text
    for outside in ("<script", "src=", "href=", "@import", "url("):
        assert outside not in page.text


@pytest.mark.parametrize("name", ["colour", "shape"])
def test_real_answers_are_as_described(chain: GatewayProcess, name: str) -> None:
    path = PRODUCT.format(name=name)
    operation = schemathesis.openapi.from_dict(described(chain, f"{path}/openapi.json"))[f"{path}/predict"]["POST"]
    answered = ask(chain, name, coloured(), boxes(RED_BOX), "v1.1")
    for answer in (answered, ask(chain, name, bright(), None, "v1.1"), ask(chain, name, coloured(), [{}], "v1.1")):
        answer.request.read()
        operation.validate_response(answer)
    whole = schemathesis.openapi.from_dict(get(chain, "/openapi.json").json())
    whole["/v1/products/{namespace}/{capability}/{version}/predict"]["POST"].validate_response(answered)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("name", "call"), [("colour", "predict"), ("shape", "search")])
def test_whatever_is_sent_within_or_against_the_description_is_no_server_error(
    chain: GatewayProcess, mode: GenerationMode, name: str, call: str
) -> None:
    path = PRODUCT.format(name=name)
    operation: Any = schemathesis.openapi.from_dict(described(chain, f"{path}/openapi.json"))[f"{path}/{call}"]["POST"]

    check_anything_sent(operation, mode, chain, EXAMPLES)
