"""`POST /v1/vision/{namespace}/search`: what was annotated, by every filter, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_gateway.api.calls import answered
from capforge_gateway.vision.answer import figures_shown, found_shown, next_page, place_of
from capforge_gateway.vision.asked import SearchInput
from capforge_gateway.vision.ports import Found, VisionStore
from capforge_gateway.vision.refusals import translated, validated
from capforge_gateway.vision.visitors import Visitors

PATH = "/v1/vision/{namespace}/search"
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_BODY_PARTS = 150_000


@dataclass(frozen=True)
class SearchCalls:
    """Raises ApiError, which the app answers."""

    visitors: Visitors
    store: VisionStore
    external_url: str

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [Route(PATH, self.search, methods=["POST"])]

    async def search(self, request: Request) -> Response:
        """200 with a page of what any of the searches finds."""
        visitor = self.visitors.visitor(request)
        asked = validated(SearchInput, await self.visitors.json(request, visitor, MAX_BODY_BYTES, MAX_BODY_PARTS))
        after = place_of(asked.cursor)
        question = (visitor.namespace, asked.searches, asked.selection)
        with translated():
            page = await self.store.search(*question, after, asked.page_size) if asked.page_size else []
            figures = await self.store.figures(*question) if asked.figures else None
        following = _end(page[-1]) if page and (page[-1].is_cut or len(page) == asked.page_size) else None
        shown: dict[str, Any] = {"results": [found_shown(one) for one in page], "pagination": {"next": following}}
        if figures is not None:
            shown["figures"] = figures_shown(figures)
        return answered(request, self.external_url, shown)


def _end(last: Found) -> str:
    return next_page(last.file.created, last.file.id, last.submission.sequence if last.submission else 0)
