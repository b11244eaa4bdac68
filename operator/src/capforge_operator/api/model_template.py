"""ModelTemplate: a way to train, with its parameters."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from capforge_operator.api.base import Column, Kind, Resource, Status
from capforge_operator.api.capability import CapabilityType
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import FREE_FORM, NAME_RULES, SET, Text


class ModelTemplateSpec(ApiModel):
    """What the template trains and how."""

    description: Text | None = None
    """What it is good for."""
    capability_types: Annotated[list[CapabilityType], Field(min_length=1, max_length=8), SET]
    """The capability types that it can train."""
    image: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^\S+$")] | None = None
    """A trainer image that keeps the run contract; the operator's own trainer where absent."""
    parameter_schema: Annotated[dict[str, Any], FREE_FORM]
    """JSON Schema (draft 2020-12) of the parameters: what a TrainingRun may override."""
    defaults: Annotated[dict[str, Any], FREE_FORM] = {}
    """The parameters' values where a TrainingRun overrides nothing; must fit the schema."""


class ModelTemplateStatus(Status):
    """Whether the template can be used."""


class ModelTemplate(Resource):
    """A way to train, with its parameters. Built-in ones are made when the operator starts."""

    KIND: ClassVar[Kind] = Kind(
        kind="ModelTemplate",
        plural="modeltemplates",
        short="cftpl",
        namespaced=False,
        columns=(
            Column.of_condition("Ready", "Ready", "status", "Whether it can be used."),
            Column.of_condition("Reason", "Ready", "reason", "Why."),
            Column("Types", "string", ".spec.capabilityTypes", "The capability types that it can train."),
            Column.age(),
            Column("Description", "string", ".spec.description", "What it is good for.", wide=True),
            Column.of_condition("Message", "Ready", "message", "Why, for people.", wide=True),
        ),
        rules=NAME_RULES,
    )

    spec: ModelTemplateSpec
    """What the template trains and how."""
    status: ModelTemplateStatus = ModelTemplateStatus()
    """Whether the template can be used."""
