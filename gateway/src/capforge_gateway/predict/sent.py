"""What one request to a model server carries: images for a detector, or several named arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from capforge_gateway.predict.wire import infer_head, named_infer_head


class Sent(Protocol):
    """The inputs of one batch, ready for the wire."""

    @property
    def rows(self) -> int:
        """How many there are in the batch."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the model shall answer with."""
        ...

    @property
    def buffers(self) -> Sequence[NDArray[Any]]:
        """The arrays' bytes in the order of the wire, each contiguous."""
        ...

    def head(self, model: str, request_id: str, authority: str) -> bytes:
        """Return everything of the request before the buffers."""
        ...


@dataclass(frozen=True)
class Images:
    """Arrays uint8 [n,H,W,3] that make up one batch; they are sent one after the other, not joined."""

    buffers: Sequence[NDArray[np.uint8]]
    names: tuple[str, tuple[str, ...]]
    """(input, outputs)."""

    @property
    def rows(self) -> int:
        return sum(map(len, self.buffers))

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.names[1]

    def head(self, model: str, request_id: str, authority: str) -> bytes:
        shape = (self.rows, *self.buffers[0].shape[1:])
        return infer_head(model, request_id, self.names[0], shape, self.names[1], authority)


@dataclass(frozen=True)
class NamedArrays:
    """Inputs by name, each contiguous and with the batch as its first axis."""

    inputs: Mapping[str, NDArray[Any]]
    outputs: tuple[str, ...]

    @property
    def rows(self) -> int:
        return len(next(iter(self.inputs.values())))

    @property
    def buffers(self) -> Sequence[NDArray[Any]]:
        return tuple(self.inputs.values())

    def head(self, model: str, request_id: str, authority: str) -> bytes:
        return named_infer_head(model, request_id, self.inputs, self.outputs, authority)
