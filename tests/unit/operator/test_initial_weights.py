"""What a training run starts from: a version's weights or a file of the namespace, pinned by digest before any Job."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts import layout
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import InitialWeights, RunSpec
from capforge_operator.api.training_run import TrainingRun
from capforge_operator.domain.weights import MAX_WEIGHTS_BYTES
from capforge_operator.ports import Json
from tests.support.twins.world import MemoryStore
from tests.unit.operator.training_world import NAMESPACE, TrainingWorld, resource, run

WEIGHTS = b"tensors"
OWN = f"s3://capforge/{NAMESPACE}/weights/base.safetensors"


@pytest.fixture
def world() -> TrainingWorld:
    return TrainingWorld()


def spec_of(world: TrainingWorld, found: TrainingRun) -> RunSpec:
    key = layout.run_spec(NAMESPACE, found.status.run_digest or "")
    return RunSpec.from_json(world.twins.store.objects.get(key))


async def started(world: TrainingWorld, weights: Json | None, name: str = "cells-1") -> TrainingRun:
    asked: Json = {"initialWeights": weights} if weights else {}
    await world.ready_to_train() if name == "cells-1" else None
    world.twins.resources.put(run(name, **asked))
    return await world.run(name)


async def with_version(world: TrainingWorld) -> str:
    """Publish version 1.1 with its weights; returns their key."""
    await started(world, None)
    world.publish()
    digest = world.seen_run().status.run_digest or ""
    key = layout.attempt_file(NAMESPACE, digest, 1, layout.WEIGHTS)
    world.twins.store.objects.put(key, WEIGHTS)
    return key


def refusal(found: TrainingRun) -> str:
    succeeded = found.status.condition("Succeeded")
    assert succeeded is not None
    assert succeeded.reason == "WeightsUnavailable", succeeded.message
    return succeeded.message


async def test_a_file_of_the_namespace_is_pinned_by_its_digest(world: TrainingWorld):
    world.twins.store.objects.put(f"{NAMESPACE}/weights/base.safetensors", WEIGHTS)
    found = await started(world, {"uri": OWN})
    assert spec_of(world, found).initial_weights == InitialWeights(
        key=f"{NAMESPACE}/weights/base.safetensors", sha256=sha256_hex(WEIGHTS), origin=OWN
    )
    assert world.training_jobs == ["cells-1-train"]


async def test_a_version_is_the_file_that_its_run_left(world: TrainingWorld):
    key = await with_version(world)
    found = await started(world, {"version": "1.1"}, "cells-2")
    assert spec_of(world, found).initial_weights == InitialWeights(
        key=key, sha256=sha256_hex(WEIGHTS), origin="version 1.1"
    )


async def test_other_weights_make_another_run_and_the_same_weights_the_same(world: TrainingWorld):
    await with_version(world)
    for name, content in (("a", WEIGHTS), ("b", b"others")):
        world.twins.store.objects.put(f"{NAMESPACE}/{name}.safetensors", content)
    asked: dict[str, Json | None] = {
        "cells-1": None,
        "cells-2": {"version": "1.1"},
        "cells-3": {"uri": f"s3://capforge/{NAMESPACE}/a.safetensors"},
        "cells-4": {"uri": f"s3://capforge/{NAMESPACE}/b.safetensors"},
    }
    digests = {
        name: (await started(world, weights, name)).status.run_digest
        for name, weights in asked.items()
        if name != "cells-1"
    }
    digests["cells-1"] = world.seen_run().status.run_digest
    assert digests["cells-2"] == digests["cells-3"]
    assert len({*digests.values()}) == 3


async def test_what_a_run_starts_from_is_what_it_was_when_the_run_was_accepted(world: TrainingWorld):
    key = f"{NAMESPACE}/weights/base.safetensors"
    world.twins.store.objects.put(key, WEIGHTS)
    digest = (await started(world, {"uri": OWN})).status.run_digest
    world.twins.store.objects.put(key, b"swapped")
    again = await world.run()
    assert again.status.run_digest == digest
    pinned = spec_of(world, again).initial_weights
    assert pinned is not None
    assert pinned.sha256 == sha256_hex(WEIGHTS)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"uri": OWN}, f"initialWeights.uri: there is no file {OWN}"),
        ({"version": "1.7"}, "initialWeights.version: there is no version 1.7; published versions: 1.1"),
        (
            {"version": "1.1"},
            "initialWeights.version: version 1.1 left no weights.safetensors; name another version, or a file by uri",
        ),
        (
            {"uri": "s3://capforge/team-b/weights/base.safetensors"},
            (
                "initialWeights.uri: s3://capforge/team-b/weights/base.safetensors is not in the namespace's own folder;"
                " allowed: s3://capforge/team-a/<path>.safetensors"
            ),
        ),
    ],
    ids=["no file", "no version", "a version without weights", "another tenant's"],
)
async def test_a_run_without_what_it_starts_from_is_refused_before_any_job(
    world: TrainingWorld, weights: Json, said: str
):
    await started(world, None)
    world.publish()
    world.twins.store.objects.put("team-b/weights/base.safetensors", WEIGHTS)
    before = world.training_jobs
    assert refusal(await started(world, weights, "cells-2")) == f"WeightsUnavailable: {said}"
    assert world.training_jobs == before


@pytest.mark.parametrize(
    "uri",
    [
        "s3://elsewhere/team-a/w.safetensors",
        "s3://capforge/w.safetensors",
        "s3://capforge/team-a",
        "s3://capforge/team-ab/w.safetensors",
        "s3://capforge/team-a/../team-b/w.safetensors",
        "s3://capforge/team-a/.\t./team-b/w.safetensors",
        "s3://capforge/./team-b/w.safetensors",
        "s3://capforge//team-a/../team-b/w.safetensors",
        "s3://capforge/team-a//w.safetensors",
        "s3://capforge/team-b/w.safetensors?x=/team-a/",
        "s3://user@capforge/team-a/w.safetensors",
        "file:///etc/passwd.safetensors",
        "https://example.org/w.safetensors",
    ],
)
async def test_nothing_outside_the_namespaces_folder_is_ever_asked_for(world: TrainingWorld, uri: str):
    asked: list[str] = []

    class Watched(MemoryStore):
        async def exists(self, key: str) -> bool:
            asked.append(key)
            return await super().exists(key)

        async def sha256(self, key: str, at_most_bytes: int) -> str | None:
            asked.append(key)
            return await super().sha256(key, at_most_bytes)

    world.twins.store = Watched(world.twins.store.objects)
    await world.ready_to_train()
    asked.clear()
    world.twins.resources.put(run(initialWeights={"uri": uri}))
    refusal(await world.run())
    assert asked == []


async def test_a_file_that_is_too_large_is_not_read(world: TrainingWorld):
    class Large(MemoryStore):
        async def sha256(self, key: str, at_most_bytes: int) -> str | None:
            assert (key.endswith("base.safetensors"), at_most_bytes) == (True, MAX_WEIGHTS_BYTES)
            return None

    world.twins.store = Large(world.twins.store.objects)
    world.twins.store.objects.put(f"{NAMESPACE}/weights/base.safetensors", WEIGHTS)
    found = refusal(await started(world, {"uri": OWN}))
    assert found == f"WeightsUnavailable: initialWeights: {OWN} is larger than 2 GiB"


async def test_a_file_is_not_read_while_its_namespace_is_not_prepared(world: TrainingWorld):
    class Unread(MemoryStore):
        async def sha256(self, key: str, at_most_bytes: int) -> str | None:
            raise AssertionError(key, at_most_bytes)

    world.twins.store = Unread(world.twins.store.objects)
    world.twins.store.objects.put(f"{NAMESPACE}/weights/base.safetensors", WEIGHTS)
    await world.ready_to_train()
    world.twins.tenants.lacking[NAMESPACE] = ["Secret capforge-object-store"]
    world.twins.resources.put(run(initialWeights={"uri": OWN}))
    succeeded = (await world.run()).status.condition("Succeeded")
    assert succeeded is not None
    assert succeeded.reason == "NamespaceNotPrepared"


async def test_a_field_extractor_starts_from_what_its_template_brings(world: TrainingWorld):
    spec: dict[str, Any] = {"type": "FieldExtractorElement", "dataModel": {"fields": [{"name": "a", "type": "Word"}]}}
    await world.ready_to_train()
    world.twins.resources.put(resource("Capability", "receipts", spec))
    world.twins.resources.put(run(capabilityRef={"name": "receipts"}, initialWeights={"uri": OWN}))
    succeeded = (await world.run()).status.condition("Succeeded")
    assert succeeded is not None
    assert "initialWeights: not allowed for a FieldExtractorElement" in succeeded.message


async def test_effective_parameters_are_stored_with_the_run(world: TrainingWorld):
    await world.ready_to_train(overrides={"optimizer": {"rate": 0.5}, "sizes": [64]})
    found = await world.run()
    expected = {"epochs": 10, "optimizer": {"name": "adam", "rate": 0.5}, "sizes": [64]}
    assert spec_of(world, found).parameters == expected
