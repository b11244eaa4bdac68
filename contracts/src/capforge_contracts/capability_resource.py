"""A Capability of type FieldExtractorElement from a data model, and back: plain values, as they stand in YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from capforge_contracts.data_model import MAX_FIELDS, Convention, DataField, FieldType, Presence, Writing
from capforge_contracts.data_model_faults import DataModelFaults, ModelFault, faults_of, name_faults
from capforge_contracts.names import API_GROUP, API_VERSION
from capforge_contracts.run import CapabilityType

NAME_PATTERN = re.compile(r"(?=.{1,40}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""Of a Capability, as the cluster allows it: 1 to 40 of a-z, 0-9 and '-', none of them '-' at the ends."""
_FIELDS = "spec.dataModel.fields"
_DEFAULTS: Mapping[str, Any] = {
    "displayName": "",
    "writing": Writing.PRINTED,
    "letters": Presence.SOMETIMES,
    "digits": Presence.SOMETIMES,
    "whole": Presence.SOMETIMES,
    "convention": Convention.EU,
    "classes": [],
}
_OPTIONS: Mapping[FieldType, tuple[str, ...]] = {
    FieldType.WORD: ("letters", "digits"),
    FieldType.AMOUNT: ("whole",),
    FieldType.DATE: ("convention",),
    FieldType.CLASSIFICATION: ("classes",),
}
"""What only one type has; the cluster refuses it of another."""


def capability_of(name: str, namespace: str | None, fields: Sequence[DataField]) -> dict[str, Any]:
    """Return the Capability; a namespace of None leaves it to whoever applies it."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": "Capability",
        "metadata": metadata,
        "spec": {
            "type": CapabilityType.FIELD_EXTRACTOR.value,
            "dataModel": {"fields": [field_entry(field) for field in fields]},
        },
    }


def field_entry(field: DataField) -> dict[str, Any]:
    """Return a field as it stands in a Capability: without what its type does not have, and without defaults."""
    entry = field.model_dump(mode="json", by_alias=True)
    kept = {"name", "type", "displayName", "writing", *_OPTIONS.get(field.type, ())}
    ordered = ("name", "displayName", "type", "writing", "letters", "digits", "whole", "convention", "classes")
    return {key: entry[key] for key in ordered if key in kept and entry[key] != _DEFAULTS.get(key)}


def fields_of(capability: Any) -> list[DataField]:
    """Return the data model of a Capability as it was read from YAML; raises DataModelFaults with every fault."""
    spec = capability.get("spec") if isinstance(capability, Mapping) else None
    if not isinstance(spec, Mapping) or capability.get("kind") != "Capability":
        raise DataModelFaults([ModelFault("(document)", "is no Capability")])
    if spec.get("type") != CapabilityType.FIELD_EXTRACTOR.value:
        message = f"only a {CapabilityType.FIELD_EXTRACTOR.value} has a data model"
        raise DataModelFaults([ModelFault("spec.type", message)])
    model = spec.get("dataModel")
    entries = model.get("fields") if isinstance(model, Mapping) else None
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_FIELDS:
        raise DataModelFaults([ModelFault(_FIELDS, f"must be a list of 1 to {MAX_FIELDS} fields")])
    return _parsed(entries)


def _parsed(entries: list[Any]) -> list[DataField]:
    names = [(f"{_FIELDS}[{at}].name", one.get("name")) for at, one in enumerate(entries) if isinstance(one, Mapping)]
    faults, fields = name_faults(names), []
    for position, entry in enumerate(entries):
        try:
            fields.append(DataField.model_validate(entry))
        except ValidationError as error:
            faults += faults_of(error, f"{_FIELDS}[{position}]")
    if faults:
        raise DataModelFaults(faults)
    return fields
