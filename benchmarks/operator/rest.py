"""At rest: many capabilities with a version each, one change at a time, resyncs, restarts."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from benchmarks.operator.figures import Rest, quantile
from benchmarks.operator.objects import People
from benchmarks.operator.programs import RESYNC_SECONDS, Ours, cpu_seconds, megabytes
from benchmarks.operator.scene import Scene
from benchmarks.operator.sight import Sight, watching
from capforge_operator.adapters.kubernetes_api import connect
from tests.integration.operator.process import total
from tests.support.eventually import eventually

PATIENCE_SECONDS = 600.0
_CHANGES_APART_SECONDS = (0.02, 0.08)
_STORE = "capforge_operator_store_requests_total"
_QUIET_SECONDS = 3.0
_GLANCE_SECONDS = 1.0
"""Between looks at its metrics, which are megabytes: oftener they would be what is measured."""
_OFTEN_SECONDS = 15.0
"""Between resyncs where they are what is looked at."""


@dataclass(frozen=True)
class _Start:
    """How a start with everything there went."""

    seconds: float
    cpu_seconds: float


def names(first: int, last: int) -> list[str]:
    """Return the names of capabilities number `first` to `last`, the last excluded."""
    return [f"cells-{number:05d}" for number in range(first, last)]


async def measure_rest(scene: Scene, sizes: list[int], changes: int) -> list[Rest]:
    """Measure each size, growing the same cluster."""
    api = await connect(scene.installation.kube.kubeconfig)
    ours = Ours(scene.installation)
    ours.start()
    await asyncio.sleep(_QUIET_SECONDS)
    empty = megabytes(ours.pid)
    ours.stop()
    print(f"\nours, nothing there: {empty:.1f} MB", flush=True)
    people = People(api, scene.installation.tenant())
    found, before = [], 0
    try:
        for size in sizes:
            started = time.monotonic()
            await people.create_served(names(before, size), scene.installation.s3)
            print(f"{size} capabilities and finished runs made in {time.monotonic() - started:.0f} s", flush=True)
            found.append(await _measure(scene, ours, people, size, changes, empty))
            before = size
    finally:
        ours.close()
        await api.close()
    return found


async def _measure(scene: Scene, ours: Ours, people: People, size: int, changes: int, empty: float) -> Rest:
    """Measure one life as it is by default, then one that resyncs often."""
    start = await _start(ours, size, RESYNC_SECONDS)
    store, mark, cpu = ours.metric(_STORE), await asyncio.to_thread(scene.log.mark), cpu_seconds(ours.pid)
    delays = await _change(people, size, changes)
    await asyncio.sleep(_QUIET_SECONDS)
    cpu = cpu_seconds(ours.pid) - cpu
    calls = await asyncio.to_thread(ours.calls, scene.log, mark)
    print(f"  calls for {changes} changes: {calls}", flush=True)
    store = ours.metric(_STORE) - store
    full = megabytes(ours.pid)
    ours.stop()
    mark = await asyncio.to_thread(scene.log.mark)
    await _start(ours, size, _OFTEN_SECONDS)
    restarted = await asyncio.to_thread(ours.calls, scene.log, mark)
    mark = await asyncio.to_thread(scene.log.mark)
    await asyncio.sleep(2 * _OFTEN_SECONDS)
    resting = await asyncio.to_thread(ours.calls, scene.log, mark)
    busy = await _change(people, size, changes)
    full = max(full, megabytes(ours.pid))
    ours.stop()
    print(f"  at rest: {resting}\n  on restart: {restarted}", flush=True)
    return Rest(
        capabilities=size,
        settle_seconds=start.seconds,
        settle_cpu_ms=1000 * start.cpu_seconds / (2 * size),
        start_megabytes=empty,
        full_megabytes=full,
        p50_ms=1000 * quantile(delays, 0.5),
        p99_ms=1000 * quantile(delays, 0.99),
        resyncing_p99_ms=1000 * quantile(busy, 0.99),
        calls_per_change=calls.all / changes,
        writes_per_change=calls.writes / changes,
        store_calls_per_change=store / changes,
        cpu_ms_per_change=1000 * cpu / changes,
        writes_at_rest=resting.writes,
        writes_on_restart=restarted.writes,
    )


async def _start(ours: Ours, size: int, resync_seconds: float) -> _Start:
    """Start and wait until every object was looked at and nothing is left to do."""
    began = time.monotonic()
    ours.start(resync_seconds)

    def idle() -> bool:
        page = ours.process.metrics()
        done = total(page, "capforge_operator_reconciles_total", outcome="done")
        return done >= 2 * size and total(page, "capforge_operator_queue_depth") == 0

    await asyncio.to_thread(eventually, idle, PATIENCE_SECONDS, _GLANCE_SECONDS)
    seconds, used = time.monotonic() - began, cpu_seconds(ours.pid)
    await asyncio.sleep(_QUIET_SECONDS)
    await asyncio.to_thread(eventually, idle, PATIENCE_SECONDS, _GLANCE_SECONDS)
    return _Start(seconds, used)


async def _change(people: People, size: int, changes: int) -> list[float]:
    """Change one capability after another, and see how long each status takes."""
    chosen = random.Random(0)  # noqa: S311 - the same ones each time
    delays = []
    async with watching(people.api, people.namespace) as sight:
        for number in range(changes):
            delays.append(await _one_change(people, sight, chosen.choice(names(0, size)), number))
            await asyncio.sleep(chosen.uniform(*_CHANGES_APART_SECONDS))
    return delays


async def _one_change(people: People, sight: Sight, name: str, number: int) -> float:
    generation = await people.describe(name, f"Cells, described for the {number}th time.")
    answered = time.monotonic()
    await sight.until((name, generation), timeout_seconds=60)
    return max(0.0, sight.seen[name, generation] - answered)
