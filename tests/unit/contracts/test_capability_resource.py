from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given

from capforge_contracts.capability_resource import NAME_PATTERN, capability_of, field_entry, fields_of
from capforge_contracts.data_model import DataField, FieldType, Presence
from capforge_contracts.data_model_faults import DataModelFaults
from capforge_operator.api.capability import Capability
from tests.unit.contracts.data_models import data_models


@given(data_models())
def test_a_capability_gives_its_fields_back_through_yaml(fields: list[DataField]):
    written = yaml.safe_dump(capability_of("receipts", "acme", fields), sort_keys=False, allow_unicode=True)
    assert fields_of(yaml.safe_load(written)) == fields


@given(data_models())
def test_the_operator_reads_the_same_fields(fields: list[DataField]):
    spec = Capability.model_validate(capability_of("receipts", "acme", fields)).spec
    assert spec.data_model is not None
    read = [DataField(**one.model_dump(mode="json", exclude_none=True)) for one in spec.data_model.fields]
    assert read == fields


def test_a_field_says_nothing_that_is_a_default_or_not_its_own():
    assert field_entry(DataField(name="total", type=FieldType.AMOUNT, letters=Presence.NEVER)) == {
        "name": "total",
        "type": "Amount",
    }


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kind": "Dataset"}, "(document)"),
        ({"spec": {"type": "DetectorElement"}}, "spec.type"),
        ({"spec": {"type": "FieldExtractorElement"}}, "spec.dataModel.fields"),
        ({"spec": {"type": "FieldExtractorElement", "dataModel": {"fields": []}}}, "spec.dataModel.fields"),
    ],
)
def test_what_has_no_data_model_says_so(change: dict[str, Any], path: str):
    capability = capability_of("a", None, [DataField(name="a", type=FieldType.URL)]) | change
    with pytest.raises(DataModelFaults) as refused:
        fields_of(capability)
    assert [fault.path for fault in refused.value.faults] == [path]


def test_every_wrong_field_is_named():
    fields = [{"name": "a", "type": "Amount"}, {"name": "a", "type": "Sum"}, {"name": "B", "type": "Url"}, 3]
    spec = {"type": "FieldExtractorElement", "dataModel": {"fields": fields}}
    with pytest.raises(DataModelFaults) as refused:
        fields_of({"kind": "Capability", "spec": spec})
    start = "spec.dataModel.fields"
    assert {fault.path for fault in refused.value.faults} == {
        f"{start}[1].name",
        f"{start}[1].type",
        f"{start}[2].name",
        f"{start}[3]",
    }


@pytest.mark.parametrize(
    ("name", "is_one"), [("a", True), ("a-1", True), ("-a", False), ("A", False), ("a" * 41, False)]
)
def test_a_name_is_what_the_cluster_allows(name: str, is_one: bool):
    assert bool(NAME_PATTERN.fullmatch(name)) is is_one
