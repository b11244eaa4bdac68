"""The operator may die at any call of a notification: everybody is told at least once, under one id, then never again."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.support.twins.breaking import CrashError, Fuse, breaking
from tests.unit.operator.notify.world import ANN, BOB, NotifyWorld

_MOST_CALLS = 40


async def ended(outcome: str) -> NotifyWorld:
    world = NotifyWorld()
    await world.running()
    await (world.succeed() if outcome == "success" else world.fail())
    return world


@pytest.mark.parametrize("outcome", ["success", "failure"])
@pytest.mark.parametrize("after_effect", [False, True], ids=["before its effect", "after its effect"])
async def test_a_crash_at_any_call_tells_everybody_at_least_once_under_one_id(outcome: str, after_effect: bool):
    crashes = twice = 0
    for call in range(1, _MOST_CALLS):
        world, fuse = await ended(outcome), Fuse(call, after_effect)
        with suppress(CrashError):
            await world.notify(world=breaking(world.world(), fuse))
        for _ in range(2):  # restarted, and looked at once more
            await world.run()
            await world.notify()
        sent = [(mail.to, mail.message_id) for mail in world.mailer.sent]
        assert {to for to, _ in sent} == {ANN, BOB}
        assert len(set(sent)) == 2, "a duplicate has the id of the first"
        assert len(sent) <= 4
        assert len({one.message_id for one in world.webhooks.calls}) == 1
        assert len(world.entries) == 1
        assert world.told() == ("True", "NotificationSent")
        twice += len(sent) > 2
        if fuse.calls < call:
            break
        crashes += 1
    assert 4 <= crashes < _MOST_CALLS - 1
    assert twice, "a crash between sending and writing down was among them"
