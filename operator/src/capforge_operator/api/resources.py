"""What a training pod asks for and where it may run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import ATOMIC, INT32, INT64, Quantity, Rule, rules

LabelValue = Annotated[str, Field(max_length=63)]
QualifiedName = Annotated[str, Field(min_length=1, max_length=253)]


class TolerationOperator(StrEnum):
    """How a toleration compares."""

    EXISTS = "Exists"
    EQUAL = "Equal"


class TaintEffect(StrEnum):
    """What a taint does."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Toleration(ApiModel):
    """A node taint that the pod may live with."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(self.operator) || self.operator != 'Exists' || !has(self.value)",
                "tolerations: value is allowed with operator Equal only",
            )
        )
    )

    key: QualifiedName | None = None
    """The taint's key; absent with operator Exists tolerates every taint."""
    operator: TolerationOperator | None = None
    """Equal (also where absent) or Exists."""
    value: LabelValue | None = None
    """The taint's value, for operator Equal."""
    effect: TaintEffect | None = None
    """The taint's effect; absent means every effect."""
    toleration_seconds: Annotated[int, Field(ge=0, le=30 * 86400), INT64] | None = None
    """How long a NoExecute taint is tolerated."""


class TrainingResources(ApiModel):
    """What the training pod asks for and where it may run."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            Rule(
                "!has(self.nodeSelector) || self.nodeSelector.all(key, size(key) <= 317)",
                "nodeSelector: label keys of at most 317 characters are allowed",
            )
        )
    )

    cpu: Quantity | None = None
    """CPU cores, such as 4 or 1500m; the chart's trainer.resources where absent."""
    memory: Quantity | None = None
    """Memory, such as 8Gi; the chart's trainer.resources where absent."""
    gpu: Annotated[int, Field(ge=0, le=16), INT32] = 0
    """How many GPUs; with 0 it trains on the CPU."""
    gpu_resource_name: QualifiedName = "nvidia.com/gpu"
    """What a GPU is called on the cluster's nodes, such as nvidia.com/mig-1g.10gb."""
    node_selector: dict[str, LabelValue] = Field(default={}, max_length=16)
    """Labels that the node must have."""
    tolerations: Annotated[list[Toleration], Field(max_length=16), ATOMIC] = []
    """Node taints that the pod may live with."""
    priority_class_name: QualifiedName | None = None
    """The pod's PriorityClass."""
    runtime_class_name: QualifiedName | None = None
    """The pod's RuntimeClass."""
