"""When a rule acts: a pure function of how many requests have matched it so far, so that every run is the same."""

from __future__ import annotations

import random
from collections.abc import Callable

Schedule = Callable[[int], bool]
"""From the number of a match, counted from 1, to whether the rule acts on it."""


def always(_: int) -> bool:
    return True


def first(count: int) -> Schedule:
    """Act on the first so many matches."""
    return lambda number: number <= count


def nth(wanted: int) -> Schedule:
    """Act on this match alone."""
    return lambda number: number == wanted


def every(period: int) -> Schedule:
    """Act on every so-manieth match."""
    return lambda number: number % period == 0


def share(probability: float, seed: int = 0) -> Schedule:
    """Act on this share of the matches, chosen by the seed."""
    return lambda number: random.Random(f"{seed}/{number}").random() < probability  # noqa: S311 - chance, no secret
