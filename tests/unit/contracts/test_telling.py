"""Faults of documents say what is allowed, wherever the field stands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from capforge_contracts.telling import told


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Round(Strict):
    kind: Literal["round"]
    long_radius: float


class Flat(Strict):
    kind: Literal["flat"]
    sides: tuple[float, float] | None = None


class Thing(Strict):
    name: str
    shapes: list[Annotated[Round | Flat, Field(discriminator="kind")]] = []
    by_place: dict[str, Flat] = {}

    @field_validator("name")
    @classmethod
    def _short(cls, name: str) -> str:
        if len(name) > 3:
            raise ValueError("is too long; allowed: 3 characters")
        return name


@pytest.mark.parametrize(
    ("document", "where", "message"),
    [
        ({"name": "a", "colour": 1}, ("colour",), "is no field here; allowed: name, shapes, byPlace"),
        (
            {"name": "a", "shapes": [{"kind": "round", "longRadius": 1, "radius": 1}]},
            ("shapes", 0, "round", "radius"),
            "is no field here; allowed: kind, longRadius, sides",
        ),
        (
            {"name": "a", "byPlace": {"name": {"kind": "flat", "side": 1}}},
            ("byPlace", "name", "side"),
            "is no field here; allowed: kind, sides",
        ),
        ({"name": "abcd"}, ("name",), "is too long; allowed: 3 characters"),
        ({}, ("name",), "Field required"),
    ],
)
def test_one_document(document: dict[str, Any], where: tuple[int | str, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate(document)
    (fault,) = caught.value.errors()
    assert (fault["loc"], told(fault, Thing)) == (where, message)


def test_one_of_a_list() -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[Flat]).validate_python([{"kind": "flat"}, {"kind": "flat", "size": 1}])
    (fault,) = caught.value.errors()
    assert told(fault, Flat) == "is no field here; allowed: kind, sides"
