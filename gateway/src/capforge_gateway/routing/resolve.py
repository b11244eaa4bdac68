"""Which version a request means: `v1` the current one, `v1.N` exactly that one."""

from __future__ import annotations

import re

from capforge_gateway.errors import ApiError, no_model, not_found, serving_unavailable, version_gone
from capforge_gateway.routing.routes import Capability, Routes, Version

_ASKED = re.compile(r"v1(?:\.(0|[1-9][0-9]{0,8}))?")
_MAJOR = "1."
NEWEST = "v1"
BEFORE_ANY = "v1.0"
"""Of a field extractor: candidates without a prediction, as they were before the first model."""


def find_capability(routes: Routes, namespace: str, name: str) -> Capability:
    """Return the capability; raises 404. The caller has shown a key of the namespace, so names may be told."""
    capability = routes.capabilities.get((namespace, name))
    if capability is None:
        raise not_found(f"there is no capability `{name}` in namespace `{namespace}`")
    return capability


def find_version(capability: Capability, asked: str) -> Version:
    """Return the version that `asked` (`v1`, `v1.3`) means.

    Raises 409 where there is no model yet, 404 for a version that never was, 410 for one that is no longer loaded, 503
    while the current one is not loaded yet.
    """
    match = _ASKED.fullmatch(asked)
    if match is None:
        raise _unknown(capability, asked)
    current = capability.current
    version = capability.versions.get(_MAJOR + match[1] if match[1] else current or "")
    if version is not None:
        return version
    if current is None:
        raise no_model(capability.reason or "no model has been trained yet")
    if match[1] is None:
        raise serving_unavailable(f"version {current} of `{capability.name}` is being loaded; send again in a moment")
    minor = int(match[1])
    if 0 < minor <= _newest_minor(capability):
        raise version_gone(
            f"version 1.{minor} of `{capability.name}` is no longer loaded; {_those_that_answer(capability)}",
            available=available(capability),
        )
    raise _unknown(capability, asked)


def find_version_or_none(capability: Capability, asked: str) -> Version | None:
    """Return the version of a capability that answers before any model too; None: asked is that, version 1.0."""
    if asked == BEFORE_ANY or (asked == NEWEST and capability.current is None):
        return None
    return find_version(capability, asked)


def available(capability: Capability) -> list[str]:
    """Return the versions that answer, newest first, as they stand in an address."""
    return ["v" + version for version in sorted(capability.versions, key=_order, reverse=True)]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _newest_minor(capability: Capability) -> int:
    """Minor numbers are taken in order and never reused, so every smaller one has existed."""
    versions = [*capability.versions, *([capability.current] if capability.current else [])]
    return max((_order(version)[-1] for version in versions), default=0)


def _unknown(capability: Capability, asked: str) -> ApiError:
    message = f"`{capability.name}` has no version `{asked[:40]}`; {_those_that_answer(capability)}"
    return not_found(message, available=available(capability))


def _those_that_answer(capability: Capability) -> str:
    names = available(capability)
    return f"these answer: v1, {', '.join(names)}" if names else "none answers yet"
