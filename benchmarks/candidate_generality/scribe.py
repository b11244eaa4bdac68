"""Puts labelled values on paper: label left of, above, below or far from the value; values over two lines; combs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from random import Random

from benchmarks.candidate_generality.paper import LETTER, Box, Paper
from benchmarks.candidate_generality.writing import Said, Writer
from capforge_contracts.data_model import FieldType

LEFT, RIGHT = 60.0, 940.0
_LAYOUTS = ("left", "far", "right", "above", "below")


class Scribe:
    """One document while it is written."""

    def __init__(self, kind: str, random: Random, tongue: str = "") -> None:
        """Take an empty page and draw the document's habits."""
        self.random = random
        self.writer = Writer(random, tongue)
        fault = random.choice(("", "", "", "cut", "glued"))
        self.paper = Paper(
            random,
            kind,
            self.writer.tongue_name,
            self.writer.convention,
            is_cut=fault == "cut",
            is_glued=fault == "glued",
        )
        self.layout = random.choice(_LAYOUTS)

    def text(self, text: str, x: float = LEFT) -> tuple[Box, ...]:
        """Write a line that nobody asks for."""
        boxes = self.paper.put(text, x)
        self.paper.down()
        return boxes

    def fact(self, name: str, type_: FieldType, label: str, said: Said, x: float = LEFT) -> None:
        """Write one label with its value."""
        if self.paper.is_glued:
            self._glued(name, type_, label, said, x)
            return
        if self.layout in {"above", "below"}:
            first, second = (label, said.text) if self.layout == "above" else (said.text, label)
            above = self.paper.put(first, x)
            self.paper.down()
            under = self.paper.put(second, x)
            boxes = under if self.layout == "above" else above
        elif self.layout == "right":
            self.paper.put(f"{label}:", x)
            boxes = self.paper.put(said.text, RIGHT if x == LEFT else x + 380, right=True)
        else:
            start = self.paper.end_of(self.paper.put(f"{label}:", x))
            boxes = self.paper.put(said.text, x + 220 if self.layout == "far" else start)
        self.paper.gold(name, type_, said.value, said.form, boxes)
        self.paper.down(1.2)

    def word(self, name: str, label: str, text: str, x: float = LEFT, form: str = "words") -> None:
        """Write a text with its label."""
        self.fact(name, FieldType.WORD, label, Said(text, text, form), x)

    def amount(self, name: str, label: str, cents: int, x: float = LEFT) -> None:
        """Write an amount with its label."""
        self.fact(name, FieldType.AMOUNT, label, self.writer.amount(cents), x)

    def date(self, name: str, label: str, day: date, x: float = LEFT) -> None:
        """Write a date with its label."""
        self.fact(name, FieldType.DATE, label, self.writer.date(day), x)

    def period(self, label: str, begin: date, end: date) -> None:
        """Write from-to behind a label: two fields."""
        text, form = self.writer.period(begin, end)
        boxes = self.paper.put(text, self.paper.end_of(self.paper.put(f"{label}:", LEFT)))
        self.paper.gold("begin", FieldType.DATE, begin.isoformat(), form, boxes)
        self.paper.gold("end", FieldType.DATE, end.isoformat(), form, boxes)
        self.paper.down()

    def lines(self, name: str, texts: Sequence[str], x: float = LEFT, beside: Sequence[str] = ()) -> None:
        """Write a text over several lines, something else beside it."""
        boxes: tuple[Box, ...] = ()
        for at, text in enumerate(texts):
            boxes += self.paper.put(text, x)
            if at < len(beside):
                self.paper.put(beside[at], 620)
            self.paper.down()
        self.paper.gold(name, FieldType.WORD, " ".join(texts), "several lines", boxes)

    def comb(self, name: str, type_: FieldType, label: str, digits: str, value: str) -> None:
        """Write each character into a box of its own."""
        self.paper.put(label, LEFT)
        boxes: tuple[Box, ...] = ()
        for at, one in enumerate(digits):
            if one != " ":
                boxes += self.paper.put(one, 300 + at * 2.2 * LETTER)
        self.paper.gold(name, type_, value, "a box for each character", boxes)
        self.paper.down()

    def prose(self, name: str, type_: FieldType, before: str, said: Said, behind: str) -> None:
        """Write a value within a sentence that fills several lines."""
        self._wrapped([*before.split(), None, *behind.split()], name, type_, said)

    def hyphened(self, name: str, before: str, word: str, behind: str) -> None:
        """Write a text whose one word is parted at the end of a line."""
        half = max(3, len(word) // 2)
        start = RIGHT - (half + 1) * LETTER
        self.paper.put(before[: int((start - LEFT) / LETTER) - 2], LEFT)
        boxes = self.paper.put(f"{word[:half]}-", start)
        self.paper.down()
        boxes += self.paper.put(word[half:], LEFT)
        self.paper.put(behind, self.paper.end_of(boxes))
        self.paper.gold(name, FieldType.WORD, word, "parted word", boxes)
        self.paper.down()

    def _glued(self, name: str, type_: FieldType, label: str, said: Said, x: float) -> None:
        """No space behind the label, as where it was lost in reading."""
        text = f"{label}:{said.text}"
        first, *rest = self.paper.put(text, x)
        cut = first[0] + (len(label) + 1) * LETTER
        if " " in label:
            at = len(label.split(" ")) - 1
            cut = rest[at - 1][0] + (len(label.rsplit(" ", maxsplit=1)[-1]) + 1) * LETTER
            first, rest = rest[at - 1], rest[at:]
        self.paper.gold(name, type_, said.value, f"{said.form}, label glued", ((cut, *first[1:]), *rest))
        self.paper.down(1.2)

    def _wrapped(self, words: Sequence[str | None], name: str, type_: FieldType, said: Said) -> None:
        x, boxes = LEFT, ()
        for word in words:
            text = said.text if word is None else word
            if x + len(text) * LETTER > RIGHT:
                self.paper.down()
                x = LEFT
            put = self.paper.put(text, x)
            boxes = put if word is None else boxes
            x = self.paper.end_of(put)
        self.paper.gold(name, type_, said.value, f"{said.form}, in a sentence", boxes)
        self.paper.down()
