"""A written sheet as an annotated document: its reading, and the labels of the fields that are asked for."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from random import Random

import cv2
import numpy as np

from capforge_candidates.values import spans_of
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import PICTURE_LONG_SIDE, Engine, Reading, ReadPage, ReadWord
from capforge_contracts.submissions import FieldLabel, LabelledValue
from capforge_pretrain.blocks import Sheet
from capforge_pretrain.canvas import Ink
from capforge_pretrain.kinds import Kind
from capforge_pretrain.noise import read
from capforge_trainer.scorer.examples import Example
from capforge_transforms.documents import lined

Asked = Sequence[tuple[str, DataField]]


class Written:
    """A document before anything is asked of it."""

    def __init__(self, kind: Kind, random: Random) -> None:
        """Write it and read it."""
        self.sheet = kind(random)
        self.random = random
        inks = read(self.sheet.canvas.inks, random, capitals=self.sheet.style.capitals)
        self.page, self.concepts = _page(self.sheet, inks, random)

    def example(self, asked: Asked) -> Example:
        """Return the document with the labels of what is asked."""
        reading = Reading(
            sha256=sha256_hex(str(self.random.random()).encode()),
            engine=Engine.GIVEN,
            engine_version="made",
            pages=[self.page],
        )
        return Example(reading, list(self._labels(asked)))

    def _labels(self, asked: Asked) -> Iterator[FieldLabel]:
        for concept, field in asked:
            places = [place for place, one in enumerate(self.concepts) if one == concept]
            if not places:
                yield FieldLabel(field=field.name)
            elif field.type is FieldType.WORD:
                values = [self._value([one], self.page.words[one].text, self.page.words[one].text) for one in places]
                yield FieldLabel(field=field.name, values=values)
            elif values := self._typed(field, set(places), self.sheet.values.get(concept)):
                yield FieldLabel(field=field.name, values=values)

    def _typed(self, field: DataField, places: set[int], value: str | None) -> list[LabelledValue]:
        """The span of the value on these words; none where the engine's faults have made it another."""
        spans = [span for span in self.page.spans if span.kind.value == field.type.value and places & set(span.words)]
        right = [
            span for span in spans if value is None or value in {span.value, span.us_value} or _equal(span.value, value)
        ]
        return [self._value(list(span.words), span.content, span.value) for span in right[:1]]

    def _value(self, words: list[int], content: str, value: str) -> LabelledValue:
        box = self.page.words[words[0]].box
        return LabelledValue(key="00000000", content=content, value=value, page_id=0, words=words, box=box)


def _equal(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _page(sheet: Sheet, inks: list[Ink], random: Random) -> tuple[ReadPage, list[str]]:
    """The page with its words in reading order, and each word's concept."""
    width = sheet.canvas.width
    height = max(max(ink.box[3] for ink in inks) + random.uniform(5, 100), width * random.choice((0.3, 1.0, 1.41)))
    boxes = [_relative(ink.box, width, height) for ink in inks]
    raw = [ReadWord(text=ink.text, box=box, line=ink.run) for ink, box in zip(inks, boxes, strict=True)]
    concept = {(ink.text, tuple(box)): ink.concept for ink, box in zip(inks, boxes, strict=True)}
    words = lined(raw) if random.random() < 0.5 else _by_runs(raw)
    page = ReadPage(page_id=0, width=round(width), height=round(height), words=words, spans=spans_of(words))
    if random.random() < 0.5:
        page = page.model_copy(update={"picture": picture(words, width, height)})
    return page, [concept[word.text, tuple(word.box)] for word in words]


def _relative(box: Iterable[float], width: float, height: float) -> list[float]:
    x0, y0, x1, y1 = box
    left, top = min(max(x0 / width, 0.0), 0.998), min(max(y0 / height, 0.0), 0.998)
    return [left, top, min(max(x1 / width, left + 1e-3), 1.0), min(max(y1 / height, top + 1e-3), 1.0)]


def _by_runs(words: list[ReadWord]) -> list[ReadWord]:
    """Lines as engines find them that keep texts apart which stand far from one another: from the top down."""
    runs: dict[int, list[ReadWord]] = {}
    for word in words:
        runs.setdefault(word.line, []).append(word)
    ordered = sorted(runs.values(), key=lambda run: (round(run[0].box[1], 2), run[0].box[0]))
    return [word.model_copy(update={"line": number}) for number, run in enumerate(ordered) for word in run]


def picture(words: Sequence[ReadWord], width: float, height: float) -> str:
    """Draw words as grey bars: at this size that is what they look like."""
    scale = PICTURE_LONG_SIDE / max(width, height)
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    canvas = np.full(shape, 255, dtype=np.uint8)
    for word in words:
        x0, y0, x1, y1 = _pixels(word.box, shape)
        canvas[y0:y1, x0:x1] = 120
    noisy = cv2.GaussianBlur(canvas, (3, 3), 0)
    return base64.b64encode(cv2.imencode(".png", noisy)[1].tobytes()).decode()


def _pixels(box: Sequence[float], shape: tuple[int, int]) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box
    left, top = int(x0 * shape[1]), int(y0 * shape[0])
    return left, top, max(left + 1, int(x1 * shape[1])), max(top + 1, int(y1 * shape[0]))
