"""`GET /v1/runs/{namespace}/{run}/{file}`: what a finished run left; `GET /v1/runs/{namespace}`: which runs answer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPMethod

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts import layout, links
from capforge_gateway.api.access import request_id_of
from capforge_gateway.documents.ports import StorageAway
from capforge_gateway.envelope import json_headers, resources, texts_of
from capforge_gateway.errors import ApiError, cannot_be_read, not_found
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.runs.access import Access
from capforge_gateway.runs.files import NoSuchFileError, OpenedFile, RunFiles
from capforge_gateway.runs.listing import runs_of
from capforge_gateway.sending import Sending
from capforge_gateway.slots import Slots

MEDIA = {
    layout.REPORT: "text/html; charset=utf-8",
    layout.MODEL: "application/octet-stream",
    layout.CARD: "application/json",
    layout.METRICS: "application/x-ndjson",
}
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",  # the address may be a key by itself
    "X-Robots-Tag": "noindex",
    # Whatever a file from the store holds, it runs nothing, loads nothing and is nobody's origin.
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True)
class Runs:
    """Each method answers one call; raises ApiError, which the app answers."""

    access: Access
    files: RunFiles
    board: RouteBoard
    external_url: str
    slots: Slots = field(default_factory=lambda: Slots(32, of_namespace=16))

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(f"{links.RUNS_PATH}/{{namespace}}", self.listing, methods=["GET"]),
            Route(f"{links.RUNS_PATH}/{{namespace}}/{{run}}/{{file}}", self.file, methods=["GET"]),
        ]

    async def listing(self, request: Request) -> Response:
        """200 with the runs behind the versions that answer now."""
        namespace = request.path_params["namespace"]
        self.access.check_key(request, namespace)
        server = self.external_url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
        found = runs_of(self.board.current, namespace, server)
        request_id = request_id_of(request.scope)
        body = resources(str(request.url.replace(query="")), request_id, 200, {"runs": found})
        return Response(body, headers={**texts_of(json_headers(body, request_id)), **_SAFE})

    async def file(self, request: Request) -> Response:
        """200 with the file as it lies in the store."""
        namespace, run, name = (str(request.path_params[one]) for one in ("namespace", "run", "file"))
        try:
            path = links.run_file_path(namespace, run, name)
        except ValueError:
            self.access.check_key(request, namespace)  # strangers learn nothing, not even what an address looks like
            raise _no_address(namespace, run, name) from None
        self.access.check(request, namespace, path)
        self.slots.take(namespace)
        try:
            opened = await self._opened(namespace, run, name)
        except BaseException:
            self.slots.give(namespace)
            raise
        return self._sent(request, opened, namespace, run, name)

    async def _opened(self, namespace: str, run: str, name: str) -> OpenedFile:
        try:
            return await self.files.open(namespace, run, name)
        except NoSuchFileError as error:
            raise _missing(run, name, run_known=error.run_known) from error
        except StorageAway as error:
            raise cannot_be_read("files of runs", str(error)) from error

    def _sent(self, request: Request, opened: OpenedFile, namespace: str, run: str, name: str) -> Response:
        headers = {**_SAFE, "X-Request-Id": request_id_of(request.scope)}
        if opened.size_bytes is not None:
            headers["Content-Length"] = str(opened.size_bytes)
        if name == layout.MODEL:
            headers["Content-Disposition"] = f'attachment; filename="{namespace}-{run[:12]}.onnx"'

        def ended() -> None:
            self.slots.give(namespace)
            opened.close()

        pieces = _nothing() if request.method == HTTPMethod.HEAD else opened.pieces
        return Sending(pieces, ended, headers, MEDIA[name])


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


_PRINTABLE = re.compile(r"[^!-~]")


def _no_address(namespace: str, run: str, name: str) -> ApiError:
    shown = _PRINTABLE.sub("?", f"{namespace}/{run}/{name}")[:200]
    return not_found(
        f"`{shown}` is no address of a run's file: expected /v1/runs/<namespace>/<run digest, 64 hex digits>/<file>",
        files=list(links.RUN_FILES),
    )


def _missing(run: str, name: str, *, run_known: bool) -> ApiError:
    if run_known:
        return not_found(f"run {run[:12]} has no {name}; runs of older releases have fewer files", file=name)
    return not_found(f"there is no run {run[:12]} that has succeeded; is it under way, or has it failed?")
