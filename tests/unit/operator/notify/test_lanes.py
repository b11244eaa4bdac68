"""Notifications wait for strangers' servers in a lane of their own; a store that is away makes no mail come twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from capforge_contracts.store import StoreError
from capforge_operator.keys import Key, Kind
from capforge_operator.metrics import Metrics
from capforge_operator.ports import Done
from capforge_operator.runtime.backoff import Backoff, BackoffLimits
from capforge_operator.runtime.lanes import Lanes
from capforge_operator.runtime.queue import WorkQueue
from capforge_operator.runtime.workers import Workers
from capforge_operator.wiring import reconcilers
from tests.support.eventually import eventually_async
from tests.unit.operator.notify.world import ANN, BOB, NotifyWorld
from tests.unit.operator.training_world import NAMESPACE


@dataclass
class Hanging:
    """A mail server that never answers."""

    begun: list[str] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def reconcile(self, key: Key) -> Done:
        self.begun.append(key.name)
        await self.released.wait()
        return Done()


@dataclass
class Quick:
    done: list[str] = field(default_factory=list)

    async def reconcile(self, key: Key) -> Done:
        self.done.append(key.name)
        return Done()


async def test_a_mail_server_that_hangs_holds_up_no_other_reconcile():
    main, slow = (WorkQueue(Backoff(BackoffLimits(), lambda: 0.5)) for _ in range(2))
    hanging, quick = Hanging(), Quick()
    known = {Kind.NOTIFICATION: hanging, Kind.DATASET: quick}
    bell = Lanes(main, slow)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Workers(main, known, Metrics(), 30).run(2))
        tasks.create_task(Workers(slow, known, Metrics(), 30).run(2))
        bell.ring(*(Key(Kind.NOTIFICATION, "team-a", f"run-{number}") for number in range(20)))
        bell.ring(*(Key(Kind.DATASET, "team-a", f"data-{number}") for number in range(20)))

        async def both_lanes_move() -> bool:
            return len(quick.done) == 20 and len(hanging.begun) == 2

        await eventually_async(both_lanes_move)
        assert len(hanging.begun) == 2, "no more at once than there are workers"
        main.close()
        slow.close()
        hanging.released.set()


async def test_while_the_ledger_takes_no_entry_nobody_is_told_twice(monkeypatch: pytest.MonkeyPatch):
    world = NotifyWorld()
    await world.running()
    await world.fail()
    notifier = reconcilers(world.world(), world.twins.bell, world.threads, world.settings)[Kind.NOTIFICATION]
    key = Key(Kind.NOTIFICATION, NAMESPACE, "cells-1")
    with monkeypatch.context() as away:

        async def refuse(*_: object) -> None:
            raise StoreError("the store is away")

        away.setattr(world.twins.store, "put_new", refuse)
        for _ in range(3):
            with pytest.raises(StoreError):
                await notifier.reconcile(key)
    await notifier.reconcile(key)
    assert world.mailer.recipients == [ANN, BOB]
    assert len(world.webhooks.calls) == 1
    assert len(world.entries) == 1
    assert world.told() == ("True", "NotificationSent")
