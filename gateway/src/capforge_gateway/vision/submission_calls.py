"""The calls about what people and models say is in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.vision import AnnotationStatus
from capforge_gateway.api.calls import answered
from capforge_gateway.cursors import no_cursor
from capforge_gateway.errors import bad_request
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.vision.answer import submission_shown
from capforge_gateway.vision.asked import SubmissionInput
from capforge_gateway.vision.entities import Canvas, last_words, stored_entities
from capforge_gateway.vision.file_calls import PATH
from capforge_gateway.vision.ports import NEWEST, NewSubmission, VisionFile, VisionStore
from capforge_gateway.vision.refusals import translated, validated
from capforge_gateway.vision.visitors import Visitor, Visitors, file_in

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_BODY_PARTS = 500_000
_MAX_DIGITS = 18
_log = structlog.get_logger()


@dataclass(frozen=True)
class SubmissionCalls:
    """Each method answers one call; raises ApiError, which the app answers."""

    visitors: Visitors
    store: VisionStore
    threads: PixelThreads
    external_url: str
    page_size: int

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(f"{PATH}/{{file}}/submissions", self.submit, methods=["POST"]),
            Route(f"{PATH}/{{file}}/submissions", self.history, methods=["GET"]),
            Route(f"{PATH}/{{file}}/pre-annotations", self.propose, methods=["POST"]),
        ]

    async def submit(self, request: Request) -> Response:
        """201 with the submission, 200 where it was sent before."""
        visitor = self.visitors.visitor(request)
        body = await self.visitors.json(request, visitor, MAX_BODY_BYTES, MAX_BODY_PARTS)
        return await self._submit(request, visitor, body, AnnotationStatus.SUBMITTED)

    async def propose(self, request: Request) -> Response:
        """As submit, of what a model found: the answer of a predict call can be sent as it is."""
        visitor = self.visitors.visitor(request)
        body = await self.visitors.json(request, visitor, MAX_BODY_BYTES, MAX_BODY_PARTS)
        return await self._submit(request, visitor, body, AnnotationStatus.PRE_ANNOTATION)

    async def history(self, request: Request) -> Response:
        """What was said about a file, newest first."""
        visitor = self.visitors.visitor(request)
        before = _sequence(request.query_params.get("cursor"))
        with translated():
            rows = await self.store.history(visitor.namespace, file_in(request), before, self.page_size)
            older = await self.store.history(visitor.namespace, file_in(request), rows[-1].sequence, 1) if rows else []
        following = str(rows[-1].sequence) if older else None
        shown = {"submissions": [submission_shown(one) for one in rows], "pagination": {"next": following}}
        return answered(request, self.external_url, shown)

    async def _submit(
        self, request: Request, visitor: Visitor, body: dict[str, Any], status: AnnotationStatus
    ) -> Response:
        with translated():
            file = await self.store.get(visitor.namespace, file_in(request))
            canvas = Canvas(file.width, file.height)
            if status is AnnotationStatus.PRE_ANNOTATION:
                body = _of_prediction(body, file)
                body["entities"] = last_words(body.get("entities"))
                canvas = replace(canvas, overhang=float("inf"))
            entities = await self.threads.run(stored_entities, body.get("entities"), canvas)
            said = validated(SubmissionInput, {**body, "entities": []})
            identity = None if said.id is None else str(UUID(said.id))
            new = NewSubmission(visitor.annotator, status, entities, said.capability, identity)
            row, is_new = await self.store.submit(visitor.namespace, file.id, new)
        if is_new:
            _log.info(
                "image annotated",
                namespace=visitor.namespace,
                file=file.id,
                sequence=row.sequence,
                entities=len(entities),
                status=status.value,
            )
        http_status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return answered(request, self.external_url, {"submission": submission_shown(row)}, http_status)


def _of_prediction(body: dict[str, Any], file: VisionFile) -> dict[str, Any]:
    """Return the submission in a predict answer (or in its `document`); any other body as it is. Raises 400."""
    if "document" not in body:
        return dict(body)
    document = body["document"]
    try:
        image, inference = document["image"], document["inference"]
        size = (image["width"], image["height"])
        entities, product = inference["prediction"]["entities"], str(inference["product"]["name"])
    except (KeyError, TypeError) as error:
        message = "`document` is none of a predict answer about an image: it needs `image` and `inference`"
        raise bad_request(message, field="document") from error
    if size != (file.width, file.height):
        message = (
            f"the prediction is of an image of {size[0]} x {size[1]} pixels, the file has {file.width} x {file.height}"
        )
        raise bad_request(message, field="document.image")
    found: dict[str, Any] = {"entities": entities, "capability": product.rpartition("/")[2]}
    return found | _beside(body)


def _beside(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a caller may add to a predict answer."""
    return {name: value for name, value in body.items() if name not in {"document", "api_request", "entities"}}


def _sequence(cursor: str | None) -> int:
    if cursor is None:
        return NEWEST
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MAX_DIGITS):
        raise no_cursor()
    return int(cursor)
