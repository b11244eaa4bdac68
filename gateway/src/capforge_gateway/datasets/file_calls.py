"""The calls about a dataset's files: one item's, many, the manifest, and all of it in a format of other tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.dataset import Split
from capforge_contracts.exports import ExportFormat, export, format_of, of_split
from capforge_contracts.exports.files import FetchedFile, TextFile
from capforge_gateway.api.access import request_id_of
from capforge_gateway.datasets import schemas
from capforge_gateway.datasets.archive import ArchiveFormat, Member, archive
from capforge_gateway.datasets.asking import ONE, Asking, content_in, no_item
from capforge_gateway.datasets.faults import PurgedFiles
from capforge_gateway.datasets.manifest_file import ManifestFile
from capforge_gateway.datasets.packing import packed
from capforge_gateway.datasets.work import Prepared
from capforge_gateway.documents.media import media_type_of
from capforge_gateway.errors import conflict
from capforge_gateway.vision.refusals import validated

MEDIA = {ArchiveFormat.ZIP: "application/zip", ArchiveFormat.TAR: "application/x-tar"}
MANIFEST_MEDIA = "application/x-ndjson"
UNKNOWN_MEDIA = "application/octet-stream"
_BEGINNING_BYTES = 1024
"""So much tells what kind of file it is."""
_MAX_BODY_BYTES = 64 * 1024
_MAX_BODY_PARTS = 1000
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    # Whatever a file from the store holds, it runs nothing and loads nothing.
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


@dataclass(frozen=True)
class DatasetFileCalls:
    """Each method answers one call; raises ApiError, which the app answers."""

    asking: Asking

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(f"{ONE}/items/{{sha256}}/content", self.file, methods=["GET"]),
            Route(f"{ONE}/files", self.files, methods=["POST"]),
            Route(f"{ONE}/manifest.jsonl", self.manifest, methods=["GET"]),
            Route(f"{ONE}/export", self.export, methods=["GET"]),
        ]

    async def file(self, request: Request) -> Response:
        """200 with the bytes of one image or document as they were locked."""
        visitor, _ = self.asking.asked(request, schemas.Nothing)
        content = content_in(request)

        def prepared() -> Prepared:
            _, manifest = self.asking.content(visitor.namespace, request.path_params["dataset"])
            if not manifest.positions(content):
                raise no_item()
            member = self.asking.shelf.bytes_of(visitor.namespace, content)
            headers = {"Content-Type": _media(member), "Content-Length": str(member.size_bytes)}
            return Prepared(member.pieces(), headers)

        return await self.asking.work.streamed(request, visitor.namespace, prepared, _headers(request))

    async def files(self, request: Request) -> Response:
        """200 with a tar of the images, or documents and readings, that the body names, each called by its sha256."""
        visitor, _ = self.asking.asked(request, schemas.Nothing)
        body = await self.asking.visitors.json(request, visitor, _MAX_BODY_BYTES, _MAX_BODY_PARTS)
        wanted = list(dict.fromkeys(validated(schemas.FilesInput, body).sha256))

        def prepared() -> Prepared:
            digest, manifest = self.asking.content(visitor.namespace, request.path_params["dataset"])
            if not all(manifest.has_file(one) for one in wanted):
                raise no_item()
            gone = self.asking.shelf.purged(visitor.namespace, digest) & set(wanted)
            if gone:
                raise PurgedFiles(sorted(gone))
            files = (FetchedFile(one, one) for one in wanted)
            headers = {"Content-Type": MEDIA[ArchiveFormat.TAR]}
            return Prepared(self._packed(visitor.namespace, files, ArchiveFormat.TAR), headers)

        return await self.asking.work.streamed(request, visitor.namespace, prepared, _headers(request))

    async def manifest(self, request: Request) -> Response:
        """200 with the manifest: its sha256 is the dataset's digest."""
        visitor, _ = self.asking.asked(request, schemas.Nothing)

        def prepared() -> Prepared:
            digest, manifest = self.asking.content(visitor.namespace, request.path_params["dataset"])
            named = _attachment(f"{digest[:12]}.jsonl")
            headers = {
                "Content-Type": MANIFEST_MEDIA,
                "Content-Length": str(manifest.size_bytes),
                "ETag": f'"{digest}"',
            }
            return Prepared(manifest.pieces(), headers | named)

        return await self.asking.work.streamed(request, visitor.namespace, prepared, _headers(request))

    async def export(self, request: Request) -> Response:
        """200 with all files in one archive, made as it is taken."""
        visitor, asked = self.asking.asked(request, schemas.ExportAsked)
        dataset = request.path_params["dataset"]

        def prepared() -> Prepared:
            digest, manifest = self.asking.content(visitor.namespace, dataset)
            form = format_of(manifest.content(), asked.format)
            _check_split(manifest, asked.split)
            if form is not ExportFormat.CSV:
                _check_files(manifest, asked.split, self.asking.shelf.purged(visitor.namespace, digest))
            files = export(of_split(manifest.content(), asked.split), form)
            part = f"-{asked.split.lower()}" if asked.split else ""
            named = _attachment(f"{dataset[:63]}-{form}{part}.{asked.archive}")
            headers = {"Content-Type": MEDIA[asked.archive], **named}
            return Prepared(self._packed(visitor.namespace, files, asked.archive), headers)

        return await self.asking.work.streamed(request, visitor.namespace, prepared, _headers(request))

    def _packed(self, namespace: str, files: Iterable[TextFile | FetchedFile], form: ArchiveFormat) -> Iterator[bytes]:
        shelf, threads = self.asking.shelf, self.asking.work.fetching
        return packed(files, archive(form), lambda one: shelf.bytes_of(namespace, one), threads)


def _check_split(manifest: ManifestFile, split: Split | None) -> None:
    """Refuse what has nothing in it."""
    if split is not None and not any(item.split is split for item in manifest.items()):
        raise conflict("EmptySplit", f"the dataset has no item of split {split}", split=split.value)


def _check_files(manifest: ManifestFile, split: Split | None, gone: Iterable[str]) -> None:
    """Refuse what could not be sent whole: better now than in the middle."""
    lost = [
        one
        for one in gone
        if any(split in (None, manifest.item(position).split) for position in manifest.positions(one))
    ]
    if lost:
        raise PurgedFiles(lost)


def _media(member: Member) -> str:
    member.data.seek(0)
    return media_type_of(member.data.read(_BEGINNING_BYTES)) or UNKNOWN_MEDIA


def _headers(request: Request) -> dict[str, str]:
    return {**_SAFE, "X-Request-Id": request_id_of(request.scope)}


def _attachment(name: str) -> dict[str, str]:
    """`name` has letters of names and digests only."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}
