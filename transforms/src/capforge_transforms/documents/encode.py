"""One page as the numbers that a field extractor takes: tokens are its words, then its typed values.

Everything about text is computed here, outside the model's graph, the same in training and serving.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from capforge_contracts.reading import PICTURE_LONG_SIDE, Reading, ReadPage, ReadWord, Span, SpanKind
from capforge_transforms.documents.grams import GRAMS, span_grams, word_grams
from capforge_transforms.documents.places import LAYOUT_FEATURES, NONE, Places, Slot, layout_features, neighbours
from capforge_transforms.documents.relations import KINDS, RELATION_FEATURES, relation_features
from capforge_transforms.documents.shapes import PAGE_FEATURES, TEXT_FEATURES, page_features, text_features

Array = NDArray[np.generic]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

GRAMS_INPUT = "grams"
"""int32 [N,T,GRAMS]: hashed pieces of each token's text, 0 = none."""
FEATURES_INPUT = "features"
"""float32 [N,T,FEATURES]."""
NEIGHBOURS_INPUT = "neighbours"
"""int32 [N,T,SLOTS]: position of a neighbouring word + 1, 0 = none."""
CELLS_INPUT = "cells"
"""int32 [N,T]: the cell of the picture that the token's middle lies in, row by row."""
MASK_INPUT = "mask"
"""float32 [N,T]: 1 for a token, 0 for padding."""
PICTURE_INPUT = "picture"
"""uint8 [N,PICTURE_LONG_SIDE,PICTURE_LONG_SIDE]: the page's grey picture, top left, the rest white."""
INPUTS = (GRAMS_INPUT, FEATURES_INPUT, NEIGHBOURS_INPUT, CELLS_INPUT, MASK_INPUT, PICTURE_INPUT)

SCORES_OUTPUT = "scores"
"""float32 [N,F,4,T], calibrated, against 0 for "absent": of a value, or of a first word, a last word, a word within,
and of keeping a word that lies within."""
CLASSES_OUTPUT = "classes"
"""float32 [N,C]: calibrated scores of the classes of all classification fields, one field after the other."""
OUTPUTS = (SCORES_OUTPUT, CLASSES_OUTPUT)

BUCKETS = (128, 256, 512, 1024, 2048)
"""A page is padded to the smallest of these that holds its tokens; what is beyond the last is left out."""
CELLS_ON_SIDE = 32
"""The picture is looked at as so many cells in each direction."""
SLOTS = len(Slot)
FEATURES = LAYOUT_FEATURES + TEXT_FEATURES + PAGE_FEATURES + (1 + len(KINDS)) + len(KINDS) + RELATION_FEATURES


@dataclass(frozen=True)
class Row:
    """One page for the model."""

    page_id: int
    words: int
    """Tokens 0..words-1 are the page's first so many words."""
    spans: tuple[int, ...]
    """The following tokens: positions of the page's typed values."""
    arrays: Mapping[str, Array]
    """By input name, without the batch axis."""

    @property
    def tokens(self) -> int:
        """How many tokens are not padding."""
        return self.words + len(self.spans)

    @property
    def bucket(self) -> int:
        """The padded number of tokens."""
        return int(self.arrays[MASK_INPUT].shape[0])


def encode_reading(reading: Reading) -> list[Row]:
    """Return a row for each page."""
    return [encode(page) for page in reading.pages]


def encode(page: ReadPage) -> Row:
    """Return the model's inputs for one page."""
    words, spans, kept = _fitting(page)
    tokens = len(words) + len(spans)
    bucket = next(size for size in BUCKETS if size >= tokens)
    arrays: dict[str, Array] = {
        GRAMS_INPUT: np.zeros((bucket, GRAMS), dtype=np.int32),
        FEATURES_INPUT: np.zeros((bucket, FEATURES), dtype=np.float32),
        NEIGHBOURS_INPUT: np.zeros((bucket, SLOTS), dtype=np.int32),
        CELLS_INPUT: np.zeros(bucket, dtype=np.int32),
        MASK_INPUT: np.zeros(bucket, dtype=np.float32),
        PICTURE_INPUT: picture_of(page),
    }
    if tokens:
        _fill(arrays, page, words, spans)
    return Row(page.page_id, len(words), kept, arrays)


def stacked(rows: Sequence[Row]) -> dict[str, Array]:
    """Return the inputs of several rows as one batch, padded to the largest bucket among them."""
    bucket = max(row.bucket for row in rows)
    return {name: np.stack([_padded(row.arrays[name], name, bucket) for row in rows]) for name in INPUTS}


def picture_of(page: ReadPage) -> NDArray[np.uint8]:
    """Return the page's picture on a white square; all white where it has none, or one that cannot be read."""
    side = PICTURE_LONG_SIDE
    canvas = np.full((side, side), 255, dtype=np.uint8)
    if page.picture:
        data = np.frombuffer(base64.b64decode(page.picture), dtype=np.uint8)
        grey = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if len(data) else None
        if grey is not None:
            part = grey[:side, :side]
            canvas[: part.shape[0], : part.shape[1]] = part
    return canvas


