"""Preprocessing: what is done to a dataset's objects before it is split."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import INT32, SET, ClassName, Rule, map_by, rules

MAX_OPERATIONS = 32
_MAX_NAMED_CLASSES = 256
_MAX_ATTRIBUTES = 16
_MAX_VALUES = 64
_MAX_SIDE_PIXELS = 1_000_000
_Pixels = Annotated[int, Field(ge=0, le=_MAX_SIDE_PIXELS), INT32]


class Action(StrEnum):
    """What happens to the objects that match."""

    KEEP = "Keep"
    DROP = "Drop"
    MAP = "Map"
    DROP_IMAGES = "DropImages"


class AttributeValues(ApiModel):
    """An attribute and the values of it that match."""

    name: ClassName
    """The attribute's name."""
    values: Annotated[list[Annotated[str, Field(max_length=256)]], Field(min_length=1, max_length=_MAX_VALUES), SET]
    """One of these."""


class Where(ApiModel):
    """Which objects match: every condition that is given must hold."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(self.minWidthPixels) || !has(self.maxWidthPixels) || self.minWidthPixels <= self.maxWidthPixels",
                "where: maxWidthPixels must be at least minWidthPixels",
            ),
            Rule(
                "!has(self.minHeightPixels) || !has(self.maxHeightPixels)"
                " || self.minHeightPixels <= self.maxHeightPixels",
                "where: maxHeightPixels must be at least minHeightPixels",
            ),
        )
    )

    classes: Annotated[list[ClassName], Field(min_length=1, max_length=_MAX_NAMED_CLASSES), SET] | None = None
    """One of these classes."""
    attributes: (
        Annotated[list[AttributeValues], Field(min_length=1, max_length=_MAX_ATTRIBUTES), map_by("name")] | None
    ) = None
    """Each of these attributes with one of its values."""
    min_width_pixels: _Pixels | None = None
    """The box is at least so wide."""
    max_width_pixels: _Pixels | None = None
    """The box is at most so wide."""
    min_height_pixels: _Pixels | None = None
    """The box is at least so high."""
    max_height_pixels: _Pixels | None = None
    """The box is at most so high."""


class Operation(ApiModel):
    """One step of the preprocessing."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "(self.action == 'Map') == has(self.toClass)",
                "toClass: required with action Map, and allowed with no other",
            ),
            Rule(
                "has(self.where.classes) || has(self.where.attributes) || has(self.where.minWidthPixels)"
                " || has(self.where.maxWidthPixels) || has(self.where.minHeightPixels)"
                " || has(self.where.maxHeightPixels)",
                "where: at least one condition is required: classes, attributes, minWidthPixels, maxWidthPixels,"
                " minHeightPixels, maxHeightPixels",
            ),
        )
    )

    action: Action
    """Keep or Drop the objects that match, Map them to another class, or DropImages that have one of them."""
    where: Where
    """Which objects match."""
    to_class: ClassName | None = None
    """The class that Map gives them."""
