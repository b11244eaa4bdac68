"""A worker that looks for queued predictions misses none that is added while it looks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from capforge_contracts.serving import RoutingTable
from capforge_gateway.documents import queue
from capforge_gateway.documents.ports import JobStatus, Owner, QueueJob
from capforge_gateway.documents.queue import Queue, Worker
from capforge_gateway.keys.keyring import Keyring
from capforge_gateway.predict.door import Door
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.tasks import cancelled
from tests.support.eventually import eventually_async
from tests.support.labelled import digest
from tests.support.twins.documents import MemoryDocuments

OWNER = Owner("acme", "receipts")
REQUEST: dict[str, Any] = {"asked": "v1", "name": "a.pdf", "words": None, "choices": {}, "key": "me", "request_id": "1"}


class AddedWhileLooking(MemoryDocuments):
    """The first look finds nothing, and then a job is there before whoever looked has heard of that."""

    added: asyncio.Event
    jobs_added: int = 0

    async def take_job(self, lease_seconds: float) -> QueueJob | None:
        found = await super().take_job(lease_seconds)
        if not self.jobs_added:
            self.jobs_added += 1
            self.job_added = await self.add_job(OWNER, digest("a"), REQUEST)
            self.added.set()
        return found


@dataclass
class Storage:
    """What of it is needed here."""

    documents: AddedWhileLooking = field(default_factory=AddedWhileLooking)
    blobs: Any = None
    readings: Any = None


async def test_a_job_that_is_added_while_a_worker_looks_does_not_wait_for_its_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "_POLL_SECONDS", 3600.0)
    storage, board = Storage(), RouteBoard()
    board.offer(RoutingTable(generation=1))
    waiting = Queue(storage)
    storage.documents.added = waiting.added
    nothing: Any = None
    worker = Worker(storage, waiting, nothing, Door(board, Keyring()), 60.0)
    working = asyncio.create_task(worker.work())

    async def is_over() -> bool:
        job = await storage.documents.job(OWNER, storage.documents.job_added.id)
        return job.status is JobStatus.FAILED  # there is no such capability any more

    await eventually_async(is_over, 5)
    await cancelled(working)
