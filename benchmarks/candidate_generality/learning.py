"""The scorer after 20 documents of one kind, in two languages: what share of the fields it reads right.

python -m benchmarks.candidate_generality.learning [--kinds payslip form] [--draws 1] [--scratch]     (needs torch)
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from random import Random

import torch

from benchmarks.candidate_generality.judge import picked
from benchmarks.candidate_generality.kinds import KINDS
from benchmarks.candidate_generality.paper import Gold, Paper
from benchmarks.fields.judge import Answer, share
from benchmarks.fields.receipts import Document
from benchmarks.fields.rounds import scored
from capforge_contracts.data_model import DataField, FieldType
from capforge_contracts.submissions import FieldLabel, LabelledValue
from capforge_trainer.scorer.parameters import ScorerParameters
from capforge_transforms.documents import Candidate
from capforge_transforms.documents.grams import bare

_TRAIN, _DEV = 20, 60
_TONGUES = {"de", "fr"}
_NOT_TOLD = {"result", "first_booked", "first_moved"}
"""Which row is meant stands nowhere on the page."""


def main() -> None:
    """Train on each kind, print."""
    options = _options()
    torch.set_num_threads(1)
    parameters = ScorerParameters(pretrained=not options.scratch)
    print(f"{_TRAIN} documents to train, {_DEV} to judge, {options.draws} draws; percent right")
    print(f"{'':24} {'all':>6} {'can be':>6} {'CPU s':>6}  by field")
    for name in options.kinds:
        started = time.process_time()
        found = [answer for draw in range(options.draws) for answer in _round(name, parameters, draw)]
        seconds = (time.process_time() - started) / options.draws
        fields = dict.fromkeys(one.field for one in found)
        own = ", ".join(f"{field} {share([one for one in found if one.field == field]):.0f}" for field in fields)
        can_be = 100 * sum(one.reachable for one in found) / len(found)
        print(f"{name:24} {share(found):6.1f} {can_be:6.1f} {seconds:6.1f}  {own}", flush=True)


def _round(name: str, parameters: ScorerParameters, draw: int) -> Sequence[Answer]:
    papers = [paper for paper, _ in zip(_papers(name, draw), range(_TRAIN + _DEV), strict=False)]
    golds = {gold.field.name: gold.field for paper in papers for gold in paper.golds}
    fields = [DataField(name=name, type=one.type) for name, one in golds.items() if name not in _NOT_TOLD]
    documents = [_document(paper, fields) for paper in papers]
    return scored(documents[:_TRAIN], documents[_TRAIN:], fields, parameters, draw).answers


def _papers(name: str, draw: int) -> Iterator[Paper]:
    number = 0
    while True:
        paper = KINDS[name](Random(f"{name} {number} learned {draw}"))  # noqa: S311 - documents, not secrets
        number += 1
        if paper.tongue in _TONGUES or name == "other scripts":
            yield paper


def _document(paper: Paper, fields: Sequence[DataField]) -> Document:
    reading = paper.reading()
    golds = {gold.field.name: gold for gold in paper.golds}
    labels, reachable = [], set()
    values: dict[str, str | None] = {}
    for field in fields:
        gold = golds.get(field.name)
        values[field.name] = _normal(gold) if gold else None
        chosen = picked(gold, reading) if gold else ()
        if gold is None or chosen:
            reachable.add(field.name)
            labels.append(FieldLabel(field=field.name, values=[_labelled(one) for one in chosen]))
    return Document(paper.kind, reading, values, tuple(labels), frozenset(reachable), "", seen=False)


def _normal(gold: Gold) -> str:
    return bare(gold.value) if gold.field.type is FieldType.WORD else gold.value


def _labelled(one: Candidate) -> LabelledValue:
    return LabelledValue(
        key=one.key,
        content=one.content,
        value=one.value,
        page_id=one.page_id,
        words=list(one.words),
        box=list(one.box),
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--scratch", action="store_true", help="without pre-training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
