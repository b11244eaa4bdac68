"""Predictions through a real gateway from a real model server."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from capforge_gateway.api.schemas import FailureAnswer, PredictAnswer
from tests.integration.gateway.conftest import BRIGHT_SIZE, FIXED
from tests.integration.gateway.images import encoded, white
from tests.integration.gateway.process import GatewayProcess
from tests.support.eventually import eventually

ORIENTATION_TAG = 0x0112


@pytest.mark.parametrize(
    ("media", "file_format"), [("image/jpeg", "JPEG"), ("image/png", "PNG"), ("image/webp", "WEBP")]
)
def test_a_raw_image_is_answered_with_entities(gateway: GatewayProcess, media: str, file_format: str) -> None:
    answer = gateway.predict(white(64, 32, file_format), "v1.1", media)
    assert answer.status_code == 200, answer.text
    parsed = PredictAnswer.model_validate_json(answer.content)
    inference = parsed.document.inference
    first, second = inference.prediction.entities
    # 64 x 32 lies on the 32 x 32 canvas at half size, 8 rows down
    assert first.location.box == [2.0, 0.0, 22.0, 8.0]
    assert second.location.box == [10.0, 0.0, 60.0, 24.0]
    assert [one.observations[0].value for one in (first, second)] == ["red", "white"]
    assert [one.observations[0].position for one in (first, second)] == [0, 1]
    # the canvas is half white, half the grey of the margin
    assert first.observations[0].confidence == pytest.approx(0.9 * (255 + 114) / 2 / 255, abs=0.01)
    assert first.observations[0].provenance.model_dump() == {
        "element": "cells",
        "model_version": "1.1",
        "training_run": "run-1-1",
    }
    assert first.id != second.id
    assert (parsed.document.image.width, parsed.document.image.height) == (64, 32)
    assert inference.product.model_dump() == {
        "name": "acme/cells",
        "type": "DetectorElement",
        "version": "1.1",
        "features": ["red", "white"],
    }
    assert inference.model.name == FIXED
    assert inference.model.run_digest == "ab" * 32
    assert inference.model.dataset_digests == ["cd" * 32]
    assert inference.finished_at >= inference.started_at
    assert parsed.api_request.status == "success"
    assert parsed.api_request.url == gateway.predict_url("v1.1")


def test_v1_is_the_current_version(gateway: GatewayProcess) -> None:
    answer = gateway.predict(white(), "v1").json()
    assert answer["document"]["inference"]["product"]["version"] == "1.2"


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data(), width=st.integers(40, 900), height=st.integers(40, 900))
def test_boxes_come_back_where_the_object_is(
    gateway: GatewayProcess, data: st.DataObject, width: int, height: int
) -> None:
    scale = max(1.0, max(width, height) / BRIGHT_SIZE)
    smallest = int(6 * scale)  # so that scaling down leaves bright pixels
    x0 = data.draw(st.integers(0, width - smallest - 1))
    y0 = data.draw(st.integers(0, height - smallest - 1))
    x1 = data.draw(st.integers(x0 + smallest, width))
    y1 = data.draw(st.integers(y0 + smallest, height))
    image = Image.new("RGB", (width, height), "black")
    ImageDraw.Draw(image).rectangle((x0, y0, x1 - 1, y1 - 1), fill="white")
    document = gateway.predict(encoded(image)).json()["document"]
    box = document["inference"]["prediction"]["entities"][0]["location"]["box"]
    # one canvas pixel is `scale` image pixels
    assert box == pytest.approx([x0, y0, x1, y1], abs=max(1.0, 1.05 * scale))
    assert document["image"] == {"width": width, "height": height}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_refer_to_the_upright_image(gateway: GatewayProcess, orientation: int) -> None:
    image = Image.new("RGB", (300, 200), "black")
    ImageDraw.Draw(image).rectangle((20, 30, 79, 89), fill="white")
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = orientation
    document = gateway.predict(encoded(image, "JPEG", exif=exif, quality=95), media="image/jpeg").json()["document"]
    expected = {
        1: [20, 30, 80, 90], 2: [220, 30, 280, 90], 3: [220, 110, 280, 170], 4: [20, 110, 80, 170],
        5: [30, 20, 90, 80], 6: [110, 20, 170, 80], 7: [110, 220, 170, 280], 8: [30, 220, 90, 280],
    }[orientation]  # fmt: skip
    assert document["inference"]["prediction"]["entities"][0]["location"]["box"] == pytest.approx(expected, abs=1.5)
    assert document["image"] == ({"width": 300, "height": 200} if orientation < 5 else {"width": 200, "height": 300})


def entities(answer: httpx.Response) -> list[Any]:
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["document"]["inference"]["prediction"]["entities"]
    return found


@pytest.mark.parametrize(
    ("query", "found"),
    [({}, 2), ({"threshold": "0.6"}, 1), ({"threshold": "1"}, 0), ({"threshold": "0"}, 2), ({"max_entities": "1"}, 1)],
    ids=str,
)
def test_the_query_narrows_the_answer(gateway: GatewayProcess, query: dict[str, str], found: int) -> None:
    assert len(entities(gateway.predict(white(), "v1.1", params=query))) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [({"threshold": "2"}, "threshold"), ({"threshold": "nan"}, "threshold"), ({"threshold": ""}, "threshold"),
     ({"max_entities": "0"}, "max_entities"), ({"max_entities": "-1"}, "max_entities"), ({"max_entities": "many"}, "max_entities")],
    ids=str,
)  # fmt: skip
def test_a_wrong_query_field_is_named(gateway: GatewayProcess, query: dict[str, str], field: str) -> None:
    answer = gateway.predict(white(), "v1.1", params=query)
    assert answer.status_code == 400
    error = answer.json()["api_request"]["error"]
    assert error["code"] == "BadRequest"
    assert field in error["message"]
    assert error["details"] == {"field": field}


@pytest.mark.parametrize("field", ["document", "image"])
def test_a_form_may_hold_the_file(gateway: GatewayProcess, field: str) -> None:
    files = {field: ("C:\\pictures\\a cell.png", white(), "image/png")}
    answer = gateway.http.post(gateway.predict_url("v1.1"), files=files, headers=gateway.authorization())
    assert len(entities(answer)) == 2
    assert answer.json()["document"]["name"] == "a cell.png"


def test_a_form_may_hold_base64(gateway: GatewayProcess) -> None:
    text = base64.b64encode(white()).decode()
    files = {"document": (None, text)}
    answer = gateway.http.post(gateway.predict_url("v1.1"), files=files, headers=gateway.authorization())
    assert len(entities(answer)) == 2
    urlencoded = gateway.http.post(
        gateway.predict_url("v1.1"), data={"document": text}, headers=gateway.authorization()
    )
    assert len(entities(urlencoded)) == 2


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "\n"])
@pytest.mark.parametrize("field", ["document", "image"])
def test_json_may_hold_base64(gateway: GatewayProcess, field: str, prefix: str) -> None:
    body = {field: prefix + base64.b64encode(white()).decode()}
    answer = gateway.http.post(gateway.predict_url("v1.1"), json=body, headers=gateway.authorization())
    assert len(entities(answer)) == 2


def test_bearer_is_as_good_as_token(gateway: GatewayProcess) -> None:
    answer = gateway.predict(white(), "v1.1", headers={"Authorization": f"bearer {gateway.key}"})
    assert answer.status_code == 200


def test_the_request_id_goes_in_and_out_and_into_the_log(gateway: GatewayProcess) -> None:
    answer = gateway.predict(white(), "v1.1", headers={"X-Request-Id": "trace-1.2_3:4"})
    assert answer.headers["X-Request-Id"] == "trace-1.2_3:4"
    line = eventually(lambda: [one for one in gateway.lines("predict") if one["request"] == "trace-1.2_3:4"])[0]
    assert (line["namespace"], line["capability"], line["version"], line["key"]) == ("acme", "cells", "1.1", "test")
    assert (line["status"], line["entities"]) == (200, 2)
    assert gateway.key not in gateway.log.read_text()


@pytest.mark.parametrize("given", ["a b", "x" * 65, "{}", "ä", ""])
def test_a_request_id_that_could_do_harm_is_replaced(gateway: GatewayProcess, given: str) -> None:
    answer = gateway.predict(white(), "v1.1", headers={"X-Request-Id": given.encode()})
    assert answer.status_code == 200
    assert len(answer.headers["X-Request-Id"]) == 32


def test_a_failure_has_the_envelope(gateway: GatewayProcess) -> None:
    answer = gateway.predict(b"no image at all", "v1.1", "image/jpeg")
    assert answer.status_code == 400
    parsed = FailureAnswer.model_validate_json(answer.content)
    assert parsed.api_request.status == "failure"
    assert "JPEG, PNG, WebP" in json.loads(answer.content)["api_request"]["error"]["message"]
