"""The calls about kept documents, below `/v1/products/{namespace}/{capability}/{version}/` and `/v1/documents/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from capforge_contracts.run import CapabilityType
from capforge_gateway.api.access import request_id_of
from capforge_gateway.api.annotator import annotator_of
from capforge_gateway.api.calls import answered, json_of, response
from capforge_gateway.documents.annotating import Annotating
from capforge_gateway.documents.choices import listing_of
from capforge_gateway.documents.ports import JobStatus, Owner, UnknownDocument
from capforge_gateway.documents.queue import Queue, job_of
from capforge_gateway.documents.rates import Rates
from capforge_gateway.documents.refusals import translated
from capforge_gateway.documents.shelf import Shelf
from capforge_gateway.documents.storage import Storage
from capforge_gateway.envelope import failed_job
from capforge_gateway.errors import bad_request, not_found
from capforge_gateway.predict.door import Door
from capforge_gateway.requests import Facts, address_of
from capforge_gateway.routing.routes import Capability

PRODUCT = "/v1/products/{namespace}/{capability}/{version}"
_VERSION = re.compile(r"v1(\.(0|[1-9][0-9]{0,8}))?")


@dataclass(frozen=True)
class Asked:
    """Who asks about which product."""

    capability: Capability
    key: str
    """Its name."""
    annotator: str

    @property
    def owner(self) -> Owner:
        """The product as the storage names it."""
        return Owner.of(self.capability)


@dataclass(frozen=True)
class DocumentCalls:
    """Each method answers one call; raises ApiError, which the app answers."""

    door: Door
    rates: Rates
    storage: Storage
    shelf: Shelf
    annotating: Annotating
    queue: Queue
    external_url: str
    upload_timeout_seconds: float

    def routes(self) -> list[BaseRoute]:
        """Return the routes. Which of them came first matters: `queue` is no document."""
        one = f"{PRODUCT}/documents/{{document}}"
        return [
            Route(f"{PRODUCT}/documents", self.list, methods=["GET"]),
            Route(f"{PRODUCT}/documents/queue/{{job}}", self.job, methods=["GET"]),
            Route(one, self.get, methods=["GET"]),
            Route(one, self.delete, methods=["DELETE"]),
            Route(f"{one}/annotations", self.annotate, methods=["POST", "PUT"]),
            Route(f"{one}/annotations", self.withdraw, methods=["DELETE"]),
            Route("/v1/documents/{document}/feedback", self.feedback, methods=["PUT"]),
        ]

    async def list(self, request: Request) -> Response:
        asked = self._asked(request)
        return self._answer(request, await self.shelf.list(asked.capability, listing_of(request.scope["query_string"])))

    async def get(self, request: Request) -> Response:
        asked = self._asked(request)
        listing = listing_of(request.scope["query_string"])
        return self._answer(request, await self.shelf.get(asked.capability, _id(request), listing))

    async def delete(self, request: Request) -> Response:
        asked = self._asked(request)
        await self.shelf.delete(asked.capability, _id(request))
        return self._answer(request, {})

    async def annotate(self, request: Request) -> Response:
        asked = self._asked(request)
        body = await self._json(request)
        replace = request.method == "PUT"
        annotations = await self.annotating.submit(
            asked.capability, _id(request), body, asked.annotator, replace=replace
        )
        status = HTTPStatus.OK if replace else HTTPStatus.CREATED
        return self._answer(request, {"annotations": annotations}, status)

    async def withdraw(self, request: Request) -> Response:
        asked = self._asked(request)
        await self.annotating.withdraw(asked.capability, _id(request), asked.annotator)
        return self._answer(request, {})

    async def job(self, request: Request) -> Response:
        asked = self._asked(request)
        job = await self.queue.find(asked.owner, request.path_params["job"])
        told = job_of(job)
        if job.status is JobStatus.FAILED:
            fault = dict(told["error"])
            status = int(fault.pop("status", HTTPStatus.INTERNAL_SERVER_ERROR))
            told["error"] = fault
            body = failed_job(self._url(request), request_id_of(request.scope), told, fault, status)
            return response(request, body, HTTPStatus.OK)
        found = {"job": told} if job.answer is None else {"job": told, "document": job.answer}
        return self._answer(request, found)

    async def feedback(self, request: Request) -> Response:
        """The address names no product: the key says whose document it may be."""
        holders = self.door.holders(request.scope["headers"])
        self.rates.spend(*holders[0])
        feedback = (await self._json(request)).get("feedback")
        if not isinstance(feedback, dict) or not feedback:
            raise bad_request('expected {"feedback": {"<field>": {"value": …}}}', field="feedback")
        await self._feed_back(holders, _id(request), feedback)
        return self._answer(request, {"feedback": feedback})

    async def _feed_back(self, holders: Any, document: str, feedback: dict[str, Any]) -> None:
        with translated("document (only those sent with `training=true` are kept)"):
            for position, (namespace, name) in enumerate(holders, start=1):
                try:
                    await self.storage.documents.feedback(namespace, document, feedback, name)
                except UnknownDocument:
                    if position == len(holders):
                        raise
                else:
                    return

    def _asked(self, request: Request) -> Asked:
        given, facts = request.path_params, Facts(request_id_of(request.scope))
        headers = request.scope["headers"]
        capability = self.door.capability(given["namespace"], given["capability"], headers, facts)
        self.rates.spend(facts.namespace, facts.key)
        if not _VERSION.fullmatch(given["version"]):
            raise not_found(f"`{given['version'][:40]}` is no version; versions are v1, v1.1, v1.2, …")
        if capability.type is not CapabilityType.FIELD_EXTRACTOR:
            raise not_found(f"`{capability.name}` is a {capability.type}: it keeps no documents")
        return Asked(capability, facts.key, annotator_of(request, facts.key))

    async def _json(self, request: Request) -> dict[str, Any]:
        return await json_of(request, self.upload_timeout_seconds)

    def _url(self, request: Request) -> str:
        return address_of(request.scope, self.external_url)

    def _answer(self, request: Request, found: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
        return answered(request, self.external_url, found, status)


def _id(request: Request) -> str:
    found: str = request.path_params["document"]
    return found
