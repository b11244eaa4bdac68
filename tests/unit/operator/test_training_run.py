"""A TrainingRun from apply to published version, and every way in which it does not get there."""

from __future__ import annotations

from datetime import timedelta

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import Split
from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.run import Phase, RunResult, RunSpec
from capforge_contracts.store import check_size
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.keys import Kind
from capforge_operator.ports import JobOutcome
from capforge_operator.resource_types import TRAINING_RUNS
from tests.support.twins.jobs import job_pod
from tests.support.twins.world import MemoryStore
from tests.unit.operator.training_world import ITEMS, NAMESPACE, TrainingWorld, dataset, item, run

JOB = "cells-1-train"
TOO_LARGE = b" " * (layout.most_bytes(layout.CARD) + 1)


@pytest.fixture
def world() -> TrainingWorld:
    return TrainingWorld()


def succeeded(found: TrainingRun) -> tuple[str, str]:
    return state(found, "Succeeded")


def state(found: TrainingRun, kind: str) -> tuple[str, str]:
    condition = found.status.condition(kind)
    assert condition is not None, f"{kind} is not set"
    return condition.status.value, condition.reason


def message(found: TrainingRun) -> str:
    condition = found.status.condition("Succeeded")
    assert condition is not None
    return condition.message


async def started(world: TrainingWorld, **spec: object) -> TrainingRun:
    await world.ready_to_train(**spec)
    return await world.run()


async def test_an_accepted_run_gets_its_run_json_and_then_a_job(world: TrainingWorld):
    found = await started(world)
    assert succeeded(found) == ("Unknown", "Pending")
    assert state(found, "Accepted") == ("True", "Accepted")
    assert world.training_jobs == [JOB]
    digest = found.status.run_digest or ""
    spec = RunSpec.from_json(world.twins.store.objects.get(layout.run_spec(NAMESPACE, digest)))
    assert (spec.digest, spec.image, spec.time_budget_seconds) == (digest, "trainer:1", 600)
    assert [output.name for output in spec.outputs] == ["RBC", "WBC"]
    assert spec.datasets.train[0].digest == world.seen_dataset().status.digest
    arguments = world.twins.jobs.manifests[NAMESPACE, JOB]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert arguments == ["run", "--run", layout.run_spec(NAMESPACE, digest)]


async def test_all_conditions_are_set_on_the_first_visit(world: TrainingWorld):
    found = await started(world)
    types = [one.type for one in found.status.conditions]
    milestones = ["Accepted", "Trained", "Exported", "Evaluated", "Published"]
    expected = ["Succeeded", *milestones, "Reconciling", "Stalled", "Notified"]
    assert types == expected


@pytest.mark.parametrize(
    ("phase", "reason", "true"),
    [
        (Phase.PREPARING, "Training", set()),
        (Phase.TRAINING, "Training", set()),
        (Phase.EXPORTING, "Exporting", {"Trained"}),
        (Phase.EVALUATING, "Evaluating", {"Trained", "Exported"}),
    ],
)
async def test_the_phase_becomes_the_reason(world: TrainingWorld, phase: Phase, reason: str, true: set[str]):
    await started(world)
    world.claim()
    world.progress(phase)
    found = await world.run()
    assert succeeded(found) == ("Unknown", reason)
    assert {kind for kind in ("Trained", "Exported", "Evaluated") if state(found, kind)[0] == "True"} == true


async def test_progress_is_shown_and_read_again_soon(world: TrainingWorld):
    await started(world)
    world.claim()
    world.progress(
        Phase.TRAINING, epoch=3, epochs=10, percent=27, remaining_seconds=750, metrics={"loss": 0.123456, "map50": 0.5}
    )
    done = await world.reconcile(Kind.TRAINING_RUN, "cells-1")
    status = world.seen_run().status
    assert (status.progress_percent, status.progress) == (27, "Training 3/10 (27%)")
    assert (status.estimated_remaining_seconds, status.remaining) == (750, "12m30s")
    assert (status.epoch, status.epochs, status.attempts) == (3, 10, 1)
    assert {one.name: one.value for one in status.metrics} == {"loss": "0.123456", "map50": "0.5"}
    assert done.after_seconds == 5


async def test_the_newest_attempt_counts_after_a_restart(world: TrainingWorld):
    await started(world)
    world.claim()
    world.progress(Phase.TRAINING, percent=50)
    await world.run()
    world.claim(attempt=2)
    world.progress(Phase.TRAINING, attempt=2, percent=55, resumed_from_epoch=4)
    status = (await world.run()).status
    assert (status.attempts, status.progress_percent) == (2, 55)


