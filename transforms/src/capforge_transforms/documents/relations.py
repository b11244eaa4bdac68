"""How typed values of a page relate to one another: the largest amount, a sum of two, the latest date, a repetition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from capforge_contracts.reading import Span, SpanKind

Floats = NDArray[np.float32]
KINDS = tuple(SpanKind)
RELATION_FEATURES = 17
_CLOSE = 0.006
_WHOLE_DAY = len("YYYY-MM-DD")
_FEW_SUMS = 64
"""Pairs are added up among the so many largest amounts."""


def relation_features(spans: Sequence[Span]) -> Floats:
    """Return [S,RELATION_FEATURES], each about 0-1, of the values among those of their kind."""
    found = np.zeros((len(spans), RELATION_FEATURES), dtype=np.float32)
    for kind in KINDS:
        members = [position for position, span in enumerate(spans) if span.kind is kind]
        if members:
            found[members, :8] = _among([spans[one].value for one in members], kind)
    amounts = [position for position, span in enumerate(spans) if span.kind is SpanKind.AMOUNT]
    if amounts:
        found[amounts, 8:15] = _arithmetic([spans[one] for one in amounts])
    found[:, 15] = [span.kind is SpanKind.DATE and len(span.value) == _WHOLE_DAY for span in spans]
    found[:, 16] = [span.us_value is not None for span in spans]
    return found


def _among(values: Sequence[str], kind: SpanKind) -> Floats:
    """Rank, extremes, order, repetition."""
    count = len(values)
    sizes = np.array([_number(value) for value in values]) if kind is SpanKind.AMOUNT else _ranked(values)
    order = np.arange(count)
    above = (sizes[:, None] < sizes[None] - 1e-9).sum(axis=1)
    times = Counter(values)
    repeated = np.array([min(times[value], 5) for value in values], dtype=np.float32)
    first_of_value = np.array([values.index(value) == position for position, value in enumerate(values)])
    columns = [
        above == 0, np.minimum(above, 6) / 6, above == above.max(), order == 0, order == count - 1,
        order / max(count - 1, 1), (repeated - 1) / 4, first_of_value,
    ]  # fmt: skip
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _arithmetic(spans: Sequence[Span]) -> Floats:
    """Size, decimals, whether the amount is a sum or a difference of two others of the page."""
    values = np.array([_number(span.value) for span in spans])
    large = np.unique(np.round(values[values > 0], 2))[-_FEW_SUMS:]
    sums = (large[:, None] + large[None])[np.triu_indices(len(large), 1)] if len(large) > 1 else np.zeros(0)
    is_sum = _one_of(values, sums)
    parts = (values[:, None] - large[None]) if len(large) else np.zeros((len(values), 0))
    is_part = np.array([bool(_one_of(row[row > _CLOSE], large).any()) for row in -parts])
    decimals = np.array([len(span.value.partition(".")[2]) for span in spans])
    columns = [
        np.log10(np.abs(values) + 1) / 5, values == 0, decimals == 2, decimals == 0, values < 0, is_sum, is_part,  # noqa: PLR2004 - cents
    ]  # fmt: skip
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def _one_of(values: NDArray[np.floating], others: NDArray[np.floating]) -> NDArray[np.bool_]:
    if not len(others):
        return np.zeros(len(values), dtype=bool)
    ordered = np.sort(others)
    place = np.clip(np.searchsorted(ordered, values), 0, len(ordered) - 1)
    near = np.minimum(np.abs(ordered[place] - values), np.abs(ordered[np.maximum(place - 1, 0)] - values))
    close: NDArray[np.bool_] = near < _CLOSE
    return close


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0


def _ranked(values: Sequence[str]) -> NDArray[np.floating]:
    places = {value: place for place, value in enumerate(sorted(set(values)))}
    return np.array([float(places[value]) for value in values])
