"""Nobody is told the same thing twice, whatever is made anew and however runs are called."""

from __future__ import annotations

import asyncio

from capforge_operator.keys import Key, Kind
from capforge_operator.wiring import reconcilers
from tests.unit.operator.notify.world import ANN, BOB, NotifyWorld
from tests.unit.operator.training_world import NAMESPACE, run


async def test_nothing_is_sent_again_when_run_and_capability_are_made_anew(world: NotifyWorld):
    await world.running()
    await world.succeed()
    await world.notify()
    for kind, name in (("TrainingRun", "cells-1"), ("Capability", "cells")):
        world.twins.resources.objects.pop((kind, NAMESPACE, name))
    world.want({"email": {"recipients": [ANN, BOB, "new@example.com"]}})
    world.twins.resources.put(run())
    await world.run()
    await world.run()
    await world.notify()
    assert world.mailer.recipients == [ANN, BOB]
    assert world.told() == ("True", "NotificationSent")
    assert len(world.entries) == 1


async def test_an_equal_run_of_another_name_is_not_told_twice(world: NotifyWorld):
    await world.running()
    await world.succeed()
    await world.notify()
    world.twins.resources.put(run("cells-2"))
    await world.run("cells-2")
    await world.notify("cells-2")
    assert len(world.mailer.sent) == 2
    assert world.told("cells-2") == ("True", "NotificationSent")


async def test_equal_runs_that_end_together_are_told_once(world: NotifyWorld):
    await world.running()
    await world.succeed()
    world.twins.resources.put(run("cells-2"))
    await world.run("cells-2")
    assert world.told("cells-2") == ("Unknown", "Pending")
    world.mailer.free = asyncio.Event()
    parts = reconcilers(world.world(), world.twins.bell, world.threads, world.settings)[Kind.NOTIFICATION]
    first = asyncio.create_task(parts.reconcile(Key(Kind.NOTIFICATION, NAMESPACE, "cells-1")))
    await world.mailer.asked.wait()
    done = await parts.reconcile(Key(Kind.NOTIFICATION, NAMESPACE, "cells-2"))
    assert done.after_seconds == 2.0, "the other run's workers are free meanwhile"
    world.mailer.free.set()
    await first
    await parts.reconcile(Key(Kind.NOTIFICATION, NAMESPACE, "cells-2"))
    assert world.mailer.recipients == [ANN, BOB]
    assert len(world.webhooks.calls) == 1
    assert world.told() == world.told("cells-2") == ("True", "NotificationSent")
    assert len(world.entries) == 1


async def test_the_same_failure_under_another_name_is_news(world: NotifyWorld):
    await world.running()
    await world.fail()
    await world.notify()
    world.twins.resources.put(run("cells-2"))
    await world.run("cells-2")
    await world.fail("cells-2")
    await world.notify("cells-2")
    assert [mail.to for mail in world.mailer.sent] == [ANN, BOB, ANN, BOB]
    ids = [mail.message_id for mail in world.mailer.sent]
    assert len(set(ids)) == 4
