"""Events may be dropped, doubled and reordered: one resync later everything is as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capforge_contracts.run import Phase
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import JobOutcome
from capforge_operator.wiring import reconcilers
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, capability, dataset, run, template

DATASET = Key(Kind.DATASET, NAMESPACE, "cells")
RUN = Key(Kind.TRAINING_RUN, NAMESPACE, "cells-1")
CAPABILITY = Key(Kind.CAPABILITY, NAMESPACE, "cells")
ORDERS = st.lists(st.lists(st.sampled_from([DATASET, RUN, CAPABILITY]), max_size=4), min_size=4, max_size=4)


async def work(world: TrainingWorld, keys: Sequence[Key]) -> None:
    found = reconcilers(world.world(), world.twins.bell, world.threads, world.settings)
    for key in keys:
        await found[key.kind].reconcile(key)


async def resync(world: TrainingWorld) -> None:
    """Ring for everything until nobody has anything to do; in the worst order."""
    for _ in range(6):
        await work(world, [CAPABILITY, RUN, DATASET])


async def live(orders: Sequence[Sequence[Key]]) -> TrainingWorld:
    world = TrainingWorld()
    for document in (dataset(), capability(), template(), run()):
        world.twins.resources.put(document)
    await work(world, orders[0])
    await resync(world)
    world.answer_snapshot(world.freeze())
    await work(world, orders[1])
    await resync(world)
    world.claim()
    world.progress(Phase.TRAINING, percent=40)
    await work(world, orders[2])
    await resync(world)
    world.leave_card()
    world.end_job(JobOutcome.COMPLETE)
    await work(world, orders[3])
    await resync(world)
    world.threads.close()
    return world


@given(orders=ORDERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_was_rung_the_end_is_the_same(orders: list[list[Key]]):
    world = asyncio.run(live(orders))
    found = world.seen_run()
    succeeded = found.status.condition("Succeeded")
    assert succeeded is not None
    assert (succeeded.reason, found.status.version) == ("Completed", "1.1")
    assert sorted(world.twins.jobs.created) == sorted(set(world.twins.jobs.created))
    ledger = list(world.twins.store.objects.list(f"{NAMESPACE}/capabilities/cells/ledger/"))
    assert len(ledger) == 1
