"""A Dataset from apply to lock, and every way in which it does not get there."""

from __future__ import annotations

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ClassCount, Fault, SnapshotOutcome, SnapshotProgress, SnapshotResult
from capforge_operator.api.conditions import ConditionStatus
from capforge_operator.api.dataset import Dataset
from capforge_operator.domain.dataset_view import spec_hash
from capforge_operator.keys import Kind
from capforge_operator.ports import JobOutcome
from capforge_operator.resource_types import DATASETS
from tests.support.twins.jobs import job_pod
from tests.unit.operator.training_world import ITEMS, NAMESPACE, TrainingWorld, dataset

FAULTY = SnapshotResult(
    outcome=SnapshotOutcome.FAULTY_RECORDS,
    message="30 faults (MissingImage 30)",
    fault_count=30,
    faults=[Fault(code="MissingImage", file="a.json", record=f"image {n}", message="is not there") for n in range(30)],
)
UNAVAILABLE = SnapshotResult(outcome=SnapshotOutcome.SOURCE_UNAVAILABLE, message="a.json is not there")
EMPTY = SnapshotResult(outcome=SnapshotOutcome.EMPTY_SELECTION, message="the file has no images")


@pytest.fixture
def world() -> TrainingWorld:
    return TrainingWorld()


def ready(found: Dataset) -> tuple[str, str]:
    condition = found.status.condition("Ready")
    assert condition is not None
    return condition.status.value, condition.reason


def job_name(world: TrainingWorld) -> str:
    return f"cells-snapshot-{spec_hash(world.seen_dataset())[:8]}"


async def test_a_new_dataset_gets_a_request_and_then_a_job(world: TrainingWorld):
    world.twins.resources.put(dataset())
    found = await world.dataset()
    assert ready(found) == ("Unknown", "Snapshotting")
    assert world.twins.jobs.created == [job_name(world)]
    assert world.twins.store.objects.exists(layout.snapshot_request(NAMESPACE, "cells", spec_hash(found)))
    conditions = {one.type: one.status for one in found.status.conditions}
    assert conditions == {
        "Ready": ConditionStatus.UNKNOWN,
        "Reconciling": ConditionStatus.TRUE,
        "Stalled": ConditionStatus.FALSE,
    }


