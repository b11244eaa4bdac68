"""What the generator makes of a model, and what it refuses."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from capforge_crds.schema import NotStructuralError, structural_schema, without_defaults
from capforge_operator.api.model import ApiModel
from capforge_operator.api.schema import Quantity, Rule, checked, rules


class Inner(ApiModel):
    """An inner
    object."""

    model_config = {"json_schema_extra": rules(Rule("has(self.shownName)", "shownName is needed"))}
    shown_name: str = "x"
    """A name."""


class Colour(StrEnum):
    """Only one."""

    RED = "Red"


class Outer(ApiModel):
    """An outer object."""

    inner: Annotated[Inner, checked(Rule("self == oldSelf", "inner is immutable"))] = Inner()
    maybe: Inner | None = None
    """Perhaps."""
    above: Annotated[int, Field(gt=3, lt=9)] = 4
    colour: Colour = Colour.RED
    word: Literal["Only"] = "Only"
    amount: Quantity | None = None
    labels: dict[str, str] = {}
    many: list[Inner] = []


@pytest.fixture(scope="module")
def properties() -> dict[str, Any]:
    return structural_schema(Outer)["properties"]


def test_references_are_inlined(properties: dict[str, Any]):
    assert properties["maybe"]["properties"]["shownName"] == {
        "type": "string",
        "description": "A name.",
        "default": "x",
    }


def test_a_fields_own_description_wins_and_is_one_line(properties: dict[str, Any]):
    assert properties["maybe"]["description"] == "Perhaps."
    assert properties["inner"]["description"] == "An inner object."


def test_rules_of_field_and_type_are_both_kept(properties: dict[str, Any]):
    kept = [rule["rule"] for rule in properties["inner"]["x-kubernetes-validations"]]
    assert kept == ["has(self.shownName)", "self == oldSelf"]


def test_absence_means_none(properties: dict[str, Any]):
    assert properties["maybe"]["type"] == "object"
    assert "default" not in properties["maybe"]
    assert "anyOf" not in properties["maybe"]


def test_exclusive_bounds_are_booleans(properties: dict[str, Any]):
    bounds = {key: value for key, value in properties["above"].items() if "imum" in key}
    assert bounds == {"minimum": 3, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": True}


def test_one_allowed_value_is_an_enum(properties: dict[str, Any]):
    assert properties["colour"] == {"type": "string", "description": "Only one.", "default": "Red", "enum": ["Red"]}
    assert properties["word"] == {"type": "string", "default": "Only", "enum": ["Only"]}


def test_a_quantity_may_be_a_number_or_text(properties: dict[str, Any]):
    assert properties["amount"]["x-kubernetes-int-or-string"] is True
    assert "type" not in properties["amount"]


def test_a_map_names_its_values_type(properties: dict[str, Any]):
    assert properties["labels"]["additionalProperties"] == {"type": "string"}


def test_an_empty_list_is_no_default(properties: dict[str, Any]):
    assert "default" not in properties["many"]


def test_defaults_can_be_taken_out_at_every_depth():
    def defaults(schema: Any) -> bool:
        if isinstance(schema, dict):
            return "default" in schema or any(defaults(part) for part in schema.values())
        return False

    assert defaults(structural_schema(Outer))
    assert not defaults(without_defaults(structural_schema(Outer)))


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        pytest.param(int | str, "union", id="a union"),
        pytest.param(tuple[int, int], "tuple", id="a tuple"),
        pytest.param(float, "float", id="a float"),
        pytest.param(list[float], "float", id="a float in a list"),
    ],
)
def test_what_a_structural_schema_cannot_say_is_refused(annotation: Any, said: str):
    model = type("Wrong", (BaseModel,), {"__annotations__": {"field": annotation}})
    with pytest.raises(NotStructuralError, match=f"Wrong holds a {said}"):
        structural_schema(model)
