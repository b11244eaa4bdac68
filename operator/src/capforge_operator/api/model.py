"""The base of every part of a resource."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class ApiModel(BaseModel):
    """A frozen camelCase document; the strings below fields are what `kubectl explain` shows."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    def to_document(self) -> dict[str, Any]:
        """Return the JSON object for the API server; what is absent is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
