"""Annotated images on the internal listener: counts for the operator, what searches find for a tenant's own Jobs."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from capforge_contracts.model import wrong_fields
from capforge_contracts.vision import VisionCounts, VisionQuestion
from capforge_gateway.api.bodies import bounded_body
from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.errors import ApiError
from capforge_gateway.storage.door_parts import Guard, Streams, refused
from capforge_gateway.vision.ports import VisionStore

_MAX_QUESTION_BYTES = 8 * 1024 * 1024
"""Twenty searches of five thousand files each."""
_BODY_SECONDS = 10.0
_MAX_FAULTS = 20


class VisionDoors:
    """`GET /internal/vision`, `POST /internal/vision/{namespace}` with a VisionQuestion."""

    def __init__(
        self, store: VisionStore, guard: Guard, streams: Streams, is_operator: Callable[[Request], bool]
    ) -> None:
        self._store = store
        self._guard = guard
        self._streams = streams
        self._is_operator = is_operator

    def routes(self) -> list[Route]:
        """Return what the internal app serves of it."""
        return [
            Route("/internal/vision", self.counts, methods=["GET"]),
            Route("/internal/vision/{namespace}", self.submissions, methods=["POST"]),
        ]

    async def counts(self, request: Request) -> Response:
        """How far each namespace is (VisionCounts)."""
        if not self._is_operator(request):
            return refused(HTTPStatus.UNAUTHORIZED, "the internal bearer token is missing or wrong")
        try:
            counts = VisionCounts(counts=list(await self._store.counts()))
        except StorageAway as error:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        return Response(counts.to_json(), media_type="application/json")

    async def submissions(self, request: Request) -> Response:
        """Stream what the searches find as of a submission; the last line tells how many there were."""
        namespace = request.path_params["namespace"]
        refusal = await self._guard.refusal(request, namespace) or self._streams.refusal()
        if refusal is not None:
            return refusal
        try:
            return await self._answer(namespace, await _question(request))
        except ApiError as error:
            return refused(HTTPStatus(error.status), error.message)
        except ValidationError as error:
            return refused(HTTPStatus.BAD_REQUEST, "; ".join(wrong_fields(error, "the body")[:_MAX_FAULTS]))
        except StorageAway as error:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    async def _answer(self, namespace: str, question: VisionQuestion) -> Response:
        newest = await self._store.newest(namespace)
        if newest is None:
            return refused(HTTPStatus.NOT_FOUND, f"{namespace} never had a file to annotate")
        if question.as_of_sequence > newest:
            message = f"asOfSequence: a whole number from 0 to {newest}, the newest submission's"
            return refused(HTTPStatus.BAD_REQUEST, message)
        return self._streams.answer(namespace, self._store.selected(namespace, question))


async def _question(request: Request) -> VisionQuestion:
    """Return what is asked; raises ApiError, ValidationError."""
    return VisionQuestion.from_json(await bounded_body(request, _MAX_QUESTION_BYTES, _BODY_SECONDS))
