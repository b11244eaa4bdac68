"""The operator may die at any call, before or after the call had its effect: the next run comes to the same end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from capforge_contracts.run import Phase
from capforge_operator.keys import Kind
from capforge_operator.ports import JobOutcome
from tests.support.twins.breaking import CrashError, Fuse, breaking
from tests.unit.operator.training_world import TrainingWorld, capability, dataset, run, template

Outside = Callable[[TrainingWorld], object]
_MOST_CALLS = 60


def nothing(_: TrainingWorld) -> None:
    return


def snapshot_ends(world: TrainingWorld) -> None:
    world.answer_snapshot(world.freeze())


def trainer_works(world: TrainingWorld) -> None:
    world.claim()
    world.progress(Phase.TRAINING, percent=40)


def trainer_ends(world: TrainingWorld) -> None:
    world.leave_card()
    world.end_job(JobOutcome.COMPLETE)


def capability_publishes(world: TrainingWorld) -> None:
    world.publish()


STEPS: tuple[tuple[Kind, str, Outside], ...] = (
    (Kind.DATASET, "cells", nothing),
    (Kind.DATASET, "cells", snapshot_ends),
    (Kind.TRAINING_RUN, "cells-1", nothing),
    (Kind.TRAINING_RUN, "cells-1", trainer_works),
    (Kind.TRAINING_RUN, "cells-1", trainer_ends),
    (Kind.TRAINING_RUN, "cells-1", capability_publishes),
)


def fresh() -> TrainingWorld:
    world = TrainingWorld()
    for document in (dataset(), capability(), template(), run()):
        world.twins.resources.put(document)
    return world


async def live(world: TrainingWorld, crash: Callable[[TrainingWorld, int, Kind, str], Awaitable[None]]) -> None:
    """Lead the world through all steps; `crash` may go wrong once before each reconcile that is let through."""
    for number, (kind, name, outside) in enumerate(STEPS):
        outside(world)
        await crash(world, number, kind, name)
        await world.reconcile(kind, name)
        await world.reconcile(kind, name)


def end_state(world: TrainingWorld) -> dict[str, Any]:
    """What is left, without what may differ: resource versions, and how often an event was told."""
    objects = {key: {**one, "metadata": one["metadata"]["name"]} for key, one in world.twins.resources.objects.items()}
    store = world.twins.store.objects
    return {
        "objects": objects,
        "store": {info.key: store.get(info.key) for info in store.list("")},
        "jobs": {key: (one.outcome, one.owner_uid) for key, one in world.twins.jobs.jobs.items()},
        "created": sorted(world.twins.jobs.created),
        "events": sorted(set(world.twins.events.reasons)),
    }


async def no_crash(*_: object) -> None:
    return


@pytest.mark.parametrize("after_effect", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=[f"{kind}-{outside.__name__}" for kind, _, outside in STEPS])
async def test_a_crash_at_any_call_is_repaired_by_the_next_run(step: int, after_effect: bool):
    expected = fresh()
    await live(expected, no_crash)
    crashes = 0
    for call in range(1, _MOST_CALLS):
        fuse = Fuse(call, after_effect)

        async def crash(world: TrainingWorld, number: int, kind: Kind, name: str, fuse: Fuse = fuse) -> None:
            if number == step:
                with suppress(CrashError):
                    await world.reconcile(kind, name, breaking(world.world(), fuse))

        world = fresh()
        await live(world, crash)
        assert end_state(world) == end_state(expected)
        if fuse.calls < call:
            break  # all calls of this reconcile have been tried
        crashes += 1
    assert 2 <= crashes < _MOST_CALLS - 1
