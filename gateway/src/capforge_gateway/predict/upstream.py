"""Asking the model servers: another one when the first fails or falls silent, a few at most, within one deadline.

Inference changes nothing on the server, so a request may be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_gateway.errors import model_failed, predict_timeout, serving_unavailable
from capforge_gateway.predict.connection import Answer, Connection, ConnectionFailed
from capforge_gateway.predict.endpoints import Endpoint, Endpoints, connect
from capforge_gateway.predict.hedging import Hedging
from capforge_gateway.predict.race import Race
from capforge_gateway.predict.sent import Images, Sent
from capforge_gateway.predict.wire import Tensors, WireError, error_of, tensors_of

_MAX_SERVERS_TRIED = 3
_OK = 200
_UNAVAILABLE = frozenset({404, 429, 502, 503, 504})
_NOT_LOADED = ("unknown model", "not ready", "not found", "unloading", "stopping", "unavailable", "not healthy")
"""What a server says of itself, not of the input; the last is a python back end whose process has died."""
_log = structlog.get_logger()

Addresses = Callable[[], Iterable[str]]
"""Asked before each try: the routes may have changed meanwhile."""


@dataclass(frozen=True)
class Call:
    """One batch for one model, and which servers were asked so far."""

    addresses: Addresses
    model: str
    request_id: str
    sent: Sent
    deadline: float
    """By the event loop's clock."""
    tried: list[str] = field(default_factory=list)

    @property
    def told(self) -> dict[str, str]:
        """What a log line says of it; `request` names all requests of the batch."""
        return {"model": self.model, "request": self.request_id}


class Observer(Protocol):
    """Counts."""

    def sent(self, model: str, images: int) -> None:
        """A request with so many images (or pages) goes to a model server."""

    def server_failed(self, model: str) -> None:
        """A model server failed."""


