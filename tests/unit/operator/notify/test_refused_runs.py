"""A run that the checks refuse is news once it stays refused."""

from __future__ import annotations

import json

from capforge_operator.keys import Key, Kind
from capforge_operator.resource_types import MODEL_TEMPLATES
from tests.unit.operator.notify.world import ANN, BOB, EVERYBODY, NotifyWorld
from tests.unit.operator.training_world import NAMESPACE, template


async def refused(world: NotifyWorld) -> None:
    """Have the checks refuse a run: its template is gone."""
    await world.ready_to_train()
    world.want(EVERYBODY)
    world.twins.resources.remove(MODEL_TEMPLATES, "", "tiny-detector")
    await world.run()
    assert world.told() == ("Unknown", "Pending")


async def test_a_run_that_stays_refused_is_told_once(world: NotifyWorld):
    await refused(world)
    done = await world.reconcile(Kind.NOTIFICATION, "cells-1")
    assert (world.mailer.tried, done.after_seconds) == (0, 600)
    world.twins.clock.advance(601)
    for _ in range(2):
        await world.run()
        await world.notify()
    assert world.mailer.recipients == [ANN, BOB]
    letter = world.mailer.sent[0].letter
    assert letter.subject == "[Capforge] team-a/cells: cells-1 is refused (UnknownTemplate)"
    for text in (letter.text, letter.html):
        assert "goes on by itself once this is mended" in text
        assert "logs job/" not in text
    data = json.loads(world.webhooks.calls[0].body)["data"]
    assert (data["outcome"], data["refused"], data["reason"]) == ("Failed", True, "UnknownTemplate")
    assert world.told() == ("True", "NotificationSent")
    version = world.seen_run().metadata.resource_version
    await world.run()
    assert world.seen_run().metadata.resource_version == version, "at rest nothing is written"


async def test_what_is_mended_at_once_is_no_news(world: NotifyWorld):
    await refused(world)
    world.twins.clock.advance(300)
    await world.notify()
    world.twins.resources.put(template())
    await world.run()
    world.twins.clock.advance(601)
    await world.notify()
    assert world.mailer.tried == 0
    assert world.told() == ("Unknown", "Pending")


async def test_a_run_that_was_refused_and_goes_on_is_told_of_its_end_too(world: NotifyWorld):
    await refused(world)
    world.twins.clock.advance(601)
    await world.notify()
    world.twins.resources.put(template())
    await world.run()
    assert world.told() == ("Unknown", "Pending")
    await world.succeed()
    await world.notify()
    assert [mail.letter.subject.rpartition("cells-1 ")[2] for mail in world.mailer.sent] == [
        *(2 * ["is refused (UnknownTemplate)"]),
        *(2 * ["succeeded, version 1.1"]),
    ]
    assert len({mail.message_id for mail in world.mailer.sent}) == 4


async def test_a_run_that_waits_for_its_data_is_not_refused(world: NotifyWorld):
    await world.running(datasets={"train": [{"name": "cells"}], "dev": [{"name": "later"}]})
    world.twins.clock.advance(3600)
    await world.run()
    await world.notify()
    assert world.mailer.tried == 0
    assert world.told() == ("Unknown", "Pending")


async def test_a_refused_run_of_a_capability_that_asks_for_nothing_is_settled_in_the_same_write(world: NotifyWorld):
    await world.ready_to_train()
    world.twins.resources.remove(MODEL_TEMPLATES, "", "tiny-detector")
    await world.run()
    assert world.told() == ("False", "NoNotifications")
    assert Key(Kind.NOTIFICATION, NAMESPACE, "cells-1") not in world.twins.bell.keys
