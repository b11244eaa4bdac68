"""The calls about drafts, below `/v1/vision/{namespace}/drafts`: saved searches, and the Dataset that they make.

Nothing is applied: the gateway has no right to change anything in the cluster (ADR 0110).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.dataset_resource import Shares, about_submissions, dataset_of
from capforge_gateway.api.access import request_id_of
from capforge_gateway.api.calls import answered
from capforge_gateway.errors import conflict, not_found
from capforge_gateway.vision import asked
from capforge_gateway.vision.answer import draft_shown
from capforge_gateway.vision.ports import Draft, VisionStore
from capforge_gateway.vision.refusals import translated, validated
from capforge_gateway.vision.search_calls import MAX_BODY_BYTES, MAX_BODY_PARTS
from capforge_gateway.vision.visitors import Visitor, Visitors

PATH = "/v1/vision/{namespace}/drafts"
YAML = "application/yaml"
_UNSAVED = datetime(1970, 1, 1, tzinfo=UTC)
"""The store knows when a draft was made and changed."""


@dataclass(frozen=True)
class DraftCalls:
    """Each method answers one call; raises ApiError, which the app answers."""

    visitors: Visitors
    store: VisionStore
    external_url: str

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        one = f"{PATH}/{{draft}}"
        return [
            Route(PATH, self.list, methods=["GET"]),
            Route(PATH, self.create, methods=["POST"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.replace, methods=["PUT"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/searches", self.add, methods=["POST"]),
            Route(f"{one}/dataset", self.dataset, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        with translated():
            found = await self.store.drafts(visitor.namespace)
        return answered(request, self.external_url, {"drafts": [draft_shown(one) for one in found]})

    async def create(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        given = validated(asked.DraftInput, await self._json(request, visitor))
        named = _draft(given.name, given, visitor)
        with translated():
            draft = await self.store.put_draft(visitor.namespace, named, replace=False)
        return answered(request, self.external_url, {"draft": draft_shown(draft)}, HTTPStatus.CREATED)

    async def get(self, request: Request) -> Response:
        return self._shown(request, await self._found(request, self.visitors.visitor(request)))

    async def replace(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        given = validated(asked.DraftChange, await self._json(request, visitor))
        named = _draft(_name(request), given, visitor)
        with translated():
            return self._shown(request, await self.store.put_draft(visitor.namespace, named, replace=True))

    async def add(self, request: Request) -> Response:
        """Add searches: a dataset of the draft has what any of them finds."""
        visitor = self.visitors.visitor(request)
        given = validated(asked.SearchesInput, await self._json(request, visitor))
        with translated():
            return self._shown(
                request, await self.store.add_searches(visitor.namespace, _name(request), given.searches)
            )

    async def delete(self, request: Request) -> Response:
        visitor = self.visitors.visitor(request)
        with translated():
            await self.store.delete_draft(visitor.namespace, _name(request))
        return answered(request, self.external_url, {})

    async def dataset(self, request: Request) -> Response:
        """200 with the Dataset for `kubectl apply`."""
        visitor = self.visitors.visitor(request)
        wanted = validated(asked.DatasetInput, await self._json(request, visitor))
        draft = await self._found(request, visitor)
        if not any(map(about_submissions, draft.searches)):
            message = "the draft has no searches for what was annotated yet: POST …/searches adds some"
            raise conflict("EmptyDraft", message, way_out="POST")
        shares = None if wanted.split is None else Shares(**wanted.split.model_dump())
        about = wanted.description or draft.description
        found = dataset_of(wanted.name, visitor.namespace, draft.selection, draft.searches, shares, about)
        text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120)
        headers = {"X-Request-Id": request_id_of(request.scope), "X-Content-Type-Options": "nosniff"}
        return Response(text, media_type=YAML, headers=headers)

    async def _found(self, request: Request, visitor: Visitor) -> Draft:
        with translated():
            return await self.store.draft(visitor.namespace, _name(request))

    async def _json(self, request: Request, visitor: Visitor) -> dict[str, object]:
        return await self.visitors.json(request, visitor, MAX_BODY_BYTES, MAX_BODY_PARTS)

    def _shown(self, request: Request, draft: Draft) -> Response:
        return answered(request, self.external_url, {"draft": draft_shown(draft)})


def _name(request: Request) -> str:
    name: str = request.path_params["draft"]
    if not re.fullmatch(asked.DRAFT_NAME, name):
        raise not_found("there is no such draft in this namespace")
    return name


def _draft(name: str, given: asked.DraftInput | asked.DraftChange, visitor: Visitor) -> Draft:
    searches = list(given.searches)
    return Draft(name, given.description, given.selection, searches, visitor.annotator, _UNSAVED, _UNSAVED)
