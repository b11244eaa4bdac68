"""What is done to the objects of a dataset before it is split: a list of operations, applied in order."""

from __future__ import annotations

from enum import StrEnum

from capforge_contracts.model import Stored


class Action(StrEnum):
    """What happens to the objects that match."""

    KEEP = "Keep"
    """They stay, all others go."""
    DROP = "Drop"
    """They go."""
    MAP = "Map"
    """They get another class."""
    DROP_IMAGES = "DropImages"
    """Every image goes that has one of them."""


class AttributeValues(Stored):
    """An attribute and the values that match."""

    name: str
    values: list[str]


class Where(Stored):
    """Which objects match: each condition that is given must hold; none is given: all objects match."""

    classes: list[str] = []
    """One of these classes."""
    attributes: list[AttributeValues] = []
    """Each of these attributes with one of its values."""
    min_width: int | None = None
    max_width: int | None = None
    min_height: int | None = None
    max_height: int | None = None
    """Of the box, in pixels of the upright image; the bounds are part of the range."""


class Operation(Stored):
    """One step."""

    action: Action
    where: Where = Where()
    to_class: str | None = None
    """Of Map alone."""
