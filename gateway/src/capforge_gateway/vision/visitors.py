"""Who asks about which namespace's images, and how a body comes in: counted, bounded, in time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import UUID

from starlette.requests import Request

from capforge_gateway.api.access import request_id_of
from capforge_gateway.api.annotator import annotator_of
from capforge_gateway.api.calls import parsed
from capforge_gateway.documents.rates import Rates
from capforge_gateway.errors import ApiError, ClientGone, not_found
from capforge_gateway.predict.admission import Admission, Seat
from capforge_gateway.predict.body import Body
from capforge_gateway.predict.door import Door
from capforge_gateway.requests import Facts

_DIGEST_CHARS = 64
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True)
class Visitor:
    """Who asks."""

    namespace: str
    key: str
    """Its name."""
    annotator: str


@dataclass(frozen=True)
class Visitors:
    """Lets in who has a key of the namespace."""

    door: Door
    rates: Rates
    admission: Admission
    upload_timeout_seconds: float

    def visitor(self, request: Request) -> Visitor:
        """Return who asks; raises 401, 429, 400."""
        namespace = request.path_params["namespace"]
        facts = Facts(request_id_of(request.scope))
        key = self.door.holder(namespace, request.scope["headers"])
        facts.namespace, facts.key = namespace, key
        self.rates.spend(namespace, key)
        return Visitor(namespace, key, annotator_of(request, key))

    @asynccontextmanager
    async def body(
        self, request: Request, visitor: Visitor, limit: int, told: int
    ) -> AsyncIterator[tuple[bytes, Seat]]:
        """Yield the body (at most `limit` bytes; `told` is what a refusal says) while its bytes are accounted for.

        A refused body is taken for a moment, so that the answer gets through. Raises 400, 408, 413, 429, 503.
        """
        body = Body(request.receive, request.scope["headers"])
        try:
            with self.admission.seat(visitor.namespace) as seat:
                yield await body.read(limit, told, seat, self.upload_timeout_seconds), seat
        except ClientGone as error:
            message = "the request ended before its body was complete"
            raise ApiError(HTTPStatus.BAD_REQUEST, "BadRequest", message) from error
        except ApiError:
            if not body.complete:
                await body.linger()
            raise

    async def json(self, request: Request, visitor: Visitor, limit: int, max_parts: int) -> dict[str, Any]:
        """Return a JSON object; raises as `body` does."""
        async with self.body(request, visitor, limit, limit) as (data, _):
            return parsed(data, max_parts)


def file_in(request: Request) -> str:
    """Return the id or sha256 in the address, in its one form; raises 404 where it is neither."""
    named: str = request.path_params["file"]
    if len(named) == _DIGEST_CHARS and set(named.lower()) <= _HEX:
        return named.lower()
    try:
        return str(UUID(named))
    except ValueError as error:
        raise not_found("there is no such file in this namespace: a file has a UUID and a sha256") from error
