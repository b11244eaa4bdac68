"""Where tokens stand: their neighbours by role, and what their line and the page's layout say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Slot(IntEnum):
    """The role of a neighbour."""

    LEFT = 0
    LEFT_2 = 1
    LEFT_3 = 2
    RIGHT = 3
    ABOVE = 4
    BELOW = 5
    LINE_FIRST = 6
    LINE_LAST = 7
    LINE_BEFORE = 8
    LINE_AFTER = 9
    BEFORE = 10
    AFTER = 11


NONE = -1
_WIDE_GAP = 1.5
"""Heights of a word: more is no space between words."""


@dataclass(frozen=True)
class Places:
    """Boxes of all tokens of a page, words first, in reading order."""

    boxes: Floats
    """[T,4] relative."""
    words: int
    """The first so many tokens are words."""
    lines: Ints
    """[W]: position of each word's line on the page, from 0, rising."""
    homes: Ints
    """[T]: the first word of each token; a word is its own."""
    ends: Ints
    """[T]: the last word of each token."""


def neighbours(places: Places) -> Ints:
    """Return [T,len(Slot)]: positions of neighbouring words, NONE where there is none."""
    found = np.full((len(places.boxes), len(Slot)), NONE, dtype=np.int64)
    if places.words == 0:
        return found
    _in_rows(places, found)
    _in_columns(places, found)
    _in_lines(places, found)
    return found


def _in_rows(places: Places, found: Ints) -> None:
    tokens, words = places.boxes, places.boxes[: places.words]
    middle, height = _middles(tokens, 1), tokens[:, 3] - tokens[:, 1]
    apart = np.abs(middle[:, None] - _middles(words, 1)[None])
    same_row = apart < 0.5 * np.maximum(height[:, None], (words[:, 3] - words[:, 1])[None])
    slack = 0.25 * height[:, None]
    to_left = np.where(
        same_row & (words[None, :, 2] <= tokens[:, None, 0] + slack), tokens[:, None, 0] - words[None, :, 2], np.inf
    )
    to_right = np.where(
        same_row & (words[None, :, 0] >= tokens[:, None, 2] - slack), words[None, :, 0] - tokens[:, None, 2], np.inf
    )
    own = np.arange(places.words)
    to_left[own, own] = to_right[own, own] = np.inf
    found[:, Slot.LEFT] = _nearest(to_left)
    found[:, Slot.RIGHT] = _nearest(to_right)
    for slot, of in ((Slot.LEFT_2, Slot.LEFT), (Slot.LEFT_3, Slot.LEFT_2)):
        found[:, slot] = np.where(found[:, of] == NONE, NONE, found[found[:, of], Slot.LEFT])


def _in_columns(places: Places, found: Ints) -> None:
    tokens, words = places.boxes, places.boxes[: places.words]
    middle = _middles(words, 1)[None] - _middles(tokens, 1)[:, None]
    height = np.maximum(tokens[:, 3] - tokens[:, 1], 1e-4)[:, None]
    sideways = np.abs(_middles(words, 0)[None] - _middles(tokens, 0)[:, None])
    overlap = (words[None, :, 0] < tokens[:, None, 2]) & (words[None, :, 2] > tokens[:, None, 0])
    distance = np.abs(middle) + 0.1 * sideways
    found[:, Slot.ABOVE] = _nearest(np.where(overlap & (middle < -0.6 * height), distance, np.inf))
    found[:, Slot.BELOW] = _nearest(np.where(overlap & (middle > 0.6 * height), distance, np.inf))


def _in_lines(places: Places, found: Ints) -> None:
    lines = places.lines
    count = int(lines[-1]) + 1
    first = np.searchsorted(lines, np.arange(count))
    last = np.searchsorted(lines, np.arange(count), side="right") - 1
    own = lines[places.homes]
    found[:, Slot.LINE_FIRST] = first[own]
    found[:, Slot.LINE_LAST] = last[own]
    found[:, Slot.LINE_BEFORE] = np.where(own > 0, first[np.maximum(own - 1, 0)], NONE)
    found[:, Slot.LINE_AFTER] = np.where(own < count - 1, first[np.minimum(own + 1, count - 1)], NONE)
    found[:, Slot.BEFORE] = places.homes - 1
    found[:, Slot.AFTER] = np.where(places.ends + 1 < places.words, places.ends + 1, NONE)


def _nearest(distance: NDArray[np.floating]) -> Ints:
    best: Ints = distance.argmin(axis=1)
    return np.where(np.isfinite(distance[np.arange(len(distance)), best]), best, NONE)


def _middles(boxes: Floats, axis: int) -> NDArray[np.floating]:
    middles: NDArray[np.floating] = (boxes[:, axis] + boxes[:, axis + 2]) / 2
    return middles


def layout_features(places: Places, found: Ints, aspect: float) -> Floats:
    """Return [T,LAYOUT_FEATURES]: place, size, place in the line, the line's place, gaps; `aspect` = height / width."""
    boxes, words = places.boxes, places.words
    height = np.maximum(boxes[:, 3] - boxes[:, 1], 1e-4)
    usual = float(np.median(height[:words])) if words else 1e-2
    lines, own = places.lines, places.lines[places.homes]
    count = int(lines[-1]) + 1
    first, last = found[:, Slot.LINE_FIRST], found[:, Slot.LINE_LAST]
    length = last - first + 1
    index = places.homes - first
    left, right = found[:, Slot.LEFT], found[:, Slot.RIGHT]
    gap_left = np.where(left == NONE, 4.0, (boxes[:, 0] - boxes[left, 2]) / (height * aspect))
    gap_right = np.where(right == NONE, 4.0, (boxes[right, 0] - boxes[:, 2]) / (height * aspect))
    before, after = found[:, Slot.LINE_BEFORE], found[:, Slot.LINE_AFTER]
    gap_above = np.where(before == NONE, 4.0, (boxes[:, 1] - boxes[before, 3]) / usual)
    gap_below = np.where(after == NONE, 4.0, (boxes[after, 1] - boxes[:, 3]) / usual)
    line_left, line_right = boxes[first, 0], boxes[last, 2]
    columns = [
        boxes[:, 0], boxes[:, 1], boxes[:, 2], boxes[:, 3], _middles(boxes, 0), _middles(boxes, 1),
        boxes[:, 2] - boxes[:, 0], np.log(height / usual), np.full(len(boxes), np.log(aspect)),
        index == 0, places.ends == last, index / 6, (last - places.ends) / 6, np.log1p(length) / 2, length == 1,
        own / max(count - 1, 1), np.minimum(own, 12) / 6, np.minimum(count - 1 - own, 12) / 6,
        *(own == number for number in range(5)), own == count - 1, own == count - 2,
        np.clip(gap_left, -1, 4) / 2, np.clip(gap_right, -1, 4) / 2, gap_left > _WIDE_GAP, gap_right > _WIDE_GAP,
        left == NONE, right == NONE,
        np.clip(gap_above, -1, 4) / 2, np.clip(gap_below, -1, 4) / 2,
        np.abs((line_left + line_right) / 2 - 0.5) * 2, line_right - line_left, line_left, line_right,
        np.full(len(boxes), np.log1p(words) / 6),
    ]  # fmt: skip
    stacked: Floats = np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)
    return stacked


LAYOUT_FEATURES = 38
