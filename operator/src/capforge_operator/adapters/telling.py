"""Who is told of each call to the object store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from capforge_contracts.store import AlreadyExists, NotFound

Told = Callable[[str, str], None]
"""Told of each call: its name, and whether the store answered (done, error)."""


def nobody(_name: str, _outcome: str) -> None:
    """Tell nobody."""


@contextmanager
def telling(told: Told, name: str) -> Iterator[None]:
    """Tell how the block ended; absent and existing objects are answers too."""
    outcome = "error"
    try:
        yield
        outcome = "done"
    except (NotFound, AlreadyExists):
        outcome = "done"
        raise
    finally:
        told(name, outcome)