def _fitting(page: ReadPage) -> tuple[Sequence[ReadWord], Sequence[Span], tuple[int, ...]]:
    """Leave out what does not fit into the largest bucket: pieces of longer values, then words at the end.

    With a word goes what it spells.
    """
    limit = BUCKETS[-1]
    count = min(len(page.words), limit)
    spans = range(len(page.spans)) if count + len(page.spans) <= limit else _outermost(page.spans)
    while True:
        kept = tuple(place for place in spans if page.spans[place].words[-1] < count)
        if count + len(kept) <= limit:
            return page.words[:count], [page.spans[place] for place in kept], kept
        count = limit - len(kept) if limit - len(kept) < count else count - 1


def _outermost(spans: Sequence[Span]) -> Sequence[int]:
    """Return the positions of the values that are no piece of a longer one of their kind (`234,56` of `1 234,56`)."""
    inner: set[int] = set()
    holders: dict[SpanKind, tuple[int, int]] = {}
    for place in sorted(range(len(spans)), key=lambda place: (spans[place].words[0], -spans[place].words[-1])):
        own = spans[place].words[0], spans[place].words[-1]
        holder = holders.get(spans[place].kind)
        if holder and own != holder and own[1] <= holder[1]:
            inner.add(place)
        else:
            holders[spans[place].kind] = own
    return [place for place in range(len(spans)) if place not in inner]


def _fill(arrays: dict[str, Array], page: ReadPage, words: Sequence[ReadWord], spans: Sequence[Span]) -> None:
    tokens = len(words) + len(spans)
    places = _places(words, spans)
    found = neighbours(places)
    aspect = page.height / max(page.width, 1)
    arrays[FEATURES_INPUT][:tokens] = _features(words, spans, places, found, aspect)
    arrays[NEIGHBOURS_INPUT][:tokens] = np.where(found == NONE, 0, found + 1)
    arrays[CELLS_INPUT][:tokens] = _cells(places.boxes, aspect)
    arrays[MASK_INPUT][:tokens] = 1
    grams = arrays[GRAMS_INPUT]
    for token, word in enumerate(words):
        pieces = word_grams(word.text)
        grams[token, : len(pieces)] = pieces
    for token, span in enumerate(spans, start=len(words)):
        around = " ".join(words[one].text for one in span.words).replace(span.content, " ").strip()
        pieces = span_grams(span.kind.value, span.content, around)
        grams[token, : len(pieces)] = pieces


def _places(words: Sequence[ReadWord], spans: Sequence[Span]) -> Places:
    boxes = np.array([*(word.box for word in words), *(span.box for span in spans)], dtype=np.float32)
    numbers = np.array([word.line for word in words], dtype=np.int64)
    lines = np.concatenate([[0], np.cumsum(numbers[1:] != numbers[:-1])]) if len(words) else numbers
    homes = np.array([*range(len(words)), *(span.words[0] for span in spans)], dtype=np.int64)
    ends = np.array([*range(len(words)), *(span.words[-1] for span in spans)], dtype=np.int64)
    return Places(boxes, len(words), lines, homes, ends)


def _features(words: Sequence[ReadWord], spans: Sequence[Span], places: Places, found: Ints, aspect: float) -> Floats:
    texts = [*(word.text for word in words), *(span.content for span in spans)]
    kinds = np.zeros((len(texts), 1 + len(KINDS)), dtype=np.float32)
    kinds[: len(words), 0] = 1
    for token, span in enumerate(spans, start=len(words)):
        kinds[token, 1 + KINDS.index(span.kind)] = 1
    relations = np.zeros((len(texts), RELATION_FEATURES), dtype=np.float32)
    relations[len(words) :] = relation_features(spans)
    return np.concatenate(
        [
            layout_features(places, found, aspect),
            np.array([text_features(text) for text in texts], dtype=np.float32),
            page_features(words, places.lines, places.homes),
            kinds,
            _kinds_in_line(spans, places),
            relations,
        ],
        axis=1,
    )


def _kinds_in_line(spans: Sequence[Span], places: Places) -> Floats:
    """Return [T,len(KINDS)]: whether the token's line spells a value of each kind."""
    lines = np.zeros((int(places.lines[-1]) + 1, len(KINDS)), dtype=np.float32)
    for span in spans:
        lines[places.lines[span.words[0]], KINDS.index(span.kind)] = 1
    found: Floats = lines[places.lines[places.homes]]
    return found


def _cells(boxes: Floats, aspect: float) -> Ints:
    """Return [T]: the picture's longer side spans all cells, the shorter a share of them."""
    shares = np.array([min(1.0, 1 / aspect), min(1.0, aspect)])
    middle = np.stack([boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3]], axis=1) / 2 * shares
    column, line = np.clip((middle * CELLS_ON_SIDE).astype(np.int64), 0, CELLS_ON_SIDE - 1).T
    cells: Ints = line * CELLS_ON_SIDE + column
    return cells


def _padded(array: Array, name: str, bucket: int) -> Array:
    if name == PICTURE_INPUT or len(array) == bucket:
        return array
    padded = np.zeros((bucket, *array.shape[1:]), dtype=array.dtype)
    padded[: len(array)] = array
    return padded
