"""The golden request: real inputs, the exported model's answers, and whether what is served is the same."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from capforge_agent.failures import ModelFailedError, Reason
from capforge_contracts import golden

Array = NDArray[np.generic]


@dataclass(frozen=True)
class GoldenRequest:
    """Inputs and expected outputs by tensor name, each with the batch as first axis."""

    inputs: Mapping[str, Array]
    outputs: Mapping[str, Array]
    rtol: Mapping[str, float]
    atol: Mapping[str, float]

    @property
    def rows(self) -> int:
        """Size of the batch."""
        return len(next(iter(self.inputs.values())))

    def slice(self, start: int, stop: int) -> dict[str, Array]:
        """Return the inputs of some rows."""
        return {name: array[start:stop] for name, array in self.inputs.items()}


def read_golden(path: Path, limit_bytes: int) -> GoldenRequest:
    """Read a golden file with pickling off; raises ModelFailedError (GoldenUnreadable)."""
    try:
        with zipfile.ZipFile(path) as members:
            unpacked_bytes = sum(member.file_size for member in members.infolist())
        if unpacked_bytes > limit_bytes:
            raise _unreadable(f"it unpacks to {unpacked_bytes} bytes; allowed: {limit_bytes}")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise _unreadable(str(error)) from error
    return _checked(arrays)


def _checked(arrays: Mapping[str, Array]) -> GoldenRequest:
    inputs, outputs, rtol, atol = (
        {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        for prefix in (golden.INPUT, golden.OUTPUT, golden.RTOL, golden.ATOL)
    )
    if not inputs or not outputs:
        raise _unreadable("it has no input.<name> or no output.<name>")
    missing = sorted(name for name in outputs if name not in rtol or name not in atol)
    if missing:
        raise _unreadable(f"rtol.<name> or atol.<name> is missing for {', '.join(missing)}")
    if any(array.dtype.kind not in "biuf" for array in arrays.values()):
        raise _unreadable("it holds an array that is not numeric")
    tensors = [*inputs.values(), *outputs.values()]
    if any(not array.ndim or not len(array) for array in tensors) or len({len(array) for array in tensors}) > 1:
        raise _unreadable("its tensors do not have one batch size in common")
    return GoldenRequest(inputs, outputs, _scalars(rtol), _scalars(atol))


def _scalars(arrays: Mapping[str, Array]) -> dict[str, float]:
    if any(array.size != 1 for array in arrays.values()):
        raise _unreadable("a tolerance is not a scalar")
    return {name: float(array.reshape(()).astype(np.float64)) for name, array in arrays.items()}


def compare(request: GoldenRequest, served: Mapping[str, Array]) -> None:
    """Compare every output; raises ModelFailedError (GoldenMismatch) that says how far each wrong one is off."""
    faults = [
        f"output {name} is served but not in the golden file" for name in sorted(set(served) - set(request.outputs))
    ]
    faults += [fault for name in sorted(request.outputs) if (fault := _difference(request, served, name))]
    if faults:
        raise ModelFailedError(Reason.GOLDEN_MISMATCH, "; ".join(faults))


def _difference(request: GoldenRequest, served: Mapping[str, Array], name: str) -> str:
    expected, rtol, atol = request.outputs[name], request.rtol[name], request.atol[name]
    answer = served.get(name)
    if answer is None:
        return f"output {name} is not served"
    if answer.shape != expected.shape or answer.dtype != expected.dtype:
        return f"{name} is {answer.dtype}{list(answer.shape)}, expected {expected.dtype}{list(expected.shape)}"
    wide_answer, wide_expected = answer.astype(np.float64), expected.astype(np.float64)
    wrong = ~np.isclose(wide_answer, wide_expected, rtol=rtol, atol=atol, equal_nan=True)
    if not wrong.any():
        return ""
    largest = np.nanmax(np.abs(wide_answer - wide_expected)[wrong], initial=0.0)
    allowed = f"rtol {rtol:g}, atol {atol:g}"
    return f"{name} differs in {int(wrong.sum())} of {wrong.size} values, by up to {largest:.4g} ({allowed})"


def _unreadable(message: str) -> ModelFailedError:
    return ModelFailedError(Reason.GOLDEN_UNREADABLE, f"golden.npz: {message}")
