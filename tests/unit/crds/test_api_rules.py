"""Every API rule that a schema can show, over every CRD; and each rule catches what it is for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from capforge_crds.checker import violations
from capforge_crds.document_rules import DOCUMENT_RULES
from capforge_crds.field_rules import FIELD_RULES
from capforge_crds.files import CRDS

CRD_FILES = sorted(CRDS.glob("*.yaml"))
Break = Callable[[dict[str, Any]], Any]
"""Damages a CRD's version (spec.versions[0])."""


@pytest.mark.parametrize("path", CRD_FILES, ids=lambda path: path.stem)
def test_a_crd_keeps_every_rule(path: Path):
    assert [str(one) for one in violations(yaml.safe_load(path.read_text()))] == []


def root(version: dict[str, Any]) -> dict[str, Any]:
    return version["schema"]["openAPIV3Schema"]


def spec(version: dict[str, Any]) -> dict[str, Any]:
    return root(version)["properties"]["spec"]["properties"]


def status(version: dict[str, Any]) -> dict[str, Any]:
    return root(version)["properties"]["status"]["properties"]


def add(name: str, schema: dict[str, Any]) -> Break:
    """Add a described field to the spec."""
    return lambda version: spec(version).update({name: {"description": "A field.", **schema}})


def in_output(name: str, schema: dict[str, Any]) -> Break:
    """Add a described field to the items of the outputs list."""

    def damage(version: dict[str, Any]) -> None:
        item = spec(version)["modelParameters"]["properties"]["outputs"]["items"]
        item["properties"][name] = {"description": "A field.", **schema}

    return damage


def without_first_condition(version: dict[str, Any]) -> None:
    conditions = status(version).pop("conditions")
    status(version)["conditions"] = conditions


def column(version: dict[str, Any], index: int, path: str) -> None:
    version["additionalPrinterColumns"][index]["jsonPath"] = path


TEXT = {"type": "string", "maxLength": 9}
NUMBER = {"type": "integer", "format": "int32", "minimum": 0, "maximum": 9}

