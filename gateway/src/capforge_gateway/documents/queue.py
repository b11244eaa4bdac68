"""Predictions that are made later: kept as jobs, so that they survive the gateway that took them.

- The file lies in the blobs before the job is there: whoever takes it needs nothing of the gateway that was asked.
- A job that cannot be done now (reader, storage or model servers away) waits again, for at most _PATIENCE.
- Every other outcome is written once; the first one stays.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from pydantic import TypeAdapter

from capforge_contracts.reading import GivenPage
from capforge_gateway.documents.choices import Choices
from capforge_gateway.documents.keeping import queue_file
from capforge_gateway.documents.ports import JobStatus, Owner, QueueJob, StorageAway, UnknownDocument
from capforge_gateway.documents.prediction import Prediction
from capforge_gateway.documents.refusals import translated
from capforge_gateway.documents.storage import Storage
from capforge_gateway.documents.upload import Upload
from capforge_gateway.errors import ApiError, internal, not_found
from capforge_gateway.predict.door import Door
from capforge_gateway.requests import Facts
from capforge_gateway.routing.resolve import find_capability
from capforge_gateway.routing.routes import Capability

_POLL_SECONDS = 1.0
"""Between two looks for jobs of other gateways."""
_AGAIN_SECONDS = 3.0
"""How long a job that could not be done now lets others go first."""
_PATIENCE = timedelta(hours=1)
_LATER = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})
_WORDS = TypeAdapter(list[GivenPage])
_log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """Exactly one of the two."""

    answer: dict[str, Any] | None = None
    fault: dict[str, Any] | None = None


class Queue:
    """Adds jobs and tells about them."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.added = asyncio.Event()
        """Wakes this gateway's own workers."""

    async def add(
        self, capability: Capability, asked: str, upload: Upload, choices: Choices, facts: Facts
    ) -> Mapping[str, Any]:
        """Queue a prediction; return the job as the wire has it. Raises ApiError."""
        owner = Owner.of(capability)
        with translated():
            request = _request(asked, upload, choices, facts)
            job = await queue_file(self._storage.documents, self._storage.blobs, owner, upload.data, request)
        self.added.set()
        return job_of(job)

    async def find(self, owner: Owner, job: str) -> QueueJob:
        """Return a job; raises ApiError."""
        with translated("job"):
            return await self._storage.documents.job(owner, job)


class Worker:
    """Takes one job after the other."""

    def __init__(
        self, storage: Storage, queue: Queue, prediction: Prediction, door: Door, lease_seconds: float
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._prediction = prediction
        self._door = door
        self._lease_seconds = lease_seconds

    async def work(self) -> None:
        """Work for ever; cancelled at the end, a job that was taken waits again."""
        while True:
            try:
                busy = await self._one()
            except StorageAway:
                busy = False
            except Exception:  # noqa: BLE001 - a worker loop goes on
                _log.exception("queued prediction failed")
                busy = False
            if not busy:
                await self._wait()

    async def _wait(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._queue.added.wait(), _POLL_SECONDS)
        # Not before: a job that was added since this worker looked must not wait for the next look.
        self._queue.added.clear()

    async def _one(self) -> bool:
        if not self._door.board.known:  # every job would be for a product that is not there
            return False
        job = await self._storage.documents.take_job(self._lease_seconds)
        if job is None:
            return False
        try:
            outcome = await self._done(job)
        except asyncio.CancelledError:
            await asyncio.shield(self._given_back(job))
            raise
        if outcome is None:
            await self._given_back(job, _AGAIN_SECONDS)
            return True
        with contextlib.suppress(UnknownDocument):
            await self._storage.documents.finish_job(job.owner, job.id, outcome.answer, outcome.fault)
        _log.info("queued prediction", job=job.id, namespace=job.owner.namespace, capability=job.owner.capability,
                  code=(outcome.fault or {}).get("code", ""))  # fmt: skip
        return True

    async def _given_back(self, job: QueueJob, pause_seconds: float = 0.0) -> None:
        with contextlib.suppress(StorageAway, UnknownDocument):
            await self._storage.documents.give_back(job.owner, job.id, pause_seconds)

    async def _done(self, job: QueueJob) -> Outcome | None:
        """Return what became of it; None: nothing yet, try again."""
        try:
            return Outcome(answer=await self._answer(job))
        except ApiError as error:
            if error.status in _LATER and datetime.now(UTC) - job.issued < _PATIENCE:
                return None
            return Outcome(fault=_fault(error))
        except Exception:  # noqa: BLE001 - whoever asks for the job must hear of it
            _log.exception("queued prediction failed", job=job.id)
            return Outcome(fault=_fault(internal()))

    async def _answer(self, job: QueueJob) -> dict[str, Any]:
        request, owner = job.request, job.owner
        facts = Facts(str(request["request_id"]), key=str(request["key"]), namespace=owner.namespace)
        capability = find_capability(self._door.board.current, owner.namespace, owner.capability)
        version = self._door.version_or_none(capability, request["asked"], facts)
        try:
            data = await self._storage.blobs.get(owner.namespace, request["sha256"])
        except UnknownDocument as error:
            raise not_found("the queued document is no longer kept; send it again") from error
        except StorageAway as error:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "StorageUnavailable", str(error)) from error
        words = request.get("words")
        upload = Upload(data, str(request["name"]), given=None if words is None else _WORDS.validate_python(words))
        document = await self._prediction.of(capability, version, upload, Choices(**request["choices"]), facts, job.id)
        plain: dict[str, Any] = orjson.loads(orjson.dumps(document))
        return plain


def job_of(job: QueueJob) -> dict[str, Any]:
    """Return a job as the wire has it."""
    return {
        "id": job.id,
        "issued_at": job.issued,
        "available_at": job.available,
        "status": job.status.value,
        "error": {} if job.status is not JobStatus.FAILED else (job.error or _fault(internal())),
    }


def _request(asked: str, upload: Upload, choices: Choices, facts: Facts) -> dict[str, Any]:
    words = None if upload.given is None else [page.model_dump(mode="json", by_alias=True) for page in upload.given]
    return {
        "asked": asked,
        "name": upload.name,
        "words": words,
        "choices": {
            "training": choices.training,
            "not_now": choices.not_now,
            "with_candidates": choices.with_candidates,
            "include_mvision": choices.include_mvision,
        },
        "key": facts.key,
        "request_id": facts.request_id,
    }


def _fault(error: ApiError) -> dict[str, Any]:
    return {"code": error.code, "message": error.message, "details": error.details, "status": int(error.status)}