async def test_the_time_of_the_request_is_the_first_ones(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.twins.clock.advance(100)
    world.twins.jobs.vanish(NAMESPACE, job_name(world))
    await world.dataset()
    assert (await world.dataset()).status.as_of_time == "2026-01-01T00:00:00Z"


async def test_progress_is_shown_while_the_job_runs(world: TrainingWorld):
    world.twins.resources.put(dataset())
    found = await world.dataset()
    key = layout.snapshot_progress(NAMESPACE, "cells", spec_hash(found))
    world.twins.store.objects.put(key, SnapshotProgress(done=30, total=120).to_json())
    done = await world.reconcile(Kind.DATASET, "cells")
    assert world.seen_dataset().status.progress_percent == 25
    assert done.after_seconds == 5


async def test_a_deleted_job_is_recreated(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.twins.jobs.vanish(NAMESPACE, job_name(world))
    await world.dataset()
    assert world.twins.jobs.created == [job_name(world)] * 2


async def test_a_locked_snapshot_locks_the_dataset(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    counts = [ClassCount(name="RBC", count=5), ClassCount(name="WBC", count=9)]
    result = world.freeze().model_copy(update={"classes": counts, "entities": 14, "train_items": 2, "dev_items": 1})
    world.answer_snapshot(result)
    found = await world.dataset()
    status = found.status
    assert ready(found) == ("True", "Locked")
    assert (status.digest, status.short_digest) == (result.digest, (result.digest or "")[:12])
    assert (status.items, status.entities, status.class_count) == (4, 14, 2)
    assert [one.name for one in status.classes] == ["WBC", "RBC"]
    assert (status.train_items, status.dev_items, status.test_items) == (2, 1, 0)
    assert status.manifest_uri == f"s3://capforge/{layout.manifest(NAMESPACE, result.digest or '')}"
    assert status.observed_generation == 1
    assert world.twins.events.reasons == ["Snapshotting", "Locked"]


async def test_at_rest_nothing_is_written(world: TrainingWorld):
    await world.locked()
    writes, events = len(world.twins.resources.writes), len(world.twins.events.events)
    for _ in range(3):
        world.twins.clock.advance(300)
        done = await world.reconcile(Kind.DATASET, "cells")
        assert (done.did, done.after_seconds) == ("nothing", None)
    assert (len(world.twins.resources.writes), len(world.twins.events.events)) == (writes, events)


async def test_a_dataset_made_anew_attaches_to_the_snapshot_without_a_job(world: TrainingWorld):
    await world.locked()
    digest = world.seen_dataset().status.digest
    world.twins.resources.remove(DATASETS, NAMESPACE, "cells")
    world.twins.jobs.vanish(NAMESPACE, f"cells-snapshot-{spec_hash(Dataset.parse(dataset()))[:8]}")
    world.twins.resources.put(dataset())
    found = await world.dataset()
    assert found.status.digest == digest
    assert len(world.twins.jobs.created) == 1


async def test_a_locked_dataset_stays_locked_when_its_result_is_lost(world: TrainingWorld):
    await world.locked()
    before = world.seen_dataset().status
    key = layout.snapshot_result(NAMESPACE, "cells", spec_hash(world.seen_dataset()))
    world.twins.store.objects.delete(key)
    found = await world.dataset()
    assert ready(found) == ("True", "Locked")
    assert found.status.digest == before.digest
    assert found.status.items == before.items


async def test_faults_are_listed_capped_with_a_link_to_all(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.answer_snapshot(FAULTY)
    found = await world.dataset()
    assert ready(found) == ("False", "FaultyRecords")
    assert found.status.fault_count == 30
    assert len(found.status.faults) == 20
    key = layout.snapshot_faults(NAMESPACE, "cells", spec_hash(found))
    assert found.status.faults_uri == f"s3://capforge/{key}"
    assert found.status.digest is None
    stalled = found.status.condition("Stalled")
    assert stalled is not None
    assert stalled.status is ConditionStatus.TRUE


@pytest.mark.parametrize("result", [FAULTY, EMPTY], ids=["faulty", "empty"])
async def test_a_users_error_is_not_tried_again_until_the_spec_changes(world: TrainingWorld, result: SnapshotResult):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.answer_snapshot(result)
    await world.dataset()
    world.twins.jobs.vanish(NAMESPACE, job_name(world))  # cleaned up by its TTL
    world.twins.clock.advance(7 * 86400)
    done = await world.reconcile(Kind.DATASET, "cells")
    assert done.after_seconds is None
    assert len(world.twins.jobs.created) == 1
    world.twins.resources.put(dataset(onFault="Skip"))
    found = await world.dataset()
    assert ready(found) == ("Unknown", "Snapshotting")
    assert len(world.twins.jobs.created) == 2


async def test_a_faulty_dataset_made_anew_is_checked_again(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.answer_snapshot(FAULTY)
    await world.dataset()
    world.twins.jobs.vanish(NAMESPACE, job_name(world))
    world.twins.resources.remove(DATASETS, NAMESPACE, "cells")
    world.twins.resources.put(dataset())
    assert ready(await world.dataset()) == ("Unknown", "Snapshotting")
    assert len(world.twins.jobs.created) == 2


async def test_an_unreachable_source_is_tried_again_with_growing_delays(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    waits = []
    for _ in range(6):
        world.answer_snapshot(UNAVAILABLE)
        done = await world.reconcile(Kind.DATASET, "cells")
        waits.append(done.after_seconds)
        assert ready(world.seen_dataset()) == ("False", "SourceUnavailable")
        world.twins.clock.advance(done.after_seconds or 0)
        await world.dataset()  # deletes the Job
        await world.dataset()  # makes the next
        assert ready(world.seen_dataset()) == ("False", "SourceUnavailable")
    assert waits == [30, 30, 60, 120, 240, 480]
    assert len(world.twins.jobs.created) == 7
    assert world.twins.events.reasons == ["Snapshotting", "SourceUnavailable"]
    world.answer_snapshot(world.freeze())
    assert ready(await world.dataset()) == ("True", "Locked")


async def test_a_failed_job_is_explained_and_tried_again(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    pod = job_pod(
        job_name(world), NAMESPACE, phase="Failed", exit_code=1, exit_message='{"reason":"X","message":"disk full"}'
    )
    world.twins.pods.set(pod)
    world.twins.jobs.end(NAMESPACE, job_name(world), JobOutcome.FAILED, "BackoffLimitExceeded")
    found = await world.dataset()
    assert ready(found) == ("False", "SnapshotFailed")
    condition = found.status.condition("Ready")
    assert condition is not None
    assert condition.message == "InternalError: disk full"
    reconciling = found.status.condition("Reconciling")
    assert reconciling is not None
    assert reconciling.status is ConditionStatus.TRUE


async def test_other_data_than_expected_does_not_lock(world: TrainingWorld):
    world.twins.resources.put(dataset(expectedDigest="0" * 64))
    await world.dataset()
    world.answer_snapshot(world.freeze())
    found = await world.dataset()
    assert ready(found) == ("False", "DigestMismatch")
    assert found.status.digest is None


async def test_a_wrong_digest_that_is_pinned_after_the_lock_is_told_and_the_lock_stays(world: TrainingWorld):
    digest = world.freeze().digest
    await world.locked()
    world.twins.resources.put(dataset(expectedDigest="0" * 64))
    found = await world.dataset()
    assert ready(found) == ("False", "DigestMismatch")
    assert (found.status.digest, found.status.items) == (digest, len(ITEMS))
    assert found.status.observed_generation == found.metadata.generation


async def test_the_expected_data_locks(world: TrainingWorld):
    digest = world.freeze().digest
    await world.locked(expectedDigest=digest)
    assert ready(world.seen_dataset()) == ("True", "Locked")


async def test_an_unprepared_namespace_is_named_and_looked_at_again(world: TrainingWorld):
    world.twins.tenants.lacking[NAMESPACE] = ["Secret capforge-object-store"]
    world.twins.resources.put(dataset())
    done = await world.reconcile(Kind.DATASET, "cells")
    found = world.seen_dataset()
    assert ready(found) == ("False", "NamespaceNotPrepared")
    assert found.status.condition("Ready").message.startswith("the namespace lacks Secret capforge-object-store")  # type: ignore[union-attr]
    assert done.after_seconds == 30
    assert world.twins.jobs.created == []
    world.twins.tenants.lacking.clear()
    assert ready(await world.dataset()) == ("Unknown", "Snapshotting")


async def test_a_job_of_an_earlier_dataset_is_not_taken_for_ones_own(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.twins.resources.remove(DATASETS, NAMESPACE, "cells")
    world.twins.resources.put(dataset())
    with pytest.raises(Exception, match="cells-snapshot"):
        await world.reconcile(Kind.DATASET, "cells")


async def test_a_picture_that_cannot_be_pulled_is_told(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.twins.pods.set(
        job_pod(job_name(world), NAMESPACE, phase="Pending", waiting_reason="ImagePullBackOff", waiting_message="no")
    )
    found = await world.dataset()
    condition = found.status.condition("Ready")
    assert condition is not None
    assert condition.message == "the snapshot cannot start: no"


async def test_a_dataset_that_is_gone_needs_nothing(world: TrainingWorld):
    done = await world.reconcile(Kind.DATASET, "cells")
    assert done.did == "nothing"
