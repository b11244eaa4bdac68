"""MLServer's custom runtime with the model in its own process, named in model-settings.json (predict/mlserver.py).

As MLServer's documentation writes one: `load` opens the model, `predict` decodes, runs and answers. The request is its
REST form with the JPEG in base64: this server takes binary tensors by gRPC only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.peers.found import predicted, session, size_of


class Detector(MLModel):  # type: ignore[misc]  # typed in its own environment only
    """The detector; size, found and threads stand in the settings' `extra`."""

    async def load(self) -> bool:
        extra: dict[str, Any] = self.settings.parameters.extra
        self._size, self._found = size_of(extra["size"]), extra["found"]
        self._session = session(self.settings.parameters.uri, extra["threads"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        jpeg = Base64Codec.decode_input(payload.inputs[0])[0]
        rows = np.asarray(predicted(self._session, jpeg, self._size, self._found), np.float32).reshape(-1, 6)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("found", rows)])
