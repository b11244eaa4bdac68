"""Templates and overrides: what does not fit, and what they make together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from capforge_operator.domain.checks.case import Template
from capforge_operator.domain.parameters import merged, null_paths
from tests.unit.operator.checks_world import TEMPLATE, case, said
from tests.unit.operator.training_world import DEFAULTS, SCHEMA


def test_an_unknown_template_is_named():
    found = said(case(template=None))
    assert found[0][0] == "UnknownTemplate"
    assert "there is no ModelTemplate tiny-detector" in found[0][1]


def test_a_template_for_another_type_is_refused():
    other = Template(frozenset({"BoxClassifierElement"}), SCHEMA, DEFAULTS, None)
    expected = "templateRef: tiny-detector trains BoxClassifierElement; cells is a DetectorElement"
    assert said(case(template=other)) == [("UnknownTemplate", expected)]


@pytest.mark.parametrize(
    ("schema", "part"),
    [({"type": "nonsense"}, "is no JSON Schema"), ({"$ref": "https://elsewhere.invalid/x"}, "which is not there")],
    ids=["no schema", "a reference out of it"],
)
def test_a_broken_template_is_refused_and_nothing_is_fetched(schema: dict[str, Any], part: str):
    found = said(case(template=Template(TEMPLATE.capability_types, schema, DEFAULTS, None)))
    assert [reason for reason, _ in found] == ["UnknownTemplate"]
    assert part in found[0][1]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"epochs": 0}, ["overrides.epochs: 0 is less than the minimum of 1"]),
        ({"epochs": "ten"}, ["overrides.epochs: 'ten' is not of type 'integer'"]),
        ({"epoch": 3}, ["overrides.epoch: there is no such parameter; allowed: epochs, optimizer, sizes"]),
        (
            {"optimizer": {"lr": 1}},
            ["overrides.optimizer.lr: there is no such parameter; allowed: name, rate"],
        ),
        ({"sizes": [1, "x"]}, ["overrides.sizes.1: 'x' is not of type 'integer'"]),
        (
            {"optimizer": {"rate": None}, "epochs": None},
            [
                "overrides.epochs: null is not allowed; leave the parameter out to keep the default",
                "overrides.optimizer.rate: null is not allowed; leave the parameter out to keep the default",
            ],
        ),
        (
            {"epochs": 0, "optimizer": {"rate": None}, "sizes": [1, None], "epoch": None},
            [
                "overrides.epoch: null is not allowed; leave the parameter out to keep the default",
                "overrides.optimizer.rate: null is not allowed; leave the parameter out to keep the default",
                "overrides.sizes.1: null is not allowed; leave the parameter out to keep the default",
                "overrides.epochs: 0 is less than the minimum of 1",
            ],
        ),
        (
            {"epochs": 0, "optimizer": {"name": "lion", "rate": 0}},
            [
                "overrides.epochs: 0 is less than the minimum of 1",
                "overrides.optimizer.name: 'lion' is not one of ['adam', 'sgd']",
                "overrides.optimizer.rate: 0 is less than or equal to the minimum of 0",
            ],
        ),
    ],
    ids=[
        "too small",
        "type",
        "unknown",
        "unknown inside",
        "list item",
        "nulls",
        "nulls hide nothing else",
        "all at once",
    ],
)
def test_every_wrong_override_is_named_by_its_path(overrides: dict[str, Any], expected: list[str]):
    found = said(case(overrides=overrides))
    assert [reason for reason, _ in found] == ["InvalidOverrides"] * len(expected)
    assert [message for _, message in found] == expected


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({}, DEFAULTS),
        ({"optimizer": {"rate": 1}}, {**DEFAULTS, "optimizer": {"name": "adam", "rate": 1}}),
        ({"sizes": [1]}, {**DEFAULTS, "sizes": [1]}),
        ({"optimizer": 5}, {**DEFAULTS, "optimizer": 5}),
        ({"epochs": {"a": 1}}, {**DEFAULTS, "epochs": {"a": 1}}),
    ],
    ids=["none", "objects merge", "lists replace", "an object gives way", "an object replaces"],
)
def test_overrides_are_merged_into_the_defaults(overrides: Mapping[str, Any], expected: Mapping[str, Any]):
    before = repr(DEFAULTS)
    assert merged(DEFAULTS, overrides) == expected
    assert repr(DEFAULTS) == before


def test_nulls_are_found_at_any_depth():
    assert null_paths({"a": None, "b": [1, None, {"c": None}], "d": {"e": 1}}) == ["a", "b.1", "b.2.c"]


def test_each_choice_says_why_it_is_none():
    schema = {"properties": {"weights": {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]}}}
    found = said(case(template=Template(TEMPLATE.capability_types, schema, {}, None), overrides={"weights": 0.5}))
    expected = "overrides.weights: 0.5 is not of type 'string', or 0.5 is not of type 'integer', or 0.5 is less than"
    assert [(reason, message[: len(expected)]) for reason, message in found] == [("InvalidOverrides", expected)]


def test_a_default_that_does_not_fit_is_the_templates_fault_until_it_is_overridden():
    template = Template(TEMPLATE.capability_types, SCHEMA, {**DEFAULTS, "epochs": 0, "sped": 1}, None)
    expected = "templateRef: tiny-detector has a default that does not fit: "
    found = said(case(template=template, overrides={"sizes": ["x"]}))
    assert found == [
        ("InvalidOverrides", "overrides.sizes.0: 'x' is not of type 'integer'"),
        ("UnknownTemplate", f"{expected}epochs: 0 is less than the minimum of 1"),
        ("UnknownTemplate", f"{expected}sped: there is no such parameter; allowed: epochs, optimizer, sizes"),
    ]
    assert ("UnknownTemplate", f"{expected}epochs: 0 is less than the minimum of 1") not in said(
        case(template=template, overrides={"epochs": 3})
    )
