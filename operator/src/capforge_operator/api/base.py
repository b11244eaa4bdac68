"""What every resource has: metadata, spec, status, and the facts its CRD is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from capforge_contracts.names import API_GROUP, API_VERSION
from capforge_operator.api.conditions import Condition
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import Generation, Rule, map_by

MAX_CONDITIONS = 16


@dataclass(frozen=True)
class Column:
    """A printer column; `wide` ones are shown by `-o wide` only."""

    name: str
    type: str
    path: str
    description: str
    wide: bool = False

    @classmethod
    def of_condition(cls, name: str, condition: str, field: str, description: str, *, wide: bool = False) -> Self:
        """Show one field (`status`, `reason`, `message`) of one condition."""
        return cls(name, "string", f'.status.conditions[?(@.type=="{condition}")].{field}', description, wide)

    @classmethod
    def age(cls) -> Self:
        """Show how long ago the object was made."""
        return cls("Age", "date", ".metadata.creationTimestamp", "How long ago the object was made.")


@dataclass(frozen=True)
class Kind:
    """What a CRD says about a kind besides its fields."""

    kind: str
    plural: str
    short: str
    namespaced: bool
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    """CEL rules on the whole object."""

    @property
    def singular(self) -> str:
        """The lower-case name of one object."""
        return self.kind.lower()

    @property
    def crd_name(self) -> str:
        """The CRD's own name."""
        return f"{self.plural}.{API_GROUP}"


class OwnerReference(BaseModel):
    """Who an object belongs to."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    uid: str = ""
    controller: bool = False


class Metadata(BaseModel):
    """The part of an object's metadata that decisions are made from."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: list[str] = []
    owner_references: list[OwnerReference] = []

    @property
    def controller_uid(self) -> str:
        """The uid of the object that made this one, empty if a person did."""
        return next((one.uid for one in self.owner_references if one.controller), "")


class Status(ApiModel):
    """What every status begins with."""

    conditions: Annotated[list[Condition], Field(max_length=MAX_CONDITIONS), map_by("type")] = []
    """What is true about this object now."""
    observed_generation: Generation | None = None
    """The generation of the spec that this status describes."""

    def to_document(self) -> dict[str, Any]:
        """Return the JSON object without empty lists: server-side apply drops them, so they would differ for ever."""
        return {name: value for name, value in super().to_document().items() if value != []}

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of this type."""
        return next((one for one in self.conditions if one.type == kind), None)


class Resource(ApiModel):
    """An object as the API server holds it."""

    KIND: ClassVar[Kind]

    api_version: str = f"{API_GROUP}/{API_VERSION}"
    kind: str = ""
    metadata: Metadata

    @classmethod
    def parse(cls, document: dict[str, Any]) -> Self:
        """Parse an object from the API server; raises pydantic.ValidationError naming each wrong field."""
        return cls.model_validate(document)
