"""The storage on the internal listener: counts for the operator, annotations for a tenant's own Jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from capforge_contracts.submissions import AnnotationCounts
from capforge_gateway.documents.ports import Documents, Owner, StorageAway
from capforge_gateway.storage.door_parts import Guard, Streams, refused

_MAX_DIGITS = 18


class AnnotationDoors:
    """`GET /internal/annotations`, `GET /internal/submissions/{namespace}/{capability}?asOf=<sequence>`."""

    def __init__(
        self, documents: Documents, guard: Guard, streams: Streams, is_operator: Callable[[Request], bool]
    ) -> None:
        self._documents = documents
        self._guard = guard
        self._streams = streams
        self._is_operator = is_operator

    def routes(self) -> list[Route]:
        """Return what the internal app serves of it."""
        return [
            Route("/internal/annotations", self.counts, methods=["GET"]),
            Route("/internal/submissions/{namespace}/{capability}", self.submissions, methods=["GET"]),
        ]

    async def counts(self, request: Request) -> Response:
        """How far each capability is (AnnotationCounts)."""
        if not self._is_operator(request):
            return refused(HTTPStatus.UNAUTHORIZED, "the internal bearer token is missing or wrong")
        try:
            counts = AnnotationCounts(counts=list(await self._documents.counts()))
        except StorageAway as error:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
        return Response(counts.to_json(), media_type="application/json")

    async def submissions(self, request: Request) -> Response:
        """Stream the annotations as of a submission, one JSON a line; the last line tells how many there were."""
        owner = Owner(request.path_params["namespace"], request.path_params["capability"])
        refusal = await self._guard.refusal(request, owner.namespace) or self._streams.refusal()
        if refusal is not None:
            return refusal
        try:
            return await self._answer(owner, request.query_params.get("asOf"))
        except StorageAway as error:
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    async def _answer(self, owner: Owner, as_of: str | None) -> Response:
        newest = await self._documents.newest(owner)
        if newest is None:
            return refused(HTTPStatus.NOT_FOUND, f"{owner.capability} of {owner.namespace} never had a document")
        sequence = _sequence(as_of, newest)
        if sequence is None:
            return refused(HTTPStatus.BAD_REQUEST, f"asOf: a whole number from 0 to {newest}, the newest submission's")
        return self._streams.answer(owner.namespace, self._lines(owner, sequence))

    async def _lines(self, owner: Owner, as_of: int) -> AsyncIterator[bytes]:
        async for submission in self._documents.current(owner, as_of):
            yield submission.to_json()


def _sequence(as_of: str | None, newest: int) -> int | None:
    """Return the sequence that is asked for (the newest where none is), None where there is no such prefix."""
    if as_of is None:
        return newest
    if not (as_of.isascii() and as_of.isdigit() and len(as_of) <= _MAX_DIGITS):
        return None
    return int(as_of) if int(as_of) <= newest else None
