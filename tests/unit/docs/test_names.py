"""What the pages name exists: values of the charts, fields of our kinds, parameters of the templates, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import jsonschema
import pytest
import yaml

from capforge_tools.places import REPOSITORY
from tests.unit.docs.pages import Page, pages

PAGES = pages()
CHARTS = REPOSITORY / "charts"
_PATH = re.compile(r"^([a-z][A-Za-z]*(?:\.(?:[a-z][A-Za-z]*|\{[A-Za-z,]+\}))+)(?::? .*)?$")
_JSONPATH = re.compile(r"jsonpath='?\{\.([A-Za-z.]+)\}")
_FILE = re.compile(r"\.(?:json|jsonl|yaml|yml|md|html|onnx|npz|safetensors|crt|py|jpg|svg|xml|txt|log|toml)$")


def schema(chart: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((CHARTS / chart / "values.schema.json").read_text())
    return found


def kinds() -> dict[str, dict[str, Any]]:
    """Return the schema of each of our kinds."""
    found = {}
    for path in sorted((REPOSITORY / "crds").glob("*.yaml")):
        for one in yaml.safe_load_all(path.read_text()):
            found[one["spec"]["names"]["kind"]] = one["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def parameters() -> dict[str, Any]:
    """Return the parameters of all templates as one schema."""
    folder = REPOSITORY / "operator" / "src" / "capforge_operator" / "templates"
    merged: dict[str, Any] = {"properties": {}}
    for path in sorted(folder.glob("*.yaml")):
        for name, one in yaml.safe_load(path.read_text())["spec"]["parameterSchema"]["properties"].items():
            into = merged["properties"].setdefault(name, {"properties": {}})
            into["properties"].update(one.get("properties", {}))
    return merged


def holds(found: dict[str, Any], path: str, definitions: dict[str, Any]) -> bool:
    """Tell whether a schema has a field; free objects have every field."""
    for name in path.split("."):
        while "$ref" in found:
            found = definitions[found["$ref"].rsplit("/", 1)[1]]
        if found.get("type") == "array":
            found = found["items"]
        if "properties" not in found:
            return True
        if name not in found["properties"]:
            return False
        found = found["properties"][name]
    return True


def spelled_out(path: str) -> Iterator[str]:
    """Yield a path for each name of a choice: `a.{b,c}`."""
    parts = [part.strip("{}").split(",") for part in path.split(".")]
    for names in product(*parts):
        yield ".".join(names)


def named(page: Page) -> list[str]:
    """Return the dotted names that a page sets as code."""
    found = [match[1] for word in page.words_set_as_code() if (match := _PATH.match(word)) and not _FILE.search(word)]
    return [one for path in found for one in spelled_out(path)]


def roots() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return each thing that a dotted name may begin in, by what the name begins with."""
    found = []
    for chart in ("capforge", "capforge-tenant"):
        one = schema(chart)
        found += [(name, one, one.get("definitions", {})) for name in one["properties"]]
    for one in kinds().values():
        found += [(name, one, {}) for name in ("spec", "status")]
        found += [(name, one["properties"]["spec"], {}) for name in one["properties"]["spec"]["properties"]]
    found += [(name, parameters(), {}) for name in parameters()["properties"]]
    return found


ROOTS = roots()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_dotted_name_is_a_value_a_field_or_a_parameter(page: Page) -> None:
    begins = {name for name, _, _ in ROOTS}
    wrong = [
        path
        for path in [*named(page), *_JSONPATH.findall(page.text)]
        if path.split(".")[0] in begins
        and not any(holds(one, path, more) for name, one, more in ROOTS if name == path.split(".")[0])
    ]
    assert wrong == []


def test_values_that_the_pages_show_are_taken_by_the_chart() -> None:
    chart, shown = schema("capforge"), 0
    for page in PAGES:
        for block in page.blocks("yaml"):
            values = next(iter(yaml.safe_load_all(re.sub(r"<[a-z ]+>", "x", block))), None)
            if isinstance(values, dict) and "kind" not in values and set(values) & set(chart["properties"]):
                jsonschema.validate(values, chart)
                shown += 1
    assert shown >= 2


def test_images_are_called_as_they_are_built() -> None:
    wrong = [(page.name, line) for page in PAGES for line in page.text.splitlines() if re.search(r">/capforge-", line)]
    assert wrong == []


def test_settings_that_the_pages_name_are_read_somewhere() -> None:
    read = "\n".join(
        path.read_text()
        for folder in ("contracts", "operator", "gateway", "agent", "cli", "images", "charts", "tests", "benchmarks")
        for path in (REPOSITORY / folder).rglob("*")
        if path.suffix in {".py", ".yaml", ".tpl"}
    )
    for page in PAGES:
        for name in set(re.findall(r"CAPFORGE_[A-Z_]*[A-Z]", page.text)):
            field = rf"^\s+{name.removeprefix('CAPFORGE_').lower()}:"
            assert name in read or re.search(field, read, re.MULTILINE), (page.name, name)
