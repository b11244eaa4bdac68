"""The calls about files, below `/v1/vision/{namespace}/files`."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.model import sha256_hex
from capforge_gateway.api.access import request_id_of
from capforge_gateway.api.calls import answered
from capforge_gateway.documents.keeping import looked_for
from capforge_gateway.documents.ports import Blobs
from capforge_gateway.errors import bad_request, unsupported_media
from capforge_gateway.predict.body import body_limit, header
from capforge_gateway.predict.fetch import Fetcher
from capforge_gateway.predict.inputs import FORM, JSON, RAW, ImageBytes, media_type
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.vision.answer import file_shown, next_page, place_of, submission_shown
from capforge_gateway.vision.ports import NewFile, VisionFile, VisionStore
from capforge_gateway.vision.refusals import translated
from capforge_gateway.vision.upload import Upload, upload_of
from capforge_gateway.vision.visitors import Visitor, Visitors, file_in

PATH = "/v1/vision/{namespace}/files"
_SEALED = "default-src 'none'; sandbox"
"""A file of a stranger, shown by a browser, may do nothing."""


@dataclass(frozen=True)
class FileCalls:
    """Each method answers one call; raises ApiError, which the app answers."""

    visitors: Visitors
    store: VisionStore
    blobs: Blobs
    threads: PixelThreads
    fetcher: Fetcher
    external_url: str
    max_bytes: int
    page_size: int

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.upload, methods=["POST"]),
            Route(PATH, self.list, methods=["GET"]),
            Route(f"{PATH}/{{file}}", self.get, methods=["GET"]),
            Route(f"{PATH}/{{file}}", self.delete, methods=["DELETE"]),
            Route(f"{PATH}/{{file}}/content", self.content, methods=["GET"]),
        ]

    async def upload(self, request: Request) -> Response:
        """201 with the new file, 200 with the one that has these bytes already."""
        visitor = self.visitors.visitor(request)
        content_type = header(request.scope["headers"], b"content-type")
        media = media_type(content_type)
        if media not in RAW | {FORM, JSON}:
            raise unsupported_media(media)
        limit = body_limit(media, self.max_bytes)
        async with self.visitors.body(request, visitor, limit, self.max_bytes) as (body, seat):
            sent = await self.threads.run(upload_of, content_type, body, dict(request.query_params), self.max_bytes)
            if isinstance(sent.image, ImageBytes):
                data = sent.image.data
            else:
                data = await self.fetcher.fetch(sent.image.url, seat.hold, self.max_bytes)
            new = await self._measured(visitor, sent, data)
            kept, is_new = await self._keep(visitor.namespace, new, data)
        return await self._shown(request, visitor, kept, HTTPStatus.CREATED if is_new else HTTPStatus.OK)

    async def list(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        unknown = sorted(set(request.query_params) - {"cursor"})
        if unknown:
            raise bad_request(
                "the list of files takes `cursor` alone; POST …/search takes filters", field=unknown[0][:40]
            )
        after = place_of(request.query_params.get("cursor"))
        with translated():
            found = await self.store.files(visitor.namespace, after, self.page_size)
        is_full = len(found) == self.page_size
        following = next_page(found[-1].created, found[-1].id) if is_full else None
        shown = {"files": [file_shown(one) for one in found], "pagination": {"next": following}}
        return answered(request, self.external_url, shown)

    async def get(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        with translated():
            kept = await self.store.get(visitor.namespace, file_in(request))
        return await self._shown(request, visitor, kept, HTTPStatus.OK)

    async def delete(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        with translated():
            await self.store.delete(visitor.namespace, file_in(request))
        return answered(request, self.external_url, {})

    async def content(self, request: Request) -> Response:
        """The bytes as they were sent."""
        visitor = self.visitors.visitor(request)
        with self.visitors.admission.seat(visitor.namespace) as seat, translated():
            kept = await self.store.get(visitor.namespace, file_in(request))
            seat.hold(kept.size_bytes)
            data = await self.blobs.get(visitor.namespace, kept.sha256)
        headers = {
            "X-Request-Id": request_id_of(request.scope),
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": _SEALED,
            "Cache-Control": "private, no-store",
        }
        return Response(data, media_type=kept.content_type, headers=headers)

    async def _measured(self, visitor: Visitor, sent: Upload, data: bytes) -> NewFile:
        size = await self.threads.measured(data)
        sha256 = await self.threads.run(sha256_hex, data)
        kind, facts = f"image/{size.format.lower()}", sent.facts
        told = (visitor.key, facts.source or "", facts.metadata)
        return NewFile(sent.name, kind, sha256, len(data), size.width, size.height, *told)

    async def _keep(self, namespace: str, new: NewFile, data: bytes) -> tuple[VisionFile, bool]:
        """Keep a file: bytes first, then the row, so that a row never names bytes that were not written."""
        with translated():
            await self.blobs.put(namespace, data)
            kept = await self.store.keep(namespace, new)
            await looked_for(self.blobs, namespace, new.sha256, data)
            return kept

    async def _shown(self, request: Request, visitor: Visitor, kept: VisionFile, status: HTTPStatus) -> Response:
        with translated():
            official = await self.store.official(visitor.namespace, kept.id)
        shown = {**file_shown(kept), "submission": submission_shown(official)}
        return answered(request, self.external_url, {"file": shown}, status)