async def test_a_model_card_completes_the_run(world: TrainingWorld):
    found = await world.completed()
    status = found.status
    assert succeeded(found) == ("True", "Completed")
    assert all(state(found, kind)[0] == "True" for kind in ("Trained", "Exported", "Evaluated"))
    assert state(found, "Published") == ("Unknown", "Pending")
    assert status.artifact is not None
    assert status.artifact.sha256 == "e" * 64
    key = layout.attempt_file(NAMESPACE, status.run_digest or "", 1, layout.MODEL)
    assert status.artifact.uri == f"s3://capforge/{key}"
    assert {one.name: one.value for one in status.metrics}["map50"] == "0.875"
    assert [one.name for one in status.test_metrics] == ["map50"]
    assert [(one.name, one.count) for one in status.ignored_classes] == [("Platelets", 3)]
    assert (status.progress_percent, status.remaining) == (100, None)
    assert status.completion_time == "2026-01-01T00:00:00Z"
    stored = world.twins.store.objects.get(layout.run_result(NAMESPACE, status.run_digest or ""))
    assert RunResult.from_json(stored).attempt == 1


async def test_a_completed_run_tells_its_version_once_the_ledger_holds_it(world: TrainingWorld):
    await world.completed()
    world.publish()
    found = await world.run()
    assert state(found, "Published") == ("True", "Published")
    assert found.status.version == "1.1"
    assert world.twins.events.reasons[-2:] == ["Completed", "Published"]


async def test_a_manual_run_is_not_published(world: TrainingWorld):
    await started(world, deploy="Manual")
    world.claim()
    world.leave_card()
    world.end_job(JobOutcome.COMPLETE)
    found = await world.run()
    assert succeeded(found) == ("True", "Completed")
    assert state(found, "Published") == ("False", "Manual")


async def test_at_rest_nothing_is_written(world: TrainingWorld):
    await world.completed()
    world.publish()
    await world.run()
    writes, events = len(world.twins.resources.writes), len(world.twins.events.events)
    for _ in range(3):
        world.twins.clock.advance(300)
        assert (await world.reconcile(Kind.TRAINING_RUN, "cells-1")).did == "nothing"
    assert (len(world.twins.resources.writes), len(world.twins.events.events)) == (writes, events)


async def test_a_finished_run_outlives_its_job_and_its_dataset(world: TrainingWorld):
    before = await world.completed()
    world.twins.jobs.vanish(NAMESPACE, JOB)
    world.twins.resources.objects.clear()
    world.twins.resources.objects["TrainingRun", NAMESPACE, "cells-1"] = {
        **run(),
        "metadata": {**run()["metadata"], "uid": "u", "resourceVersion": "9", "generation": 1},
        "status": before.status.to_document(),
    }
    assert (await world.run()).status == before.status
    assert world.training_jobs == [JOB]


async def test_an_equal_run_attaches_and_trains_nothing(world: TrainingWorld):
    first = await world.completed()
    world.twins.resources.put(run("cells-2"))
    second = await world.run("cells-2")
    assert succeeded(second) == ("True", "Attached")
    assert second.status.run_digest == first.status.run_digest
    assert second.status.artifact == first.status.artifact
    assert world.training_jobs == [JOB]


async def test_of_two_equal_runs_at_once_one_result_counts_for_both(world: TrainingWorld):
    await started(world)
    world.twins.resources.put(run("cells-2"))
    await world.run("cells-2")
    for attempt, name in ((1, "cells-1"), (2, "cells-2")):
        world.claim(name, attempt)
        world.leave_card(name, attempt)
        world.end_job(JobOutcome.COMPLETE, name)
    first, second = await world.run("cells-1"), await world.run("cells-2")
    assert first.status.artifact is not None
    assert first.status.artifact == second.status.artifact
    assert (succeeded(first), succeeded(second)) == (("True", "Completed"), ("True", "Completed"))


async def test_a_run_made_anew_attaches_to_its_own_result(world: TrainingWorld):
    first = await world.completed()
    world.twins.resources.remove(TRAINING_RUNS, NAMESPACE, "cells-1")
    world.twins.jobs.vanish(NAMESPACE, JOB)
    world.twins.resources.put(run())
    found = await world.run()
    assert succeeded(found) == ("True", "Attached")
    assert found.status.artifact == first.status.artifact
    assert world.training_jobs == [JOB]


