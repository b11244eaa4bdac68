"""OpenAPI and pages: true, self-contained, shown to those with a key; and the API holds against its own description."""

from __future__ import annotations

from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from schemathesis import GenerationMode

from tests.integration.gateway.anything_sent import check_anything_sent
from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import GatewayProcess, capability, opened, version
from tests.support.eventually import eventually

PRODUCT = "/v1/products/acme/cells/v1.1"
EXAMPLES = {"POST": 40, "GET": 15, "PUT": 15, "DELETE": 15}


def get(gateway: GatewayProcess, path: str, key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Token {key}"} if key else {}
    return gateway.http.get(gateway.url + path, headers=headers)


def described(gateway: GatewayProcess, path: str = f"{PRODUCT}/openapi.json") -> dict[str, Any]:
    answer = get(gateway, path, gateway.key)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_version_is_described_with_its_classes_and_thresholds(gateway: GatewayProcess) -> None:
    document = described(gateway)
    assert document["info"]["version"] == "1.1"
    infer = "/v2/models/acme.cells/versions/1.1"
    assert list(document["paths"]) == [f"{PRODUCT}/predict", infer, f"{infer}/ready", f"{infer}/infer"]
    assert document["x-capforge"]["outputs"] == [
        {"position": 0, "name": "red", "threshold": 0.2},
        {"position": 1, "name": "white", "threshold": 0.2},
    ]
    assert document["x-capforge"]["available"] == ["v1.2", "v1.1"]
    assert document["components"]["schemas"]["Observation"]["properties"]["value"]["enum"] == ["red", "white"]
    assert described(gateway, "/v1/products/acme/cells/v1/openapi.json")["info"]["version"] == "1.2"


@pytest.mark.parametrize("page", ["openapi.json", "docs"])
def test_a_description_needs_a_key_and_tells_nothing_without(gateway: GatewayProcess, page: str) -> None:
    known, unknown = get(gateway, f"{PRODUCT}/{page}"), get(gateway, f"/v1/products/none/none/v1/{page}")
    assert (known.status_code, unknown.status_code) == (401, 401)
    told = [one.text.replace(one.headers["x-request-id"], "") for one in (known, unknown)]
    assert told[0].replace(PRODUCT, "") == told[1].replace("/v1/products/none/none/v1", "")


@pytest.mark.parametrize(("asked", "status"), [("v1.9", 404), ("v2", 404), ("nonsense", 404)])
def test_a_version_that_is_not_there_has_no_description(gateway: GatewayProcess, asked: str, status: int) -> None:
    answer = get(gateway, f"/v1/products/acme/cells/{asked}/docs", gateway.key)
    assert answer.status_code == status
    assert answer.json()["api_request"]["error"]["details"] == {"available": ["v1.2", "v1.1"]}


def test_the_page_is_self_contained_and_has_examples(gateway: GatewayProcess) -> None:
    page = get(gateway, f"{PRODUCT}/docs", gateway.key)
    assert page.status_code == 200
    for text in (
        "acme/cells",
        "Finds cells.",
        "<code>red</code>",
        "0.2",
        "curl -X POST",
        "import requests",
        "x0, y0, x1, y1",
    ):
        assert text in page.text
    for outside in ("<script", "src=", "href=", "@import", "url("):
        assert outside not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert gateway.key not in page.text


def test_words_of_people_are_shown_as_words(start_gateway: StartGateway) -> None:
    gateway = start_gateway()
    hostile = "<script>alert(1)</script>"
    routed = capability([version("1.1", FIXED, [])], "1.1", description=hostile)
    opened(gateway, routed)
    page = get(gateway, f"{PRODUCT}/docs", gateway.key)
    assert hostile not in page.text
    assert "&lt;script&gt;" in page.text


def test_the_page_that_asks_for_a_key_runs_only_its_own_script(gateway: GatewayProcess) -> None:
    page = get(gateway, f"{PRODUCT}/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'sha256-" in policy
    assert "connect-src 'self'" in policy


def test_every_other_request_has_an_id_and_one_log_line(gateway: GatewayProcess) -> None:
    headers = {"X-Request-Id": "look-1", "Authorization": f"Token {gateway.key}"}
    answer = gateway.http.get(f"{gateway.url}{PRODUCT}/docs", headers=headers)
    assert answer.headers.get_list("x-request-id") == ["look-1"]
    (line,) = eventually(lambda: [one for one in gateway.lines("request") if one["request"] == "look-1"])
    assert (line["method"], line["path"], line["status"]) == ("GET", f"{PRODUCT}/docs", 200)
    refusal = gateway.http.get(f"{gateway.url}/nowhere", headers={"X-Request-Id": "look-2"})
    assert refusal.headers.get_list("x-request-id") == ["look-2"]
    gateway.http.get(f"{gateway.url}/healthz", headers={"X-Request-Id": "probe"})
    assert not [one for one in gateway.lines("request") if one["path"] == "/healthz"]


def test_the_gateway_describes_itself_to_everybody(gateway: GatewayProcess) -> None:
    document = get(gateway, "/openapi.json").json()
    assert "/v1/products/{namespace}/{capability}/{version}/predict" in document["paths"]
    assert "acme" not in str(document).replace("acme/blood-cells", "")
    page = get(gateway, "/docs")
    assert page.status_code == 200
    assert "acme" not in page.text.replace("acme/blood-cells", "")


@pytest.mark.parametrize("path", ["/openapi.json", f"{PRODUCT}/openapi.json"])
def test_the_descriptions_are_valid_openapi(gateway: GatewayProcess, path: str) -> None:
    document = described(gateway, path)
    schemathesis.openapi.from_dict(document)
    for schema in document["components"]["schemas"].values():
        bundled = {**schema, "components": document["components"]}
        assert jsonschema_rs.meta.is_valid(bundled)


def test_a_real_answer_is_as_described(gateway: GatewayProcess) -> None:
    schema = schemathesis.openapi.from_dict(described(gateway))
    answer = gateway.predict(white(), "v1.1")
    schema[f"{PRODUCT}/predict"]["POST"].validate_response(answer)
    refusal = gateway.predict(b"no image", "v1.1")
    schema[f"{PRODUCT}/predict"]["POST"].validate_response(refusal)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("path", ["/openapi.json", f"{PRODUCT}/openapi.json"])
def test_whatever_is_sent_within_or_against_the_description_is_no_server_error(
    gateway: GatewayProcess, path: str, mode: GenerationMode
) -> None:
    for found in schemathesis.openapi.from_dict(described(gateway, path)).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]  # an error fails the test by itself
        if mode is GenerationMode.NEGATIVE and not {"parameters", "requestBody"} & set(
            filter(operation.definition.raw.get, operation.definition.raw)
        ):
            continue  # there is nothing in it that could be wrong
        if operation.path.endswith("/feedback"):
            continue  # 503: this gateway keeps no documents; documents/test_description.py asks one that does

        check_anything_sent(operation, mode, gateway, EXAMPLES[operation.method.upper()])
