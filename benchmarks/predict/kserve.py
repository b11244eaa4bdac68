"""KServe's Python server, with the model in its own process and as a transformer in front of Triton."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # has no types

from benchmarks.detector_model import small_detector
from benchmarks.peers.environments import environment
from benchmarks.peers.found import text_of
from benchmarks.predict import ours, requests
from benchmarks.predict.answers import from_kserve
from benchmarks.predict.catalogue import KSERVE, KSERVE_THREADS, KSERVE_TRANSFORMER, KSERVE_TRANSFORMER_FP32
from benchmarks.predict.processes import server
from benchmarks.predict.scene import MODEL, MODEL_FP32, Peer, Scene
from capforge_tools.probing import answers
from tests.support.triton import Triton


@contextmanager
def model_server(scene: Scene, overlap: bool) -> Iterator[Peer]:
    """The model in the server's process; with `overlap` each prediction in a thread."""
    flags = ["--model", str(scene.model_file), "--threads", str(scene.options.threads)]
    key = KSERVE_THREADS if overlap else KSERVE
    with _served(scene, key, "kserve_model", MODEL, [*flags, *(["--overlap"] if overlap else [])]) as (load, process):
        yield Peer(key, load, from_kserve, {"KServe": process})


@contextmanager
def transformer(scene: Scene, triton: Triton, floats: bool) -> Iterator[Peer]:
    """The transformer; with `floats` in the form of its documentation, to a model that takes floats."""
    name = MODEL_FP32 if floats else MODEL
    if floats:
        model = scene.file("model-fp32.onnx", small_detector(scene.options.model_size[0], floats=True))
        ours.load(triton, name, model, scene.options.threads)
    flags = ["--tensor", "fp32" if floats else "uint8"]
    predictor = ["--predictor_host", triton.address, "--predictor_protocol", "v2"]
    key = KSERVE_TRANSFORMER_FP32 if floats else KSERVE_TRANSFORMER
    with _served(scene, key, "kserve_transformer", name, [*flags, *predictor]) as (load, process):
        yield Peer(key, load, from_kserve, {"transformer": process, **ours.processes(triton)})


@contextmanager
def _served(
    scene: Scene, key: str, module: str, name: str, flags: list[str]
) -> Iterator[tuple[tuple[str, ...], psutil.Process]]:
    (port,) = scene.ports.take(1)
    python: Path = environment("kserve") / "bin" / "python"
    sizes = ["--size", text_of(scene.options.model_size), "--found", str(scene.options.found)]
    argv: list[str | Path] = [
        python,
        "-m",
        f"benchmarks.peers.{module}",
        "--name",
        name,
        "--port",
        str(port),
        *sizes,
        *flags,
    ]
    up = f"http://127.0.0.1:{port}/v2/health/live"
    with server(argv, scene.folder / f"{key}.log", port, lambda: answers(up)) as process:
        address = f"127.0.0.1:{port}"
        yield scene.sends(key, address, requests.picture_to_kserve(address, name, scene.picture.jpeg)), process
