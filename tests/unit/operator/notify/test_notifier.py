"""People are told how a run ended: all of them, of what they ask for, and what stands in the way is said."""

from __future__ import annotations

import json

import pytest

from capforge_operator.keys import Key, Kind
from capforge_operator.resource_types import TRAINING_RUNS
from tests.unit.operator.notify.world import ANN, BOB, EVERYBODY, HOOK, NotifyWorld
from tests.unit.operator.training_world import NAMESPACE


async def test_everybody_is_told_of_a_success_and_the_ledger_knows(world: NotifyWorld):
    await world.running()
    await world.succeed()
    await world.notify()
    assert world.mailer.recipients == [ANN, BOB]
    assert [call.url for call in world.webhooks.calls] == [HOOK["url"]]
    assert world.told() == ("True", "NotificationSent")
    assert world.condition().message == f"sent to {ANN}, {BOB}, webhook chat"
    (entry,) = world.entries
    assert (entry.run, entry.outcome, entry.complete) == ("cells-1", "Succeeded", True)
    assert [one.target for one in entry.deliveries] == [f"mail:{ANN}", f"mail:{BOB}", "webhook:chat"]
    assert world.twins.events.reasons.count("NotificationSent") == 1


async def test_the_runs_own_reconcile_rings_and_keeps_the_condition(world: NotifyWorld):
    await world.running()
    key = Key(Kind.NOTIFICATION, NAMESPACE, "cells-1")
    assert key not in world.twins.bell.keys
    await world.succeed()
    assert key in world.twins.bell.keys
    assert world.told() == ("Unknown", "Pending")
    await world.notify()
    world.twins.bell.keys.clear()
    version = world.seen_run().metadata.resource_version
    await world.run()
    await world.notify()
    assert world.told() == ("True", "NotificationSent")
    assert key not in world.twins.bell.keys
    assert world.seen_run().metadata.resource_version == version, "at rest nothing is written"


async def test_without_notifications_nobody_is_told_and_no_write_is_added(world: NotifyWorld):
    await world.running(None)
    await world.succeed(version=None)
    assert world.told() == ("False", "NoNotifications")
    await world.notify()
    assert (world.mailer.tried, world.entries) == (0, [])
    world.want(EVERYBODY)
    await world.run()
    await world.notify()
    assert world.mailer.tried == 0, "whoever asks later is not told of old runs"


@pytest.mark.parametrize("outcomes", [["Failed"], ["Succeeded"]], ids=lambda given: f"only-{given[0]}")
async def test_only_the_outcomes_that_are_asked_for_are_told(world: NotifyWorld, outcomes: list[str]):
    await world.running(
        {"email": {"recipients": [ANN], "outcomes": outcomes}, "webhooks": [{**HOOK, "outcomes": outcomes}]}
    )
    await world.fail()
    await world.notify()
    told = outcomes == ["Failed"]
    assert world.mailer.recipients == ([ANN] if told else [])
    assert len(world.webhooks.calls) == int(told)
    assert world.told() == (("True", "NotificationSent") if told else ("False", "NoNotifications"))


async def test_a_failure_is_told_with_reason_last_words_and_what_to_do(world: NotifyWorld):
    await world.running()
    await world.fail(words="CUDA out of memory: tried to allocate 2 GiB")
    await world.notify()
    letter = world.mailer.sent[0].letter
    assert letter.subject == "[Capforge] team-a/cells: cells-1 failed (OutOfMemory)"
    for text in (letter.text, letter.html):
        assert "tried to allocate 2 GiB" in text
        assert "raise resources.memory" in text.lower()
        assert "kubectl -n team-a logs job/cells-1-train" in text
    data = json.loads(world.webhooks.calls[0].body)["data"]
    assert (data["reason"], data["outcome"]) == ("OutOfMemory", "Failed")


async def test_a_run_that_a_person_ended_is_nobodys_news(world: NotifyWorld):
    await world.running(stop="Cancel")
    await world.run()
    await world.notify()
    assert world.mailer.tried == 0
    assert world.told() == ("False", "NoNotifications")


async def test_a_mail_about_a_success_waits_for_its_version_but_not_for_ever(world: NotifyWorld):
    await world.running()
    await world.succeed(version=None)
    done = await world.reconcile(Kind.NOTIFICATION, "cells-1")
    assert (world.mailer.tried, done.after_seconds) == (0, 120)
    world.twins.clock.advance(121)
    await world.notify()
    assert "no version yet" in world.mailer.sent[0].letter.text


async def test_a_capability_that_is_gone_is_no_reason_to_fail(world: NotifyWorld):
    await world.running()
    await world.succeed()
    world.twins.resources.objects.pop(("Capability", NAMESPACE, "cells"))
    await world.notify()
    assert world.told() == ("False", "NoNotifications")


async def test_a_run_that_went_meanwhile_is_left_alone(world: NotifyWorld):
    await world.running()
    await world.succeed()
    world.twins.resources.objects.pop((TRAINING_RUNS.kind, NAMESPACE, "cells-1"))
    await world.notify()
    assert world.mailer.tried == 0
