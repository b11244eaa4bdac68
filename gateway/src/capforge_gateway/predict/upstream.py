"""Asking the model servers: another one when the first fails, at most a few times, within one deadline.

Inference changes nothing on the server, so a request may be sent again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_gateway.errors import model_failed, predict_timeout, serving_unavailable
from capforge_gateway.predict.connection import Answer, Connection, ConnectionFailed
from capforge_gateway.predict.endpoints import Endpoint, Endpoints, connect
from capforge_gateway.predict.wire import Tensors, WireError, error_of, infer_head, tensors_of

_MAX_SERVERS_TRIED = 3
_OK = 200
_UNAVAILABLE = frozenset({404, 429, 502, 503, 504})
_NOT_LOADED = ("unknown model", "not ready", "not found", "unloading", "stopping", "unavailable")
_log = structlog.get_logger()

Addresses = Callable[[], Iterable[str]]
"""Asked before each try: the routes may have changed meanwhile."""


class Upstream:
    """Sends uint8 tensors to model servers."""

    def __init__(self, endpoints: Endpoints, connect_timeout_seconds: float) -> None:
        self._endpoints = endpoints
        self._connect_timeout_seconds = connect_timeout_seconds

    async def infer(
        self,
        addresses: Addresses,
        model: str,
        request_id: str,
        tensor: NDArray[np.uint8],
        names: tuple[str, tuple[str, ...]],
        timeout_seconds: float,
    ) -> Tensors:
        """Return the output tensors for one batch; `names` = (input, outputs).

        Raises 503 where no server answers, 504 after the timeout, 502 where the model fails on this input.
        """
        tried: list[str] = []
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._infer(addresses, model, request_id, tensor, names, tried)
        except TimeoutError as error:
            _log.warning("no answer from model servers", model=model, tried=tried, request=request_id)
            raise predict_timeout(timeout_seconds) from error

    async def _infer(
        self,
        addresses: Addresses,
        model: str,
        request_id: str,
        tensor: NDArray[np.uint8],
        names: tuple[str, tuple[str, ...]],
        tried: list[str],
    ) -> Tensors:
        while len(tried) < _MAX_SERVERS_TRIED:
            endpoint = self._endpoints.pick(tuple(addresses()), tried)
            if endpoint is None:
                break
            tried.append(endpoint.address)
            head = infer_head(model, request_id, names[0], tensor.shape, names[1], endpoint.address)
            try:
                answer = await self._ask(endpoint, head, tensor)
            except OSError as error:
                self._endpoints.failed(endpoint)
                _log.warning("model server failed", server=endpoint.address, model=model, error=str(error))
                continue
            if answer.status == _OK:
                return _tensors(answer, endpoint, model)
            self._refused(answer, endpoint, model)
        raise serving_unavailable("no model server answers for this version now; send again in a moment")

    async def _ask(self, endpoint: Endpoint, head: bytes, tensor: NDArray[np.uint8]) -> Answer:
        """Send on an idle connection or a new one; an idle one that the server had closed costs no try."""
        with self._endpoints.counted(endpoint):
            try:
                connection = self._endpoints.idle_connection(endpoint)
                if connection is not None:
                    try:
                        return await self._send(endpoint, connection, head, tensor)
                    except ConnectionFailed as error:
                        if error.answer_begun:
                            raise
                connection = await connect(endpoint.address, self._connect_timeout_seconds)
                return await self._send(endpoint, connection, head, tensor)
            except asyncio.CancelledError:  # the deadline passed while this server was asked
                self._endpoints.failed(endpoint)
                raise

    async def _send(self, endpoint: Endpoint, connection: Connection, head: bytes, tensor: NDArray[np.uint8]) -> Answer:
        answer = await connection.infer(head, tensor)
        self._endpoints.answered(endpoint, connection)
        return answer

    def _refused(self, answer: Answer, endpoint: Endpoint, model: str) -> None:
        """Return where another server may do better; raises 502 where the model itself failed."""
        words = error_of(answer.body)
        _log.warning("model server refused", server=endpoint.address, model=model, status=answer.status, error=words)
        if answer.status in _UNAVAILABLE or any(phrase in words.lower() for phrase in _NOT_LOADED):
            return
        raise model_failed()


def _tensors(answer: Answer, endpoint: Endpoint, model: str) -> Tensors:
    try:
        return tensors_of(answer.body, answer.header_length)
    except WireError as error:
        _log.error("model server's answer cannot be read", server=endpoint.address, model=model, error=str(error))
        raise model_failed() from error
