"""The document loop put together from its parts, as the gateway opens it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from capforge_gateway.documents.annotating import Annotating
from capforge_gateway.documents.catching_up import CatchingUp
from capforge_gateway.documents.endpoint import FieldExtraction
from capforge_gateway.documents.extractor import Extractor
from capforge_gateway.documents.ports import Reader
from capforge_gateway.documents.prediction import Prediction
from capforge_gateway.documents.queue import Queue, Worker
from capforge_gateway.documents.rates import Rates
from capforge_gateway.documents.reading import Readers
from capforge_gateway.documents.routes import DocumentCalls
from capforge_gateway.documents.shelf import Shelf
from capforge_gateway.documents.storage import Storage
from capforge_gateway.predict.admission import Admission
from capforge_gateway.predict.door import Door
from capforge_gateway.predict.fetch import Fetcher
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.settings import Settings

_LEASE_SLACK_SECONDS = 10.0
"""Beside reading and predicting: the blobs and the tables."""


@dataclass(frozen=True)
class Neighbours:
    """Parts of the gateway that the document loop shares with images."""

    door: Door
    admission: Admission
    threads: PixelThreads
    upstream: Upstream
    fetcher: Fetcher


@dataclass(frozen=True)
class DocumentLoop:
    """What answers, and what works by itself."""

    extraction: FieldExtraction
    calls: DocumentCalls
    workers: tuple[Worker, ...]
    catching_up: CatchingUp


def document_loop(settings: Settings, near: Neighbours, storage: Storage, reader: Reader) -> DocumentLoop:
    """Return the parts; whoever opens them lets the workers and the catching up run."""
    readers = Readers(reader, storage, near.threads)
    catching_up = CatchingUp(storage, readers, settings.read_again_seconds)
    extractor = Extractor(near.door.board, near.threads, near.upstream, settings.predict_timeout_seconds)
    prediction = Prediction(storage, readers, extractor, catching_up.wake)
    queue, rates = Queue(storage), Rates(settings.document_requests_per_minute, time.monotonic)
    lease = settings.reading_timeout_seconds + settings.predict_timeout_seconds + _LEASE_SLACK_SECONDS
    return DocumentLoop(
        extraction=FieldExtraction(
            near.door,
            near.admission,
            rates,
            near.threads,
            near.fetcher,
            prediction,
            queue,
            settings.max_document_bytes,
            settings.upload_timeout_seconds,
        ),
        calls=DocumentCalls(
            near.door,
            rates,
            storage,
            Shelf(storage, readers, settings.documents_on_page),
            Annotating(storage, readers, near.threads),
            queue,
            settings.external_url,
            settings.upload_timeout_seconds,
        ),
        workers=tuple(Worker(storage, queue, prediction, near.door, lease) for _ in range(settings.document_workers)),
        catching_up=catching_up,
    )
