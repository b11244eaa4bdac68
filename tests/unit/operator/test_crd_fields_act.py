"""A resource has only fields that act: every spec field is read somewhere, every status field is written somewhere."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import capforge_operator
from capforge_operator.api.base import Resource
from capforge_operator.api.dataset_source import Search
from capforge_operator.api.kinds import RESOURCES

HANDED_ON = {
    "Output.head": "the API server refuses every value but 0",
    **{f"Search.{name}": "searches go to the gateway as they are" for name in Search.model_fields},
    "Toleration.effect": "tolerations go to the pod as they are",
    "Toleration.toleration_seconds": "tolerations go to the pod as they are",
}
_PACKAGE = Path(next(iter(capforge_operator.__path__)))
_CODE = [path.read_text() for path in _PACKAGE.rglob("*.py") if "api" not in path.relative_to(_PACKAGE).parts]


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from models(argument)


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for name, field in model.model_fields.items():
        yield model.__name__, name
        for inner in models(field.annotation):
            yield from fields(inner)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.KIND.singular)
@pytest.mark.parametrize(("part", "use"), [("spec", r"\.{}\b"), ("status", r"\b{}=|\"{}\"")])
def test_every_field_acts(resource: type[Resource], part: str, use: str):
    (model,) = models(resource.model_fields[part].annotation)
    idle = {
        f"{owner}.{name}"
        for owner, name in fields(model)
        if not any(re.search(use.replace("{}", name), text) for text in _CODE)
    }
    assert idle - set(HANDED_ON) == set()
