"""What a model gives and what a capability promises: classes of objects, or fields of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from capforge_contracts.data_model import DataField
from capforge_contracts.run import CapabilityType, Output
from capforge_operator.api import data_model as api
from capforge_operator.api.capability import Capability


@dataclass(frozen=True)
class Shape:
    """One of outputs and fields is empty."""

    type: CapabilityType
    outputs: tuple[Output, ...] = ()
    """By position."""
    fields: tuple[DataField, ...] = ()

    @property
    def reads_documents(self) -> bool:
        """It is a field extractor's."""
        return self.type is CapabilityType.FIELD_EXTRACTOR

    @property
    def sees_regions(self) -> bool:
        """It is a classifier's or embedder's: it is given entities."""
        return self.type in {CapabilityType.BOX_CLASSIFIER, CapabilityType.BOX_EMBEDDER}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes or fields."""
        return (*(one.name for one in self.outputs), *(one.name for one in self.fields))


def shape_of(capability: Capability) -> Shape:
    """Return what the spec promises, as the contracts have it."""
    spec = capability.spec
    outputs = sorted(spec.model_parameters.outputs, key=lambda one: one.position) if spec.model_parameters else ()
    return Shape(
        CapabilityType(spec.type.value),
        tuple(Output(position=one.position, name=one.name) for one in outputs),
        tuple(_data_field(one) for one in spec.data_model.fields) if spec.data_model else (),
    )


def _data_field(field: api.DataField) -> DataField:
    given = {
        "display_name": field.display_name,
        "writing": field.writing,
        "letters": field.letters,
        "digits": field.digits,
        "whole": field.whole,
        "convention": field.convention,
        "classes": field.classes,
    }
    # Absent options get the contract's defaults.
    present = {name: value for name, value in given.items() if value is not None}
    return DataField.model_validate({"name": field.name, "type": field.type, **present})


def percents_of(capability: Capability) -> Mapping[str, int | None]:
    """Return the thresholds that the spec sets, by class."""
    if capability.spec.model_parameters is None:
        return MappingProxyType({})
    return {one.name: one.confidence_threshold_percent for one in capability.spec.model_parameters.outputs}


def fits(model: Shape, capability: Shape) -> bool:
    """Tell whether a model gives what the capability promises, or did before more was appended.

    A capability may have been made anew under its old name, of another type and with the same classes.
    """
    if model.type is not capability.type:
        return False
    return _outputs_fit(model.outputs, capability.outputs) and _fields_fit(model.fields, capability.fields)


def _outputs_fit(model: Sequence[Output], capability: Sequence[Output]) -> bool:
    names = {output.position: output.name for output in capability}
    return all(names.get(output.position) == output.name for output in model)


def _fields_fit(model: Sequence[DataField], capability: Sequence[DataField]) -> bool:
    known = {field.name: field for field in capability}
    return all(field.name in known and _field_fits(field, known[field.name]) for field in model)


def _field_fits(model: DataField, capability: DataField) -> bool:
    return model.type is capability.type and model.classes == capability.classes[: len(model.classes)]
