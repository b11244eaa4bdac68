"""Documents in ConfigMaps that we wrote ourselves."""

from __future__ import annotations

import base64
from typing import TypeVar

from capforge_contracts.model import Stored
from capforge_operator.ports import Json

Document = TypeVar("Document", bound=Stored)


def text(config_map: Json | None, name: str) -> str:
    """Return one entry, empty if there is none."""
    return str(((config_map or {}).get("data") or {}).get(name, ""))


def parsed(model: type[Document], config_map: Json | None, name: str) -> Document | None:
    """Return the document in a ConfigMap; none if it is missing or somebody broke it, then it is made anew."""
    packed = ((config_map or {}).get("binaryData") or {}).get(name)
    try:
        return model.from_json(base64.b64decode(packed) if packed else text(config_map, name))
    except ValueError:  # base64's too
        return None
