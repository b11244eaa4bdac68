"""A document that is written word by word, with boxes, and what is right on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from capforge_candidates.parted import parted
from capforge_candidates.values import spans_of
from capforge_contracts.data_model import Convention, DataField, FieldType
from capforge_contracts.model import sha256_hex
from capforge_contracts.reading import Engine, Reading, ReadPage, ReadWord
from capforge_transforms.documents import lined

WIDTH, HEIGHT = 1000.0, 1400.0
LETTER, LINE = 9.0, 18.0
_CUT_AFTER = ".,@/:"
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Ink:
    """One printed word, in units of the page."""

    text: str
    box: Box


@dataclass(frozen=True)
class Gold:
    """What a person would want of one field."""

    field: DataField
    value: str
    form: str
    page: int
    boxes: tuple[Box, ...]
    """Of its words."""


@dataclass
class Paper:
    """Pages that are written from the top down."""

    random: Random
    kind: str
    tongue: str = ""
    convention: Convention = Convention.EU
    is_cut: bool = False
    """The engine puts spaces behind marks."""
    is_glued: bool = False
    """Labels and values run together."""
    pages: list[list[Ink]] = field(default_factory=lambda: [[]])
    golds: list[Gold] = field(default_factory=list)
    y: float = 40.0

    def down(self, lines: float = 1.0) -> None:
        """Go on below."""
        self.y += LINE * 1.5 * lines

    def turn(self) -> None:
        """Go on with a new page."""
        self.pages.append([])
        self.y = 40.0

    def put(self, text: str, x: float, *, right: bool = False) -> tuple[Box, ...]:
        """Write one line at x, or up to x; return the boxes of its words."""
        left = x - len(text) * LETTER if right else x
        boxes = []
        for word in text.split(" "):
            box = (left, self.y, left + len(word) * LETTER, self.y + LINE)
            if word:
                boxes += [self._ink(word, box)] if not self.is_cut else self._cut(word, box)
            left = box[2] + LETTER
        return tuple(boxes)

    def gold(self, name: str, type_: FieldType, value: str, form: str, boxes: tuple[Box, ...]) -> None:
        """Say what the words mean."""
        asked = DataField(name=name, type=type_, convention=self.convention)
        self.golds.append(Gold(asked, value, form, len(self.pages) - 1, boxes))

    def end_of(self, boxes: tuple[Box, ...]) -> float:
        """Return where the next word would begin."""
        return boxes[-1][2] + LETTER

    def reading(self) -> Reading:
        """Return what the candidates service would answer to the words."""
        pages = []
        for number, inks in enumerate(self.pages):
            words = lined(parted(ReadWord(text=ink.text, box=_shares(ink.box), line=0) for ink in inks))
            pages.append(
                ReadPage(page_id=number, width=int(WIDTH), height=int(HEIGHT), words=words, spans=spans_of(words))
            )
        name = f"{self.kind} {self.random.random()}"
        return Reading(sha256=sha256_hex(name.encode()), engine=Engine.GIVEN, engine_version="given", pages=pages)

    def _ink(self, text: str, box: Box) -> Box:
        self.pages[-1].append(Ink(text, box))
        return box

    def _cut(self, word: str, box: Box) -> list[Box]:
        """Put a space behind one of the word's marks, as engines do."""
        places = [at for at, one in enumerate(word[:-1], 1) if one in _CUT_AFTER]
        if not places or self.random.random() < 0.5:
            return [self._ink(word, box)]
        at = self.random.choice(places)
        middle = box[0] + at * LETTER
        first = self._ink(word[:at], (box[0], box[1], middle - 2, box[3]))
        return [first, self._ink(word[at:], (middle + 2, box[1], box[2], box[3]))]


def _shares(box: Box) -> list[float]:
    shares = [box[0] / WIDTH, box[1] / HEIGHT, box[2] / WIDTH, box[3] / HEIGHT]
    return [round(min(max(one, 0.0), 1.0), 5) for one in shares]
