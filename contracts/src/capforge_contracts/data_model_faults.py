"""What can be wrong with a data model that somebody wrote: every fault with its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from capforge_contracts.model import joined

MANY_FIELDS = 50
"""More are allowed, with a warning."""
MAX_CLASSES = 100
MAX_DISPLAY_CHARS = 128
MAX_CLASS_CHARS = 128
_SHOWN_CHARS = 60


@dataclass(frozen=True)
class ModelFault:
    """One thing that is wrong."""

    path: str
    """Where: `problem_type.selector.features[3].semantics`."""
    message: str
    """What is wrong, what is allowed."""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class DataModelFaults(ValueError):  # noqa: N818 - reads as the fact it states
    """A data model that cannot be taken."""

    def __init__(self, faults: Sequence[ModelFault]) -> None:
        """Take every fault."""
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)


def faults_of(error: ValidationError, path: str) -> list[ModelFault]:
    """Return pydantic's errors as faults below a path."""
    return [
        ModelFault(joined(path, fault["loc"]), f"{fault['msg']}; found {shown(fault['input'])}")
        for fault in error.errors(include_url=False)
    ]


def shown(value: object) -> str:
    """Return a short form of what somebody wrote."""
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"


def name_faults(names: Sequence[tuple[str, object]]) -> list[ModelFault]:
    """Return a fault for each name that stands twice; `names` are paths and what stands there."""
    first: dict[str, str] = {}
    faults = []
    for path, name in names:
        if not isinstance(name, str):
            continue
        if name in first:
            faults.append(
                ModelFault(path, f"the name {shown(name)} is taken by {first[name]}; allowed: each name once")
            )
        first.setdefault(name, path)
    return faults


def warnings_of(count: int) -> list[str]:
    """Return what is allowed but probably not meant about so many fields."""
    if count <= MANY_FIELDS:
        return []
    return [f"{count} fields: with more than {MANY_FIELDS}, each field needs many more annotated documents"]
