"""One condition, as metav1.Condition has it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import Generation, Message, Time


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ApiModel):
    """One thing that is true, false or not yet known about the object."""

    type: Annotated[str, Field(min_length=1, max_length=64)]
    """What the condition is about, in CamelCase."""
    status: ConditionStatus
    """Whether it holds."""
    reason: Annotated[str, Field(min_length=1, max_length=64)]
    """Why, as one CamelCase word that programs can compare."""
    message: Message
    """Why, for people."""
    last_transition_time: Time
    """When the status last changed."""
    observed_generation: Generation | None = None
    """The generation of the spec that this condition was computed from."""
