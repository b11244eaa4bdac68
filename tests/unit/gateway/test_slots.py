"""Slots: who takes many leaves some for others."""

from __future__ import annotations

import pytest

from capforge_gateway.errors import ApiError
from capforge_gateway.slots import Slots


def test_a_namespace_never_takes_every_slot() -> None:
    slots = Slots(5, of_namespace=3)
    for _ in range(3):
        slots.take("greedy")
    with pytest.raises(ApiError):
        slots.take("greedy")
    slots.take("other")
    slots.take("other")
    with pytest.raises(ApiError):
        slots.take("third")
    slots.give("greedy")
    slots.take("third")
    for namespace in ("greedy", "greedy", "other", "other", "third"):
        slots.give(namespace)
    assert not slots.taken, "nothing is remembered of who is done"
