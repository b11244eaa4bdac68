"""What is refused, with which status, and what the message tells."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from capforge_contracts.run import CapabilityType
from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import noise, white
from tests.integration.gateway.process import GatewayProcess, capability, opened, version
from tests.support.triton import Triton


def error_of(answer: httpx.Response, status: int, code: str) -> Any:
    assert answer.status_code == status, answer.text
    request = answer.json()["api_request"]
    assert (request["status"], request["status_code"]) == ("failure", status)
    assert request["error"]["code"] == code
    assert answer.headers["x-request-id"]
    return request["error"]


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Token", "Token wrong", "Bearer cf_wrong", "Basic dGVzdDp0ZXN0", "Token " + "x" * 2000],
    ids=str,
)
def test_without_a_valid_key_nothing_is_told(gateway: GatewayProcess, authorization: str | None) -> None:
    headers = {"Content-Type": "image/png", **({} if authorization is None else {"Authorization": authorization})}
    known = gateway.http.post(gateway.predict_url(), content=white(), headers=headers)
    unknown = gateway.http.post(gateway.predict_url(name="none", namespace="nowhere"), content=white(), headers=headers)
    first, second = error_of(known, 401, "Unauthorized"), error_of(unknown, 401, "Unauthorized")
    assert first == second
    assert known.headers["www-authenticate"] == "Token"


def test_a_key_of_another_namespace_is_as_good_as_none(start_gateway: StartGateway, models: Triton) -> None:
    ours, theirs = start_gateway(), "rival"
    routed = [version("1.1", FIXED, [models.address])]
    opened(ours, capability(routed, "1.1"), capability(routed, "1.1", namespace=theirs))
    error_of(ours.predict(white(), target={"namespace": theirs}), 401, "Unauthorized")
    their_key = ours.create_key(theirs)
    ours.key, our_key = their_key, ours.key
    error_of(ours.predict(white()), 401, "Unauthorized")
    ours.key = our_key
    assert ours.predict(white()).status_code == 200


def test_an_unknown_capability_is_not_found(gateway: GatewayProcess) -> None:
    error = error_of(gateway.predict(white(), target={"name": "none"}), 404, "NotFound")
    assert "`none`" in error["message"]


@pytest.mark.parametrize("asked", ["v1.3", "v1.99", "v2", "v1.0", "v1.01", "v1.", "1.1", "latest", "v1.1.1"])
def test_an_unknown_version_names_those_that_answer(gateway: GatewayProcess, asked: str) -> None:
    error = error_of(gateway.predict(white(), asked), 404, "NotFound")
    assert error["details"] == {"available": ["v1.2", "v1.1"]}
    assert "v1, v1.2, v1.1" in error["message"]


def test_a_version_no_longer_loaded_is_gone_and_names_those_that_answer(
    start_gateway: StartGateway, models: Triton
) -> None:
    gateway = opened(start_gateway(), capability([version("1.3", FIXED, [models.address])], "1.3"))
    error = error_of(gateway.predict(white(), "v1.2"), 410, "VersionNotLoaded")
    assert error["details"] == {"available": ["v1.3"]}


@pytest.mark.parametrize("asked", ["v1", "v1.1"])
def test_without_a_model_the_reason_is_told(start_gateway: StartGateway, asked: str) -> None:
    gateway = opened(start_gateway(), capability([], None, reason="17 of 20 documents are annotated"))
    assert error_of(gateway.predict(white(), asked), 409, "NoModel")["message"] == "17 of 20 documents are annotated"


def test_a_detector_takes_no_entities(gateway: GatewayProcess) -> None:
    text = base64.b64encode(white()).decode()
    headers = gateway.authorization()
    for sent in (
        {"files": {"image": ("a.png", white()), "entities": (None, "[]")}},
        {"json": {"image": text, "entities": []}},
        {"data": {"image": text, "entities": "[]"}},
    ):
        answer = gateway.http.post(gateway.predict_url("v1.1"), headers=headers, **sent)  # type: ignore[arg-type]
        error = error_of(answer, 400, "BadRequest")
        assert error["details"] == {"field": "entities"}
        assert "classifier or embedder" in error["message"]


def test_a_type_whose_models_take_no_pixels_is_not_in_the_inference_protocol(start_gateway: StartGateway) -> None:
    routed = capability([version("1.1", FIXED, [])], "1.1", type=CapabilityType.FIELD_EXTRACTOR)
    gateway = opened(start_gateway(), routed)
    answer = gateway.http.get(f"{gateway.url}/v2/models/acme.cells", headers=gateway.authorization())
    assert answer.status_code == 501, answer.text
    assert "FieldExtractorElement" in answer.json()["error"]


def test_a_version_without_servers_is_unavailable(start_gateway: StartGateway) -> None:
    gateway = opened(start_gateway(), capability([version("1.1", FIXED, [])], "1.1"))
    answer = gateway.predict(white())
    error_of(answer, 503, "ServingUnavailable")
    assert answer.headers["retry-after"] == "1"


def test_a_model_newer_than_the_gateway_stops_only_itself(start_gateway: StartGateway, models: Triton) -> None:
    newer = version("1.2", FIXED, [models.address], transforms_version="99")
    older = version("1.1", FIXED, [models.address])
    gateway = opened(start_gateway(), capability([older, newer], "1.2"))
    assert "transforms 99" in error_of(gateway.predict(white()), 503, "ServingUnavailable")["message"]
    assert gateway.predict(white(), "v1.1").status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"not an image", b"\xff\xd8\xff", b"GIF89a", noise(64, 64)[:1500], b"<svg/>", white()[:40]],
    ids=["empty", "text", "jpeg-start", "gif", "cut-jpeg", "svg", "cut-png"],
)
def test_what_is_no_image_is_refused(gateway: GatewayProcess, body: bytes) -> None:
    for media in ("image/jpeg", "image/png", "application/octet-stream"):
        error_of(gateway.predict(body, "v1.1", media), 400, "BadRequest")


def test_the_formats_are_named(gateway: GatewayProcess) -> None:
    error = error_of(gateway.predict(b"hello", "v1.1", "image/jpeg"), 400, "BadRequest")
    assert "allowed: JPEG, PNG, WebP" in error["message"]
    assert error["details"] == {"allowed": ["JPEG", "PNG", "WebP"]}


@pytest.mark.parametrize("media", ["text/plain", "image/svg+xml", "", "application/pdf"])
def test_another_content_type_is_refused_with_the_allowed_ones(gateway: GatewayProcess, media: str) -> None:
    error = error_of(gateway.predict(white(), "v1.1", media), 415, "UnsupportedMediaType")
    assert "image/jpeg" in error["details"]["allowed"]


def test_curl_without_a_content_type_is_told_what_to_send(gateway: GatewayProcess) -> None:
    error = error_of(gateway.predict(white(), "v1.1", "application/x-www-form-urlencoded"), 415, "UnsupportedMediaType")
    assert "-H 'Content-Type: image/jpeg'" in error["message"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "no image"),
        (b'{"image": 5}', "given as int"),
        (b'{"image": "***"}', "neither base64"),
        (b'{"image": ""}', "empty"),
        (b'{"image": "aGVsbG8=", "document": "aGVsbG8="}', "2 images"),
        (b'{"image": "aGVsbG8="}', "not an image"),
        (b"[" * 900, "no JSON"),
        (b"[" * 100_000, "more than 1000 values"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_json_is_refused_with_the_reason(gateway: GatewayProcess, body: bytes, told: str) -> None:
    error = error_of(gateway.predict(body, "v1.1", "application/json"), 400, "BadRequest")
    assert told in error["message"]


def test_too_large_is_refused_in_every_form(start_gateway: StartGateway, models: Triton) -> None:
    limit = 20_000
    gateway = start_gateway(MAX_IMAGE_BYTES=limit)
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    large, url, headers = noise(300, 300), gateway.predict_url(), gateway.authorization()
    assert limit < len(large)
    text = base64.b64encode(large).decode()
    answers = [
        gateway.predict(large, media="image/jpeg"),
        gateway.http.post(url, files={"image": ("a.jpg", large)}, headers=headers),
        gateway.http.post(url, json={"image": text}, headers=headers),
        gateway.http.post(url, data={"image": text}, headers=headers),
    ]
    for answer in answers:
        assert error_of(answer, 413, "FileTooLarge")["details"] == {"max_bytes": limit}


def test_too_many_pixels_are_refused_before_decoding(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(MAX_IMAGE_PIXELS=10_000)
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    assert "10000" in error_of(gateway.predict(white(101, 100)), 400, "BadRequest")["message"]
    assert gateway.predict(white(100, 100)).status_code == 200


def test_a_small_file_that_would_fill_the_memory_is_refused(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(MAX_DECODE_BYTES=10 * 1024 * 1024)
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    bomb = white(700, 700)
    assert len(bomb) < 5000
    assert "takes 13 MiB to decode; allowed: 10 MiB" in error_of(gateway.predict(bomb), 400, "BadRequest")["message"]
    assert gateway.predict(white(700, 700, "JPEG"), media="image/jpeg").status_code == 200
    with ThreadPoolExecutor(8) as pool:
        statuses = {answer.status_code for answer in pool.map(lambda _: gateway.predict(white(600, 600)), range(24))}
    assert statuses == {200}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_not_allowed(gateway: GatewayProcess, method: str) -> None:
    answer = gateway.http.request(method, gateway.predict_url(), headers=gateway.authorization())
    error_of(answer, 405, "MethodNotAllowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/products/acme/cells/v1/predict/", "/v1/products/ACME/cells/v1/predict", "/internal/routes", "/metrics"]
)  # fmt: skip
def test_an_unknown_address_is_not_found(gateway: GatewayProcess, path: str) -> None:
    error_of(gateway.http.get(gateway.url + path), 404, "NotFound")
