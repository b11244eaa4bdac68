"""Triton on localhost, through its own clients. Every call makes its own connection, so any thread may call.

Loads and unloads go over gRPC, all else over HTTP. Triton's HTTP server works a load off in a thread that also serves a
share of all connections: predictions on those would stand still until the model is loaded. Its gRPC server has one
thread for such calls, and answers nothing else there meanwhile: looking must not wait for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # has no types; one exception is used
import numpy as np
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient as GrpcClient
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from capforge_agent.failures import ModelFailedError, Reason, ServerAwayError, ServerSlowError

CONTROL_HEADER = "capforge-control"
_CONTROL_METADATA = f"triton-grpc-protocol-{CONTROL_HEADER}"
_CONNECT_SECONDS = 5.0
_LOOK_SECONDS = 5.0
_SLOW, _AWAY = "StatusCode.DEADLINE_EXCEEDED", "StatusCode.UNAVAILABLE"
Array = NDArray[np.generic]


class RefusedError(Exception):
    """Triton answered, and said no; the message is Triton's."""


@dataclass(frozen=True)
class TritonServer:
    """The server beside the agent. Raises ServerAwayError wherever it does not answer."""

    address: str
    """`127.0.0.1:8000`: HTTP"""
    grpc_address: str
    """`127.0.0.1:8001`"""
    control_file: Path
    """Holds the value that opens the restricted APIs; read for each call."""
    load_timeout_seconds: float = 300.0
    infer_timeout_seconds: float = 60.0

    def version(self) -> str:
        """Return the server's version."""
        with self._asked() as client:
            return str(client.get_server_metadata()["version"])

    def index(self) -> dict[str, str]:
        """Return Triton's state per model of the repository: READY, LOADING, UNLOADING, UNAVAILABLE."""
        with self._asked() as client:
            listed = client.get_model_repository_index(headers=self._control())
        return {model["name"]: model.get("state", "UNAVAILABLE") for model in listed}

    def load(self, model: str) -> None:
        """Load and check that it is served; raises ModelFailedError (LoadFailed) with Triton's message."""
        try:
            with self._told() as client:
                client.load_model(model, self._control(_CONTROL_METADATA), client_timeout=self.load_timeout_seconds)
            with self._asked() as client:
                ready = client.is_model_ready(model)
        except RefusedError as error:
            raise ModelFailedError(Reason.LOAD_FAILED, str(error)) from error
        if not ready:  # the answer OK is no proof (triton-inference-server/server#7420)
            raise ModelFailedError(Reason.LOAD_FAILED, "Triton says that it is loaded, but it is not ready")

    def unload(self, model: str) -> None:
        """Unload; what waits in the model's queue is still answered."""
        with self._told() as client:
            client.unload_model(model, self._control(_CONTROL_METADATA), client_timeout=self.load_timeout_seconds)

    def infer(self, model: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output that the model declares; raises RefusedError."""
        tensors = [_tensor(name, array) for name, array in inputs.items()]
        with self._asked(self.infer_timeout_seconds) as client:
            names = [output["name"] for output in client.get_model_metadata(model)["outputs"]]
            wanted = [InferRequestedOutput(name, binary_data=True) for name in names]
            answer = client.infer(model, tensors, outputs=wanted)
            return {name: answer.as_numpy(name) for name in names}

    def _control(self, name: str = CONTROL_HEADER) -> dict[str, str]:
        return {name: self.control_file.read_text().strip()}

    @contextmanager
    def _told(self) -> Iterator[Any]:
        """A client for loads and unloads."""
        client = GrpcClient(self.grpc_address, channel_args=[("grpc.enable_http_proxy", 0)])  # it is beside us
        try:
            yield client
        except InferenceServerException as error:
            if error.status() == _SLOW:
                raise ServerSlowError(f"no answer within {self.load_timeout_seconds:g} s") from error
            if error.status() == _AWAY:
                raise ServerAwayError(f"Triton at {self.grpc_address}: {error.message()}") from error
            raise RefusedError(error.message() or str(error)) from error
        finally:
            client.close()

    @contextmanager
    def _asked(self, timeout_seconds: float = _LOOK_SECONDS) -> Iterator[Any]:
        client = InferenceServerClient(
            self.address, connection_timeout=_CONNECT_SECONDS, network_timeout=timeout_seconds
        )
        try:
            yield client
        except InferenceServerException as error:
            raise RefusedError(error.message() or str(error)) from error
        except (TimeoutError, gevent.Timeout) as error:
            raise ServerSlowError(f"no answer within {timeout_seconds:g} s") from error
        except (OSError, HTTPException) as error:
            raise ServerAwayError(f"Triton at {self.address}: {type(error).__name__}: {error}") from error
        finally:
            client.close()


def _tensor(name: str, array: Array) -> InferInput:
    tensor = InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(np.ascontiguousarray(array), binary_data=True)
    return tensor
