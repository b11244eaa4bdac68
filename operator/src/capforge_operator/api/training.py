"""How a FieldExtractorElement is trained without anyone asking."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.references import NameRef
from capforge_operator.api.resources import TrainingResources
from capforge_operator.api.schema import ATOMIC, FREE_FORM, INT32, Rule, rules

MAX_DOCUMENTS = 10_000_000
DocumentCount = Annotated[int, Field(ge=5, le=MAX_DOCUMENTS), INT32]
"""Of each five annotated documents one is kept for dev; fewer could not be judged."""


class Mode(StrEnum):
    """Whether runs are made without anyone asking."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class AutomaticTraining(ApiModel):
    """When a run is made without anyone asking."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "self.longestWaitSeconds >= self.quietPeriodSeconds",
                "longestWaitSeconds: at least quietPeriodSeconds is allowed",
            ),
            Rule(
                "!has(self.schedule) || self.schedule.isSorted()",
                "schedule: counts from the smallest to the largest are allowed",
            ),
        )
    )

    mode: Mode = Mode.ENABLED
    """Disabled makes no runs; annotations are counted all the same."""
    first_at_annotations: DocumentCount = 20
    """The first run is made when so many documents have a current annotation, whatever the other fields say."""
    schedule: Annotated[list[DocumentCount], Field(min_length=1, max_length=64), ATOMIC] | None = None
    """Later runs are made at these counts, and after the last one at equal steps; where absent at 40, 60, 80, 100, 150,
    200, 250, 300, 400, 500, 600, 800 and then each 200 more."""
    quiet_period_seconds: Annotated[int, Field(ge=0, le=86400), INT32] = 60
    """A later run waits until nobody has annotated for so long, so that it sees what is being annotated just now."""
    longest_wait_seconds: Annotated[int, Field(ge=0, le=7 * 86400), INT32] = 900
    """It waits no longer than this for the quiet period."""
    max_runs_per_day: Annotated[int, Field(ge=1, le=1000), INT32] = 10
    """Later runs wait while so many automatic runs were made within the last 24 hours."""


class CapabilityTraining(ApiModel):
    """How its automatic runs are made."""

    template_ref: NameRef | None = None
    """The ModelTemplate; candidate-scorer where absent."""
    overrides: Annotated[dict[str, Any], FREE_FORM] = {}
    """Parameters that differ from the template's defaults: objects merge, lists replace, null is refused."""
    resources: TrainingResources = TrainingResources()
    """What the training pod asks for and where it may run."""
    time_budget_seconds: Annotated[int, Field(ge=10, le=30 * 86400), INT32] = 3600
    """Training stops after this many seconds and goes on with what it has."""
    automatic: AutomaticTraining = AutomaticTraining()
    """When a run is made without anyone asking."""