@pytest.mark.parametrize(
    "change",
    [{"seed": 7}, {"overrides": {"epochs": 11}}, {"timeBudgetSeconds": 601}, {"resources": {"gpu": 1}}],
    ids=["seed", "overrides", "time budget", "accelerator"],
)
async def test_another_run_does_not_attach(world: TrainingWorld, change: dict[str, object]):
    first = await world.completed()
    world.twins.resources.put(run("cells-2", **change))
    second = await world.run("cells-2")
    assert succeeded(second) == ("Unknown", "Pending")
    assert second.status.run_digest != first.status.run_digest


async def test_a_job_deleted_in_the_middle_is_recreated(world: TrainingWorld):
    await started(world)
    world.claim()
    world.progress(Phase.TRAINING, percent=40)
    await world.run()
    world.twins.jobs.vanish(NAMESPACE, JOB)
    world.twins.pods.pods.clear()
    found = await world.run()
    assert world.training_jobs == [JOB, JOB]
    assert succeeded(found) == ("Unknown", "Pending")


async def test_a_started_run_goes_on_when_its_dataset_goes_away(world: TrainingWorld):
    await started(world)
    world.twins.resources.objects.pop(("Dataset", NAMESPACE, "cells"))
    found = await world.run()
    assert succeeded(found) == ("Unknown", "Pending")
    assert state(found, "Accepted") == ("True", "Accepted")


async def test_a_run_waits_for_its_dataset_to_lock(world: TrainingWorld):
    await world.ready_to_train()
    world.twins.resources.remove(TRAINING_RUNS, NAMESPACE, "cells-1")
    world.twins.resources.put(dataset("late"))
    world.twins.resources.put(run(datasets={"train": [{"name": "late"}], "dev": [{"name": "cells", "split": "Dev"}]}))
    found = await world.run()
    assert succeeded(found) == ("False", "DatasetNotLocked")
    assert state(found, "Accepted") == ("False", "DatasetNotLocked")
    assert state(found, "Reconciling")[0] == "True"
    assert found.status.completion_time is None
    assert world.training_jobs == []
    late = [one.model_copy(update={"sha256": str(n) * 64}) for n, one in enumerate(ITEMS)]
    await world.reconcile(Kind.DATASET, "late")
    world.answer_snapshot(world.freeze(late), "late")
    await world.reconcile(Kind.DATASET, "late")
    assert succeeded(await world.run()) == ("Unknown", "Pending")


async def test_a_dataset_whose_manifest_is_too_large_to_be_checked_is_named(world: TrainingWorld):
    class Large(MemoryStore):
        async def get(self, key: str) -> bytes:
            if key == layout.manifest(NAMESPACE, digest):
                check_size(f"{self.uri}/{key}", 2, 1)
            return await super().get(key)

    await world.ready_to_train()
    digest = str(world.seen_dataset().status.digest)
    world.twins.store = Large(world.twins.store.objects)
    found = await world.run()
    assert succeeded(found) == ("False", "DatasetNotLocked")
    assert "has more than 1 bytes" in message(found)
    assert "make several Datasets of its records" in message(found)
    assert world.training_jobs == []


async def test_a_refused_run_names_every_reason_and_makes_no_job(world: TrainingWorld):
    await world.locked()
    world.twins.resources.put(
        run(
            datasets={"train": [{"name": "cells"}], "dev": [{"name": "nowhere"}]},
            overrides={"epochs": 0},
            templateRef={"name": "missing"},
        )
    )
    found = await world.run()
    assert succeeded(found) == ("False", "UnknownCapability")
    text = message(found)
    for part in ("UnknownCapability: ", "DatasetNotLocked: dataset nowhere", "UnknownTemplate: "):
        assert part in text
    assert world.training_jobs == []


async def test_suspend_holds_the_job_and_continues_it(world: TrainingWorld):
    await started(world)
    world.twins.resources.put(run(suspend=True))
    found = await world.run()
    assert world.twins.jobs.jobs[NAMESPACE, JOB].suspended
    assert succeeded(found) == ("Unknown", "Suspended")
    world.twins.resources.put(run(suspend=False))
    await world.run()
    assert not world.twins.jobs.jobs[NAMESPACE, JOB].suspended
    assert succeeded(await world.run()) == ("Unknown", "Pending")


async def test_a_run_that_starts_suspended_makes_a_suspended_job(world: TrainingWorld):
    found = await started(world, suspend=True)
    assert world.twins.jobs.jobs[NAMESPACE, JOB].suspended
    assert succeeded(found) == ("Unknown", "Suspended")


