from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from capforge_contracts.data_model import Convention, DataField, FieldType, Presence, Writing
from capforge_contracts.data_model_config import MAX_CONFIG_BYTES, read_config, write_config
from capforge_contracts.data_model_faults import DataModelFaults
from tests.unit.contracts.data_models import data_models


def feature(name: str, semantics: str = "word", **other: Any) -> dict[str, Any]:
    return {
        "name": name,
        "public_name": name.title(),
        "handwritten": False,
        "semantics": semantics,
        "cfg": {"filter": {}},
        **other,
    }


def config(*selected: Any, classified: list[Any] | None = None, **other: Any) -> bytes:
    problem = {"classificator": {"features": classified or []}, "selector": {"features": list(selected)}, **other}
    return json.dumps({"problem_type": problem}).encode()


def faults(data: bytes) -> dict[str, str]:
    with pytest.raises(DataModelFaults) as refused:
        read_config(data)
    return {fault.path: fault.message for fault in refused.value.faults}


@given(data_models())
def test_what_was_written_is_read_as_it_was(fields: list[DataField]):
    read = read_config(write_config(fields))
    assert read.fields == fields
    assert not [warning for warning in read.warnings if "rare thing" not in warning]


def test_the_published_form_is_read_and_written_unchanged():
    published = {
        "problem_type": {
            "classificator": {"features": [], "features_name": []},
            "selector": {
                "features": [
                    {
                        "name": "total",
                        "public_name": "Total",
                        "handwritten": False,
                        "semantics": "amount",
                        "cfg": {"filter": {"is_integer": -1}},
                    },
                    {
                        "name": "issued",
                        "public_name": "Date",
                        "handwritten": True,
                        "semantics": "date",
                        "cfg": {"filter": {"convention": "US"}},
                    },
                    {
                        "name": "supplier",
                        "public_name": "Supplier",
                        "handwritten": False,
                        "semantics": "word",
                        "cfg": {"filter": {"alpha": 1, "numeric": 0}},
                    },
                ],
                "features_name": ["total", "issued", "supplier"],
            },
        }
    }
    read = read_config(json.dumps(published))
    assert not read.warnings
    assert read.fields == [
        DataField(name="total", display_name="Total", type=FieldType.AMOUNT),
        DataField(
            name="issued",
            display_name="Date",
            type=FieldType.DATE,
            writing=Writing.HANDWRITTEN,
            convention=Convention.US,
        ),
        DataField(
            name="supplier",
            display_name="Supplier",
            type=FieldType.WORD,
            letters=Presence.ALWAYS,
            digits=Presence.NEVER,
        ),
    ]
    assert json.loads(write_config(read.fields)) == published


def test_classes_may_stand_beside_the_settings():
    one = config(classified=[{"name": "kind", "public_name": "Kind", "classes": ["receipt", "invoice"]}])
    assert read_config(one).fields[0].classes == ["receipt", "invoice"]


def test_every_fault_is_named_with_its_path():
    found = faults(
        config(
            feature("total", "amont"),
            feature("Total Sum", "amount", handwritten="no"),
            feature("supplier", cfg={"filter": {"alpha": 2}}),
            feature("supplier"),
            "no object",
            classified=[{"name": "kind", "cfg": {"classes": []}}],
        )
    )
    start = "problem_type.selector.features"
    assert set(found) == {
        f"{start}[0].semantics",
        f"{start}[1].name",
        f"{start}[1].handwritten",
        f"{start}[2].cfg.filter.alpha",
        f"{start}[3].name",
        f"{start}[4]",
        "problem_type.classificator.features[0].cfg.classes",
    }
    assert "'word', 'amount'" in found[f"{start}[0].semantics"]
    assert "'amont'" in found[f"{start}[0].semantics"]
    assert f"taken by {start}[2].name" in found[f"{start}[3].name"]


def test_one_name_in_both_lists_is_refused():
    assert "problem_type.classificator.features[0].name" in faults(
        config(feature("kind"), classified=[{"name": "kind", "cfg": {"classes": ["a"]}}])
    )


@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param(config(), "problem_type.selector", id="no field"),
        pytest.param(b"{", "(file)", id="no JSON"),
        pytest.param(b"[" * 100_000, "(file)", id="deep"),
        pytest.param(b"\xff\xfe\x00", "(file)", id="no text"),
        pytest.param(b" " * (MAX_CONFIG_BYTES + 1), "(file)", id="large"),
        pytest.param(b"[]", "problem_type", id="no object"),
        pytest.param(b'{"problem_type": {"selector": []}}', "problem_type.selector", id="selector is a list"),
        pytest.param(config(*(feature(f"f{n}") for n in range(201))), "problem_type", id="too many"),
        pytest.param(
            json.dumps({"problem_type": {"selector": {"features": [feature("a")], "features_name": ["b"]}}}).encode(),
            "problem_type.selector.features_name",
            id="names that differ",
        ),
        pytest.param(config(feature("a"), features_order=["b"]), "problem_type.features_order", id="other order"),
    ],
)
def test_what_is_no_data_model_is_refused(data: bytes, path: str):
    assert path in faults(data)


def test_more_than_50_fields_are_a_warning():
    read = read_config(config(*(feature(f"f{n}") for n in range(51))))
    assert len(read.fields) == 51
    assert any("51 fields" in warning for warning in read.warnings)
    assert not read_config(config(*(feature(f"f{n}") for n in range(50)))).warnings


@pytest.mark.parametrize(
    ("one", "says"),
    [
        (feature("a", "date", cfg={"filter": {"alpha": 1}}), "cfg.filter.alpha is not used"),
        (feature("a", colour="red"), "colour is not used"),
        (feature("a", cfg={"filter": {"alpha": 0, "numeric": 0}}), "rare thing"),
    ],
)
def test_what_has_no_meaning_is_a_warning(one: dict[str, Any], says: str):
    assert any(says in warning for warning in read_config(config(one)).warnings)


@pytest.mark.parametrize("make", [lambda: None, lambda: 3, lambda: {"problem_type": {"selector": None}}])
def test_values_of_any_kind_are_refused_in_words(make: Callable[[], Any]):
    assert faults(json.dumps(make()).encode())
