"""Out of memory: what happened, and which of the run's own parameters would ask for less. Knows no torch."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from capforge_trainer.config import Parameters
from capforge_trainer.errors import OutOfMemoryError

_LEVERS = ("optimizer.batchSize", "batchSize", "model.inputLongSidePixels", "crop.longSidePixels")
"""Parameters that memory grows with, most first; each template has some of them."""
_BY_THE_DATA = 0
"""The value of a size that training takes from its data."""
_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "failed to allocate memory")


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out, of the processor's or of a GPU."""
    # torch raises plain RuntimeErrors for a full CPU memory, and OutOfMemoryError (one too) for a GPU's; those of
    # onnxruntime are its own.
    library = isinstance(error, RuntimeError) or type(error).__module__.startswith("onnxruntime")
    told = library and any(word in str(error).lower() for word in _WORDS)
    refused = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return told or refused or isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


@contextmanager
def advising(parameters: Parameters) -> Iterator[None]:
    """Raise OutOfMemoryError with advice on these parameters where memory runs out."""
    try:
        yield
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise OutOfMemoryError(f"{type(error).__name__}: {str(error).strip()}; {advice(parameters)}") from error


def advice(parameters: Parameters) -> str:
    """Return what a person can do, with the names and present values of what this template lets them set."""
    values = parameters.model_dump(mode="json", by_alias=True)
    found = {name: _at(values, name) for name in _LEVERS}
    levers = [f"{name} ({_present(value)})" for name, value in found.items() if value is not None]
    return f"lower {' or '.join(levers)}, or ask for more memory (resources.memory, a larger GPU)"


def _present(value: int) -> str:
    return "now chosen by the data" if value == _BY_THE_DATA else f"now {value}"


def _at(values: Any, path: str) -> int | None:
    for name in path.split("."):
        values = values.get(name) if isinstance(values, dict) else None
    return values if isinstance(values, int) else None
