"""`python -m benchmarks.predict`: start, compare the answers, measure, print; whatever was started ends with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

import benchmarks.predict
from benchmarks.peers.found import text_of
from benchmarks.predict import aims, report
from benchmarks.predict.answers import differences
from benchmarks.predict.cast import peers
from benchmarks.predict.figures import Round
from benchmarks.predict.load import LoadFailedError
from benchmarks.predict.options import Options, parsed
from benchmarks.predict.ports import BusyPortError, Ports
from benchmarks.predict.processes import end_children
from benchmarks.predict.rounds import first_answers, measured
from benchmarks.predict.scene import Peer, Scene
from capforge_tools.console import say, step
from capforge_tools.errors import ToolError
from capforge_transforms import ImageError

_EXIT_REFUSED = 2
_EXIT_INTERRUPTED = 130


class DisagreementError(RuntimeError):
    """Peers do not answer the same, so their times say nothing about one another."""


_REFUSALS = (
    BusyPortError,
    LoadFailedError,
    DisagreementError,
    ImageError,  # of --picture
    ToolError,  # the client cannot be built: no Go
    subprocess.CalledProcessError,  # a peer cannot be installed; uv has said why
    AssertionError,  # a server has not come up; carries the end of its log
)


def main() -> int:
    """Run; 2 where it is refused (busy port, a peer that fails or answers something else), 130 on Ctrl-C."""
    options = parsed(benchmarks.predict.__doc__ or "")
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, _interrupt)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    try:
        with tempfile.TemporaryDirectory(prefix="capforge-bench-") as folder, ExitStack() as stack:
            scene = Scene(Path(folder), options, Ports(options.first_port))
            started = peers(scene, stack)
            _agree(started, scene)
            _run(started, scene)
    except _REFUSALS as error:
        say(f"refused: {error}")
        return _EXIT_REFUSED
    except KeyboardInterrupt:
        end_children()
        say("stopped; everything that was started has ended")
        return _EXIT_INTERRUPTED
    return 0


def _agree(started: Sequence[Peer], scene: Scene) -> None:
    with step("compare the answers"):
        answers = first_answers(started, scene.folder)
        found = {peer.key: peer.reader(answers[peer.key]) for peer in started}
    told = differences(found)
    if told:
        raise DisagreementError("; ".join(told))


def _run(started: Sequence[Peer], scene: Scene) -> None:
    options = scene.options
    print(_setting(scene))
    everything: dict[int, dict[str, list[Round]]] = {}
    for connections in options.connections:
        rounds: dict[str, list[Round]] = defaultdict(list)
        with step(f"{options.rounds} rounds of {options.seconds:g} s each at {connections}"):
            for key, one in measured(started, connections, options.rounds, options.seconds, scene.folder):
                rounds[key].append(one)
        everything[connections] = {peer.key: rounds[peer.key] for peer in started}
        _print(report.table(connections, everything[connections], options.cores))
    verdicts = aims.verdicts(everything, options.cores)
    _print(report.aims(verdicts))
    if options.json:
        options.json.write_text(json.dumps(report.figures_for_file(everything, verdicts), indent=1))


def _setting(scene: Scene) -> str:
    options: Options = scene.options
    cores = len(os.sched_getaffinity(0))
    model = f"{options.onnx or 'small model'} for {text_of(options.model_size)}"
    threads = options.threads or "all"
    return (
        f"{scene.picture.described}, {model}, {options.found} objects in an answer; "
        f"{cores} cores for servers and client, 1 worker each, ONNX Runtime on {threads} thread(s)"
    )


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
