"""`python -m capforge_operator`: wiring, and nothing else."""

from __future__ import annotations

import asyncio
import os
import platform
import random
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import structlog

from capforge_contracts.store import open_store
from capforge_operator import health, logs
from capforge_operator.adapters.events import KubernetesEvents
from capforge_operator.adapters.jobs import KubernetesJobs
from capforge_operator.adapters.kubernetes_api import KubernetesApi, connect
from capforge_operator.adapters.pod_http import HttpAgents, HttpGateways, PodHttp
from capforge_operator.adapters.pods import KubernetesPods
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.adapters.store import ThreadedStore
from capforge_operator.adapters.system_clock import SystemClock
from capforge_operator.adapters.tenants import KubernetesTenants
from capforge_operator.doorbell import OWN_KINDS, Doorbell
from capforge_operator.handlers import operator_settings, registry
from capforge_operator.metrics import Metrics
from capforge_operator.runtime.backoff import Backoff, BackoffLimits
from capforge_operator.runtime.echoes import Echoes
from capforge_operator.runtime.liveness import Liveness, keep_beating, sighting
from capforge_operator.runtime.queue import WorkQueue
from capforge_operator.runtime.resync import Resync
from capforge_operator.runtime.threads import Threads
from capforge_operator.runtime.workers import Workers
from capforge_operator.settings import Settings, SettingsError
from capforge_operator.wiring import World, always, reconcilers


def main() -> int:
    """Run until SIGTERM; returns the exit code."""
    try:
        settings = Settings.from_environment(os.environ)
        logs.configure(settings.log_level)
        asyncio.run(run(settings, os.environ))
    except (SettingsError, ValueError) as error:
        print(f"capforge-operator: {error}", file=sys.stderr)  # noqa: T201 - logging may not be set up yet
        return 64
    return 0


async def run(settings: Settings, env: Mapping[str, str]) -> None:
    """Put the parts together and work until kopf ends (it handles signals) or any part breaks."""
    metrics = Metrics()
    liveness = Liveness(settings.liveness_patience_seconds, time.monotonic)
    queue = WorkQueue(Backoff(BackoffLimits(), random.random))
    doorbell = Doorbell(queue, liveness, Echoes())
    metrics.watch_queue(queue.__len__)
    threads = Threads(settings.threads, settings.blocking_timeout_seconds)
    async with AsyncExitStack() as stack:
        stack.callback(threads.close)
        kubeconfig = Path(env["KUBECONFIG"]) if env.get("KUBECONFIG") else None
        api = await connect(kubeconfig, lambda verb, target: metrics.called(verb, target.resource))
        stack.push_async_callback(api.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        world = _world(api, session, threads, settings, env, doorbell.echoes)
        workers = Workers(
            queue, reconcilers(world, queue, threads, settings), metrics, settings.reconcile_timeout_seconds
        )
        resync = Resync(world.resources, queue, liveness, OWN_KINDS, always(settings))
        runner = await health.serve(health.health_app(liveness.faults, metrics.registry), settings.port)
        stack.push_async_callback(runner.cleanup)
        structlog.get_logger("operator").info("started", namespace=settings.namespace, workers=settings.workers)
        await _until_first_ends(
            kopf.operator(registry=registry(doorbell), settings=operator_settings(), clusterwide=True),
            workers.run(settings.workers),
            resync.run(settings.resync_seconds),
            keep_beating(liveness),
        )
        queue.close()


async def _until_first_ends(*parts: Coroutine[Any, Any, None]) -> None:
    """Run the parts at once; when one ends, end the others. Raises what it raised."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _world(
    api: KubernetesApi,
    session: aiohttp.ClientSession,
    threads: Threads,
    settings: Settings,
    env: Mapping[str, str],
    echoes: Echoes,
) -> World:
    clock = SystemClock()
    http = PodHttp(session, settings.internal_token_file)
    return World(
        resources=KubernetesResources(api, lambda kind, metadata: echoes.wrote(sighting(kind, metadata))),
        tenants=KubernetesTenants(api),
        jobs=KubernetesJobs(api),
        pods=KubernetesPods(api),
        store=ThreadedStore(open_store(env), threads),
        events=KubernetesEvents(api, clock, platform.node()),
        agents=HttpAgents(http),
        gateways=HttpGateways(http),
        clock=clock,
    )


if __name__ == "__main__":
    sys.exit(main())
