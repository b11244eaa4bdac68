"""The calls about what is in datasets, below `/v1/datasets/{namespace}`: all of them read, none asks the operator.

What a person wants to know of a dataset, without the cluster: which there are, figures, differences, items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.content.difference import difference
from capforge_contracts.content.document_difference import document_difference
from capforge_contracts.content.document_figures import document_figures
from capforge_contracts.content.figures import figures_of
from capforge_contracts.content.side_by_side import Change, Place
from capforge_gateway.api.calls import answered
from capforge_gateway.cursors import cursor_of
from capforge_gateway.datasets import schemas
from capforge_gateway.datasets.answer import (
    change_in,
    dataset_shown,
    difference_shown,
    folder_in,
    item_shown,
    position_in,
    stats_shown,
)
from capforge_gateway.datasets.asking import ONE, PATH, Asking, content_in, no_item
from capforge_gateway.datasets.document_answer import document_difference_shown, document_shown, document_stats_shown
from capforge_gateway.datasets.faults import DifferentKinds
from capforge_gateway.datasets.manifest_file import DocumentsFile, ImagesFile, ManifestFile
from capforge_gateway.datasets.pages import page_of_documents, page_of_images
from capforge_gateway.datasets.snapshots import folder_of
from capforge_gateway.requests import address_of

_DATASETS_ON_PAGE = 100


@dataclass(frozen=True)
class DatasetCalls:
    """Each method answers one call; raises ApiError, which the app answers."""

    asking: Asking
    external_url: str

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [
            Route(PATH, self.list, methods=["GET"]),
            Route(ONE, self.get, methods=["GET"]),
            Route(f"{ONE}/stats", self.stats, methods=["GET"]),
            Route(f"{ONE}/diff/{{other}}", self.diff, methods=["GET"]),
            Route(f"{ONE}/items", self.items, methods=["GET"]),
            Route(f"{ONE}/items/{{sha256}}", self.item, methods=["GET"]),
        ]

    async def list(self, request: Request) -> Response:
        visitor, asked = self.asking.asked(request, schemas.PageAsked)
        space, behind = visitor.namespace, folder_in(asked.cursor)
        find = self.asking.shelf.page
        limit = min(asked.limit, _DATASETS_ON_PAGE)
        found = await self.asking.work.done(space, lambda: find(space, behind, limit + 1))
        page = found[:limit]
        more = cursor_of(folder_of(page[-1])) if len(found) > limit else None
        return self._answered(request, {"datasets": [dataset_shown(one) for one in page], "pagination": {"next": more}})

    async def get(self, request: Request) -> Response:
        """200 with what a name has been locked as, or with all names that a digest has."""
        visitor, _ = self.asking.asked(request, schemas.Nothing)
        space, named = visitor.namespace, request.path_params["dataset"]
        found = await self.asking.work.done(space, lambda: self.asking.shelf.described(space, named))
        return self._answered(request, {"datasets": [dataset_shown(one) for one in found]})

    async def stats(self, request: Request) -> Response:
        visitor, _ = self.asking.asked(request, schemas.Nothing)

        def work() -> dict[str, object]:
            digest, manifest = self.asking.content(visitor.namespace, request.path_params["dataset"])
            if isinstance(manifest, DocumentsFile):
                return document_stats_shown(digest, manifest.header.fields, document_figures(manifest.content()))
            return stats_shown(digest, manifest.classes, figures_of(manifest.content()))

        return self._answered(request, {"stats": await self.asking.work.done(visitor.namespace, work)})

    async def diff(self, request: Request) -> Response:
        visitor, asked = self.asking.asked(request, schemas.PageAsked)
        behind = change_in(asked.cursor)

        def work() -> tuple[dict[str, object], str | None]:
            before, after = (
                self.asking.content(visitor.namespace, request.path_params[name]) for name in ("dataset", "other")
            )
            shown, changes = _compared(before, after, asked.limit, behind)
            return shown, cursor_of(changes[-1].place) if len(changes) == asked.limit else None

        shown, more = await self.asking.work.done(visitor.namespace, work)
        return self._answered(request, {"difference": shown, "pagination": {"next": more}})

    async def items(self, request: Request) -> Response:
        visitor, asked = self.asking.asked(request, schemas.ItemsAsked)
        first = position_in(asked.cursor)
        address = address_of(request.scope, self.external_url)

        def work() -> tuple[list[dict[str, object]], int | None]:
            _, manifest = self.asking.content(visitor.namespace, request.path_params["dataset"])
            if isinstance(manifest, DocumentsFile):
                documents, more = page_of_documents(manifest, asked, first)
                return [document_shown(one, manifest.header.fields, address) for one in documents], more
            images, more = page_of_images(manifest, asked, first)
            return [item_shown(one, address) for one in images], more

        shown, more = await self.asking.work.done(visitor.namespace, work)
        following = None if more is None else cursor_of(more)
        return self._answered(request, {"items": shown, "pagination": {"next": following}})

    async def item(self, request: Request) -> Response:
        visitor, _ = self.asking.asked(request, schemas.Nothing)
        content = content_in(request)
        address = address_of(request.scope, self.external_url).rpartition("/")[0]

        def work() -> list[dict[str, object]]:
            _, manifest = self.asking.content(visitor.namespace, request.path_params["dataset"])
            places = manifest.positions(content)
            if isinstance(manifest, DocumentsFile):
                return [document_shown(manifest.item(at), manifest.header.fields, address) for at in places]
            return [item_shown(manifest.item(at), address) for at in places]

        found = await self.asking.work.done(visitor.namespace, work)
        if not found:
            raise no_item()
        return self._answered(request, {"items": found})

    def _answered(self, request: Request, found: dict[str, object]) -> Response:
        return answered(request, self.external_url, found)


def _compared(
    before: tuple[str, ManifestFile], after: tuple[str, ManifestFile], limit: int, behind: Place | None
) -> tuple[dict[str, object], Sequence[Change]]:
    """Return what differs, as it is shown; raises DifferentKinds."""
    (old_digest, old), (new_digest, new) = before, after
    if isinstance(old, DocumentsFile) and isinstance(new, DocumentsFile):
        said = document_difference(old.content(), new.content(), limit, behind)
        return document_difference_shown(old_digest, new_digest, said), said.changes
    if isinstance(old, ImagesFile) and isinstance(new, ImagesFile):
        found = difference(old.content(), new.content(), limit, behind)
        return difference_shown(old_digest, new_digest, found), found.changes
    raise DifferentKinds
