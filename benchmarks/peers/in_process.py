"""ONNX Runtime in one loop, no server: `python -m benchmarks.peers.in_process` with the flags of report.py.

Each turn decodes the picture (unless --ready), runs the model and turns the result into JSON text: what any server
that answers pictures has to do at least, on one thread.
"""

from __future__ import annotations

import sys
import time

import orjson

from benchmarks.peers.found import INPUT, OUTPUTS, Found, canvas_of, found_in, predicted, session
from benchmarks.peers.report import Stopwatch, arguments, written

_WARM_UP_TURNS = 20


def main() -> None:
    """Loop for the asked time and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ready", action="store_true", help="the tensor is ready: nothing is decoded")
    options = parser.parse_args()
    jpeg = options.picture.read_bytes()
    model = session(options.model, options.threads)
    canvas, placement = canvas_of(jpeg, options.size)

    def turn() -> Found:
        if not options.ready:
            return predicted(model, jpeg, options.size, options.found)
        outputs = model.run(OUTPUTS, {INPUT: canvas})
        return found_in(dict(zip(OUTPUTS, outputs, strict=True)), placement, options.found)

    for _ in range(_WARM_UP_TURNS):
        found = turn()
    latencies: list[int] = []
    watch = Stopwatch()
    while not latencies or watch.seconds < options.seconds:
        started = time.perf_counter_ns()
        found = turn()
        orjson.dumps(found)
        latencies.append(time.perf_counter_ns() - started)
    sys.stdout.write(written(options, latencies, watch.seconds, watch.cpu_seconds, found) + "\n")


if __name__ == "__main__":
    main()
