"""The built-in ModelTemplates, from the trainer's own description of what it can train."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from capforge_contracts.names import API_GROUP, API_VERSION

_TRAINER = Path(__file__).resolve().parents[2] / "images" / "trainer" / "src"


def template_manifests() -> Iterator[dict[str, Any]]:
    """Yield one ModelTemplate for each template of the trainer."""
    # The trainer is not installed where torch is not; its templates know no torch, so its source is enough.
    if str(_TRAINER) not in sys.path:
        sys.path.append(str(_TRAINER))
    from capforge_trainer.templates import TEMPLATES  # noqa: PLC0415 - after the path is set

    for template in TEMPLATES.values():
        yield {
            "apiVersion": f"{API_GROUP}/{API_VERSION}",
            "kind": "ModelTemplate",
            "metadata": {"name": template.name},
            "spec": {
                "description": template.description,
                "capabilityTypes": [kind.value for kind in template.capability_types],
                "parameterSchema": template.parameter_schema(),
                "defaults": template.defaults(),
            },
        }
