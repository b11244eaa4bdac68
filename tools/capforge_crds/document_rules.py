"""The API rules that only a whole CRD can show."""

# ruff: noqa: D103 - the name of each rule is its sentence

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from capforge_crds.walk import Schema

DocumentRule = Callable[[Schema], str | None]

_SUMMARIES = ("Ready", "Succeeded")
_CONDITION_FIELDS = {"type", "status", "reason", "message", "lastTransitionTime", "observedGeneration"}
_TOP = {"apiVersion", "kind", "metadata", "spec", "status"}
_NAME_LIMIT = "size(self.metadata.name) <= 40"


def _roots(crd: Schema) -> list[dict[str, Any]]:
    return [version["schema"]["openAPIV3Schema"] for version in crd["spec"]["versions"]]


def _statuses(crd: Schema) -> list[dict[str, Any]]:
    return [root["properties"].get("status", {}) for root in _roots(crd)]


def only_spec_and_status_at_the_top(crd: Schema) -> str | None:
    extra = {name for root in _roots(crd) for name in root["properties"]} - _TOP
    return f"has {sorted(extra)} at the top; only metadata, spec and status are allowed" if extra else None


def conditions_come_first_in_status(crd: Schema) -> str | None:
    for status in _statuses(crd):
        if next(iter(status.get("properties", {})), None) != "conditions":
            return "status.conditions is not the first status field"
    return None


def conditions_are_a_map_by_type(crd: Schema) -> str | None:
    for status in _statuses(crd):
        conditions = status.get("properties", {}).get("conditions", {})
        if conditions.get("x-kubernetes-list-map-keys") != ["type"]:
            return "status.conditions is not a list-map by type"
    return None


def conditions_have_the_standard_fields(crd: Schema) -> str | None:
    for status in _statuses(crd):
        item = status.get("properties", {}).get("conditions", {}).get("items", {})
        if set(item.get("properties", {})) != _CONDITION_FIELDS:
            return f"status.conditions[] must have {sorted(_CONDITION_FIELDS)}"
        if set(item["properties"]["status"].get("enum", [])) != {"True", "False", "Unknown"}:
            return "status.conditions[].status must be True, False or Unknown"
    return None


def status_tells_the_observed_generation(crd: Schema) -> str | None:
    for status in _statuses(crd):
        if status.get("properties", {}).get("observedGeneration", {}).get("format") != "int64":
            return "status.observedGeneration (int64) is missing"
    return None


def there_is_no_phase(crd: Schema) -> str | None:
    found = any("phase" in status.get("properties", {}) for status in _statuses(crd))
    return "status.phase is not allowed; conditions say it" if found else None


def first_level_status_fields_are_optional(crd: Schema) -> str | None:
    required = [name for status in _statuses(crd) for name in status.get("required", [])]
    return f"status fields are required: {required}" if required else None


def status_is_a_subresource(crd: Schema) -> str | None:
    missing = [v["name"] for v in crd["spec"]["versions"] if "status" not in v.get("subresources", {})]
    return f"versions without status subresource: {missing}" if missing else None


def columns_begin_with_the_summary_and_its_reason(crd: Schema) -> str | None:
    for version in crd["spec"]["versions"]:
        paths = [column["jsonPath"] for column in version.get("additionalPrinterColumns", [])][:2]
        allowed = [
            [f'.status.conditions[?(@.type=="{name}")].{key}' for key in ("status", "reason")] for name in _SUMMARIES
        ]
        if paths not in allowed:
            return f"the first two columns must be status and reason of {' or '.join(_SUMMARIES)}"
    return None


def condition_columns_name_their_condition(crd: Schema) -> str | None:
    for version in crd["spec"]["versions"]:
        for column in version.get("additionalPrinterColumns", []):
            path = column["jsonPath"]
            if path.startswith(".status.conditions") and not re.match(
                r'\.status\.conditions\[\?\(@\.type=="\w+"\)\]', path
            ):
                return f"column {column['name']} shows the last condition, whatever it is"
    return None


def columns_show_fields_that_exist(crd: Schema) -> str | None:
    for version in crd["spec"]["versions"]:
        for column in version.get("additionalPrinterColumns", []):
            names = re.sub(r"\[\?.*?\]", "[]", column["jsonPath"]).strip(".").split(".")
            if names[0] != "metadata" and not _exists(version["schema"]["openAPIV3Schema"], names):
                return f"column {column['name']} shows {column['jsonPath']}, which does not exist"
    return None


def _exists(schema: Schema, names: list[str]) -> bool:
    for name in names:
        schema = schema.get("properties", {}).get(name.removesuffix("[]"))
        if schema is None:
            return False
        schema = schema["items"] if name.endswith("[]") else schema
    return True


def names_are_at_most_40_characters(crd: Schema) -> str | None:
    for root in _roots(crd):
        if _NAME_LIMIT not in [rule["rule"] for rule in root.get("x-kubernetes-validations", [])]:
            return "metadata.name is not limited to 40 characters"
    return None


def whole_object_rules_say_what_is_allowed(crd: Schema) -> str | None:
    for root in _roots(crd):
        for rule in root.get("x-kubernetes-validations", []):
            if not re.match(r"(metadata\.name|spec|status)\b", rule.get("message", "")):
                return f"the message of {rule['rule']!r} does not begin with the field that it is about"
    return None


def kinds_are_in_our_category(crd: Schema) -> str | None:
    return None if crd["spec"]["names"].get("categories") == ["capforge"] else "is not in category capforge alone"


def short_names_are_rare(crd: Schema) -> str | None:
    wrong = [name for name in crd["spec"]["names"].get("shortNames", []) if not name.startswith("cf")]
    return f"short names must begin with cf: {wrong}" if wrong else None


def there_is_one_storage_version(crd: Schema) -> str | None:
    stored = [version["name"] for version in crd["spec"]["versions"] if version["storage"]]
    return None if len(stored) == 1 else f"storage versions: {stored}; one is allowed"


DOCUMENT_RULES: tuple[DocumentRule, ...] = (
    only_spec_and_status_at_the_top,
    conditions_come_first_in_status,
    conditions_are_a_map_by_type,
    conditions_have_the_standard_fields,
    status_tells_the_observed_generation,
    there_is_no_phase,
    first_level_status_fields_are_optional,
    status_is_a_subresource,
    columns_begin_with_the_summary_and_its_reason,
    condition_columns_name_their_condition,
    columns_show_fields_that_exist,
    names_are_at_most_40_characters,
    whole_object_rules_say_what_is_allowed,
    kinds_are_in_our_category,
    short_names_are_rare,
    there_is_one_storage_version,
)
