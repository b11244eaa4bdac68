"""What a field extractor's status says about annotations and automatic training."""

from __future__ import annotations

import pytest

from capforge_operator.api.capability import Capability
from capforge_operator.keys import Key, Kind
from capforge_operator.labels import automatic_name
from capforge_operator.ports import Json
from capforge_operator.resource_types import CAPABILITIES, DATASETS, TRAINING_RUNS
from tests.unit.operator.extractor_world import FIELDS, NAME, ExtractorWorld, automatic, extractor
from tests.unit.operator.training_world import NAMESPACE, resource


def parsed(document: Json) -> Capability:
    return Capability.parse(document)


@pytest.fixture
def world() -> ExtractorWorld:
    made = ExtractorWorld()
    made.twins.resources.put(extractor())
    return made


async def test_before_any_model_it_says_how_many_of_how_many(world: ExtractorWorld):
    status = (await world.annotate(17)).status
    assert status.annotations is not None
    assert (status.annotations.documents, status.annotations.progress) == (17, "17/20")
    assert (status.annotations.next_threshold, status.annotations.trained_threshold) == (20, None)
    assert world.reason(condition="Ready") == "CollectingAnnotations"
    assert "17 of 20 documents are annotated" in world.message(condition="Ready")
    assert (world.reason(), world.message()) == ("Waiting", "17 of 20 documents are annotated.")
    assert status.interface is not None
    assert (status.interface.inputs, status.interface.outputs) == (["document"], ["fields", "candidates"])
    assert world.made == []


async def test_twenty_make_a_dataset_and_a_run_and_the_ledger_knows(world: ExtractorWorld):
    await world.annotate(20)
    assert world.made == ["receipts-auto-20"]
    dataset = await world.twins.resources.get(DATASETS, NAMESPACE, "receipts-auto-20")
    assert dataset is not None
    assert dataset["spec"]["source"] == {"submissions": {"capabilityRef": {"name": NAME}}}
    [run] = world.runs
    assert [one.split for one in (*run.spec.datasets.train, *run.spec.datasets.dev)] == ["Train", "Dev"]
    assert run.spec.template_ref.name == "candidate-scorer"
    [entry] = world.ledger()
    assert (entry.threshold, entry.documents, entry.as_of_sequence) == (20, 20, 1)
    assert (entry.run, entry.dataset) == ("receipts-auto-20", "receipts-auto-20")
    assert (world.reason(), world.message()) == ("Running", "Training run receipts-auto-20 is under way.")


async def test_a_burst_fires_once_at_the_highest(world: ExtractorWorld):
    await world.annotate(45)
    await world.visit()
    assert world.made == ["receipts-auto-40"]


async def test_the_spec_says_how_its_runs_are_made(world: ExtractorWorld):
    training = {"templateRef": {"name": "own"}, "overrides": {"epochs": 2}, "timeBudgetSeconds": 60}
    world.twins.resources.put(extractor(training={**training, "resources": {"cpu": "3"}}))
    await world.annotate(20)
    [run] = world.runs
    assert (run.spec.template_ref.name, run.spec.overrides, run.spec.time_budget_seconds) == ("own", {"epochs": 2}, 60)
    assert run.spec.resources.cpu == "3"


async def test_a_later_run_waits_until_it_is_quiet_and_says_until_when(world: ExtractorWorld):
    await world.annotate(20)
    world.end_run("receipts-auto-20")
    world.annotated(40)
    done = await world.visit()
    assert world.reason() == "QuietPeriod"
    assert done.after_seconds == 60
    shown = world.seen().status.annotations
    assert shown is not None
    assert shown.waiting_until_time is not None
    assert shown.waiting_until_time in world.message()
    world.twins.clock.advance(60)
    await world.visit()
    assert world.made == ["receipts-auto-20", "receipts-auto-40"]


