"""Which elements run one after the other: a detector first, then those behind it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from capforge_contracts.run import CapabilityType
from capforge_gateway.errors import ApiError, bad_request, conflict
from capforge_gateway.routing.resolve import NEWEST, find_version
from capforge_gateway.routing.routes import REGION_TYPES, Capability, Routes, Version

_LONGEST = 8
"""Elements in one chain."""


@dataclass(frozen=True)
class Step:
    """One element and the version of it that answers."""

    capability: Capability
    version: Version


def before(routes: Routes, asked: Capability) -> tuple[Step, ...]:
    """Return what must run before an element that got no entities, the detector first: each in its version in force.

    Raises 400 where the element has no `inputFrom`; 409 where that leads nowhere or in a circle, or one of them has no
    model; 503 as find_version does.
    """
    if asked.input_from is None:
        raise bad_request(
            f"`{asked.name}` takes entities: send them as `entities` beside the image, or let its capability take them"
            " from a detector (spec.inputFrom)",
            field="entities",
        )
    steps: list[Step] = []
    names = [asked.name]
    element = asked
    while element.type in REGION_TYPES:
        element = _input_of(routes, element, names)
        names.append(element.name)
        steps.append(Step(element, _version(element)))
    return tuple(reversed(steps))


def _input_of(routes: Routes, element: Capability, names: list[str]) -> Capability:
    name = element.input_from
    if name is None:
        raise _broken(f"`{element.name}` has no inputFrom, and is not asked about entities of its own here", names)
    if name in names:
        raise _broken(f"the inputFrom of `{element.name}` leads back to `{name}`", names)
    if len(names) >= _LONGEST:
        raise _broken(f"more than {_LONGEST} elements would run one after the other", names)
    found = routes.capabilities.get((element.namespace, name))
    if found is None:
        raise _broken(f"`{element.name}` takes its entities from `{name}`, which is not there", names)
    if found.type is not CapabilityType.DETECTOR and found.type not in REGION_TYPES:
        raise _broken(f"`{element.name}` takes its entities from `{name}`, a {found.type}, which gives none", names)
    return found


def _version(element: Capability) -> Version:
    try:
        return find_version(element, NEWEST)
    except ApiError as error:
        message = f"the entities come from `{element.name}`: {error.message}"
        details = {**error.details, "element": element.name}
        raise ApiError(error.status, error.code, message, details, error.retry_after_seconds) from error


def _broken(what: str, names: list[str]) -> ApiError:
    message = f"{what}; correct spec.inputFrom, or send `entities` beside the image"
    return conflict("InputUnavailable", message, chain=names)
