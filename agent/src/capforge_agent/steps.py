"""What the agent does with one model, one step at a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Each step is safe to repeat."""

    PULL = "Pull"
    """Object store → verified folder in Triton's repository."""
    LOAD = "Load"
    PROVE = "Prove"
    """The golden request."""
    UNLOAD = "Unload"
    DELETE = "Delete"
    """Remove the folder from the repository."""


@dataclass(frozen=True)
class Action:
    """One step for one model, named as Triton names it."""

    step: Step
    model: str
