"""What each kind of server answered, in one form, so that all can be compared before anything is timed. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.peers.decoding_client import tensors_of
from benchmarks.peers.found import Found, found_in
from capforge_transforms import Placement

Reader = Callable[[bytes], Found]

_PIXELS = 0.05
_SCORE = 0.002


def from_gateway(body: bytes) -> Found:
    """The entities of a predict answer."""
    entities = json.loads(body)["document"]["inference"]["prediction"]["entities"]
    seen = [(entity["location"]["box"], entity["observations"][0]) for entity in entities]
    return [[*box, float(one["confidence"]), float(one["position"])] for box, one in seen]


def from_triton(placement: Placement, limit: int) -> Reader:
    """The output tensors of an infer answer with the binary extension, brought to the picture's pixels."""

    def read(body: bytes) -> Found:
        _, length = json.JSONDecoder().raw_decode(body.decode("latin-1"))
        return found_in(tensors_of(body, length), placement, limit)

    return read


def from_kserve(body: bytes) -> Found:
    """The prediction of a v1 answer."""
    return json.loads(body)["predictions"]  # type: ignore[no-any-return]


def from_protocol(body: bytes) -> Found:
    """The tensor `found` [n, 6] of an infer answer in JSON."""
    output = json.loads(body)["outputs"][0]
    return np.asarray(output["data"], np.float64).reshape(output["shape"]).tolist()  # type: ignore[no-any-return]


def from_program(body: bytes) -> Found:
    """What a program wrote that makes its own load."""
    return json.loads(body)  # type: ignore[no-any-return]


def differences(answers: Mapping[str, Found]) -> list[str]:
    """Tell who answers something else than the first one: a pixel's twentieth and 0.002 of a score are allowed."""
    (reference, expected), *others = [(name, np.asarray(found)) for name, found in answers.items()]
    if not len(expected):
        return [f"{reference} found nothing, so nothing can be compared"]
    told = []
    for name, found in others:
        if found.shape != expected.shape:
            told.append(f"{name} found {len(found)}, {reference} {len(expected)}")
            continue
        off = np.abs(found - expected).max(axis=0)
        if off[:4].max() > _PIXELS or off[4] > _SCORE or off[5] > 0:
            told.append(f"{name} differs from {reference} by {off[:4].max():.2f} pixels and {off[4]:.4f} in the score")
    return told
