"""`python -m capforge_operator`: wiring, and nothing else."""

from __future__ import annotations

import asyncio
import os
import platform
import random
import signal
import sys
import time
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import capforge_operator.kopf_alone  # isort: skip  # noqa: F401 - before whatever imports kopf
import aiohttp
import structlog

from capforge_contracts import logs
from capforge_operator import health
from capforge_operator.adapters.events import EventsLater, KubernetesEvents
from capforge_operator.adapters.jobs import KubernetesJobs
from capforge_operator.adapters.kubernetes_api import KubernetesApi, connect
from capforge_operator.adapters.links import SignedLinks
from capforge_operator.adapters.mirrored import MirroredResources
from capforge_operator.adapters.pod_http import HttpAgents, HttpGateways, PodHttp
from capforge_operator.adapters.pods import KubernetesPods
from capforge_operator.adapters.resources import KubernetesResources
from capforge_operator.adapters.smtp import SmtpMailer
from capforge_operator.adapters.store import opened_store
from capforge_operator.adapters.system_clock import SystemClock
from capforge_operator.adapters.tenants import KubernetesTenants, RememberedTenants
from capforge_operator.adapters.watches import Watches
from capforge_operator.adapters.webhooks import HttpWebhooks, KubernetesSigningKeys
from capforge_operator.doorbell import OWN_KINDS, Doorbell
from capforge_operator.handlers import ring_for_children
from capforge_operator.metrics import Metrics
from capforge_operator.ports import Store
from capforge_operator.resource_types import OUR_KINDS
from capforge_operator.runtime.backoff import Backoff, BackoffLimits
from capforge_operator.runtime.echoes import Echoes
from capforge_operator.runtime.lanes import Lanes
from capforge_operator.runtime.liveness import Liveness, keep_beating, sighting
from capforge_operator.runtime.mirror import Mirror
from capforge_operator.runtime.queue import IdleBell, WorkQueue
from capforge_operator.runtime.resync import Resync
from capforge_operator.runtime.threads import Threads
from capforge_operator.runtime.tidying import keep_tidy, share_one_heap, tidy
from capforge_operator.runtime.workers import Workers
from capforge_operator.settings import Settings, SettingsError
from capforge_operator.wiring import World, always, reconcilers

_IDLE_SHARE = 0.5
"""Of the time between two resyncs, over which what a resync rings for is looked at."""
_TIDY_SECONDS = 3600.0
_POST_SECONDS = 5.0
"""The first wait before somebody who could not be told is tried again."""


def main() -> int:
    """Run until SIGTERM; returns the exit code."""
    try:
        settings = Settings.from_environment(os.environ)
        logs.configure("operator", settings.log_level)
        share_one_heap()
        tidy()  # what was imported stays
        asyncio.run(run(settings, os.environ))
    except (SettingsError, ValueError) as error:
        print(f"capforge-operator: {error}", file=sys.stderr)  # noqa: T201 - logging may not be set up yet
        return 64
    return 0


async def run(settings: Settings, env: Mapping[str, str]) -> None:
    """Put the parts together and work until a signal says so, or any part breaks."""
    metrics = Metrics()
    liveness = Liveness(settings.liveness_patience_seconds, time.monotonic)
    queue = WorkQueue(Backoff(BackoffLimits(), random.random), idle_seconds=_IDLE_SHARE * settings.resync_seconds)
    post = WorkQueue(Backoff(BackoffLimits(_POST_SECONDS, settings.notify_retry_seconds), random.random))
    lanes = Lanes(queue, post)
    doorbell = Doorbell(queue, liveness, Echoes())
    metrics.watch_queue(queue.__len__)
    metrics.watch_health(liveness.faults)
    threads = Threads(settings.threads, settings.blocking_timeout_seconds)
    async with AsyncExitStack() as stack:
        stack.callback(threads.close)
        kubeconfig = Path(env["KUBECONFIG"]) if env.get("KUBECONFIG") else None
        api = await connect(kubeconfig, lambda verb, target: metrics.called(verb, target.resource))
        stack.push_async_callback(api.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        store = opened_store(env, threads, metrics.stored)
        mirror = Mirror(OUR_KINDS)
        watches = Watches(api, mirror, lambda kind, document, gone: doorbell.heard(kind, document, gone=gone))
        told = EventsLater(KubernetesEvents(api, SystemClock(), platform.node()))
        webhooks = HttpWebhooks(settings, KubernetesSigningKeys(api), SystemClock())
        stack.push_async_callback(webhooks.close)
        world = _world(Connections(api, mirror, session, store, webhooks), settings, doorbell.echoes, told, metrics)
        known = reconcilers(world, lanes, threads, settings)
        workers = Workers(queue, known, metrics, settings.reconcile_timeout_seconds)
        postmen = Workers(post, known, metrics, settings.reconcile_timeout_seconds)
        resync = Resync(world.resources, IdleBell(queue), liveness, OWN_KINDS, always(settings), metrics.resynced)
        runner = await health.serve(health.health_app(liveness.faults, metrics.registry), settings.port)
        stack.push_async_callback(runner.cleanup)
        structlog.get_logger("operator").info("started", namespace=settings.namespace, workers=settings.workers)
        await _until_first_ends(
            _until_signalled(),
            ring_for_children(doorbell),
            watches.run(OUR_KINDS),
            workers.run(settings.workers),
            postmen.run(settings.notify_workers),
            told.run(),
            resync.run(settings.resync_seconds),
            keep_beating(liveness),
            keep_tidy(lambda: mirror.is_complete and not len(queue), _TIDY_SECONDS),
        )
        queue.close()
        post.close()


async def _until_signalled() -> None:
    """Return at SIGTERM (a kubelet ends the pod) or SIGINT (a person does)."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


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


@dataclass(frozen=True)
class Connections:
    """What adapters stand on."""

    api: KubernetesApi
    mirror: Mirror
    session: aiohttp.ClientSession
    store: Store
    webhooks: HttpWebhooks


def _world(
    connections: Connections,
    settings: Settings,
    echoes: Echoes,
    events: EventsLater,
    metrics: Metrics,
) -> World:
    api = connections.api
    http = PodHttp(connections.session, settings.internal_token_file)
    live = KubernetesResources(api, lambda kind, metadata: echoes.wrote(sighting(kind, metadata)))
    return World(
        resources=MirroredResources(live, connections.mirror),
        tenants=RememberedTenants(KubernetesTenants(api), time.monotonic),
        jobs=KubernetesJobs(api),
        pods=KubernetesPods(api),
        store=connections.store,
        events=events,
        agents=HttpAgents(http),
        gateways=HttpGateways(http),
        clock=SystemClock(),
        board=metrics.levels,
        tries=metrics,
        mailer=SmtpMailer(settings, SystemClock()),
        webhooks=connections.webhooks,
        links=SignedLinks(settings.links_url, settings.link_days, settings.internal_token_file, SystemClock()),
    )


if __name__ == "__main__":
    sys.exit(main())
