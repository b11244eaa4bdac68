"""What to do about a reason, in the runbook's own words."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


def advice_on(reason: str) -> str:
    """Return the runbook's line for a reason of a training run; empty where it has none."""
    return _lines().get(reason, "")


@cache
def _lines() -> dict[str, str]:
    found: dict[str, str] = json.loads((files(__package__) / "advice.json").read_text())
    return found
