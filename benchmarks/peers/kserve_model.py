"""KServe's Python model server with the model in its own process: `python -m benchmarks.peers.kserve_model`.

A `kserve.Model` as KServe's documentation writes one: it opens the model, `predict` decodes, runs and answers. The
request is its v1 protocol with the JPEG in base64: of what this server takes, that costs it the least. One process, as
`--workers` says by default.
"""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from kserve import Model

from benchmarks.peers.found import Size, predicted, session, size_of
from benchmarks.peers.kserve_server import answer_of, jpeg_of, serve


class Detector(Model):  # type: ignore[misc]  # typed in its own environment only
    """The detector; `threads` is ONNX Runtime's, 0 for all cores."""

    def __init__(self, name: str, path: str, size: Size, found: int, threads: int) -> None:
        super().__init__(name)
        self._size, self._found = size, found
        self._session: Any = session(path, threads)
        self.ready = True

    def predict(self, payload: dict[str, Any], *_headers: Any) -> dict[str, Any]:
        return answer_of(predicted(self._session, jpeg_of(payload), self._size, self._found))


class DetectorInThreads(Detector):
    """The same, each prediction in a thread, so that requests overlap where the interpreter's lock is free."""

    async def predict(  # type: ignore[override]  # KServe calls either kind
        self, payload: dict[str, Any], *_headers: Any
    ) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, super().predict, payload)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--size", type=size_of, required=True)
    parser.add_argument("--found", type=int, required=True)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--overlap", action="store_true")
    parser.add_argument("--port", type=int, required=True)
    options, _ = parser.parse_known_args()
    kind = DetectorInThreads if options.overlap else Detector
    serve(kind(options.name, options.model, options.size, options.found, options.threads), options.port)


if __name__ == "__main__":
    main()
