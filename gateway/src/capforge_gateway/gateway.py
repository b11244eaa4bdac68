"""All parts of one gateway put together: opened in order, closed in the opposite one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp

from capforge_gateway.api.cors import open_to_pages_of
from capforge_gateway.api.data_model import DataModels
from capforge_gateway.api.internal import RoutesDoor, internal_app
from capforge_gateway.api.public import Descriptions, Front, public_app
from capforge_gateway.datasets.wiring import dataset_routes
from capforge_gateway.documents.candidates_service import CandidatesService
from capforge_gateway.documents.loop import DocumentLoop, Neighbours, document_loop
from capforge_gateway.documents.storage import Storage
from capforge_gateway.inference_protocol.endpoint import InferenceProtocol
from capforge_gateway.inference_protocol.infer import Infer
from capforge_gateway.inference_protocol.infer import Limits as InferLimits
from capforge_gateway.keys.job_tokens import JobTokens, job_tokens
from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.keys.source import KeySource
from capforge_gateway.keys.wiring import key_source
from capforge_gateway.listener import Listener, listener
from capforge_gateway.logs import BufferedLines
from capforge_gateway.metrics import Metrics
from capforge_gateway.predict.admission import Admission
from capforge_gateway.predict.batches import Batches
from capforge_gateway.predict.detector import Detector
from capforge_gateway.predict.door import Door
from capforge_gateway.predict.endpoint import Limits, Predict
from capforge_gateway.predict.endpoints import Endpoints
from capforge_gateway.predict.fetch import Fetcher, policy_from
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.regions.asking import Asking
from capforge_gateway.predict.regions.endpoint import Limits as RegionLimits
from capforge_gateway.predict.regions.endpoint import Regions
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.file import RoutesFile
from capforge_gateway.routing.routes import Routes
from capforge_gateway.runs.access import Access
from capforge_gateway.runs.files import RunFiles, store_of_runs
from capforge_gateway.runs.routes import Runs
from capforge_gateway.settings import Settings
from capforge_gateway.storage.door_parts import Guard, Streams
from capforge_gateway.storage.doors import AnnotationDoors
from capforge_gateway.storage.vision_doors import VisionDoors
from capforge_gateway.storage.wiring import Storage as OpenedStorage
from capforge_gateway.storage.wiring import storage as opened_storage
from capforge_gateway.tasks import cancelled
from capforge_gateway.vision.calls import vision_routes
from capforge_gateway.vision.visitors import Visitors
from capforge_transforms import Limits as ImageLimits


@dataclass
class Gateway:
    """The running parts that the process touches."""

    public: Listener
    internal: Listener
    draining: bool = False


@dataclass(frozen=True)
class _Ground:
    """What all parts stand on. What they open is closed by the stack, the last one first."""

    settings: Settings
    environment: Mapping[str, str]
    stack: AsyncExitStack
    board: RouteBoard
    keyring: Keyring
    metrics: Metrics


@asynccontextmanager
async def gateway(settings: Settings, environment: Mapping[str, str], lines: BufferedLines) -> AsyncIterator[Gateway]:
    """Open everything but the listeners, which the caller runs; raises SettingsError."""
    async with AsyncExitStack() as stack:
        ground = _Ground(settings, environment, stack, RouteBoard(), Keyring(), Metrics())
        source = _follow_routes(ground)
        near, batches = _neighbours(ground)
        _live_gauges(ground, near.admission, batches, lines)
        storage = await stack.enter_async_context(opened_storage(settings, environment, ground.metrics.registry))
        tokens = await stack.enter_async_context(job_tokens(settings, environment))
        running: list[Gateway] = []

        def why_not_ready() -> str:
            return _why_not_ready(running[0].draining, ground.board, source)

        front = _front(ground, near, batches, storage, why_not_ready)
        inside = _inside(ground, storage, tokens, why_not_ready)
        internal = listener(inside, settings.host, settings.internal_port, settings.head_timeout_seconds)
        running.append(Gateway(_public(front, settings), internal))
        ground.metrics.ready.set_function(lambda: not why_not_ready())
        yield running[0]


def _follow_routes(ground: _Ground) -> KeySource:
    """Let whatever depends on the routes follow them; return where the keys come from."""
    board, metrics, stack = ground.board, ground.metrics, ground.stack
    source = key_source(ground.settings, ground.environment, ground.keyring)
    stack.push_async_callback(source.aclose)

    def follow(routes: Routes) -> None:
        source.follow(routes.namespaces)
        metrics.predictions.retain(routes)
        metrics.generation.set(routes.generation)
        metrics.capabilities.set(len(routes.capabilities))

    board.listen(follow)
    file = RoutesFile(ground.settings.routes_file, board)
    stack.push_async_callback(cancelled, asyncio.create_task(file.follow()))
    return source


def _neighbours(ground: _Ground) -> tuple[Neighbours, Batches]:
    """Return what predictions and documents share, and the way to the model servers."""
    settings, stack = ground.settings, ground.stack
    endpoints = Endpoints(time.monotonic)
    stack.callback(endpoints.close)
    ground.board.listen(lambda routes: endpoints.retain(routes.addresses))
    admission = Admission(settings.max_requests, settings.max_requests_per_namespace, settings.max_buffered_bytes)
    upstream = Upstream(endpoints, settings.connect_timeout_seconds, ground.metrics)
    fetcher = Fetcher(policy_from(settings))
    stack.push_async_callback(fetcher.close)
    near = Neighbours(Door(ground.board, ground.keyring), admission, _pixels(settings, stack), upstream, fetcher)
    return near, Batches(upstream, settings.requests_per_server)


def _front(
    ground: _Ground, near: Neighbours, batches: Batches, storage: OpenedStorage, why_not_ready: Callable[[], str]
) -> ASGIApp:
    """Return the app of the public listener."""
    settings, board = ground.settings, ground.board
    documents = _documents(ground, near, storage)
    rates = documents.calls.rates
    predict = _predict(ground, near, batches, documents)
    infer = Infer(board, near.threads, near.upstream, _infer_limits(settings))
    protocol = InferenceProtocol(near.door, near.admission, infer, ground.metrics, why_not_ready)
    visitors = Visitors(near.door, rates, near.admission, settings.upload_timeout_seconds)
    store = partial(store_of_runs, settings, ground.environment)
    calls = [
        *documents.calls.routes(),
        *DataModels(near.door, rates, settings.upload_timeout_seconds).routes(),
        *vision_routes(settings, near, rates, storage.vision, storage.blobs),
        *_runs(ground).routes(),
        *dataset_routes(visitors, store, settings.external_url, ground.stack),
    ]
    others = public_app(Descriptions(near.door, settings.external_url), why_not_ready, calls)
    return open_to_pages_of(settings.cors_origins, Front(predict, protocol, others))


def _inside(
    ground: _Ground, storage: OpenedStorage, tokens: JobTokens | None, why_not_ready: Callable[[], str]
) -> ASGIApp:
    """Return the app of the internal listener."""
    door = RoutesDoor(ground.board, ground.settings.internal_token_file)
    guard, streams = Guard(tokens), Streams()
    annotations = AnnotationDoors(storage.documents, guard, streams, door.is_operator)
    images = VisionDoors(storage.vision, guard, streams, door.is_operator)
    return internal_app(door, ground.metrics.exposition, why_not_ready, [*annotations.routes(), *images.routes()])


def _public(front: ASGIApp, settings: Settings) -> Listener:
    timeouts = (settings.head_timeout_seconds, settings.answer_timeout_seconds)
    return listener(front, settings.host, settings.port, *timeouts, settings.max_connections)


def _pixels(settings: Settings, stack: AsyncExitStack) -> PixelThreads:
    limits = ImageLimits(settings.max_image_bytes, settings.max_image_pixels)
    pixels = PixelThreads(settings.decode_threads, limits, settings.max_decode_bytes, settings.predict_timeout_seconds)
    stack.callback(pixels.close)
    return pixels


def _infer_limits(settings: Settings) -> InferLimits:
    return InferLimits(settings.max_tensor_bytes, settings.upload_timeout_seconds, settings.predict_timeout_seconds)


def _predict(ground: _Ground, near: Neighbours, batches: Batches, documents: DocumentLoop) -> Predict:
    settings = ground.settings
    detector = Detector(ground.board, near.threads, batches, settings.predict_timeout_seconds)
    return Predict(
        near.door,
        near.admission,
        near.threads,
        near.fetcher,
        detector,
        _regions(settings, near, detector, batches),
        documents.extraction,
        ground.metrics,
        Limits(settings.max_image_bytes, settings.upload_timeout_seconds),
        settings.external_url,
    )


def _regions(settings: Settings, near: Neighbours, detector: Detector, batches: Batches) -> Regions:
    timeout = settings.predict_timeout_seconds
    asking = Asking(near.door.board, near.threads, batches, near.upstream, timeout)
    limits = RegionLimits(settings.max_image_bytes, settings.max_entities, settings.upload_timeout_seconds, timeout)
    return Regions(near.door, near.admission, near.threads, near.fetcher, detector, asking, limits)


def _documents(ground: _Ground, near: Neighbours, storage: Storage) -> DocumentLoop:
    """Open the document loop; what works by itself begins at once."""
    settings, stack = ground.settings, ground.stack
    tell = ground.metrics.reader_up.set
    reader = CandidatesService(
        settings.candidates_url, settings.internal_token_file, settings.reading_timeout_seconds, tell
    )
    stack.push_async_callback(reader.close)
    loop = document_loop(settings, near, storage, reader)
    for work in (*(worker.work() for worker in loop.workers), loop.catching_up.follow()):
        stack.push_async_callback(cancelled, asyncio.create_task(work))
    return loop


def _runs(ground: _Ground) -> Runs:
    settings = ground.settings
    store = partial(store_of_runs, settings, ground.environment)
    files = RunFiles(store, settings.store_threads, settings.store_timeout_seconds)
    ground.stack.callback(files.close)
    access = Access(ground.keyring, settings.internal_token_file)
    return Runs(access, files, ground.board, settings.external_url)


def _live_gauges(ground: _Ground, admission: Admission, batches: Batches, lines: BufferedLines) -> None:
    metrics = ground.metrics
    metrics.in_flight.set_function(lambda: admission.under_way)
    metrics.buffered.set_function(lambda: admission.held_bytes)
    metrics.waiting.set_function(lambda: batches.waiting)
    metrics.keys.set_function(ground.keyring.count)
    metrics.count_dropped_lines(lambda: lines.dropped)


def _why_not_ready(draining: bool, board: RouteBoard, source: KeySource) -> str:
    if draining:
        return "shutting down"
    if not board.known:
        return "no routing table yet"
    return "" if source.settled else "the API keys of some namespaces are not known yet"