async def test_annotating_that_never_rests_is_waited_for_no_longer_than_the_longest_wait(world: ExtractorWorld):
    await world.annotate(20)
    world.end_run("receipts-auto-20")
    waited = 0
    while world.made == ["receipts-auto-20"]:
        await world.annotate(41 + waited // 600)
        world.twins.clock.advance(30)
        waited += 30
    assert world.made == ["receipts-auto-20", "receipts-auto-40"]
    assert 900 <= waited <= 960


async def test_a_wait_survives_a_restart(world: ExtractorWorld):
    await world.annotate(20)
    world.end_run("receipts-auto-20")
    await world.annotate(40)
    world.twins.clock.advance(50)
    world.restart()
    done = await world.visit()
    assert done.after_seconds == 10


async def test_at_rest_nothing_is_written(world: ExtractorWorld):
    await world.annotate(20)
    writes = list(world.twins.resources.writes)
    for _ in range(3):
        world.twins.clock.advance(7)
        await world.visit()
    world.restart()
    await world.visit()
    assert world.twins.resources.writes == writes


async def test_a_run_that_failed_is_not_made_again_and_the_status_says_why(world: ExtractorWorld):
    await world.annotate(20)
    world.end_run("receipts-auto-20", "OutOfMemory")
    await world.annotate(25)
    assert world.made == ["receipts-auto-20"]
    assert world.reason() == "LastRunFailed"
    assert "receipts-auto-20 ended without a model: OutOfMemory: Why." in world.message()
    assert "25 of 40" in world.message()


async def test_a_failed_run_that_is_gone_is_remembered_by_the_ledger(world: ExtractorWorld):
    await world.annotate(20)
    world.end_run("receipts-auto-20", "OutOfMemory")
    await world.visit()
    world.twins.resources.remove(TRAINING_RUNS, NAMESPACE, "receipts-auto-20")
    world.restart()
    await world.visit()
    assert (world.made, world.reason()) == (["receipts-auto-20"], "LastRunFailed")


async def test_data_that_never_comes_ends_the_wait(world: ExtractorWorld):
    await world.annotate(20)
    conditions = [
        {"type": kind, "status": status, "reason": "EmptySelection", "message": "nothing", "lastTransitionTime": "x"}
        for kind, status in (("Ready", "False"), ("Stalled", "True"))
    ]
    world.twins.resources.objects[DATASETS.kind, NAMESPACE, "receipts-auto-20"]["status"] = {"conditions": conditions}
    await world.visit()
    assert world.reason() == "LastRunFailed"
    assert "Dataset receipts-auto-20: EmptySelection: nothing" in world.message()


async def test_a_deleted_dataset_is_made_again_while_its_run_waits(world: ExtractorWorld):
    await world.annotate(20)
    world.twins.resources.remove(DATASETS, NAMESPACE, "receipts-auto-20")
    await world.visit()
    assert await world.twins.resources.get(DATASETS, NAMESPACE, "receipts-auto-20") is not None
    assert world.made == ["receipts-auto-20"]


async def test_the_dataset_of_a_run_that_was_refused_may_be_deleted(world: ExtractorWorld):
    await world.annotate(20)
    refused = [
        {"type": kind, "status": status, "reason": "EmptySelection", "message": "no dev", "lastTransitionTime": "x"}
        for kind, status in (("Succeeded", "False"), ("Stalled", "True"))
    ]
    world.twins.resources.objects[TRAINING_RUNS.kind, NAMESPACE, "receipts-auto-20"]["status"] = {"conditions": refused}
    world.twins.resources.remove(DATASETS, NAMESPACE, "receipts-auto-20")
    await world.visit()
    assert await world.twins.resources.get(DATASETS, NAMESPACE, "receipts-auto-20") is None
    assert world.reason() == "LastRunFailed"
    assert "EmptySelection: no dev" in world.message()


async def test_somebody_elses_object_of_the_name_is_told(world: ExtractorWorld):
    world.twins.resources.put(resource("Dataset", "receipts-auto-20", {"source": {}}))
    world.annotated(20)
    done = await world.visit()
    assert (world.made, world.reason(), done.after_seconds) == ([], "NameTaken", 30)
    world.twins.resources.remove(DATASETS, NAMESPACE, "receipts-auto-20")
    await world.visit()
    assert world.made == ["receipts-auto-20"]


async def test_a_capability_made_anew_does_not_train_again(world: ExtractorWorld):
    await world.annotate(20)
    world.twins.resources.remove(CAPABILITIES, NAMESPACE, NAME)
    await world.visit()
    world.collect()
    world.twins.resources.put(extractor())
    await world.visit()
    assert world.made == ["receipts-auto-20"]
    shown = world.seen().status.annotations
    assert shown is not None
    assert (shown.progress, shown.trained_threshold) == ("20/40", 20)


async def test_disabled_counts_and_makes_nothing(world: ExtractorWorld):
    world.twins.resources.put(extractor(training=automatic(mode="Disabled")))
    await world.annotate(30)
    assert (world.made, world.reason()) == ([], "Off")
    assert "30 of 20" in world.message()


async def test_gateways_that_are_away_change_nothing_and_the_status_says_since_when(world: ExtractorWorld):
    await world.annotate(19)
    before = world.seen().status
    world.twins.gateways.away = True
    world.annotated(25)
    world.twins.clock.advance(11)
    await world.visit()
    assert world.seen().status == before
    world.twins.clock.advance(30)
    await world.visit()
    since = world.twins.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert world.reason() == "GatewayUnavailable"
    assert since in world.message()
    assert world.seen().status.annotations == before.annotations
    writes = list(world.twins.resources.writes)
    world.twins.clock.advance(100)
    await world.visit()
    assert world.twins.resources.writes == writes
    assert world.made == []
    world.twins.gateways.away = False
    await world.visit()
    assert world.made == ["receipts-auto-20"]


async def test_a_namespace_that_is_not_prepared_gets_no_run(world: ExtractorWorld):
    world.twins.tenants.lacking[NAMESPACE] = ["ServiceAccount capforge-job"]
    await world.annotate(20)
    assert (world.made, world.reason()) == ([], "NamespaceNotPrepared")


async def test_more_than_fifty_fields_are_warned_of(world: ExtractorWorld):
    fields = [*FIELDS, *({"name": f"f{n}", "type": "Word"} for n in range(60))]
    world.twins.resources.put(extractor(dataModel={"fields": fields}))
    await world.visit()
    [warning] = world.seen().status.warnings
    assert warning.startswith("dataModel.fields: 63 fields")


async def test_a_change_rings_whom_it_concerns_and_one_call_tells_of_all(world: ExtractorWorld):
    world.twins.resources.put(extractor("letters"))
    for name in (NAME, "letters"):
        await world.visit(name)
    asked = world.twins.gateways.asked
    world.twins.bell.keys.clear()
    world.annotated(3)
    done = await world.alive[Kind.ANNOTATIONS].reconcile(Key(Kind.ANNOTATIONS, "", "gateways"))
    assert world.twins.gateways.asked == asked + 1
    assert world.twins.bell.keys == [Key(Kind.CAPABILITY, NAMESPACE, NAME)]
    assert done.after_seconds == 2


async def test_without_a_field_extractor_no_gateway_is_asked(world: ExtractorWorld):
    done = await world.alive[Kind.ANNOTATIONS].reconcile(Key(Kind.ANNOTATIONS, "", "gateways"))
    assert (world.twins.gateways.asked, done.after_seconds) == (0, None)


@pytest.mark.parametrize("threshold", [20, 1000, 123_400])
@pytest.mark.parametrize("name", ["r", "receipts", "a" * 33, "b-" * 19 + "bb"])
def test_names_of_automatic_runs_fit_and_tell_capabilities_apart(name: str, threshold: int):
    made = automatic_name(name, threshold)
    assert len(made) <= 40
    assert made.endswith(f"-auto-{threshold}")
    assert "--" not in made
    assert made != automatic_name(name[:-1] + "c", threshold)
