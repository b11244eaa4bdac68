"""Whether the exported graph answers as the trained network does, and a batch as its crops alone."""

from __future__ import annotations

import numpy as np
import onnx
import torch
from numpy.typing import NDArray

from capforge_contracts.run import Parity
from capforge_trainer.errors import ParityError
from capforge_trainer.export.session import Session
from capforge_trainer.models.network import Network
from capforge_trainer.regions.crops import Crops, Pixels

REGIONS = 64
"""Of dev, or all; the contract asks for 50."""
RTOL, ATOL = 1e-3, 1e-5
"""Of probabilities and of a unit vector's numbers."""
_BATCH = 16
_JOINED = 3


def compare(network: Network, model: onnx.ModelProto, crops: Crops) -> Parity:
    """Run both on up to REGIONS crops, evenly taken from all, and the graph on some in one batch and one by one."""
    session = Session(model.SerializeToString())
    picked = np.stack([crops[index] for index in _spread(len(crops))])
    errors, same = [_joined_error(session, picked[:_JOINED])], 0
    for start in range(0, len(picked), _BATCH):
        batch = picked[start : start + _BATCH]
        expected, answer = _network(network, batch), served(session, batch)
        close = np.isclose(answer, expected, rtol=RTOL, atol=ATOL).all(axis=1)
        same += int(close.sum())
        errors.append(float(np.abs(answer - expected).max()))
    return Parity(
        images=len(picked),
        heads_max_abs_error=max(errors),
        detections_matched_percent=round(100.0 * same / len(picked), 2),
        passed=same == len(picked) and errors[0] <= ATOL,
    )


def check(parity: Parity) -> Parity:
    """Return a parity that passed; raises ParityError with the numbers otherwise."""
    if not parity.passed:
        message = (
            f"the exported graph does not answer as the network: largest error {parity.heads_max_abs_error:.2g} "
            f"(allowed: rtol {RTOL}, atol {ATOL}), {parity.detections_matched_percent:.1f} % of {parity.images} "
            "regions are answered alike (allowed: all)"
        )
        raise ParityError(message)
    return parity


def served(session: Session, crops: Pixels) -> NDArray[np.float32]:
    """Return the one output of a graph [N,D]."""
    (answer,) = session.run(crops).values()
    return np.asarray(answer, np.float32)


def answers(session: Session, crops: Crops, size: int = _BATCH) -> NDArray[np.float32]:
    """Return what the graph answers to all crops, [N,D]."""
    return np.concatenate([served(session, batch) for batch in crops.batches(size)])


def _network(network: Network, crops: Pixels) -> NDArray[np.float32]:
    with torch.no_grad():
        answer: NDArray[np.float32] = network(torch.from_numpy(crops)).numpy()
    return answer


def _joined_error(session: Session, crops: Pixels) -> float:
    """Return the largest difference between crops in one batch and the same crops alone."""
    together = served(session, crops)
    alone = np.concatenate([served(session, crop[None]) for crop in crops])
    return float(np.abs(together - alone).max())


def _spread(count: int) -> list[int]:
    places: list[int] = np.linspace(0, count - 1, min(REGIONS, count)).round().astype(int).tolist()
    return places