BROKEN: list[tuple[str, str, Break]] = [
    ("names_are_camel_case", "a snake_case name", add("keep_loaded", TEXT)),
    ("names_are_camel_case", "a PascalCase name", add("KeepLoaded", TEXT)),
    ("enum_values_are_pascal_case", "a lower-case enum value", add("mode", {"type": "string", "enum": ["fast"]})),
    ("booleans_are_enums", "a boolean", add("enabled", {"type": "boolean"})),
    ("there_are_no_floats", "a float", add("rate", {"type": "number"})),
    ("integers_have_format_and_bounds", "no format", add("count", {"type": "integer", "minimum": 0, "maximum": 1})),
    (
        "integers_have_format_and_bounds",
        "no maximum",
        add("count", {"type": "integer", "format": "int32", "minimum": 0}),
    ),
    ("times_are_called_time", "a time of another name", add("since", {**TEXT, "format": "date-time"})),
    ("times_are_called_time", "a Time that is only text", add("startTime", TEXT)),
    ("durations_are_in_seconds", "minutes", add("quietMinutes", NUMBER)),
    ("durations_are_in_seconds", "seconds as text", add("quietSeconds", TEXT)),
    ("shares_are_integer_percents", "a fraction", add("devFraction", TEXT)),
    ("shares_are_integer_percents", "a percent as text", add("devPercent", TEXT)),
    ("references_are_objects_with_a_name", "a reference as text", add("capabilityRef", TEXT)),
    (
        "lists_have_list_type_and_max_items",
        "no list type",
        add("names", {"type": "array", "items": TEXT, "maxItems": 2}),
    ),
    (
        "lists_have_list_type_and_max_items",
        "no maxItems",
        add("names", {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"}),
    ),
    (
        "lists_have_list_type_and_max_items",
        "a map without keys",
        add("names", {"type": "array", "items": TEXT, "x-kubernetes-list-type": "map", "maxItems": 2}),
    ),
    ("strings_have_max_length", "an endless string", add("name", {"type": "string"})),
    ("strings_have_max_length", "an endless quantity", add("cpu", {"x-kubernetes-int-or-string": True})),
    ("maps_are_of_strings", "a map of numbers", add("counts", {"type": "object", "additionalProperties": NUMBER})),
    ("maps_are_of_strings", "an endless map", add("labels", {"type": "object", "additionalProperties": TEXT})),
    ("nothing_is_nullable", "a nullable", add("name", {**TEXT, "nullable": True})),
    (
        "unknown_fields_are_kept_only_where_meant",
        "another free object",
        add("extra", {"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
    ),
    ("list_items_have_no_defaults", "a default in a list item", in_output("kind", {**TEXT, "default": "x"})),
    (
        "required_fields_have_no_default",
        "a required default",
        lambda version: spec(version)["type"].update(default="DetectorElement"),
    ),
    ("status_has_no_defaults", "a default in the status", lambda version: status(version)["url"].update(default="x")),
    (
        "rules_say_what_is_allowed",
        "a silent rule",
        add("name", {**TEXT, "x-kubernetes-validations": [{"rule": "true"}]}),
    ),
    (
        "rule_messages_name_the_field",
        "a rule about nothing",
        add("name", {**TEXT, "x-kubernetes-validations": [{"rule": "true", "message": "wrong"}]}),
    ),
    (
        "immutability_of_optional_fields_is_on_the_parent",
        "an optional immutable",
        add(
            "name", {**TEXT, "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "name is immutable"}]}
        ),
    ),
    ("only_structural_words_are_used", "a const", add("name", {**TEXT, "const": "x"})),
    ("only_structural_words_are_used", "anyOf", add("name", {"anyOf": [TEXT, NUMBER]})),
    ("only_structural_words_are_used", "a numeric exclusive bound", add("n", {**NUMBER, "exclusiveMinimum": 0})),
    ("every_field_is_described", "a field without words", lambda version: spec(version)["type"].pop("description")),
    (
        "only_spec_and_status_at_the_top",
        "data at the top",
        lambda version: root(version)["properties"].update({"data": {"type": "object"}}),
    ),
    ("conditions_come_first_in_status", "conditions last", without_first_condition),
    (
        "conditions_are_a_map_by_type",
        "conditions by name",
        lambda version: status(version)["conditions"].update({"x-kubernetes-list-map-keys": ["reason"]}),
    ),
    (
        "conditions_have_the_standard_fields",
        "a condition without observedGeneration",
        lambda version: status(version)["conditions"]["items"]["properties"].pop("observedGeneration"),
    ),
    (
        "conditions_have_the_standard_fields",
        "a condition that is Maybe",
        lambda version: status(version)["conditions"]["items"]["properties"]["status"].update(enum=["Maybe"]),
    ),
    ("status_tells_the_observed_generation", "none", lambda version: status(version).pop("observedGeneration")),
    ("there_is_no_phase", "a phase", lambda version: status(version).update({"phase": TEXT})),
    (
        "first_level_status_fields_are_optional",
        "a required status field",
        lambda version: root(version)["properties"]["status"].update(required=["url"]),
    ),
    ("status_is_a_subresource", "status as a plain field", lambda version: version.pop("subresources")),
    (
        "columns_begin_with_the_summary_and_its_reason",
        "the version first",
        lambda version: column(version, 0, ".status.version"),
    ),
    (
        "condition_columns_name_their_condition",
        "the last condition",
        lambda version: column(version, 5, ".status.conditions[-1:].type"),
    ),
    ("columns_show_fields_that_exist", "a gone field", lambda version: column(version, 2, ".status.gone")),
    (
        "names_are_at_most_40_characters",
        "a name of any length",
        lambda version: root(version)["x-kubernetes-validations"].pop(0),
    ),
    (
        "whole_object_rules_say_what_is_allowed",
        "a rule about nothing",
        lambda version: root(version)["x-kubernetes-validations"].append({"rule": "true", "message": "wrong"}),
    ),
]

BROKEN_NAMES: list[tuple[str, Break]] = [
    ("kinds_are_in_our_category", lambda crd: crd["spec"]["names"].update(categories=["all"])),
    ("short_names_are_rare", lambda crd: crd["spec"]["names"].update(shortNames=["cap"])),
    ("there_is_one_storage_version", lambda crd: crd["spec"]["versions"].append(crd["spec"]["versions"][0])),
]


@pytest.fixture
def crd() -> dict[str, Any]:
    return copy.deepcopy(yaml.safe_load((CRDS / "capabilities.yaml").read_text()))


@pytest.mark.parametrize(
    ("rule", "damage"), [pytest.param(rule, damage, id=f"{rule}: {what}") for rule, what, damage in BROKEN]
)
def test_a_broken_schema_is_caught(crd: dict[str, Any], rule: str, damage: Break):
    damage(crd["spec"]["versions"][0])
    assert rule in {one.rule for one in violations(crd)}


@pytest.mark.parametrize(("rule", "damage"), [pytest.param(rule, damage, id=rule) for rule, damage in BROKEN_NAMES])
def test_a_broken_crd_is_caught(crd: dict[str, Any], rule: str, damage: Break):
    damage(crd)
    assert rule in {one.rule for one in violations(crd)}


def test_every_rule_has_a_case_that_breaks_it():
    broken = {rule for rule, _, _ in BROKEN} | {rule for rule, _ in BROKEN_NAMES}
    assert broken == {rule.__name__ for rule in (*FIELD_RULES, *DOCUMENT_RULES)}