class Upstream:
    """Sends tensors to model servers."""

    def __init__(self, endpoints: Endpoints, connect_timeout_seconds: float, observer: Observer) -> None:
        self._endpoints = endpoints
        self._observer = observer
        self._connect_timeout_seconds = connect_timeout_seconds
        self._hedging = Hedging()

    async def infer(
        self,
        addresses: Addresses,
        model: str,
        request_id: str,
        tensor: NDArray[np.uint8],
        names: tuple[str, tuple[str, ...]],
        timeout_seconds: float,
    ) -> Tensors:
        """Return the output tensors for one batch, a row for each image; `names` = (input, outputs).

        Raises 503 where no server answers, 504 after the timeout, 502 where the model fails on this input.
        """
        return await self.infer_rows(addresses, model, request_id, (tensor,), names, timeout_seconds)

    async def infer_rows(
        self,
        addresses: Addresses,
        model: str,
        request_id: str,
        rows: Sequence[NDArray[np.uint8]],
        names: tuple[str, tuple[str, ...]],
        timeout_seconds: float,
    ) -> Tensors:
        """Do the same for a batch that lies in several arrays."""
        return await self.ask(addresses, model, request_id, Images(rows, names), timeout_seconds)

    async def ask(
        self, addresses: Addresses, model: str, request_id: str, sent: Sent, timeout_seconds: float
    ) -> Tensors:
        """Do the same for whatever a model takes."""
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        call = Call(addresses, model, request_id, sent, deadline)
        try:
            async with asyncio.timeout_at(deadline):
                tensors = await self._infer(call)
        except TimeoutError as error:
            _log.warning("no answer from model servers", tried=call.tried, **call.told)
            raise predict_timeout(timeout_seconds) from error
        _check_rows(tensors, call)
        return tensors

    def patience(self, model: str) -> float:
        """Return how many seconds an answer of this model may take before something is wrong."""
        return self._hedging.delay(model)

    async def _infer(self, call: Call) -> Tensors:
        tensors: Tensors | None = None
        while (first := self._next_server(call)) is not None:
            race = Race(self._endpoints, partial(self._ask, call), partial(self._another_server, call), _is_final)
            try:
                endpoint, answer = await race.run(first, self._hedging.delay(call.model))
            except OSError:
                continue
            if answer.status == _OK:
                tensors = _tensors(answer, endpoint, call)
                if not _is_cut_off(tensors, endpoint, call):
                    return tensors
                continue
            self._refused(answer, endpoint, call)
        if tensors is not None:
            return tensors
        raise serving_unavailable("no model server answers for this version now; send again in a moment")

    def _next_server(self, call: Call) -> Endpoint | None:
        if len(call.tried) >= _MAX_SERVERS_TRIED:
            return None
        endpoint = self._endpoints.pick(tuple(call.addresses()), call.tried)
        if endpoint is not None:
            call.tried.append(endpoint.address)
        return endpoint

    def _another_server(self, call: Call) -> Endpoint | None:
        """Return a second server for a call whose first one is silent."""
        if len(call.tried) >= _MAX_SERVERS_TRIED:
            return None
        endpoint = self._endpoints.pick_well(tuple(call.addresses()), call.tried)
        if endpoint is None or not self._hedging.spend():
            return None
        servers = [*call.tried, endpoint.address]
        _log.info("model server is silent; another is asked", servers=servers, **call.told)
        call.tried.append(endpoint.address)
        return endpoint

    async def _ask(self, call: Call, endpoint: Endpoint) -> Answer:
        """Send to one server; raises OSError, and then the server is left alone for a while."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        endpoint.under_way += 1
        self._observer.sent(call.model, call.sent.rows)
        try:
            answer = await self._exchanged(call, endpoint)
        except OSError as error:
            self._endpoints.failed(endpoint)
            self._observer.server_failed(call.model)
            _log.warning("model server failed", server=endpoint.address, error=str(error), **call.told)
            raise
        except asyncio.CancelledError:
            if loop.time() >= call.deadline:  # rather than because another server was faster
                self._endpoints.failed(endpoint)
            raise
        finally:
            endpoint.under_way -= 1
        if answer.status == _OK:
            self._hedging.answered(call.model, loop.time() - asked_at)
        return answer

    async def _exchanged(self, call: Call, endpoint: Endpoint) -> Answer:
        """Send on an idle connection or a new one; an idle one that the server had closed costs no try."""
        head = call.sent.head(call.model, call.request_id, endpoint.address)
        connection = self._endpoints.idle_connection(endpoint)
        if connection is not None:
            try:
                return await self._send(endpoint, connection, head, call.sent.buffers)
            except ConnectionFailed as error:
                if error.answer_begun or self._endpoints.left_alone(endpoint):
                    raise
        connection = await connect(endpoint.address, self._connect_timeout_seconds)
        return await self._send(endpoint, connection, head, call.sent.buffers)

    async def _send(
        self, endpoint: Endpoint, connection: Connection, head: bytes, buffers: Sequence[NDArray[Any]]
    ) -> Answer:
        endpoint.busy.add(connection)
        try:
            answer = await connection.infer(head, *buffers)
        finally:
            endpoint.busy.discard(connection)
        self._endpoints.answered(endpoint, connection)
        return answer

    def _refused(self, answer: Answer, endpoint: Endpoint, call: Call) -> None:
        """Return where another server may do better; raises 502 where the model itself failed."""
        words = error_of(answer.body)
        _log.warning("model server refused", server=endpoint.address, status=answer.status, error=words, **call.told)
        if not _is_final(answer):
            return
        raise model_failed()


def _check_rows(tensors: Tensors, call: Call) -> None:
    """Raise 502 where an output has not one row for each that was sent: nobody could tell whose is whose."""
    if any(tensor.shape[:1] != (call.sent.rows,) for tensor in tensors.values()):
        shapes = {name: tensor.shape for name, tensor in tensors.items()}
        _log.error("model server's answer has another number of rows", shapes=str(shapes), **call.told)
        raise model_failed()


def _is_final(answer: Answer) -> bool:
    """Tell whether no other server could do better: a prediction, or a model that fails on this input."""
    if answer.status == _OK:
        return True
    words = error_of(answer.body).lower()
    return answer.status not in _UNAVAILABLE and not any(phrase in words for phrase in _NOT_LOADED)


def _is_cut_off(tensors: Tensors, endpoint: Endpoint, call: Call) -> bool:
    """Tell whether outputs are missing: a server that is ending may answer with the first of them only."""
    missing = sorted(set(call.sent.outputs) - tensors.keys())
    if missing:
        _log.warning("model server's answer lacks outputs", server=endpoint.address, missing=missing, **call.told)
    return bool(missing)


def _tensors(answer: Answer, endpoint: Endpoint, call: Call) -> Tensors:
    try:
        return tensors_of(answer.body, answer.header_length)
    except WireError as error:
        _log.error("model server's answer cannot be read", server=endpoint.address, error=str(error), **call.told)
        raise model_failed() from error
