"""Field types and marks that carry what a Kubernetes structural schema can say beyond JSON Schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

INT32_MAX = 2**31 - 1
EXACT_MAX = 2**53 - 1
"""The largest bound that a JSON number and the API server's float64 hold exactly."""
COUNT_MAX = 10**12
"""Upper bound of anything that is counted: far above every real count, far below a lossy JSON number."""


@dataclass(frozen=True, eq=False)  # by identity: typing hashes what stands in Annotated
class Marked:
    """An annotation that adds keys to the schema of the type it stands on."""

    keys: dict[str, Any] = field(default_factory=dict)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # A `$ref` keeps its siblings here; the generator merges them over what it inlines.
        return {**handler(core), **self.keys}


@dataclass(frozen=True)
class Rule:
    """A CEL rule and what a person reads when it is broken: the field's name and what is allowed."""

    rule: str
    message: str

    def to_schema(self) -> dict[str, str]:
        """Return the entry for `x-kubernetes-validations`."""
        return {"rule": self.rule, "message": self.message}


def rules(*checks: Rule) -> dict[str, Any]:
    """Return the schema keys of these rules, for a model's `json_schema_extra`."""
    return {"x-kubernetes-validations": [check.to_schema() for check in checks]}


def checked(*checks: Rule) -> Marked:
    """Put CEL rules on one field."""
    return Marked(rules(*checks))


def immutable(name: str, instead: str) -> Rule:
    """Refuse any change of a field that is always there (required or with a default)."""
    return Rule("self == oldSelf", f"{name} is immutable; {instead}")


def map_by(*keys: str) -> Marked:
    """Say that a list holds objects that these fields identify."""
    return Marked({"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)})


ATOMIC = Marked({"x-kubernetes-list-type": "atomic"})
SET = Marked({"x-kubernetes-list-type": "set"})
INT32 = Marked({"format": "int32"})
INT64 = Marked({"format": "int64"})
FREE_FORM = Marked({"x-kubernetes-preserve-unknown-fields": True})
"""An object whose content only another schema knows."""

Count = Annotated[int, Field(ge=0, le=COUNT_MAX), INT64]
Percent = Annotated[int, Field(ge=0, le=100), INT32]
Generation = Annotated[int, Field(ge=0, le=EXACT_MAX), INT64]
Seed = Annotated[int, Field(ge=0, le=INT32_MAX), INT64]

NAME_CHARS = 40
DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"

ObjectName = Annotated[str, Field(min_length=1, max_length=NAME_CHARS, pattern=DNS_LABEL)]
"""The name of one of our objects."""
Text = Annotated[str, Field(max_length=1024)]
Message = Annotated[str, Field(max_length=32768)]
Reason = Annotated[str, Field(max_length=64)]
ClassName = Annotated[str, Field(min_length=1, max_length=128)]
Time = Annotated[str, Field(max_length=64), Marked({"format": "date-time"})]
"""UTC, RFC 3339."""
Digest = Annotated[str, Field(max_length=64, pattern="^[0-9a-f]{64}$")]
"""A sha256 in lower-case hexadecimal digits."""
Uri = Annotated[str, Field(max_length=2048)]
Decimal = Annotated[str, Field(max_length=32, pattern=r"^-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$")]
"""A number as text, since two readers of a JSON float may see two numbers."""
Version = Annotated[str, Field(max_length=16, pattern=r"^1\.(0|[1-9][0-9]*)$")]

Quantity = Annotated[
    str,
    BeforeValidator(str),
    Marked(
        {
            "x-kubernetes-int-or-string": True,
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$",
            "maxLength": 32,
        }
    ),
]
"""An amount as Kubernetes writes it: `2`, `500m`, `4Gi`."""

NAME_RULES = (
    Rule(
        f"size(self.metadata.name) <= {NAME_CHARS}",
        f"metadata.name: at most {NAME_CHARS} characters are allowed, since names made from it are longer",
    ),
    Rule(
        f"self.metadata.name.matches('{DNS_LABEL}')",
        "metadata.name: only lower-case letters, digits and '-' are allowed, no '-' at the ends and no dots",
    ),
)
