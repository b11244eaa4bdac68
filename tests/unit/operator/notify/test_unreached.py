"""Whoever cannot be reached is tried again, for so long; whoever is refused never is."""

from __future__ import annotations

import pytest

from capforge_operator.controllers.notifier import Undelivered
from capforge_operator.keys import Kind
from capforge_operator.posting import Delayed, Refused
from capforge_operator.resource_types import TRAINING_RUNS
from tests.unit.operator.notify.world import ANN, BOB, NotifyWorld
from tests.unit.operator.training_world import NAMESPACE

OUTCOMES = ("sent", "refused", "delayed")


async def test_who_cannot_be_reached_is_tried_again_and_nobody_else(world: NotifyWorld):
    world.mailer.answers[BOB] = Delayed("the mail server says 450 busy")
    await world.running()
    await world.succeed()
    with pytest.raises(Undelivered):
        await world.reconcile(Kind.NOTIFICATION, "cells-1")
    assert world.told() == ("Unknown", "NotificationDelayed")
    assert f"tried again {BOB}: the mail server says 450 busy" in world.condition().message
    version = world.seen_run().metadata.resource_version
    await world.notify()
    assert world.seen_run().metadata.resource_version == version, "the same trouble is not written again"
    del world.mailer.answers[BOB]
    await world.notify()
    assert world.mailer.recipients == [ANN, BOB]
    assert len(world.webhooks.calls) == 1
    assert world.told() == ("True", "NotificationSent")
    assert [entry.complete for entry in world.entries] == [False, True]


async def test_whoever_is_still_to_be_told_and_every_try_can_be_seen(world: NotifyWorld):
    about = {"namespace": NAMESPACE, "capability": "cells", "run": "cells-1"}
    assert world.shown("capforge_notifications_total", kind="mail", outcome="refused") == 0
    world.mailer.answers = {ANN: Refused("550 no such user"), BOB: Delayed("the mail server says 450 busy")}
    await world.running()
    await world.succeed()
    for _ in range(2):
        await world.notify()
        assert world.shown("capforge_notification_pending", **about) == 1
    del world.mailer.answers[BOB]
    await world.notify()
    assert world.shown("capforge_notification_pending", **about) is None
    mails = {one: world.shown("capforge_notifications_total", kind="mail", outcome=one) for one in OUTCOMES}
    assert mails == {"sent": 1, "refused": 1, "delayed": 2}
    assert world.shown("capforge_notifications_total", kind="webhook", outcome="sent") == 1


async def test_a_run_that_is_deleted_waits_for_nobody(world: NotifyWorld):
    about = {"namespace": NAMESPACE, "capability": "cells", "run": "cells-1"}
    world.mailer.configured = False
    await world.running({"email": {"recipients": [ANN]}})
    await world.succeed()
    await world.notify()
    assert world.shown("capforge_notification_pending", **about) == 1
    world.twins.resources.remove(TRAINING_RUNS, NAMESPACE, "cells-1")
    await world.reconcile(Kind.TRAINING_RUN, "cells-1")
    assert world.shown("capforge_notification_pending", **about) is None


async def test_who_is_refused_for_good_is_written_down_and_never_tried_again(world: NotifyWorld):
    world.mailer.answers[BOB] = Refused("the mail server says 550 no such user")
    await world.running()
    await world.succeed()
    await world.notify()
    assert world.told() == ("False", "NotificationRefused")
    assert (
        world.condition().message
        == f"sent to {ANN}, webhook chat; refused {BOB}: the mail server says 550 no such user"
    )
    assert world.entries[0].complete
    tried = world.mailer.tried
    await world.notify()
    assert world.mailer.tried == tried


async def test_after_three_days_it_is_given_up(world: NotifyWorld):
    world.mailer.answers = {ANN: Delayed("away"), BOB: Delayed("away")}
    await world.running()
    await world.succeed()
    await world.notify()
    world.twins.clock.advance(3 * 86400 + 1)
    await world.notify()
    assert world.told() == ("False", "NotificationRefused")
    assert f"{ANN}: given up: away" in world.condition().message


async def test_without_a_mail_server_the_condition_says_so_and_nothing_is_tried(world: NotifyWorld):
    world.mailer.configured = False
    await world.running({"email": {"recipients": [ANN]}})
    await world.succeed()
    done = await world.reconcile(Kind.NOTIFICATION, "cells-1")
    assert done.after_seconds is None
    assert world.told() == ("Unknown", "NotificationDelayed")
    assert "the installation has no mail server" in world.condition().message
    world.mailer.configured = True  # the operator was restarted
    await world.notify()
    assert world.mailer.recipients == [ANN]
