"""Entities of a request to what is stored: every fault is listed, with the index of its entity. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from capforge_contracts.coco.attributes import read_attributes
from capforge_contracts.coco.boxes import OVERHANG_PIXELS
from capforge_contracts.coco.texts import CLASS_NAME, is_class_name
from capforge_contracts.model import canonical_json, joined
from capforge_contracts.shapes import LEAST_AREA, area_of, box_around, clipped
from capforge_contracts.telling import told
from capforge_contracts.vision import CLASS
from capforge_gateway.predict.regions.locations import LocationFault, repeated_ids, shape_fault
from capforge_gateway.predict.regions.schemas import ObservationInput
from capforge_gateway.vision.answer import PROVENANCE
from capforge_gateway.vision.asked import MAX_ENTITIES, AnnotatedEntity, AnnotatedLocation

MAX_STORED_BYTES = 3 * 1024 * 1024
"""Of all entities of a submission: a line of the stream must fit what a snapshot reads."""
Stored = dict[str, Any]


@dataclass(frozen=True)
class EntityFault:
    """One thing that is wrong."""

    code: str
    """CamelCase, constant."""
    path: str
    """`entities[3].box`."""
    message: str


class EntityFaults(Exception):  # noqa: N818 - reads as the fact it states
    """The entities cannot be taken; holds every fault."""

    def __init__(self, faults: Sequence[EntityFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


@dataclass(frozen=True)
class Canvas:
    """The upright image that entities must lie in, pixels."""

    width: int
    height: int
    overhang: float = OVERHANG_PIXELS
    """So far a location may hang over the edge; it is clipped. A model's boxes may as far as they like."""


def stored_entities(given: Any, canvas: Canvas) -> list[Stored]:
    """Return the entities as VisionEntity documents; raises EntityFaults."""
    if not isinstance(given, list):
        raise EntityFaults([EntityFault("NotAList", "entities", "must be a list of entities; it may be empty")])
    if len(given) > MAX_ENTITIES:
        message = f"there are {len(given)}; allowed: at most {MAX_ENTITIES}"
        raise EntityFaults([EntityFault("TooManyEntities", "entities", message)])
    faults: list[EntityFault] = []
    read = [_read(at, one, faults) for at, one in enumerate(given)]
    entities = [(at, one) for at, one in enumerate(read) if one is not None]
    faults += [EntityFault("RepeatedId", f"entities[{at}].id", message) for at, message in repeated_ids(entities)]
    taken = {one.id for _, one in entities if one.id is not None}
    stored = [_stored(at, one, _name(at, one, taken), canvas, faults) for at, one in entities]
    if faults:
        raise EntityFaults(sorted(faults, key=lambda one: (_index(one.path), one.path)))
    if len(canonical_json(stored)) > MAX_STORED_BYTES:
        message = f"they take more than {MAX_STORED_BYTES} bytes together; send fewer, or polygons of fewer corners"
        raise EntityFaults([EntityFault("TooLarge", "entities", message)])
    return stored


def _read(at: int, one: Any, faults: list[EntityFault]) -> AnnotatedEntity | None:
    try:
        return AnnotatedEntity.model_validate(one)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_input=False):
            path = joined(f"entities[{at}]", wrong["loc"])[:200]
            faults.append(EntityFault(_code(wrong["type"]), path, told(wrong, AnnotatedEntity)))
        return None


def _code(kind: str) -> str:
    return {"extra_forbidden": "UnknownField", "missing": "MissingField"}.get(kind, "WrongValue")


def _name(at: int, one: AnnotatedEntity, taken: set[str]) -> str:
    """Return the entity's id, or one that follows from its place: the same when the same is sent again."""
    if one.id is not None:
        return one.id
    name = f"e{at + 1}"
    while name in taken:
        name += "x"
    taken.add(name)
    return name


def _stored(at: int, one: AnnotatedEntity, name: str, canvas: Canvas, faults: list[EntityFault]) -> Stored:
    path = f"entities[{at}]"
    where = one.location or AnnotatedLocation.model_construct(box=one.box, polygon=one.polygon, track_id=one.track_id)
    if one.location is not None and (one.box is not None or one.polygon is not None or one.track_id is not None):
        message = "has a `location` and a `box`, `polygon` or `track_id` beside it; allowed: one of both forms"
        faults.append(EntityFault("TwoLocations", path, message))
    location = _location(path, where, canvas, faults)
    track = {} if where.track_id is None else {"trackId": where.track_id}
    return {"id": name, **location, **track, "observations": _observations(path, one, faults)}


