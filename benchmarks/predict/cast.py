"""Starting the peers that were asked for."""

from __future__ import annotations

from contextlib import ExitStack

from benchmarks.predict import ours, programs
from benchmarks.predict.catalogue import (
    DECODING_CLIENT,
    DIRECT,
    ENVOY,
    GATEWAY,
    GATEWAY_V2,
    IN_PROCESS,
    IN_PROCESS_READY,
    KEYS,
    KSERVE,
    KSERVE_THREADS,
    KSERVE_TRANSFORMER,
    KSERVE_TRANSFORMER_FP32,
    MLSERVER,
)
from benchmarks.predict.envoy import envoy
from benchmarks.predict.kserve import model_server, transformer
from benchmarks.predict.mlserver import mlserver
from benchmarks.predict.scene import Peer, Scene
from capforge_tools.console import step

_WITHOUT_TRITON = {IN_PROCESS, IN_PROCESS_READY, KSERVE, KSERVE_THREADS, MLSERVER}


def peers(scene: Scene, stack: ExitStack) -> list[Peer]:
    """Start what was asked for; everything ends with the stack."""
    only = set(scene.options.only)
    found: dict[str, Peer] = {}
    if only - _WITHOUT_TRITON:
        found |= _around_triton(scene, stack, only)
    for key in (IN_PROCESS, IN_PROCESS_READY):
        if key in only:
            found[key] = programs.in_process(scene, ready=key == IN_PROCESS_READY)
    for key in (KSERVE, KSERVE_THREADS):
        if key in only:
            with step(f"start {key}"):
                found[key] = stack.enter_context(model_server(scene, overlap=key == KSERVE_THREADS))
    if MLSERVER in only:
        with step("start MLServer"):
            found[MLSERVER] = stack.enter_context(mlserver(scene))
    return [found[key] for key in KEYS if key in found]


def _around_triton(scene: Scene, stack: ExitStack, only: set[str]) -> dict[str, Peer]:
    with step("start Triton"):
        triton = stack.enter_context(ours.triton(scene))
    found = {}
    if only & {GATEWAY, GATEWAY_V2}:
        with step("start the gateway"):
            gateway = stack.enter_context(ours.gateway(scene, triton))
        found[GATEWAY] = ours.predict_route(scene, triton, gateway)
        found[GATEWAY_V2] = ours.protocol_route(scene, triton, gateway)
    found[DIRECT] = ours.direct(scene, triton)
    found[DECODING_CLIENT] = programs.decoding_client(scene, triton)
    if ENVOY in only:
        with step("start Envoy"):
            found[ENVOY] = stack.enter_context(envoy(scene, triton))
    for key in (KSERVE_TRANSFORMER, KSERVE_TRANSFORMER_FP32):
        if key in only:
            with step(f"start {key}"):
                found[key] = stack.enter_context(transformer(scene, triton, floats=key == KSERVE_TRANSFORMER_FP32))
    return {key: peer for key, peer in found.items() if key in only}
