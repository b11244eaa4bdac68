"""Documents in ConfigMaps that we wrote ourselves."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from capforge_contracts.model import Stored
from capforge_operator.ports import Json

Document = TypeVar("Document", bound=Stored)


def text(config_map: Json | None, name: str) -> str:
    """Return one entry, empty if there is none."""
    return str(((config_map or {}).get("data") or {}).get(name, ""))


def parsed(model: type[Document], config_map: Json | None, name: str) -> Document | None:
    """Return the document in a ConfigMap; none if it is missing or somebody broke it, then it is made anew."""
    try:
        return model.from_json(text(config_map, name))
    except ValidationError:
        return None
