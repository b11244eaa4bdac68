"""Whether a new model may take over: champion and challenger on the same documents, decision by decision."""

from __future__ import annotations

import math
from dataclasses import dataclass

from capforge_contracts.run import Comparison

HELD = "WorseThanChampion"
CERTAIN = 0.1
"""The highest chance of such a result between equals at which a challenger counts as worse."""
_EXACT_DECISIONS = 1000
_PERCENT = 100


@dataclass(frozen=True)
class Judgement:
    """What the gate says."""

    passed: bool
    message: str
    """For people, with both figures; empty where there was nobody to compare with."""


def judge(comparison: Comparison | None, asked_for: str | None, max_regression_percent: int) -> Judgement:
    """Judge a challenger; `asked_for` is the version that it was to be compared with.

    It is worse if it lost to the champion so often that chance does not explain it, or if it is right in more percent
    points fewer decisions than allowed. Without a champion, or where nothing could be compared, it passes.
    """
    if comparison is None or not comparison.decisions:
        return Judgement(passed=True, message=_uncompared(asked_for))
    regression = _PERCENT * (comparison.champion_right - comparison.challenger_right) / comparison.decisions
    certainly = chance_between_equals(comparison.wins, comparison.losses) <= CERTAIN
    passed = not certainly and regression <= max_regression_percent
    return Judgement(passed, _figures(comparison))


def chance_between_equals(wins: int, losses: int) -> float:
    """Return how likely so many losses or more are where each side is as good as the other: a one-sided sign test."""
    played = wins + losses
    if not played:
        return 1.0
    if played > _EXACT_DECISIONS:
        return 0.5 * math.erfc((losses - 0.5 - played / 2) / math.sqrt(played / 2))
    outcomes: int = sum(math.comb(played, count) for count in range(losses, played + 1))
    return float(outcomes / 2**played)


def _figures(one: Comparison) -> str:
    challenger, champion = (_PERCENT * right / one.decisions for right in (one.challenger_right, one.champion_right))
    return (
        f"right in {challenger:.1f} % of {one.decisions} decisions on {one.documents} dev documents,"
        f" version {one.version} in {champion:.1f} %"
        f" ({one.wins} right by the new model alone, {one.losses} by version {one.version} alone)"
    )


def _uncompared(asked_for: str | None) -> str:
    if asked_for is None:
        return ""
    return f"not compared with version {asked_for}: there was nothing to judge both on; the run's warnings say why"
