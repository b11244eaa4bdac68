"""How one of our objects names another."""

from __future__ import annotations

from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import ObjectName


class NameRef(ApiModel):
    """Another object of the same namespace (or of none), by name."""

    name: ObjectName
    """The object's name."""
