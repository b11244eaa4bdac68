"""Many creates at once, ours and kopf's own handlers in turns."""

from __future__ import annotations

import asyncio
import time

from benchmarks.operator.figures import Burst, quantile
from benchmarks.operator.objects import People
from benchmarks.operator.programs import Kopf, Ours, cpu_seconds, megabytes, server_cpu_seconds
from benchmarks.operator.rest import PATIENCE_SECONDS, names
from benchmarks.operator.scene import Scene
from benchmarks.operator.sight import watching
from capforge_operator.adapters.kubernetes_api import KubernetesApi, Target, connect
from capforge_operator.resource_types import CAPABILITIES
from tests.support.eventually import eventually_async

_SETTLE_SECONDS = 2.0


async def measure_bursts(scene: Scene, creates: int, rounds: int) -> tuple[list[Burst], list[Burst]]:
    """Return what each round of ours, and of kopf's own handlers, came to."""
    api = await connect(scene.installation.kube.kubeconfig)
    ours, theirs = [], []
    try:
        for number in range(rounds):
            pair = [Ours(scene.installation), Kopf(scene.installation)]
            for program in pair if number % 2 == 0 else reversed(pair):
                found = await _burst(scene, api, program, creates)
                print(
                    f"  {found.program:16s} {found.per_second:6.1f}/s  {found.cpu_ms_each:5.2f} ms CPU each", flush=True
                )
                (ours if isinstance(program, Ours) else theirs).append(found)
    finally:
        await api.close()
    return ours, theirs


async def _burst(scene: Scene, api: KubernetesApi, program: Ours | Kopf, creates: int) -> Burst:
    """Create into a fresh namespace while only this program runs, then take everything away again."""
    people = People(api, scene.installation.tenant())
    await asyncio.to_thread(program.start)
    try:
        await asyncio.sleep(_SETTLE_SECONDS)
        found = await _create(scene, people, program, creates)
    finally:
        await asyncio.to_thread(program.close)
    await people.delete_all()
    await eventually_async(lambda: _empty(people), timeout_seconds=120)
    return found


async def _create(scene: Scene, people: People, program: Ours | Kopf, creates: int) -> Burst:
    mark = await asyncio.to_thread(scene.log.mark)
    wanted = names(0, creates)
    used, server = cpu_seconds(program.pid), server_cpu_seconds()
    async with watching(people.api, people.namespace) as sight:
        started = time.monotonic()
        await people.create(wanted)
        await sight.until(*((name, 1) for name in wanted), timeout_seconds=PATIENCE_SECONDS)
    seconds = max(sight.seen.values()) - started
    used, server = cpu_seconds(program.pid) - used, server_cpu_seconds() - server
    await asyncio.sleep(_SETTLE_SECONDS)
    calls = await asyncio.to_thread(program.calls, scene.log, mark)
    waits = [at - people.created[name] for (name, _), at in sight.seen.items()]
    return Burst(
        program=program.name,
        creates=creates,
        seconds=seconds,
        p50_ms=1000 * quantile(waits, 0.5),
        p99_ms=1000 * quantile(waits, 0.99),
        cpu_ms_each=1000 * used / creates,
        server_cpu_ms_each=1000 * server / creates,
        calls_each=calls.all / creates,
        writes_each=calls.writes / creates,
        megabytes=megabytes(program.pid),
    )


async def _empty(people: People) -> bool:
    return not (await people.api.list(Target(CAPABILITIES, people.namespace), {"limit": "1"}))["items"]
