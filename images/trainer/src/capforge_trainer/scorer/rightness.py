"""Whether a prediction is what a person said."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal, InvalidOperation

from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.submissions import FieldLabel
from capforge_transforms.documents.decode import FieldPrediction
from capforge_transforms.documents.grams import bare
from capforge_transforms.documents.text import assemble


def is_right(prediction: FieldPrediction, label: FieldLabel, field: DataField) -> bool:
    """Tell whether the normalised value is equal (texts without case, spaces, signs), or rightly nothing."""
    if field.type is FieldType.CLASSIFICATION:
        return prediction.class_name == label.class_name
    if label.absent or not prediction.values:
        return label.absent and not prediction.values
    value = prediction.values[0]
    if field.type is FieldType.WORD:
        return bare(value.value) == bare(assemble(label.values))
    return _number(value.value, field) in {_number(one.value, field) for one in label.values}


def _number(value: str, field: DataField) -> str | Decimal:
    """Return an amount as the number it is: 5.0 and 5.00 are one."""
    if field.type is FieldType.AMOUNT:
        with suppress(InvalidOperation):
            return Decimal(value)
    return value
