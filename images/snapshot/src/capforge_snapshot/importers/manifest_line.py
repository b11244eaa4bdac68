"""One line of a manifest that people wrote: raw bytes in, a header or an image, or what is wrong with it. Pure.

Lines come from strangers: how many faults one of them can have is bounded before it is validated, or the list of what
is wrong with a line of megabytes would take gigabytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from capforge_contracts.coco.attributes import ALLOWED as ALLOWED_ATTRIBUTES
from capforge_contracts.coco.attributes import MAX_ATTRIBUTES, fits, read_attributes
from capforge_contracts.coco.records import MAX_PIXELS_A_SIDE
from capforge_contracts.coco.segmentation import MAX_CORNERS, polygon_problem
from capforge_contracts.coco.texts import MAX_NAME_CHARS, fits_a_line
from capforge_contracts.dataset import Split
from capforge_contracts.telling import told

MAX_CLASSES = 100_000
ENOUGH_FAULTS = 20
"""Of one line; the others are of the same kind."""
_MOST_FIELDS = 32
_Pixels = Annotated[int, Field(ge=1, le=MAX_PIXELS_A_SIDE)]
_ClassName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME_CHARS)]


class _Line(BaseModel):
    """What people may write: a field that is not known is a slip of the pen."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, extra="forbid", allow_inf_nan=False, strict=True, populate_by_name=True
    )


class Entity(_Line):
    """One object of an image."""

    class_name: _ClassName
    box: Annotated[list[float], Field(min_length=4, max_length=4)] | None = None
    polygon: list[float] | None = None
    id: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    attributes: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, raw: Any) -> Any:
        _check_fields(raw)
        if (
            isinstance(raw, dict)
            and isinstance(raw.get("attributes"), dict)
            and len(raw["attributes"]) > MAX_ATTRIBUTES
        ):
            message = f"attributes has {len(raw['attributes'])} entries; allowed: {ALLOWED_ATTRIBUTES}"
            raise ValueError(message)
        if isinstance(raw, dict) and isinstance(raw.get("polygon"), list) and len(raw["polygon"]) > 2 * MAX_CORNERS:
            message = f"polygon: {polygon_problem(raw['polygon'])}; allowed: 3 to {MAX_CORNERS} corners"
            raise ValueError(message)
        return raw

    @model_validator(mode="after")
    def _check(self) -> Entity:
        if self.box is None and self.polygon is None:
            raise ValueError("box is missing; allowed: a box [x0, y0, x1, y1], or a polygon")
        problem = polygon_problem(self.polygon) if self.polygon is not None else None
        if problem:
            message = f"polygon: {problem}; allowed: 3 to {MAX_CORNERS} corners [x0, y0, x1, y1, …]"
            raise ValueError(message)
        if self.id is not None and not fits_a_line(self.id):
            raise ValueError("id has control characters; allowed: a text on one line")
        found = read_attributes(self.attributes)
        if isinstance(found, str):
            message = f"attributes {found}; allowed: {ALLOWED_ATTRIBUTES}"
            raise ValueError(message)  # noqa: TRY004 - pydantic takes a ValueError as a fault of the line
        return self


class ItemHead(_Line):
    """An image without its objects."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    name: str
    width: _Pixels | None = None
    height: _Pixels | None = None
    split: Annotated[Split, Strict(False)] | None = None
    entities: list[Any]
    """Empty: they are validated one by one."""

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, raw: Any) -> Any:
        _check_fields(raw)
        return raw


class Header(_Line):
    """The first line."""

    format: str
    classes: list[_ClassName]
    annotated: bool | None = None
    """What our own manifests say of images that people annotated here; of no meaning for files that are brought."""

    @model_validator(mode="before")
    @classmethod
    def _bound(cls, raw: Any) -> Any:
        _check_fields(raw)
        if isinstance(raw, dict) and isinstance(raw.get("classes"), list) and len(raw["classes"]) > MAX_CLASSES:
            message = f"there are {len(raw['classes'])} classes; allowed: at most {MAX_CLASSES}"
            raise ValueError(message)
        return raw


@dataclass(frozen=True)
class Item:
    """An image and its objects."""

    head: ItemHead
    entities: list[Entity]


def read_header(data: bytes) -> Header | list[str]:
    """Return the first line, or what is wrong with it."""
    raw = _raw(data)
    return raw if isinstance(raw, list) else _validated(Header, raw, "")


def read_item(data: bytes) -> Item | list[str]:
    """Return another line, or what is wrong with it: at most ENOUGH_FAULTS."""
    raw = _raw(data)
    if isinstance(raw, list):
        return raw
    given = raw.get("entities")
    head = _validated(ItemHead, {**raw, "entities": []} if isinstance(given, list) else raw, "")
    faults = head if isinstance(head, list) else []
    entities = []
    for position, one in enumerate(given if isinstance(given, list) else []):
        entity = _validated(Entity, one, f"entities.{position}.")
        if isinstance(entity, Entity):
            entities.append(entity)
        else:
            faults += entity
        if len(faults) >= ENOUGH_FAULTS:
            break
    return faults[:ENOUGH_FAULTS] if faults or isinstance(head, list) else Item(head, entities)


def _raw(data: bytes) -> dict[str, Any] | list[str]:
    try:
        raw = json.loads(data.decode())
    except RecursionError:
        return ["the line: it is nested too deeply; allowed: the fields of an image"]
    except ValueError as error:  # no UTF-8, no JSON, a number of thousands of digits
        return [_on_a_line(f"the line: Invalid JSON: {str(error)[:200]}")]
    return raw if isinstance(raw, dict) else ["the line: it is no JSON object; allowed: one on each line"]


_Kind = TypeVar("_Kind", Header, ItemHead, Entity)


def _validated(kind: type[_Kind], raw: Any, where: str) -> _Kind | list[str]:
    """Return the model, or everything that is wrong, each behind `where`."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        return [_behind(where, one["loc"], told(one, kind)) for one in faults]


def _behind(where: str, field: tuple[int | str, ...], message: str) -> str:
    path = (where + ".".join(str(part) for part in field)).rstrip(".") or "the line"
    return _on_a_line(f"{path[:200]}: {message}")


def _on_a_line(text: str) -> str:
    return text if fits(text) and fits_a_line(text) else ascii(text)


def _check_fields(raw: Any) -> None:
    if isinstance(raw, dict) and len(raw) > _MOST_FIELDS:
        message = f"it has {len(raw)} fields; allowed: those of a manifest"
        raise ValueError(message)