async def test_a_queue_lets_its_job_go_not_we(world: TrainingWorld):
    await world.ready_to_train()
    queued = run()
    queued["metadata"]["labels"] = {"kueue.x-k8s.io/queue-name": "gpus"}
    world.twins.resources.put(queued)
    await world.run()
    assert succeeded(await world.run()) == ("Unknown", "Queued")
    assert world.twins.jobs.jobs[NAMESPACE, JOB].suspended


async def test_cancel_deletes_the_job_and_ends_the_run(world: TrainingWorld):
    await started(world)
    world.twins.resources.put(run(stop="Cancel"))
    found = await world.run()
    assert succeeded(found) == ("False", "Cancelled")
    assert world.twins.jobs.deleted == [JOB]
    await world.run()
    assert world.training_jobs == [JOB]


async def test_cancel_comes_too_late_for_a_finished_run(world: TrainingWorld):
    await world.completed()
    world.twins.resources.put(run(stop="Cancel"))
    assert succeeded(await world.run()) == ("True", "Completed")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (ExitCode.BAD_CONFIGURATION, "BadConfiguration"),
        (ExitCode.BAD_DATA, "BadData"),
        (ExitCode.OUT_OF_MEMORY, "OutOfMemory"),
        (ExitCode.NON_FINITE_LOSS, "NonFiniteLoss"),
        (ExitCode.PARITY_FAILED, "ParityFailed"),
        (ExitCode.STORE_UNAVAILABLE, "StoreUnavailable"),
        (ExitCode.INTERRUPTED, "Interrupted"),
        (ExitCode.INTERNAL_ERROR, "InternalError"),
    ],
)
async def test_each_exit_code_has_its_reason_and_the_trainers_words(world: TrainingWorld, code: ExitCode, reason: str):
    await started(world)
    world.claim()
    words = f'{{"reason":"{reason}","message":"because of this"}}'
    world.twins.pods.set(job_pod(JOB, NAMESPACE, phase="Failed", exit_code=int(code), exit_message=words))
    world.end_job(JobOutcome.FAILED, reason="PodFailurePolicy")
    found = await world.run()
    assert succeeded(found) == ("False", reason)
    assert found.status.failure is not None
    assert (found.status.failure.reason, found.status.failure.exit_code) == (reason, int(code))
    assert "because of this" in found.status.failure.message
    assert state(found, "Published") == ("False", reason)
    assert found.status.completion_time is not None


async def test_a_failed_run_stays_failed_when_its_job_is_cleaned_up(world: TrainingWorld):
    await started(world)
    world.twins.pods.set(job_pod(JOB, NAMESPACE, phase="Failed", exit_code=65, exit_message="bad"))
    world.end_job(JobOutcome.FAILED)
    before = await world.run()
    world.twins.jobs.vanish(NAMESPACE, JOB)
    world.twins.pods.pods.clear()
    world.twins.clock.advance(86400)
    assert (await world.run()).status == before.status
    assert world.training_jobs == [JOB]


async def test_a_card_that_was_left_counts_whatever_the_job_says(world: TrainingWorld):
    await started(world)
    world.claim()
    world.leave_card()
    world.end_job(JobOutcome.FAILED, reason="DeadlineExceeded")
    assert succeeded(await world.run()) == ("True", "Completed")


async def test_a_card_whose_parity_failed_publishes_nothing(world: TrainingWorld):
    await started(world)
    world.claim()
    world.leave_card(parity=False)
    world.end_job(JobOutcome.COMPLETE)
    found = await world.run()
    assert succeeded(found) == ("False", "ParityFailed")
    assert not world.twins.store.objects.exists(layout.run_result(NAMESPACE, found.status.run_digest or ""))


async def test_a_card_that_nobody_can_read_fails_the_run_and_names_the_field(world: TrainingWorld):
    await started(world)
    world.claim()
    world.attempt_file(layout.CARD, b'{"namespace": "team-a"}')
    world.end_job(JobOutcome.COMPLETE)
    found = await world.run()
    assert succeeded(found) == ("False", "BadConfiguration")
    assert "model-card.json: capability: Field required" in message(found)


async def test_a_card_without_end_fails_the_run(world: TrainingWorld):
    await started(world)
    world.claim()
    world.attempt_file(layout.CARD, TOO_LARGE)
    world.end_job(JobOutcome.COMPLETE)
    found = await world.run()
    assert succeeded(found) == ("False", "BadConfiguration")
    assert f"model-card.json has more than {len(TOO_LARGE) - 1} bytes" in message(found)


