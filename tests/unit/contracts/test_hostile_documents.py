"""Every document that one process writes and another reads: whatever stands in it, it is read back or its fault is named."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import capforge_contracts
from capforge_contracts.dataset import MANIFEST_FORMAT, ManifestItem, Split, read_manifest, write_manifest
from capforge_contracts.model import Stored

for found in pkgutil.walk_packages(capforge_contracts.__path__, "capforge_contracts."):
    importlib.import_module(found.name)


def documents(base: type[Stored] = Stored) -> Iterator[type[Stored]]:
    for one in base.__subclasses__():
        yield one
        yield from documents(one)


DOCUMENTS = sorted(
    (one for one in documents() if one.__module__.startswith("capforge_contracts")), key=lambda one: one.__name__
)
LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | LETTERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=12,
)
QUICK = settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def instances(  # noqa: C901, PLR0911 - one answer for each type
    schema: dict[str, Any], definitions: dict[str, Any]
) -> st.SearchStrategy[Any]:
    """Return JSON values that a schema describes."""
    if "$ref" in schema:
        return instances(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return st.one_of([instances(one, definitions) for one in schema["anyOf"]])
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    match schema.get("type"):
        case "object" if "properties" in schema:
            inner = {name: instances(one, definitions) for name, one in schema["properties"].items()}
            required = {name: inner.pop(name) for name in schema.get("required", [])}
            return st.fixed_dictionaries(required, optional=inner)
        case "object":
            values = schema.get("additionalProperties")
            return st.dictionaries(
                LETTERS, instances(values, definitions) if isinstance(values, dict) else JSON, max_size=3
            )
        case "array":
            most = schema.get("maxItems", schema.get("minItems", 0) + 3)
            return st.lists(
                instances(schema.get("items", {}), definitions), min_size=schema.get("minItems", 0), max_size=most
            )
        case "string":
            return st.from_regex(schema["pattern"], fullmatch=True) if "pattern" in schema else LETTERS
        case "integer":
            return st.integers(schema.get("minimum", -(2**53)), schema.get("maximum", 2**53))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
    return JSON


def of(kind: type[Stored]) -> st.SearchStrategy[Any]:
    schema = kind.model_json_schema()
    return instances(schema, schema.get("$defs", {}))


@pytest.mark.parametrize("kind", DOCUMENTS, ids=lambda one: one.__name__)
@QUICK
@given(data=st.data())
def test_what_is_described_is_read_and_written_back_unknown_fields_or_not(
    kind: type[Stored], data: st.DataObject
) -> None:
    document = data.draw(of(kind))
    try:
        read = kind.from_json(json.dumps(document))
    except ValidationError:  # the schema does not say everything, such as what two fields mean together
        return
    written = read.to_json()
    assert kind.from_json(written) == read
    assert kind.from_json(written).to_json() == written
    unknown = json.dumps({"unknownField": data.draw(JSON), "x-y": None, **document})
    if kind.model_config.get("extra") == "forbid":  # a question that is not understood whole has no answer
        with pytest.raises(ValidationError, match="unknownField"):
            kind.from_json(unknown)
    else:
        assert kind.from_json(unknown) == read


@pytest.mark.parametrize("kind", DOCUMENTS, ids=lambda one: one.__name__)
@QUICK
@given(data=st.data())
def test_anything_else_is_refused_by_the_name_of_its_field(kind: type[Stored], data: st.DataObject) -> None:
    document = data.draw(of(kind))
    for _ in range(data.draw(st.integers(1, 3))):
        if document:
            document[data.draw(st.sampled_from(sorted(document)))] = data.draw(JSON)
    text = data.draw(
        st.just(json.dumps(document).encode()) | JSON.map(lambda one: json.dumps(one).encode()) | st.binary(max_size=40)
    )
    faults: list[Any] = []
    try:
        kind.from_json(text)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    assert all(fault["msg"] for fault in faults)


GARBAGE = [
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"9" * 100_000,
    b'"\\ud800"',
    b"\xff",
    b"",
    b"null",
    b"NaN",
    b"[]",
    b"{} {}",
]


@pytest.mark.parametrize("kind", DOCUMENTS, ids=lambda one: one.__name__)
def test_garbage_is_refused(kind: type[Stored]) -> None:
    for text in GARBAGE:
        with pytest.raises(ValidationError):
            kind.from_json(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_named(number: str) -> None:
    text = f'{{"sha256":"ab","name":"a","width":1,"height":1,"split":"Dev","entities":[{{"className":"x","box":[0,0,1,{number}]}}]}}'
    with pytest.raises(ValidationError, match=r"entities\.0\.box\.3"):
        ManifestItem.from_json(text)


HEADER = json.dumps({"format": MANIFEST_FORMAT, "classes": []}).encode()
ITEM = ManifestItem(sha256="ab", name="a", width=1, height=1, split=Split.TRAIN, entities=[])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "line 1 of the manifest"),
        (b"no json", "line 1 of the manifest"),
        (b"[]", "line 1 of the manifest"),
        (b'{"format": 5, "classes": []}', "line 1 of the manifest: format"),
        (HEADER + b"\n{}", "line 2 of the manifest: sha256"),
        (HEADER + b"\n" + ITEM.to_json() + b"\n" + ITEM.to_json()[:-5], "line 3 of the manifest"),
        (HEADER + b"\n" + ITEM.to_json().replace(b'"Train"', b'"Elsewhere"'), "line 2 of the manifest: split"),
        (HEADER + b"\n" + b"[" * 100_000, "line 2 of the manifest"),
        (HEADER + b"\n\xff", "line 2 of the manifest"),
    ],
    ids=lambda value: str(value)[-50:],
)
def test_a_damaged_manifest_is_named_by_its_line(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(read_manifest(data)[1])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_any_damage_of_a_manifest_is_a_value_error_or_none(data: st.DataObject) -> None:
    whole = bytearray(write_manifest(["a", "b"], [ITEM]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        list(read_manifest(bytes(whole))[1])
    except ValueError as error:
        assert "manifest" in str(error)  # noqa: PT017 - both endings are right
