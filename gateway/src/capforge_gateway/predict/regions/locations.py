"""Where an entity of a request is, and what may be wrong with that: for predictions and annotations alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from capforge_contracts.shapes import LEAST_AREA, area_of
from capforge_gateway.predict.regions.schemas import EntityInput, LocationInput


@dataclass(frozen=True)
class LocationFault:
    """One thing that is wrong."""

    code: str
    """CamelCase, constant."""
    part: str
    """`box` or `polygon`; empty: the entity as a whole."""
    message: str


def shape_fault(where: LocationInput) -> LocationFault | None:
    """Return what is wrong with a location, whatever the image; a polygon goes before a box."""
    if where.polygon is not None:
        return _polygon_fault(where.polygon)
    if where.box is None:
        return LocationFault("NoLocation", "", "has neither `box` nor `polygon`")
    x0, y0, x1, y1 = where.box
    if x1 > x0 and y1 > y0:
        return None
    shown = ", ".join(f"{one:g}" for one in where.box)
    return LocationFault("ZeroAreaBox", "box", f"[{shown}] has no area; allowed: [x0, y0, x1, y1], x1 > x0, y1 > y0")


def _polygon_fault(polygon: list[float]) -> LocationFault | None:
    if len(polygon) % 2:
        message = f"has {len(polygon)} numbers; allowed: x and y of each corner"
        return LocationFault("OddPolygon", "polygon", message)
    if area_of(polygon) <= LEAST_AREA:
        message = "has no area; allowed: at least three corners around an area"
        return LocationFault("ZeroAreaPolygon", "polygon", message)
    return None


def repeated_ids(given: Iterable[tuple[int, EntityInput]]) -> Iterator[tuple[int, str]]:
    """Yield each place (among `entities`) whose id another one has already, and what to say of it."""
    first: dict[str, int] = {}
    for at, one in given:
        if one.id is not None and first.setdefault(one.id, at) != at:
            yield at, f"{one.id!a} is the id of entities[{first[one.id]}] as well"
