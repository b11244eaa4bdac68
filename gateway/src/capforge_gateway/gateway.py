"""All parts of one gateway put together: opened in order, closed in the opposite one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from capforge_gateway.api.internal import RoutesDoor, internal_app
from capforge_gateway.api.public import Descriptions, Front, public_app
from capforge_gateway.keys.cluster import cluster_from
from capforge_gateway.keys.folder import FolderKeys
from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.kubernetes import KubernetesKeys
from capforge_gateway.keys.source import KeySource
from capforge_gateway.listener import Listener, listener
from capforge_gateway.logs import BufferedLines
from capforge_gateway.metrics import Metrics
from capforge_gateway.predict.admission import Admission
from capforge_gateway.predict.detector import Detector
from capforge_gateway.predict.endpoint import Limits, Predict
from capforge_gateway.predict.endpoints import Endpoints
from capforge_gateway.predict.fetch import Fetcher, policy_from
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.file import RoutesFile
from capforge_gateway.routing.routes import Routes
from capforge_gateway.settings import Settings
from capforge_transforms import Limits as ImageLimits

_FILE_SCHEME = "file:"


@dataclass
class Gateway:
    """The running parts that the process touches."""

    public: Listener
    internal: Listener
    draining: bool = False


@asynccontextmanager
async def gateway(settings: Settings, environment: Mapping[str, str], lines: BufferedLines) -> AsyncIterator[Gateway]:
    """Open everything but the listeners, which the caller runs; raises SettingsError."""
    async with AsyncExitStack() as stack:
        board, keyring, metrics = RouteBoard(), Keyring(), Metrics()
        admission = Admission(settings.max_requests, settings.max_requests_per_namespace, settings.max_buffered_bytes)
        endpoints = Endpoints(time.monotonic)
        stack.callback(endpoints.close)
        source = _key_source(settings, environment, keyring)
        stack.push_async_callback(source.aclose)
        _wire(board, source, endpoints, metrics)
        stack.push_async_callback(_cancelled, asyncio.create_task(RoutesFile(settings.routes_file, board).follow()))
        _live_gauges(metrics, admission, keyring, lines)
        predict = await _predict(settings, board, keyring, metrics, admission, endpoints, stack)
        running: list[Gateway] = []

        def why_not_ready() -> str:
            return _why_not_ready(running[0].draining, board, source)

        others = public_app(Descriptions(board, keyring, settings.external_url), why_not_ready)
        inside = internal_app(RoutesDoor(board, settings.internal_token_file), metrics.exposition, why_not_ready)
        running.append(
            Gateway(
                listener(Front(predict, others), settings.host, settings.port, settings.head_timeout_seconds),
                listener(inside, settings.host, settings.internal_port, settings.head_timeout_seconds),
            )
        )
        yield running[0]


async def _predict(
    settings: Settings,
    board: RouteBoard,
    keyring: Keyring,
    metrics: Metrics,
    admission: Admission,
    endpoints: Endpoints,
    stack: AsyncExitStack,
) -> Predict:
    limits = ImageLimits(settings.max_image_bytes, settings.max_image_pixels)
    pixels = PixelThreads(settings.decode_threads, limits, settings.max_decode_bytes, settings.predict_timeout_seconds)
    stack.callback(pixels.close)
    fetcher = Fetcher(policy_from(settings))
    stack.push_async_callback(fetcher.close)
    upstream = Upstream(endpoints, settings.connect_timeout_seconds)
    return Predict(
        board,
        keyring,
        admission,
        pixels,
        fetcher,
        Detector(board, pixels, upstream, settings.predict_timeout_seconds),
        metrics,
        Limits(settings.max_image_bytes, settings.upload_timeout_seconds),
        settings.external_url,
    )


def _key_source(settings: Settings, environment: Mapping[str, str], keyring: Keyring) -> KeySource:
    if settings.keys.startswith(_FILE_SCHEME):
        return FolderKeys(Path(settings.keys.removeprefix(_FILE_SCHEME).removeprefix("//")), keyring)
    return KubernetesKeys(cluster_from(settings, environment), keyring)


def _wire(board: RouteBoard, source: KeySource, endpoints: Endpoints, metrics: Metrics) -> None:
    """Let whatever depends on the routes follow them."""

    def follow(routes: Routes) -> None:
        source.follow(routes.namespaces)
        endpoints.retain(routes.addresses)
        metrics.generation.set(routes.generation)
        metrics.capabilities.set(len(routes.capabilities))

    board.listen(follow)


def _live_gauges(metrics: Metrics, admission: Admission, keyring: Keyring, lines: BufferedLines) -> None:
    metrics.in_flight.set_function(lambda: admission.under_way)
    metrics.buffered.set_function(lambda: admission.held_bytes)
    metrics.keys.set_function(keyring.count)
    metrics.log_dropped.set_function(lambda: lines.dropped)


def _why_not_ready(draining: bool, board: RouteBoard, source: KeySource) -> str:
    if draining:
        return "shutting down"
    if not board.known:
        return "no routing table yet"
    return "" if source.settled else "the API keys of some namespaces are not known yet"


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
