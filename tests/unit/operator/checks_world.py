"""Cases that the checks of a run are asked about."""

from __future__ import annotations

from collections import Counter
from typing import Any

from capforge_contracts.run import CapabilityType, Output
from capforge_operator.domain.checks import violations
from capforge_operator.domain.checks.case import Case, Item, Role, Selection, Target, Template
from capforge_operator.domain.shape import Shape
from tests.unit.operator.training_world import DEFAULTS, SCHEMA

OUTPUTS = ("RBC", "WBC")
DIGEST = "d" * 64


def selection(
    role: Role, dataset: str, *items: str, split: str = "All", classes: tuple[str, ...] = OUTPUTS
) -> Selection:
    """Items are `content` or `content=name`."""
    parsed = [one.partition("=") for one in items]
    found = tuple(Item(content, name or f"{content}.jpg") for content, _, name in parsed)
    return Selection(role, dataset, split, DIGEST, items=found, entities=Counter(dict.fromkeys(classes, 1)))


TEMPLATE = Template(frozenset({"DetectorElement"}), SCHEMA, DEFAULTS, None)


def target(kind: CapabilityType) -> Target:
    return Target(Shape(kind, tuple(Output(position=n, name=name) for n, name in enumerate(OUTPUTS))))


def case(*selections: Selection, **changes: Any) -> Case:
    fields: dict[str, Any] = {
        "capability_name": "cells",
        "capability": target(CapabilityType.DETECTOR),
        "template_name": "tiny-detector",
        "template": TEMPLATE,
        "selections": selections or (selection(Role.TRAIN, "t", "a"), selection(Role.DEV, "d", "b")),
        "overrides": {},
        **changes,
    }
    return Case(**fields)


def said(found: Case) -> list[tuple[str, str]]:
    return [(one.reason, one.message) for one in violations(found)]
