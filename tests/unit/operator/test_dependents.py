"""Who is rung when something changes that others wait for."""

from __future__ import annotations

import pytest

from capforge_operator.keys import Key, Kind
from capforge_operator.resource_types import TRAINING_RUNS
from capforge_operator.wiring import reconcilers
from tests.unit.operator.training_world import NAMESPACE, TEMPLATE, TrainingWorld, run


@pytest.mark.parametrize(
    "key",
    [
        Key(Kind.DATASET_DEPENDENTS, NAMESPACE, "cells"),
        Key(Kind.CAPABILITY_DEPENDENTS, NAMESPACE, "cells"),
        Key(Kind.TEMPLATE_DEPENDENTS, "", TEMPLATE),
    ],
    ids=lambda key: key.kind.value,
)
async def test_runs_that_name_it_are_rung_unless_they_have_ended(key: Key):
    world = TrainingWorld()
    world.twins.resources.put(run("waits"))
    ended = world.twins.resources.put(run("ended"))
    await world.twins.resources.write_status(
        TRAINING_RUNS,
        ended,
        {"completionTime": "2026-01-01T00:00:00Z"},
    )
    other = {"name": "other"}
    world.twins.resources.put(
        run("other", capabilityRef=other, templateRef=other, datasets={"train": [other], "dev": [other]})
    )
    found = reconcilers(world.world(), world.twins.bell, world.threads, world.settings)
    await found[key.kind].reconcile(key)
    assert world.twins.bell.keys == [Key(Kind.TRAINING_RUN, NAMESPACE, "waits")]
