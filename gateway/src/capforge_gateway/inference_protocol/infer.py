"""What an infer request does: read, parse, prepare, ask the model servers in batches that they take, answer."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from http import HTTPStatus

import numpy as np
import structlog
from numpy.typing import NDArray

from capforge_gateway.envelope import Headers
from capforge_gateway.errors import (
    ApiError,
    bad_request,
    body_too_large,
    model_failed,
    predict_timeout,
    serving_unavailable,
)
from capforge_gateway.inference_protocol.answer import answer_of, wanted_outputs
from capforge_gateway.inference_protocol.encoding import encoding_of, opened
from capforge_gateway.inference_protocol.names import name_of
from capforge_gateway.inference_protocol.request import InferRequest, infer_request
from capforge_gateway.inference_protocol.tensors import ENCODED, files_of, images_of
from capforge_gateway.predict.admission import Seat
from capforge_gateway.predict.body import Body, header
from capforge_gateway.predict.interface import INTERFACES, Interface, input_size
from capforge_gateway.predict.pixels import PixelThreads
from capforge_gateway.predict.upstream import Upstream
from capforge_gateway.predict.wire import HEADER_LENGTH, Tensors
from capforge_gateway.requests import Facts
from capforge_gateway.routing.board import RouteBoard
from capforge_gateway.routing.routes import Capability, Version

_JSON_OVERHEAD_BYTES = 64 * 1024
_QUICK_JSON_BYTES = 64 * 1024
_log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """Of one request."""

    max_tensor_bytes: int
    """Of its body, and of the images that are decoded for it."""
    upload_timeout_seconds: float
    predict_timeout_seconds: float


@dataclass(frozen=True)
class Inferred:
    """An answer's body, and the size of the JSON at its start where bytes follow."""

    body: bytes
    header_length: int | None


@dataclass(frozen=True)
class Infer:
    """Tensors or files in, tensors out."""

    board: RouteBoard
    pixels: PixelThreads
    upstream: Upstream
    limits: Limits
    body_limit: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body_limit", self.limits.max_tensor_bytes + _JSON_OVERHEAD_BYTES)

    async def __call__(
        self, capability: Capability, version: Version, headers: Headers, body: Body, seat: Seat, facts: Facts
    ) -> Inferred:
        """Answer one request; raises ApiError."""
        data = await self._read(headers, body, seat)
        facts.request_bytes = len(data)
        request = await self._parsed(data, header(headers, HEADER_LENGTH))
        interface = INTERFACES[capability.type]
        wanted = wanted_outputs(request, interface.outputs)
        started = time.perf_counter()
        images = await self._images(request, interface, version, seat)
        facts.decode_seconds = time.perf_counter() - started
        tensors = await self._tensors(request, images, capability, version, facts)
        facts.upstream_seconds = time.perf_counter() - started - facts.decode_seconds
        name = name_of(capability.namespace, capability.name)
        try:
            return Inferred(*answer_of(name, version.version, request.id, wanted, tensors))
        except KeyError as error:
            _log.error("model server's answer lacks an output", model=version.model, output=str(error))
            raise model_failed() from error

    async def _read(self, headers: Headers, body: Body, seat: Seat) -> bytes:
        encoding = encoding_of(header(headers, b"content-encoding"))
        try:
            data = await body.read(self.body_limit, self.body_limit, seat, self.limits.upload_timeout_seconds)
        except ApiError as error:
            if error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                raise body_too_large(self.body_limit) from error
            raise
        if not encoding:
            return data
        plain = await self.pixels.run(opened, data, encoding, self.body_limit)
        seat.hold(len(plain))
        return plain

    async def _parsed(self, data: bytes, header_length: bytes) -> InferRequest:
        """Parse here where the JSON is short, else in a thread."""
        is_short = len(data) <= _QUICK_JSON_BYTES or (header_length.isdigit() and len(header_length) <= len("9999"))
        if is_short:
            return infer_request(data, header_length)
        return await self.pixels.run(infer_request, data, header_length)

    async def _images(
        self, request: InferRequest, interface: Interface, version: Version, seat: Seat
    ) -> NDArray[np.uint8]:
        """Return uint8 [N,H,W,3]."""
        given = request.input
        if given.name == interface.input:
            size = input_size(version)
            if isinstance(given.data, memoryview):
                return images_of(given, size)
            return await self.pixels.run(images_of, given, size)
        if given.name != ENCODED or not interface.takes_files:
            others = f" or `{ENCODED}` (files)" if interface.takes_files else ""
            raise bad_request(f"there is no input `{given.name[:60]}`; allowed: `{interface.input}` (pixels){others}")
        if version.transforms is None:
            raise serving_unavailable(f"version {version.version} needs newer transforms than this gateway has")
        row_bytes = version.height * version.width * 3
        files = files_of(given, max(self.limits.max_tensor_bytes // row_bytes, 1))
        seat.hold(len(files) * row_bytes)
        images = np.empty((len(files), version.height, version.width, 3), np.uint8)
        for row, file in enumerate(files):
            images[row] = (await self.pixels.prepare(file, version, version.transforms)).canvas
            await asyncio.sleep(0)  # small files are decoded here and now: thousands of them must not hold up others
        return images

    async def _tensors(
        self, request: InferRequest, images: NDArray[np.uint8], capability: Capability, version: Version, facts: Facts
    ) -> Tensors:
        """Ask in batches of the size that the model takes, one after the other, within one deadline."""
        allowed = self.limits.predict_timeout_seconds
        seconds = min(request.timeout_seconds or allowed, allowed)
        answers: list[Tensors] = []
        try:
            async with asyncio.timeout(seconds):
                for start in range(0, len(images), version.max_batch_size):
                    batch = images[start : start + version.max_batch_size]
                    answers.append(await self._ask(batch, capability, version, facts, seconds))
        except TimeoutError as error:
            raise predict_timeout(seconds) from error
        return _joined(answers)

    async def _ask(
        self, batch: NDArray[np.uint8], capability: Capability, version: Version, facts: Facts, seconds: float
    ) -> Tensors:
        interface = INTERFACES[capability.type]
        return await self.upstream.infer(
            lambda: self.board.addresses(capability, version),
            version.model,
            facts.request_id,
            batch,
            (interface.input, interface.outputs),
            seconds,
        )


def _joined(answers: list[Tensors]) -> Tensors:
    if len(answers) == 1:
        return answers[0]
    return {name: np.concatenate([one[name] for one in answers]) for name in answers[0]}
