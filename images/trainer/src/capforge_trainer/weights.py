"""Trained weights as a file beside the model, and training that starts from such a file.

What fits by name and shape is taken, the rest begins anew and is named: a class more changes the last layer alone. A
file may be of a part of the network (torchvision's backbones) or of a network that this one is a part of: names are
compared below the prefix with which most fits. The format is safetensors, which holds numbers and nothing that could
run.
"""

from __future__ import annotations

import safetensors
import safetensors.torch
import structlog
import torch
from torch import Tensor

from capforge_contracts.model import sha256_hex
from capforge_contracts.run import InitialWeights
from capforge_contracts.store import NotFound, ObjectStore
from capforge_trainer.errors import BadConfigurationError, BadDataError
from capforge_trainer.models.network import Network
from capforge_trainer.strategy import Work

_NAMED = 5
"""Tensors in a message; the others are counted."""
_SHOWN_CHARS = 120
"""Of a name in it."""
_LOG = structlog.get_logger(__name__)


def packed(network: Network) -> bytes:
    """Return the file of a network's weights."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    data: bytes = safetensors.torch.save(tensors)
    return data


def warm_start(work: Work, network: Network) -> list[str]:
    """Give a network the weights that the run starts from, if any; return warnings for the card.

    Raises BadConfigurationError where there is no such file or nothing of it fits, BadDataError where it is damaged.
    """
    chosen = work.spec.initial_weights
    if chosen is None:
        return []
    return started_from(network, read(work.attempt.store, work.spec.namespace, chosen), chosen.origin)


def read(store: ObjectStore, namespace: str, chosen: InitialWeights) -> dict[str, Tensor]:
    """Return the tensors of a weights file by name; raises as warm_start does."""
    where = f"initial weights ({chosen.origin})"
    if not chosen.key.startswith(f"{namespace}/"):
        raise BadConfigurationError(f"{where}: {chosen.key} is not of namespace {namespace}")
    try:
        data = store.get(chosen.key)
    except NotFound as error:
        raise BadConfigurationError(f"{where}: there is no file {chosen.key}; train without, or from others") from error
    if sha256_hex(data) != chosen.sha256:
        raise BadDataError(f"{where}: the bytes of {chosen.key} do not have the digest {chosen.sha256}")
    try:
        tensors: dict[str, Tensor] = safetensors.torch.load(data)
        broken = sorted(name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor.float()).all()))
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:  # sizes of none
        raise BadDataError(
            f"{where}: {chosen.key} is no safetensors file, or damaged ({_short(str(error))})"
        ) from error
    if broken:
        raise BadDataError(f"{where}: not all numbers of {_listed(broken)} are finite")
    return tensors


def started_from(network: Network, tensors: dict[str, Tensor], origin: str) -> list[str]:
    """Copy what fits into the network; return warnings. Raises BadConfigurationError where nothing that learns fits."""
    mine: dict[str, Tensor] = network.state_dict()
    tensors = _aligned(mine, tensors)
    fitting = [name for name, tensor in mine.items() if name in tensors and tensors[name].shape == tensor.shape]
    where = f"initial weights ({origin})"
    if not any(mine[name].ndim > 1 for name in fitting):
        raise BadConfigurationError(
            f"{where}: none of its {len(tensors)} tensors fits this network of {len(mine)}; allowed: weights of "
            "the same template and backbone"
        )
    with torch.no_grad():
        for name in fitting:
            mine[name].copy_(tensors[name])
    _LOG.info("warm start", origin=origin, taken=len(fitting), of=len(mine))
    warnings = []
    if anew := [name for name in mine if name not in fitting]:
        warnings.append(
            f"{where}: {len(anew)} of {len(mine)} tensors begin anew: {_listed(_reasons(anew, mine, tensors))}"
        )
    if unused := [name for name in tensors if name not in mine]:
        warnings.append(f"{where}: {len(unused)} of its tensors are not part of this network: {_listed(unused)}")
    return warnings


def _aligned(mine: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return their tensors under the names that fit best: as they are, below one of my prefixes, or without theirs."""
    below = [{prefix + name: tensor for name, tensor in theirs.items()} for prefix in _prefixes(mine)]
    without = [{name.removeprefix(prefix): tensor for name, tensor in theirs.items()} for prefix in _prefixes(theirs)]
    return max([theirs, *below, *without], key=lambda named: _weights_in_common(mine, named))


def _prefixes(tensors: dict[str, Tensor]) -> list[str]:
    """Return the names of all parts, shortest first, each with its dot."""
    parts = {name[: place + 1] for name in tensors for place, letter in enumerate(name) if letter == "."}
    return sorted(parts, key=lambda part: (len(part), part))


def _weights_in_common(mine: dict[str, Tensor], named: dict[str, Tensor]) -> int:
    return sum(tensor.ndim > 1 and name in mine and mine[name].shape == tensor.shape for name, tensor in named.items())


def _reasons(names: list[str], mine: dict[str, Tensor], theirs: dict[str, Tensor]) -> list[str]:
    return [
        f"{name} ({_shape(mine[name])} here, {_shape(theirs[name])} there)" if name in theirs else f"{name} (not there)"
        for name in names
    ]


def _shape(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(_short, names[:_NAMED])) + more


def _short(words: str) -> str:
    """Return a stranger's words as they may stand in a message: on one line, and not for ever."""
    shown = ascii(words)[1:-1]
    return shown if len(shown) <= _SHOWN_CHARS else f"{shown[:_SHOWN_CHARS]}…"
