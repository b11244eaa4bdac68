"""Line charts as places in an SVG: ticks at round numbers, paths in viewBox units. Colours are the page's affair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 14, 40
_TICKS = 5
_STEPS = (1, 2, 2.5, 5, 10)
_MOST_POINTS = 400


@dataclass(frozen=True)
class Series:
    """One line: x rising, y finite; both [N]."""

    name: str
    x: Sequence[float] | NDArray[np.float64]
    y: Sequence[float] | NDArray[np.float64]
    dots: bool = False
    """Each point is worth a dot: there are few."""
    chosen: tuple[float, float] | None = None
    note: str = ""
    """For the legend."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True)
class Line:
    """One drawn series."""

    name: str
    note: str
    path: str
    """The `d` of an SVG path."""
    dots: tuple[tuple[float, float, str], ...]
    """x, y, and what it says."""
    chosen: tuple[float, float, str] | None


@dataclass(frozen=True)
class Chart:
    """Everything a template needs to draw."""

    title: str
    x_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    lines: tuple[Line, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def line_chart(
    title: str,
    x_label: str,
    series: Sequence[Series],
    x_range: tuple[float, float] | None = None,
    y_range: tuple[float, float] | None = None,
) -> Chart:
    """Return the chart of at least one series with at least one point each; ranges are the data's where not given."""
    x_ends = _ends([value for one in series for value in one.x], x_range)
    y_ends = _ends([value for one in series for value in one.y], y_range)
    x_at = _Scale(*x_ends, _LEFT, WIDTH - _RIGHT)
    y_at = _Scale(*y_ends, HEIGHT - _BOTTOM, _TOP)
    return Chart(
        title,
        x_label,
        tuple(Tick(_short(x_at(value)), number(value)) for value in round_numbers(*x_ends)),
        tuple(Tick(_short(y_at(value)), number(value)) for value in round_numbers(*y_ends)),
        tuple(_line(one, x_at, y_at) for one in series),
    )


def round_numbers(low: float, high: float) -> list[float]:
    """Return about five round numbers from low to high, both inclusive."""
    raw = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in _STEPS if power * factor >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value: float) -> str:
    """Return a number as people write it: few digits, no needless noughts."""
    if value and abs(value) < 0.001:  # noqa: PLR2004 - below what four decimals show
        return f"{value:.0e}".replace("e-0", "e-")
    return f"{value:,.4f}".rstrip("0").rstrip(".")


class _Scale:
    """From values to places of the drawing."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._factor = (end - start) / (high - low)

    def __call__(self, value: float) -> float:
        return self._start + (value - self._low) * self._factor


def _ends(values: Sequence[float], given: tuple[float, float] | None) -> tuple[float, float]:
    if given:
        return given
    low, high = float(min(values)), float(max(values))
    if low == high:
        return low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    return low, high


def _line(one: Series, x_at: _Scale, y_at: _Scale) -> Line:
    places = np.unique(np.linspace(0, len(one.x) - 1, min(len(one.x), _MOST_POINTS)).round().astype(int))
    points = [(float(one.x[index]), float(one.y[index])) for index in places]
    path = "".join(f"{'L' if count else 'M'}{_short(x_at(x))} {_short(y_at(y))}" for count, (x, y) in enumerate(points))
    dotted = points if one.dots or len(points) == 1 else []
    dots = tuple((_short(x_at(x)), _short(y_at(y)), f"{number(round(x, 2))}: {number(y)}") for x, y in dotted)
    chosen = None
    if one.chosen:
        x, y = one.chosen
        chosen = (_short(x_at(x)), _short(y_at(y)), f"{number(x)}: {number(y)}")
    return Line(one.name, one.note, path, dots, chosen)


def _short(value: float) -> float:
    return round(value, 1)
