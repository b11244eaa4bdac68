"""What each source of a Dataset, its preprocessing and its searches ask of the snapshot Job."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import PurgedItem, SnapshotRequest
from capforge_contracts.preprocessing import Action, AttributeValues, Operation, Where
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VocSource, YoloSource
from capforge_contracts.vision import AnnotationStatus, Search, Selection
from capforge_operator import labels
from capforge_operator.api.dataset import Dataset
from capforge_operator.children.snapshot_job import snapshot_job
from capforge_operator.domain.dataset_view import spec_hash
from capforge_operator.ports import PodFact
from tests.unit.operator.training_world import NAMESPACE, SETTINGS, TrainingWorld, dataset

FOLDER = "s3://capforge/team-a/in/"
SOURCES = [
    ("yolo", {"dataUri": f"{FOLDER}data.yaml"}, YoloSource(data_uri=f"{FOLDER}data.yaml")),
    ("voc", {"annotationsUri": FOLDER}, VocSource(annotations_uri=FOLDER)),
    ("imageFolder", {"imagesUri": FOLDER}, ImageFolderSource(images_uri=FOLDER)),
    (
        "manifest",
        {"manifestUri": f"{FOLDER}a.jsonl", "imagesUri": FOLDER},
        ManifestSource(manifest_uri=f"{FOLDER}a.jsonl", images_uri=FOLDER),
    ),
]
PREPROCESSING = [
    {"action": "Drop", "where": {"attributes": [{"name": "difficult", "values": ["1"]}], "maxWidthPixels": 7}},
    {"action": "Map", "where": {"classes": ["kitten"], "minHeightPixels": 3}, "toClass": "cat"},
]
SEARCHED = {"submissions": {"searches": [{"classesPresent": ["cat"], "metadata": {"place": "Bern"}}, {}]}}


@pytest.fixture
def world() -> TrainingWorld:
    made = TrainingWorld()
    gateway = {labels.COMPONENT: labels.GATEWAY}
    made.twins.pods.set(
        PodFact(SETTINGS.namespace, "gateway", "uid-gateway", "Running", ip="10.0.0.9", ready=True, labels=gateway)
    )
    return made


async def requested(world: TrainingWorld, **spec: Any) -> SnapshotRequest:
    world.twins.resources.put(dataset(**spec))
    found = await world.dataset()
    key = layout.snapshot_request(NAMESPACE, "cells", spec_hash(found))
    return SnapshotRequest.from_json(world.twins.store.objects.get(key))


@pytest.mark.parametrize(("name", "given", "asked"), SOURCES, ids=[name for name, _, _ in SOURCES])
async def test_a_source_is_handed_on(world: TrainingWorld, name: str, given: dict[str, Any], asked: Any):
    request = await requested(world, source={name: given})
    found = [request.coco, request.yolo, request.voc, request.image_folder, request.manifest, request.vision]
    assert [one for one in found if one is not None] == [asked]


async def test_preprocessing_is_handed_on(world: TrainingWorld):
    request = await requested(world, preprocessing=PREPROCESSING)
    difficult = AttributeValues(name="difficult", values=["1"])
    assert request.preprocessing == [
        Operation(action=Action.DROP, where=Where(attributes=[difficult], max_width=7)),
        Operation(action=Action.MAP, where=Where(classes=["kitten"], min_height=3), to_class="cat"),
    ]


async def test_a_dataset_tells_that_a_purge_removed_some_of_its_contents(world: TrainingWorld):
    world.twins.gateways.images = {NAMESPACE: 7}
    world.twins.resources.put(dataset(source=SEARCHED))
    await world.dataset()
    world.answer_snapshot(world.freeze())
    locked = await world.dataset()
    assert condition(locked, "Intact") == ("True", "Complete")
    digest = locked.status.digest or ""
    mark = PurgedItem(sha256="ab" * 32, time="2026-01-01T00:00:00Z")
    world.twins.store.objects.put(layout.purged_item(NAMESPACE, digest, mark.sha256), mark.to_json())
    world.twins.store.objects.put(layout.purged_item(NAMESPACE, "0" * 64, "cd" * 32), mark.to_json())
    told = await world.dataset()  # an operator that looks anew
    assert condition(told, "Intact") == ("False", "ContentsPurged")
    assert condition(told, "Ready") == ("True", "Locked")
    assert told.status.purged_items == 1
    assert world.twins.events.reasons.count("ContentsPurged") == 1
    again = await world.dataset()
    assert again.metadata.resource_version == told.metadata.resource_version, "at rest nothing is written"


async def test_imported_data_is_nobodys_to_delete(world: TrainingWorld):
    world.twins.resources.put(dataset())
    await world.dataset()
    world.answer_snapshot(world.freeze())
    assert (await world.dataset()).status.condition("Intact") is None


def condition(found: Dataset, name: str) -> tuple[str, str]:
    told = found.status.condition(name)
    assert told is not None
    return told.status.value, told.reason


def test_other_preprocessing_is_another_snapshot_and_none_keeps_its_name():
    plain = spec_hash(Dataset.parse(dataset()))
    # As it was before preprocessing was known: snapshots that were taken then are attached to.
    assert plain == spec_hash(Dataset.parse(dataset(preprocessing=None)))
    others = {spec_hash(Dataset.parse(dataset(preprocessing=PREPROCESSING[:count]))) for count in (1, 2)}
    assert len(others | {plain}) == 3


async def test_searches_are_asked_as_of_the_newest_submission(world: TrainingWorld):
    world.twins.gateways.images = {NAMESPACE: 17, "other": 99}
    request = await requested(world, source=SEARCHED, split={"devPercent": 20})
    assert request.vision is not None
    assert (request.vision.as_of_sequence, request.vision.selection) == (17, Selection.LATEST)
    assert request.vision.searches == [
        Search(classes_present=["cat"], metadata={"place": "Bern"}, statuses=[AnnotationStatus.SUBMITTED]),
        Search(),
    ]
    world.twins.gateways.images = {NAMESPACE: 18}
    found = await world.dataset()
    assert found.status.as_of_sequence == 17


async def test_gateways_that_are_away_are_waited_for(world: TrainingWorld):
    world.twins.gateways.away = True
    world.twins.resources.put(dataset(source=SEARCHED))
    ready = (await world.dataset()).status.condition("Ready")
    assert ready is not None
    assert (ready.status, ready.reason) == ("False", "SourceUnavailable")
    assert world.twins.jobs.created == []
    world.twins.gateways.away = False
    world.twins.gateways.images = {NAMESPACE: 3}
    await world.dataset()
    assert len(world.twins.jobs.created) == 1


def test_the_job_of_a_search_gets_a_token_for_the_gateway():
    made = Dataset.parse(dataset(source=SEARCHED))
    pod = snapshot_job(made, spec_hash(made), SETTINGS)["spec"]["template"]["spec"]
    assert any(one["name"] == "CAPFORGE_GATEWAY_URL" for one in pod["containers"][0]["env"])
