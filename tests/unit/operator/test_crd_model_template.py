"""Whether a ModelTemplate can be used, and what the built-in ones are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from capforge_operator.api.model_template import ModelTemplate
from capforge_operator.domain.template_check import template_status
from capforge_operator.keys import Key, Kind
from capforge_operator.templates import builtin_keys, builtin_templates

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"epochs": {"type": "integer", "minimum": 1}, "rate": {"type": "number"}},
}


def template(schema: dict[str, Any], defaults: dict[str, Any]) -> ModelTemplate:
    spec = {"capabilityTypes": ["DetectorElement"], "parameterSchema": schema, "defaults": defaults}
    return ModelTemplate.parse({"metadata": {"name": "t", "generation": 4}, "spec": spec})


@pytest.mark.parametrize(
    ("schema", "defaults", "reason", "said"),
    [
        pytest.param(SCHEMA, {"epochs": 3}, "Valid", "The defaults fit the parameter schema.", id="good"),
        pytest.param(
            SCHEMA,
            {"epochs": 0, "rate": "fast"},
            "InvalidDefaults",
            "defaults.epochs: 0 is less than the minimum of 1; defaults.rate: 'fast' is not of type 'number'",
            id="every wrong default is named",
        ),
        pytest.param(SCHEMA, {"epoch": 1}, "InvalidDefaults", "'epoch' was unexpected", id="an unknown default"),
        pytest.param({"type": "thing"}, {}, "InvalidSchema", "parameterSchema.type: ", id="no schema"),
        pytest.param(
            {"properties": {"a": {"$ref": "http://127.0.0.1:1/schema.json"}}},
            {"a": 1},
            "InvalidSchema",
            "the reference 'http://127.0.0.1:1/schema.json' leads nowhere",
            id="a reference outside is not fetched",
        ),
    ],
)
def test_a_template_says_whether_it_can_be_used(
    schema: dict[str, Any], defaults: dict[str, Any], reason: str, said: str
):
    status = template_status(template(schema, defaults), NOW)
    ready = status.condition("Ready")
    stalled = status.condition("Stalled")
    assert ready is not None
    assert stalled is not None
    assert ready.reason == reason
    assert said in ready.message
    assert (ready.status.value == "True") == (stalled.status.value == "False") == (reason == "Valid")
    assert status.observed_generation == 4


@pytest.mark.parametrize("name", builtin_templates())
def test_a_builtin_template_can_be_used(name: str):
    ready = template_status(ModelTemplate.parse(builtin_templates()[name]), NOW).condition("Ready")
    assert ready is not None
    assert ready.reason == "Valid", ready.message


def test_builtin_templates_are_rung_for_by_name():
    assert builtin_keys() == tuple(Key(Kind.MODEL_TEMPLATE, "", name) for name in builtin_templates())
    assert builtin_keys()
