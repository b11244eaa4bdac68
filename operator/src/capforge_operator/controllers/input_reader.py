"""Reads where a capability's entities come from."""

from __future__ import annotations

import structlog
from pydantic import ValidationError

from capforge_operator.api.capability import Capability
from capforge_operator.domain.inputs import MAX_LINKS, Upstream, input_of
from capforge_operator.ports import Resources
from capforge_operator.resource_types import CAPABILITIES

_log: structlog.stdlib.BoundLogger = structlog.get_logger("inputs")


async def upstream_of(resources: Resources, capability: Capability) -> Upstream:
    """Follow inputFrom to its end; costs nothing where there is none."""
    links: list[Capability] = []
    seen = {capability.metadata.name}
    name = input_of(capability)
    while name is not None and name not in seen and len(links) < MAX_LINKS:
        found = await _parsed(resources, capability.metadata.namespace, name)
        if found is None:
            break
        links.append(found)
        seen.add(name)
        name = input_of(found)
    return Upstream(tuple(links), name)


async def _parsed(resources: Resources, namespace: str, name: str) -> Capability | None:
    """Return a capability; one that an older schema let in and nobody can read is as good as none."""
    document = await resources.get(CAPABILITIES, namespace, name)
    if document is None:
        return None
    try:
        return Capability.parse(document)
    except ValidationError as error:
        _log.warning("input not readable", namespace=namespace, capability=name, cause=str(error))
        return None
