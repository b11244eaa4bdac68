"""Every few minutes everything is rung, and the watches are compared with what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from capforge_operator.doorbell import OWN_KINDS
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import Forbidden, Identity, ResourceType
from capforge_operator.resource_types import DATASETS
from capforge_operator.runtime.liveness import Liveness
from capforge_operator.runtime.resync import Resync
from tests.support.clocks import HandScheduler
from tests.support.eventually import eventually_async
from tests.support.twins.resources import MemoryResources
from tests.support.twins.world import HeardBell
from tests.unit.operator.training_world import NAMESPACE, capability, dataset, run, template

POOL = Key(Kind.SERVING, "", "cpu")


class WithoutDatasets(MemoryResources):
    """The operator lost its right to list datasets."""

    async def identities(self, kind: ResourceType) -> Sequence[Identity]:
        if kind is DATASETS:
            raise Forbidden("list datasets")
        return await super().identities(kind)


def resync_of(resources: MemoryResources) -> tuple[Resync, HeardBell, Liveness]:
    for document in (capability(), dataset(), template(), run()):
        resources.put(document)
    bell, liveness = HeardBell(), Liveness(60, HandScheduler().time)
    return Resync(resources, bell, liveness, OWN_KINDS, (POOL,)), bell, liveness


async def test_every_object_and_what_no_object_stands_for_is_rung():
    resync, bell, _ = resync_of(MemoryResources())
    await resync.once()
    assert set(bell.keys) == {
        POOL,
        Key(Kind.CAPABILITY, NAMESPACE, "cells"),
        Key(Kind.DATASET, NAMESPACE, "cells"),
        Key(Kind.TRAINING_RUN, NAMESPACE, "cells-1"),
        Key(Kind.MODEL_TEMPLATE, "", "tiny-detector"),
    }


async def test_at_the_start_objects_are_only_compared_since_the_watches_ring_for_them():
    resync, bell, liveness = resync_of(MemoryResources())
    running = asyncio.create_task(resync.run(3600))
    await eventually_async(partial(_rung, bell, POOL))
    running.cancel()
    assert bell.keys == [POOL]
    await resync.once(objects=False)
    assert "the watch of datasets brings nothing although objects changed" in liveness.faults()


async def test_a_kind_that_cannot_be_listed_does_not_hold_up_the_others():
    resync, bell, _ = resync_of(WithoutDatasets())
    await resync.once()
    assert Key(Kind.TRAINING_RUN, NAMESPACE, "cells-1") in bell.keys
    assert Key(Kind.DATASET, NAMESPACE, "cells") not in bell.keys


async def test_watches_that_bring_nothing_are_found_out_by_the_second_resync():
    resync, _, liveness = resync_of(MemoryResources())
    await resync.once()
    assert liveness.faults() == []
    await resync.once()
    assert "the watch of datasets brings nothing although objects changed" in liveness.faults()


async def _rung(bell: HeardBell, key: Key) -> bool:
    return key in bell.keys