def _location(path: str, where: AnnotatedLocation, canvas: Canvas, faults: list[EntityFault]) -> Stored:
    fault = shape_fault(where)
    if fault is None:
        inside = _inside(where, canvas)
        if not isinstance(inside, LocationFault):
            return inside
        fault = inside
    faults.append(EntityFault(fault.code, f"{path}.{fault.part}" if fault.part else path, fault.message))
    return {}


def _inside(where: AnnotatedLocation, canvas: Canvas) -> Stored | LocationFault:
    """Return a sound location clipped to the image; refuse one that is too far outside, or wholly."""
    form, numbers = ("polygon", where.polygon) if where.polygon else ("box", where.box or [])
    xs, ys = numbers[::2], numbers[1::2]
    size = f"{canvas.width} x {canvas.height} pixels"
    over = max(-min(*xs, *ys), max(xs) - canvas.width, max(ys) - canvas.height)
    if over > canvas.overhang:
        allowed = f"allowed: inside {size} ({canvas.overhang:g} over the edge is clipped)"
        return LocationFault("OutsideImage", form, f"the {form} reaches {over:g} pixels out of the image; {allowed}")
    inside = [clipped(value, canvas.height if at % 2 else canvas.width) for at, value in enumerate(numbers)]
    if (area_of(inside) if where.polygon else _area_of_box(inside)) < LEAST_AREA:
        return LocationFault("OutsideImage", form, f"nothing of it lies inside the image of {size}")
    return {"box": box_around(inside), "polygon": inside} if where.polygon else {"box": inside}


def _area_of_box(box: Sequence[float]) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _observations(path: str, one: AnnotatedEntity, faults: list[EntityFault]) -> list[Stored]:
    said = [_observation(observed) for observed in one.observations]
    short = {CLASS: one.class_name} if one.class_name is not None else {}
    said += [{"attribute": name, "value": value} for name, value in [*short.items(), *one.attributes.items()]]
    seen: set[str] = set()
    for observed in said:
        if observed["attribute"] in seen:
            message = f"says {observed['attribute']!a} more than once; allowed: one value for each attribute"
            faults.append(EntityFault("RepeatedAttribute", f"{path}.observations", message))
        seen.add(observed["attribute"])
    faults += [EntityFault("WrongValue", f"{path}.observations", wrong) for wrong in _untrainable(said)]
    return said


def _untrainable(said: Sequence[Stored]) -> Iterator[str]:
    """Yield what a dataset could not hold: better said now than when the snapshot is taken."""
    for name in (one["value"] for one in said if one["attribute"] == CLASS):
        if not is_class_name(name):
            yield f"{name[:40]!a} is no class; allowed: {CLASS_NAME}"
    others = read_attributes({one["attribute"]: one["value"] for one in said if one["attribute"] != CLASS})
    if isinstance(others, str):
        yield f"the list of attributes {others}"


def _observation(given: ObservationInput) -> Stored:
    observed: Stored = {"attribute": given.attribute, "value": given.value}
    if given.confidence is not None:
        observed["confidence"] = given.confidence
    if given.provenance:
        observed["provenance"] = {
            stored: given.provenance[wire] for stored, wire in PROVENANCE.items() if wire in given.provenance
        }
    return observed


def _index(path: str) -> int:
    return int(path.split("[", 1)[1].split("]", 1)[0]) if "[" in path else -1


def last_words(entities: Any) -> Any:
    """Return entities of a predict answer with one observation for each attribute: what was said last.

    A classifier behind a detector says the class again.
    """
    if not isinstance(entities, list):
        return entities
    return [_last_words(one) if isinstance(one, Mapping) else one for one in entities]


def _last_words(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    said = entity.get("observations")
    if not isinstance(said, list) or not all(isinstance(one, Mapping) for one in said):
        return entity
    return {**entity, "observations": list({str(one.get("attribute")): one for one in said}.values())}
