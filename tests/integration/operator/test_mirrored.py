"""The mirror on a real API server: reads follow it, a mirror that lags is put right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from capforge_operator.adapters.kubernetes_api import KubernetesApi, connect
from capforge_operator.adapters.mirrored import MirroredResources
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.adapters.watches import Watches
from capforge_operator.ports import Conflict, Json, PortError, ResourceType
from capforge_operator.resource_types import DATASETS, TRAINING_RUNS
from capforge_operator.runtime.mirror import Mirror
from tests.integration.operator.process import Installation
from tests.support.eventually import eventually_async
from tests.unit.operator.training_world import dataset, run


@dataclass
class Side:
    """A mirror that is fed only while the test lets it."""

    installation: Installation
    api: KubernetesApi
    tenant: str
    mirror: Mirror
    resources: MirroredResources
    heard: list[tuple[str, bool]]
    feeding: asyncio.Task[None] | None = None

    def feed(self) -> None:
        watches = Watches(self.api, self.mirror, self._hear)
        self.feeding = asyncio.create_task(watches.run([DATASETS, TRAINING_RUNS]))

    async def cut(self) -> None:
        """Nothing is heard from now on."""
        assert self.feeding is not None
        self.feeding.cancel()
        await asyncio.gather(self.feeding, return_exceptions=True)

    def _hear(self, _kind: ResourceType, document: Json, gone: bool) -> None:
        self.heard.append((document["metadata"]["name"], gone))

    def put(self, **spec: Any) -> None:
        document = dataset(**spec)
        document["metadata"]["namespace"] = self.tenant
        self.installation.kube.apply(document)

    async def read(self) -> Json | None:
        return await self.resources.get(DATASETS, self.tenant, "cells")

    async def until(self, holds: Callable[[Json | None], bool]) -> Json | None:
        async def check() -> bool:
            return holds(await self.read())

        await eventually_async(check)
        return await self.read()


@pytest.fixture
async def side(installation: Installation, tenant: str) -> AsyncIterator[Side]:
    api = await connect(installation.kubeconfig)
    mirror = Mirror([DATASETS, TRAINING_RUNS])
    made = Side(installation, api, tenant, mirror, MirroredResources(KubernetesResources(api), mirror), [])
    made.feed()
    yield made
    await made.cut()
    await api.close()


async def test_what_people_do_is_seen(side: Side):
    side.put()
    await side.until(lambda found: found is not None)
    side.put(onFault="Skip")
    await side.until(lambda found: found is not None and found["spec"].get("onFault") == "Skip")
    side.installation.kube.kubectl("delete", "dataset", "cells", "-n", side.tenant)
    await side.until(lambda found: found is None)
    assert ("cells", True) in side.heard


async def test_runs_are_found_by_their_capability(side: Side):
    for name, capability in (("b", "cells"), ("a", "cells"), ("c", "boards")):
        document = run(name, capabilityRef={"name": capability})
        document["metadata"]["namespace"] = side.tenant
        side.installation.kube.apply(document)

    async def found() -> list[str]:
        runs = await side.resources.list(TRAINING_RUNS, side.tenant, "cells")
        return [one["metadata"]["name"] for one in runs]

    async def both() -> bool:
        return await found() == ["a", "b"]

    await eventually_async(both)


async def test_nobody_reads_older_than_it_wrote(side: Side):
    side.put()
    await side.until(lambda found: found is not None)
    await side.cut()
    observed = await side.read()
    assert observed is not None
    assert await side.resources.write_status(DATASETS, observed, {"observedGeneration": 1})
    written = await side.read()
    assert written is not None
    assert written["status"] == {"observedGeneration": 1}
    assert await side.resources.write_status(DATASETS, written, {"observedGeneration": 1, "items": 3})


async def test_a_conflict_shows_what_the_mirror_missed(side: Side):
    side.put()
    observed = await side.until(lambda found: found is not None)
    assert observed is not None
    await side.cut()
    side.put(onFault="Skip")
    with pytest.raises(Conflict):
        await side.resources.write_status(DATASETS, observed, {"observedGeneration": 1})
    seen = await side.read()
    assert seen is not None
    assert seen["spec"]["onFault"] == "Skip"


async def test_what_somebody_else_wrote_into_a_status_is_left_and_not_written_against_for_ever(
    side: Side, monkeypatch: pytest.MonkeyPatch
):
    side.put()
    await side.until(lambda found: found is not None)
    side.installation.kube.kubectl(
        *("patch", "dataset", "cells", "-n", side.tenant, "--subresource=status", "--type=merge"),
        '--patch={"status": {"faultCount": 2}}',
    )
    observed = await side.until(lambda found: found is not None and "faultCount" in found.get("status", {}))
    assert observed is not None
    assert await side.resources.write_status(DATASETS, observed, {"observedGeneration": 1})
    both = {"observedGeneration": 1, "faultCount": 2}
    seen = await side.until(lambda found: found is not None and found["status"] == both)
    assert seen is not None
    calls = []
    apply = side.api.apply

    async def counted(*arguments: Any, **named: Any) -> Json:
        calls.append(arguments)
        return await apply(*arguments, **named)

    monkeypatch.setattr(side.api, "apply", counted)
    for _ in range(3):
        assert not await side.resources.write_status(DATASETS, seen, {"observedGeneration": 1})
        assert (await side.read() or {})["status"] == both
    assert len(calls) == 1
    assert await side.resources.write_status(DATASETS, seen, {"observedGeneration": 1, "items": 3})


Missed = Callable[[Side], Awaitable[None]]


async def changed(side: Side) -> None:
    side.put(onFault="Skip")


async def deleted(side: Side) -> None:
    side.installation.kube.kubectl("delete", "dataset", "cells", "-n", side.tenant)
    side.put(onFault="Skip")


@pytest.mark.parametrize("missed", [changed, deleted], ids=["a change", "a deletion and a new one"])
async def test_a_listing_puts_right_what_the_mirror_missed(side: Side, missed: Missed):
    side.put()
    await side.until(lambda found: found is not None)
    await side.cut()
    await missed(side)
    await side.resources.identities(DATASETS)
    seen = await side.read()
    assert seen is not None
    assert seen["spec"]["onFault"] == "Skip"


async def test_a_listing_puts_right_what_went_unseen(side: Side):
    side.put()
    await side.until(lambda found: found is not None)
    await side.cut()
    side.installation.kube.kubectl("delete", "dataset", "cells", "-n", side.tenant)
    other = dataset("later")
    other["metadata"]["namespace"] = side.tenant
    side.installation.kube.apply(other)
    await side.resources.identities(DATASETS)
    assert await side.read() is None


async def test_watches_that_begin_anew_find_what_went_meanwhile(side: Side):
    side.put()
    await side.until(lambda found: found is not None)
    await side.cut()
    side.installation.kube.kubectl("delete", "dataset", "cells", "-n", side.tenant)
    side.feed()
    await side.until(lambda found: found is None)
    assert ("cells", True) in side.heard


async def test_before_the_first_listing_nothing_is_said(side: Side, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("capforge_operator.adapters.mirrored._PATIENCE_SECONDS", 0.01)
    unfed = MirroredResources(KubernetesResources(side.api), Mirror([DATASETS]))
    with pytest.raises(PortError, match="datasets are not listed yet"):
        await unfed.get(DATASETS, side.tenant, "cells")
