"""Web pages of other origins: none by default, those that are listed, in words that a browser understands."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from tests.integration.gateway.conftest import FIXED, StartGateway
from tests.integration.gateway.images import white
from tests.integration.gateway.process import ANSWER_SECONDS, GatewayProcess, capability, opened, version
from tests.support.triton import Triton

OURS, THEIRS = "https://app.example.org", "https://evil.example.net"
ASKED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
PATHS = ("/v1/products/acme/cells/v1.1/predict", "/v2/models/acme.cells/infer", "/openapi.json")


def preflight(gateway: GatewayProcess, origin: str, path: str = PATHS[0], **changes: str) -> httpx.Response:
    headers = {"Origin": origin, **ASKED, **{name.replace("_", "-"): value for name, value in changes.items()}}
    return gateway.http.options(gateway.url + path, headers=headers)


def told(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control")}


def test_by_default_no_page_may_call(gateway: GatewayProcess) -> None:
    for path in PATHS:
        assert told(preflight(gateway, OURS, path)) == {}
    assert told(gateway.predict(white(), "v1.1", headers={"Origin": OURS})) == {}


def test_pages_of_listed_origins_may_call(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(CORS_ORIGINS=f"{OURS}, http://localhost:5173")
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    for origin in (OURS, "http://localhost:5173"):
        for path in PATHS:
            answer = preflight(gateway, origin, path)
            assert answer.status_code == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert "POST" in answer.headers["access-control-allow-methods"]
            assert "authorization" in answer.headers["access-control-allow-headers"].lower()
            assert "origin" in answer.headers["vary"].lower()
        answer = gateway.predict(white(), headers={"Origin": origin})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == origin
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    refusal = gateway.predict(b"no image", headers={"Origin": OURS})
    assert (refusal.status_code, refusal.headers["access-control-allow-origin"]) == (400, OURS)
    unauthorized = gateway.predict(white(), headers={"Origin": OURS, "Authorization": "Token wrong"})
    assert (unauthorized.status_code, unauthorized.headers["access-control-allow-origin"]) == (401, OURS)
    for origin in (THEIRS, f"{OURS}.evil.net", "null", OURS.upper(), f"{OURS}:444", "http://app.example.org", ""):
        assert "access-control-allow-origin" not in told(preflight(gateway, origin)), origin
        assert "access-control-allow-origin" not in told(gateway.predict(white(), headers={"Origin": origin})), origin
    assert preflight(gateway, OURS, Access_Control_Request_Method="PATCH").status_code == 400
    assert preflight(gateway, OURS, Access_Control_Request_Headers="x-anything").status_code == 400
    assert "access-control-allow-credentials" not in told(preflight(gateway, OURS))


def test_every_page_may_call_where_that_is_wanted(start_gateway: StartGateway, models: Triton) -> None:
    gateway = start_gateway(CORS_ORIGINS="*")
    opened(gateway, capability([version("1.1", FIXED, [models.address])], "1.1"))
    assert preflight(gateway, THEIRS).headers["access-control-allow-origin"] == "*"
    assert gateway.predict(white(), headers={"Origin": THEIRS}).headers["access-control-allow-origin"] == "*"
    assert gateway.http.post(gateway.predict_url(), headers={"Origin": THEIRS}).status_code == 401


@pytest.mark.parametrize(
    "value", ["app.example.org", "https://app.example.org/", "https://*.example.org", "null", "ftp://x", "https://a b"]
)
def test_what_is_no_origin_ends_the_start(value: str) -> None:
    environment = {"CAPFORGE_CORS_ORIGINS": value, "CAPFORGE_KEYS": "file:/nowhere"}
    command = [
        sys.executable,
        "-c",
        "import os; from capforge_gateway.settings import settings_from; settings_from(os.environ)",
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    assert done.returncode != 0
    assert "CAPFORGE_CORS_ORIGINS" in done.stderr
