"""Models of regions in the Open Inference Protocol: Triton's client gets Triton's tensors, and what predict answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton_http
from numpy.typing import NDArray

from capforge_transforms import DEFAULT_LIMITS, Region, transforms
from tests.integration.gateway.process import GatewayProcess
from tests.integration.gateway.region_models import EMBEDDING_SIZE
from tests.integration.gateway.regions.asking import BLUE_BOX, GREEN_BOX, RED_BOX, ask, boxes, coloured, entities_of
from tests.integration.gateway.regions.conftest import COLOUR, EMBEDS, SIZE, UPRIGHT
from tests.support.triton import Triton

Client = triton_http.InferenceServerClient
BOXES = [RED_BOX, GREEN_BOX, BLUE_BOX] * 5


@pytest.fixture
def client(chain: GatewayProcess) -> Iterator[Any]:
    with Client(f"127.0.0.1:{chain.port}") as opened:
        yield opened


@pytest.fixture
def direct(region_models: Triton) -> Iterator[Any]:
    with Client(region_models.address) as opened:
        yield opened


def cut(image: bytes) -> NDArray[np.uint8]:
    known = transforms("1")
    return known.crops(known.decode(image, DEFAULT_LIMITS), [Region(box) for box in BOXES], UPRIGHT)


def crops_input(crops: NDArray[np.uint8]) -> list[Any]:
    given = triton_http.InferInput("crops", list(crops.shape), "UINT8")
    given.set_data_from_numpy(crops)
    return [given]


@pytest.mark.parametrize(("name", "model", "output"), [("colour", COLOUR, "scores"), ("shape", EMBEDS, "embeddings")])
def test_the_interface_is_tritons(
    client: Any, direct: Any, chain: GatewayProcess, name: str, model: str, output: str
) -> None:
    ours = client.get_model_metadata(f"acme.{name}", "1.1", headers=chain.authorization())
    theirs = direct.get_model_metadata(model)
    assert ours["inputs"] == theirs["inputs"]
    assert [one["name"] for one in ours["outputs"]] == [output]
    assert ours["parameters"]["crop"]["form"] == "Upright"
    assert "encoded_input" not in ours["parameters"]
    assert client.is_model_ready(f"acme.{name}", headers=chain.authorization())
    expected = [-1, 3] if name == "colour" else [-1, EMBEDDING_SIZE]
    assert ours["outputs"][0]["shape"] == expected == theirs["outputs"][0]["shape"]


def test_scores_are_tritons_and_those_of_predict(client: Any, direct: Any, chain: GatewayProcess) -> None:
    image = coloured("JPEG", quality=60)
    crops = cut(image)
    ours = client.infer("acme.colour", crops_input(crops), "1.1", headers=chain.authorization()).as_numpy("scores")
    rows = [direct.infer(COLOUR, crops_input(crops[start : start + 8])).as_numpy("scores") for start in (0, 8)]
    assert np.array_equal(ours, np.concatenate(rows))
    found = entities_of(ask(chain, "colour", image, boxes(*BOXES), "v1.1"))
    observed = [one["observations"][-1] for one in found]
    assert [one["position"] for one in observed] == ours.argmax(axis=1).tolist()
    assert [one["confidence"] for one in observed] == pytest.approx(ours.max(axis=1).tolist(), abs=1e-4)


def test_embeddings_are_those_of_predict(client: Any, chain: GatewayProcess) -> None:
    image = coloured()
    ours = client.infer("acme.shape", crops_input(cut(image)), "1.1", headers=chain.authorization())
    found = entities_of(ask(chain, "shape", image, boxes(*BOXES)))
    told = np.array([one["embedding"]["vector"] for one in found])
    assert np.abs(told - ours.as_numpy("embeddings")).max() < 1e-5


@pytest.mark.parametrize(
    ("given", "told"),
    [({"name": "image", "datatype": "UINT8"}, "allowed: `crops` (pixels)"),
     ({"name": "jpeg", "datatype": "BYTES"}, "allowed: `crops` (pixels)"),
     ({"name": "crops", "datatype": "FP32"}, f"allowed: UINT8 [N,{SIZE},{SIZE},3]"),
     ({"name": "crops", "datatype": "UINT8", "shape": [1, 8, 8, 3]}, f"allowed: UINT8 [N,{SIZE},{SIZE},3]")],
)  # fmt: skip
def test_another_input_is_refused(chain: GatewayProcess, given: dict[str, Any], told: str) -> None:
    body = {"inputs": [{"shape": [1, SIZE, SIZE, 3], "data": [], **given}]}
    url = f"{chain.url}/v2/models/acme.colour/infer"
    answer = chain.http.post(url, content=json.dumps(body), headers=chain.authorization())
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]
