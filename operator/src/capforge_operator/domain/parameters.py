"""Effective parameters: a template's defaults with a run's overrides merged in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def merged(defaults: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults with the overrides: objects merge, everything else (lists too) replaces."""
    result = dict(defaults)
    for name, value in overrides.items():
        before = result.get(name)
        both = isinstance(value, Mapping) and isinstance(before, Mapping)
        result[name] = merged(before, value) if both and isinstance(before, Mapping) else value
    return result


def is_given(overrides: Any, path: Sequence[object]) -> bool:
    """Tell whether a value of the effective parameters, or a part of it, comes from the overrides."""
    value = overrides
    for part in path:
        if not isinstance(value, Mapping):
            return True  # a list or a plain value replaced everything below
        if part not in value:
            return False
        value = value[part]
    return True


def null_paths(value: Any, prefix: str = "") -> list[str]:
    """Return where a null stands, as `a.b.0`, sorted."""
    if value is None:
        return [prefix]
    if isinstance(value, Mapping):
        return sorted(path for name, one in value.items() for path in null_paths(one, _join(prefix, name)))
    if isinstance(value, list):
        return sorted(path for number, one in enumerate(value) for path in null_paths(one, _join(prefix, number)))
    return []


def _join(prefix: str, name: object) -> str:
    return f"{prefix}.{name}" if prefix else str(name)
