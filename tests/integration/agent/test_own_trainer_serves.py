"""A team's own trainer: run.json → the example's process → S3 → operator → agent → Triton, without our trainer.

The operator's decisions are the real ones, on twins of the cluster and the real S3 server.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tritonclient.http as triton_http

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, Split
from capforge_contracts.names import ROUTES_CONFIG_MAP, ROUTES_FILE, desired_config_map
from capforge_contracts.run import CropSettings, Phase, Progress, RunSpec
from capforge_contracts.s3 import S3ObjectStore
from capforge_contracts.serving import DesiredModels, LoadState, RoutingTable
from capforge_operator.api.capability import Capability
from capforge_operator.controllers.documents import parsed
from capforge_operator.keys import Key, Kind
from capforge_operator.ports import JobOutcome
from capforge_operator.resource_types import CAPABILITIES, CONFIG_MAPS
from capforge_operator.wiring import reconcilers
from capforge_transforms import DEFAULT_LIMITS, Region, transforms
from tests.support.agent import ServingPod
from tests.support.objectstore import S3Server
from tests.support.own_trainer import COLOURS, environment, manifest, picture, trained
from tests.support.twins.world import MemoryStore, MemoryWorld
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld

RUN = "cell-kinds-1"


@pytest.fixture
def world(s3_store: S3ObjectStore) -> TrainingWorld:
    return TrainingWorld(twins=MemoryWorld(store=MemoryStore(s3_store)))  # type: ignore[arg-type]


def put_pictures(store: S3ObjectStore, first: int, split: Split, count: int = 6) -> list[ManifestItem]:
    items = []
    for seed in range(first, first + count):
        item, data = picture(seed, split)
        store.put(layout.blob(NAMESPACE, item.sha256), data)
        items.append(item)
    return items


async def accepted(world: TrainingWorld, store: S3ObjectStore) -> list[str]:
    """Apply the example's files over two locked datasets; returns what the Job gives the image's entry point."""
    await world.locked("cells-train", put_pictures(store, 0, Split.TRAIN))
    await world.locked("cells-dev", put_pictures(store, 100, Split.DEV))
    for name in ("template.yaml", "capability.yaml", "trainingrun.yaml"):
        document = manifest(name)
        if document["kind"] != "ModelTemplate":
            document["metadata"]["namespace"] = NAMESPACE
        world.twins.resources.put(document)
    found = await world.run(RUN)
    assert world.training_jobs == [f"{RUN}-train"], found.status.conditions
    job = world.twins.jobs.manifests[NAMESPACE, f"{RUN}-train"]
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example/team/own-trainer:1"
    return list(container["args"])


async def served(world: TrainingWorld) -> tuple[DesiredModels, RoutingTable]:
    """Let the operator decide what is loaded and where requests go."""
    found = reconcilers(world.world(), world.twins.bell, world.threads, world.settings)
    await found[Kind.SERVING].reconcile(Key(Kind.SERVING, "", world.settings.pool))
    maps = [
        world.twins.resources.objects[CONFIG_MAPS.kind, world.settings.namespace, name]
        for name in (desired_config_map(world.settings.pool), ROUTES_CONFIG_MAP)
    ]
    desired, routes = parsed(DesiredModels, maps[0], "desired.json"), parsed(RoutingTable, maps[1], ROUTES_FILE)
    assert desired is not None
    assert routes is not None
    return desired, routes


async def test_what_a_teams_own_trainer_leaves_is_published_proven_and_served(
    world: TrainingWorld, pod: ServingPod, s3: S3Server, s3_store: S3ObjectStore, tmp_path: Path
) -> None:
    arguments = await accepted(world, s3_store)
    spec = RunSpec.from_json(s3_store.get(arguments[-1]))
    assert spec.parameters == {**manifest("template.yaml")["spec"]["defaults"], "steps": 500}

    for _ in range(2):  # a second pod of the Job finds that there is nothing to do
        done = trained(arguments, environment(s3.environment, tmp_path))
        assert done.returncode == 0, done.stderr[-3000:]
    world.twins.jobs.end(NAMESPACE, f"{RUN}-train", JobOutcome.COMPLETE)
    run = await world.run(RUN)
    succeeded = run.status.condition("Succeeded")
    assert succeeded is not None
    assert succeeded.reason == "Completed", succeeded.message
    assert {one.name: float(one.value) for one in run.status.metrics}["top1"] >= 0.9
    assert run.status.attempts == 1
    progress = Progress.from_json(s3_store.get(layout.attempt_file(NAMESPACE, spec.digest, 1, layout.PROGRESS)))
    assert (progress.phase, progress.percent) == (Phase.DONE, 100)

    await world.reconcile(Kind.CAPABILITY, "cell-kinds")
    status = Capability.parse(world.twins.resources.objects[CAPABILITIES.kind, NAMESPACE, "cell-kinds"]).status
    assert status.target_version == "1.1"
    desired, routes = await served(world)
    (routed,), (wanted,) = routes.capabilities, desired.models
    entry = wanted.model_copy(update={"trial_pod": ""})  # the operator knows of no pod, so none is chosen to try it
    assert (routed.input_from, routed.versions[0].crop) == ("cells", CropSettings(width=32, height=32))
    pod.put(1, entry)
    pod.until(entry, LoadState.READY)

    item, data = picture(500, Split.TEST)
    pixels = transforms().decode(data, DEFAULT_LIMITS)
    crop = routed.versions[0].crop
    assert crop is not None
    crops = transforms().crops(pixels, [Region(one.box) for one in item.entities], crop)
    with triton_http.InferenceServerClient(pod.triton.address) as client:
        given = triton_http.InferInput("crops", list(crops.shape), "UINT8")
        given.set_data_from_numpy(crops)
        scores = client.infer(entry.model, [given]).as_numpy("scores")
    names = [output.name for output in sorted(routed.outputs, key=lambda one: one.position)]
    assert [names[place] for place in scores.argmax(axis=1)] == list(COLOURS)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
