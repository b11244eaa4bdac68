"""The operator dies at each call by which twenty annotations become a run: the next look comes to the same end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from tests.support.twins.breaking import CrashError, Fuse, breaking
from tests.unit.operator.extractor_world import ExtractorWorld, extractor
from tests.unit.operator.training_world import NAMESPACE

_MOST_CALLS = 60


def fresh() -> ExtractorWorld:
    world = ExtractorWorld()
    world.twins.resources.put(extractor())
    world.annotated(20)
    return world


def end_state(world: ExtractorWorld) -> dict[str, Any]:
    """What is left, without what may differ: uids and versions."""
    store = world.twins.store.objects
    objects = {
        key: {**one, "metadata": {name: one["metadata"].get(name) for name in ("name", "labels", "annotations")}}
        for key, one in world.twins.resources.objects.items()
    }
    return {"objects": objects, "store": {one.key: store.get(one.key) for one in store.list("")}, "made": world.made}


@pytest.mark.parametrize("meanwhile", [0, 25], ids=["nothing happens meanwhile", "annotating goes on meanwhile"])
@pytest.mark.parametrize("after_effect", [False, True], ids=["before its effect", "after its effect"])
async def test_a_crash_at_any_call_is_repaired_by_the_next_look(after_effect: bool, meanwhile: int):
    expected = fresh()
    await expected.visit()
    crashes = 0
    for call in range(1, _MOST_CALLS):
        world, fuse = fresh(), Fuse(call, after_effect)
        world.alive = world.on(breaking(world.world(), fuse))
        with suppress(CrashError):
            await world.visit()
        if fuse.calls < call:
            break  # all calls of this look have been tried
        crashes += 1
        if meanwhile:
            world.annotated(20 + meanwhile)
        world.restart()
        await world.visit()
        await world.visit()
        if meanwhile:
            [name] = world.made
            assert name in {"receipts-auto-20", "receipts-auto-40"}, "whichever it was, it is one"
            [entry] = world.ledger()
            assert entry.run == name
        else:
            assert end_state(world) == end_state(expected)
    assert 10 <= crashes < _MOST_CALLS - 1


async def test_one_that_was_made_before_a_crash_is_written_down_before_anything_else():
    """More is annotated while the operator is away: the run that exists counts, the next waits for its end."""
    world = fresh()
    await world.visit()
    store = world.twins.store.objects
    [key] = [one.key for one in store.list(f"{NAMESPACE}/capabilities/")]
    lost = ExtractorWorld(twins=world.twins)
    store.delete(key)
    lost.annotated(61)
    lost.restart()
    await lost.visit()
    assert [(one.threshold, one.documents) for one in lost.ledger()] == [(20, 20)]
    assert lost.made == ["receipts-auto-20"]
    assert lost.reason() == "Running"
    lost.end_run("receipts-auto-20")
    lost.twins.clock.advance(3600)
    await lost.visit()
    assert lost.made == ["receipts-auto-20", "receipts-auto-60"]
