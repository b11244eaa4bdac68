"""Whether the gold value is among the candidates, and its text can be put together from words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from benchmarks.candidate_generality.paper import HEIGHT, WIDTH, Box, Gold, Paper
from capforge_contracts.data_model import FieldType
from capforge_contracts.reading import Reading
from capforge_transforms.documents import Candidate, assemble, candidates_of
from capforge_transforms.documents.grams import bare


@dataclass(frozen=True)
class Verdict:
    """About one field of one document."""

    kind: str
    gold: Gold
    found: bool
    to_the_letter: bool
    """Of a text: also its case, marks and spaces."""
    instead: tuple[str, ...]
    """What there was."""


def verdicts(paper: Paper, reading: Reading) -> Iterator[Verdict]:
    """Judge every field of a document."""
    candidates = candidates_of(reading, [gold.field for gold in paper.golds])
    for gold in paper.golds:
        yield _verdict(paper.kind, gold, candidates)


def picked(gold: Gold, reading: Reading) -> Sequence[Candidate]:
    """Return the candidates that a person picks: all words of a text, one of the right values; none: there are none."""
    own = [one for one in candidates_of(reading, [gold.field])[gold.field.name] if one.page_id == gold.page]
    if gold.field.type is FieldType.WORD:
        words = [one for one in own if any(_lies_in(one.box, box) for box in gold.boxes)]
        return words if bare(assemble(words)) == bare(gold.value) else ()
    right = [one for one in own if _same(gold, one.value)]
    near = [one for one in right if any(_touches(one.box, box) for box in gold.boxes)]
    return (near or right)[:1]


def _verdict(kind: str, gold: Gold, candidates: Mapping[str, Sequence[Candidate]]) -> Verdict:
    own = [one for one in candidates[gold.field.name] if one.page_id == gold.page]
    if gold.field.type is FieldType.WORD:
        text = assemble(one for one in own if any(_lies_in(one.box, box) for box in gold.boxes))
        wanted = bare(gold.value) or gold.value
        return Verdict(kind, gold, (bare(text) or text) == wanted, text == gold.value, (text,))
    values = [one.value for one in own]
    found = any(_same(gold, value) for value in values)
    near = tuple(one.value for one in own if any(_touches(one.box, box) for box in gold.boxes))
    return Verdict(kind, gold, found, found, near)


def _same(gold: Gold, value: str) -> bool:
    if gold.field.type is FieldType.AMOUNT:
        return Decimal(value) == Decimal(gold.value)
    if gold.field.type in {FieldType.EMAIL, FieldType.URL}:
        return value.lower() == gold.value.lower()
    return value == gold.value


def _lies_in(box: Sequence[float], home: Box) -> bool:
    """Tell whether the most of a candidate lies in the box, or the other way round."""
    x0, x1 = box[0] * WIDTH, box[2] * WIDTH
    across = min(x1, home[2]) - max(x0, home[0])
    down = min(box[3] * HEIGHT, home[3]) - max(box[1] * HEIGHT, home[1])
    return down > 0 and 2 * across > min(x1 - x0, home[2] - home[0])


def _touches(box: Sequence[float], home: Box) -> bool:
    across = min(box[2] * WIDTH, home[2]) - max(box[0] * WIDTH, home[0])
    return across > 0 and min(box[3] * HEIGHT, home[3]) > max(box[1] * HEIGHT, home[1])