@pytest.mark.parametrize("written", [b"{", TOO_LARGE], ids=["damaged", "without end"])
async def test_progress_that_nobody_can_read_does_not_stop_the_run(world: TrainingWorld, written: bytes):
    await started(world)
    world.claim()
    world.attempt_file(layout.PROGRESS, written)
    assert succeeded(await world.run()) == ("Unknown", "Pending")
    world.leave_card()
    world.end_job(JobOutcome.COMPLETE)
    assert succeeded(await world.run()) == ("True", "Completed")


async def test_a_job_that_leaves_nothing_is_an_error(world: TrainingWorld):
    await started(world)
    world.end_job(JobOutcome.COMPLETE)
    assert succeeded(await world.run()) == ("False", "InternalError")


async def test_data_that_are_not_those_expected_are_not_trained_on(world: TrainingWorld):
    await world.ready_to_train()
    world.twins.resources.put(dataset(expectedDigest="0" * 64))
    found = await world.run()
    assert succeeded(found) == ("False", "DatasetNotLocked")
    assert "dataset cells is not locked: DigestMismatch: the data has digest " in message(found)


async def test_an_unschedulable_pod_is_told_with_the_schedulers_words(world: TrainingWorld):
    await started(world)
    world.twins.pods.set(job_pod(JOB, NAMESPACE, phase="Pending", unschedulable="0/2 nodes: insufficient gpu"))
    found = await world.run()
    assert succeeded(found) == ("Unknown", "Unschedulable")
    assert message(found).startswith(
        "0/2 nodes: insufficient gpu. It starts by itself when a node fits; else cancel it"
    )


async def test_a_job_that_gets_no_pod_is_told_after_a_while(world: TrainingWorld):
    await started(world)
    world.twins.clock.advance(59)
    assert succeeded(await world.run()) == ("Unknown", "Pending")
    world.twins.clock.advance(2)
    found = await world.run()
    assert succeeded(found) == ("Unknown", "NotStarting")
    assert message(found).startswith("Job cells-1-train gets no pod")


async def test_a_container_that_cannot_be_made_is_told_with_the_kubelets_words(world: TrainingWorld):
    await started(world)
    pod = job_pod(
        JOB, NAMESPACE, phase="Pending", waiting_reason="CreateContainerConfigError", waiting_message="no key"
    )
    world.twins.pods.set(pod)
    found = await world.run()
    assert succeeded(found) == ("Unknown", "NotStarting")
    assert message(found) == "CreateContainerConfigError: no key"


async def test_an_image_that_cannot_be_pulled_fails_the_run_after_a_while(world: TrainingWorld):
    await started(world)
    made = world.twins.clock.now()
    pod = job_pod(JOB, NAMESPACE, made, phase="Pending", waiting_reason="ImagePullBackOff", waiting_message="no such")
    world.twins.pods.set(pod)
    assert succeeded(await world.run()) == ("Unknown", "Pending")
    world.twins.clock.advance(timedelta(minutes=6).total_seconds())
    found = await world.run()
    assert succeeded(found) == ("False", "ImagePullFailed")
    assert "no such" in message(found)
    assert world.twins.jobs.deleted == [JOB]


async def test_an_unprepared_namespace_is_named(world: TrainingWorld):
    await world.ready_to_train()
    world.twins.tenants.lacking[NAMESPACE] = ["Secret capforge-object-store"]
    done = await world.reconcile(Kind.TRAINING_RUN, "cells-1")
    assert succeeded(world.seen_run()) == ("Unknown", "NamespaceNotPrepared")
    assert done.after_seconds == 30
    assert world.training_jobs == []


async def test_an_output_that_dev_does_not_show_is_a_warning(world: TrainingWorld):
    await world.ready_to_train()
    world.twins.resources.remove(TRAINING_RUNS, NAMESPACE, "cells-1")
    await world.locked("poor", [item("x", Split.DEV, ["RBC"])])
    train = [{"name": "cells", "split": "Train"}]
    world.twins.resources.put(run(datasets={"train": train, "dev": [{"name": "poor"}]}))
    found = await world.run()
    assert succeeded(found) == ("Unknown", "Pending")
    assert found.status.warnings == ["datasets.dev: no object of WBC; its metrics will be 'no data'"]
    assert "TrainingData" in world.twins.events.reasons
