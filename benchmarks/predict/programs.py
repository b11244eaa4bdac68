"""Peers without a server of their own: the program that makes the load does the work, too."""

from __future__ import annotations

import sys

from benchmarks.peers.found import text_of
from benchmarks.predict import requests
from benchmarks.predict.answers import from_program
from benchmarks.predict.catalogue import DECODING_CLIENT, IN_PROCESS, IN_PROCESS_READY
from benchmarks.predict.ours import processes
from benchmarks.predict.scene import MODEL, Peer, Scene
from tests.support.triton import Triton


def in_process(scene: Scene, ready: bool) -> Peer:
    """ONNX Runtime in one loop on one thread; decoding included unless the tensor is ready."""
    program = _program("benchmarks.peers.in_process", scene)
    flags = ("--model", str(scene.model_file), "--threads", "1", *(["--ready"] if ready else []))
    key = IN_PROCESS_READY if ready else IN_PROCESS
    return Peer(key, (*program, *flags), from_program, load_works_as="loop")


def decoding_client(scene: Scene, server: Triton) -> Peer:
    """A client that decodes by itself and asks Triton for the rest."""
    canvas = scene.picture.canvas
    request = requests.tensor_to_triton(server.address, MODEL, canvas)
    head = scene.file("decoding-client.head", request[: len(request) - canvas.nbytes])
    command = (*_program("benchmarks.peers.decoding_client", scene), "--address", server.address, "--head", str(head))
    return Peer(DECODING_CLIENT, command, from_program, processes(server), load_works_as="decoding client")


def _program(module: str, scene: Scene) -> tuple[str, ...]:
    sizes = ("--size", text_of(scene.options.model_size), "--found", str(scene.options.found))
    return (sys.executable, "-m", module, "--picture", str(scene.picture_file), *sizes)
