"""Which of many kills are tried: all with CAPFORGE_SWEEP=all, else a sample that is the same every time."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_SEED = 2026


def chosen(every: Sequence[T], count: int) -> list[T]:
    """Return all, or a sample in its order; prints what is left out."""
    if os.environ.get("CAPFORGE_SWEEP") == "all" or count >= len(every):
        return list(every)
    kept = sorted(random.Random(_SEED).sample(range(len(every)), count))  # noqa: S311 - chance, no secret
    tell(f"{count} of {len(every)} (CAPFORGE_SWEEP=all takes all): {kept}")
    return [every[index] for index in kept]


def tell(*lines: str) -> None:
    """Print what was tried: pytest shows it with -s, and when the test fails."""
    print(*lines, sep="\n  ")  # noqa: T201 - the report of a sweep
