"""Entities as they go on the wire, from what a request brought to what is asked about them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from capforge_contracts.model import joined
from capforge_contracts.shapes import box_around
from capforge_contracts.telling import told
from capforge_gateway.errors import ApiError, bad_request
from capforge_gateway.predict.regions.locations import repeated_ids, shape_fault
from capforge_gateway.predict.regions.schemas import EntityInput, LocationInput
from capforge_transforms import Region, touches

Entity = dict[str, Any]
"""`{"id", "location": {"box", "polygon"?}, "observations": [...]}`."""
CLASS = "class"
_MAX_FAULTS = 20
_ENTITIES = TypeAdapter(list[EntityInput])
_EXPECTED = "expected a list of {id?, box or polygon, class?}"
Fault = tuple[str, str]
"""Where, what."""


def brought_entities(document: Any, most: int, new_id: Callable[[], str]) -> list[Entity]:
    """Return what a request brought under `entities`; raises 400 with all faults, each naming its index."""
    if not isinstance(document, list):
        raise bad_request(f"`entities` is no list; {_EXPECTED}", field="entities")
    if len(document) > most:
        raise too_many(len(document), most)
    try:
        given = _ENTITIES.validate_python(document)
    except ValidationError as error:
        raise _refused([_fault(one) for one in error.errors(include_url=False, include_input=False)]) from error
    faults = [*_location_faults(given)]
    faults += [(f"entities[{index}].id", message) for index, message in repeated_ids(enumerate(given))]
    if faults:
        raise _refused(faults)
    return [_entity(one, new_id) for one in given]


def check_inside(entities: Sequence[Entity], width: int, height: int) -> None:
    """Raise 400 where an entity lies outside an image of this size; one that reaches over the border is fine."""
    faults = [
        (
            f"entities[{index}]",
            f"{_shown(entity['location']['box'])} lies outside the image of {width} x {height} pixels",
        )
        for index, entity in enumerate(entities)
        if not touches(region_of(entity), width, height)
    ]
    if faults:
        raise _refused(faults)


def too_many(count: int, most: int) -> ApiError:
    """More entities than one request may hold."""
    return bad_request(
        f"there are {count} entities; allowed in one request: at most {most} (of those that are found in the image,"
        f" `max_entities={most}` takes the most confident ones)",
        field="entities",
        max_entities=most,
    )


def region_of(entity: Entity) -> Region:
    """Return where an entity is."""
    return Region(entity["location"]["box"], entity["location"].get("polygon"))


def class_of(entity: Entity) -> str | None:
    """Return what was said last of an entity's class; None: nothing was."""
    said = [one["value"] for one in entity["observations"] if one["attribute"] == CLASS]
    return said[-1] if said else None


def _entity(given: EntityInput, new_id: Callable[[], str]) -> Entity:
    where = _where(given)
    observations = [one.model_dump(exclude_none=True) for one in given.observations]
    if given.class_name is not None:
        observations.append({"attribute": CLASS, "value": given.class_name})
    location = (
        {"box": where.box} if where.polygon is None else {"box": box_around(where.polygon), "polygon": where.polygon}
    )
    return {"id": new_id() if given.id is None else given.id, "location": location, "observations": observations}


def _where(given: EntityInput) -> LocationInput:
    return given.location or LocationInput.model_construct(box=given.box, polygon=given.polygon)


def _location_faults(given: Sequence[EntityInput]) -> list[Fault]:
    found = ((f"entities[{index}]", _location_fault(one)) for index, one in enumerate(given))
    return [(where, what) for where, what in found if what]


def _location_fault(given: EntityInput) -> str:
    if given.location is not None and (given.box is not None or given.polygon is not None):
        return "has a `location` and a `box` or `polygon` of its own; allowed: one of them"
    fault = shape_fault(_where(given))
    return "" if fault is None else f"the {fault.part} {fault.message}" if fault.part else fault.message


def _fault(error: Any) -> Fault:
    message = told(error, EntityInput)
    return joined("entities", error["loc"]), message[0].lower() + message[1:]


def _refused(faults: Sequence[Fault]) -> ApiError:
    where, what = faults[0]
    others = f" (and {len(faults) - 1} more faults)" if len(faults) > 1 else ""
    listed = [{"field": field, "message": message} for field, message in faults[:_MAX_FAULTS]]
    return bad_request(f"{where}: {what}{others}", field=where, faults=listed)


def _shown(box: Sequence[float]) -> str:
    return "[" + ", ".join(f"{one:g}" for one in box) + "]"
