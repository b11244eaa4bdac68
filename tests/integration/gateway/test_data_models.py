"""Data models over HTTP: a config becomes YAML that `kubectl apply` takes, and a capability's config comes back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import yaml

from capforge_contracts.capability_resource import fields_of
from capforge_contracts.data_model import DataField, FieldType, Presence
from capforge_contracts.data_model_config import MAX_CONFIG_BYTES, read_config, write_config
from capforge_contracts.run import CapabilityType
from tests.integration.gateway.process import NAMESPACE, GatewayProcess, capability, gateway_process, opened

FIELDS = [
    DataField(name="total", display_name="Total ¥", type=FieldType.AMOUNT, whole=Presence.ALWAYS),
    DataField(name="kind", type=FieldType.CLASSIFICATION, classes=["yes", "1.0"]),
    DataField(name="supplier", type=FieldType.WORD, digits=Presence.NEVER),
]
CONFIG = write_config(FIELDS)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One detector, and one field extractor without a model."""
    with gateway_process(tmp_path_factory.mktemp("gateway")) as process:
        extractor = capability(
            [], None, name="receipts", type=CapabilityType.FIELD_EXTRACTOR, outputs=[], fields=FIELDS
        )
        yield opened(process, capability([], None), extractor)


def upload(gateway: GatewayProcess, body: bytes = CONFIG, query: str = "", **given: Any) -> httpx.Response:
    headers = {**gateway.authorization(), "Content-Type": "application/json", **given.pop("headers", {})}
    return gateway.http.post(f"{gateway.url}/v1/data-models{query}", content=body, headers=headers, **given)


def test_a_config_becomes_a_capability(gateway: GatewayProcess):
    answer = upload(gateway, query="?name=invoices")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/yaml")
    made = yaml.safe_load(answer.text)
    assert made["metadata"] == {"name": "invoices", "namespace": NAMESPACE}
    assert fields_of(made) == FIELDS


def test_a_form_may_bring_the_config(gateway: GatewayProcess):
    answer = gateway.http.post(
        f"{gateway.url}/v1/data-models?namespace=other",
        files={"config": ("config.json", CONFIG, "application/json")},
        headers=gateway.authorization(),
    )
    assert answer.status_code == 200, answer.text
    assert yaml.safe_load(answer.text)["metadata"]["namespace"] == "other"


def test_every_fault_is_told_with_its_path(gateway: GatewayProcess):
    features = [
        {"name": "a", "semantics": "sum"},
        {"name": "b", "semantics": "word"},
        {"name": "b", "semantics": "url"},
    ]
    answer = upload(gateway, json.dumps({"problem_type": {"selector": {"features": features}}}).encode())
    error = answer.json()["api_request"]["error"]
    assert (answer.status_code, error["code"]) == (400, "BadRequest")
    assert {fault["path"] for fault in error["details"]["faults"]} == {
        "problem_type.selector.features[0].semantics",
        "problem_type.selector.features[2].name",
    }


def test_warnings_stand_above_the_yaml(gateway: GatewayProcess):
    features = [{"name": f"f{number}", "semantics": "word"} for number in range(51)]
    answer = upload(gateway, json.dumps({"problem_type": {"selector": {"features": features}}}).encode())
    assert answer.text.startswith("# warning: 51 fields")
    assert len(fields_of(yaml.safe_load(answer.text))) == 51


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"[" * 100_000, 400, id="deep"),
        pytest.param(b"[" + b"1," * 60_000 + b"1]", 400, id="many values"),
        pytest.param(b'{"problem_type": {"selector": {"features": []}}}', 400, id="no field"),
        pytest.param(b" " * (2 * MAX_CONFIG_BYTES), 413, id="large"),
        pytest.param(CONFIG.replace(b"{", b'{"\\ud800\\n": 1, ', 3), 200, id="half a letter in an unknown key"),
        pytest.param(CONFIG.replace(b"supplier", b"\\ud800"), 400, id="half a letter in a name"),
    ],
)
def test_whatever_is_sent_is_answered_in_words(gateway: GatewayProcess, body: bytes, status: int):
    assert upload(gateway, body).status_code == status


@pytest.mark.parametrize("query", ["?name=No%20Name", "?namespace=a/b", "?name=" + "a" * 41])
def test_a_name_that_the_cluster_would_refuse_is_refused(gateway: GatewayProcess, query: str):
    assert upload(gateway, query=query).status_code == 400


@pytest.mark.parametrize("key", ["", "Token wrong"])
def test_a_stranger_gets_nothing(gateway: GatewayProcess, key: str):
    assert upload(gateway, headers={"Authorization": key}).status_code == 401
    config = f"{gateway.url}/v1/data-models/{NAMESPACE}/receipts"
    assert gateway.http.get(config, headers={"Authorization": key}).status_code == 401


def test_a_capabilitys_config_can_be_downloaded(gateway: GatewayProcess):
    answer = gateway.http.get(f"{gateway.url}/v1/data-models/{NAMESPACE}/receipts", headers=gateway.authorization())
    assert answer.status_code == 200
    assert read_config(answer.content).fields == FIELDS


@pytest.mark.parametrize("name", ["cells", "nothing"])
def test_what_has_no_data_model_is_not_found(gateway: GatewayProcess, name: str):
    path = f"{gateway.url}/v1/data-models/{NAMESPACE}/{name}"
    assert gateway.http.get(path, headers=gateway.authorization()).status_code == 404
