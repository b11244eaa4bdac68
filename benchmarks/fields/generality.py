"""The same scorer on kinds of documents that neither the receipts nor the pre-training have."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from benchmarks.fields.judge import share
from benchmarks.fields.receipts import Document
from benchmarks.fields.rounds import scored
from capforge_contracts.data_model import DataField, FieldType
from capforge_pretrain.documents import Written
from capforge_pretrain.held_out import HELD_OUT
from capforge_trainer.scorer.parameters import ScorerParameters
from capforge_transforms.documents.grams import bare
from capforge_transforms.documents.text import assemble

_TRAIN, _DEV = 20, 60


def shares(parameters: ScorerParameters, seed: int = 0) -> dict[str, float]:
    """Return the share right of each kind after 20 documents."""
    found = {}
    for name, held in HELD_OUT.items():
        random = Random(f"{name} {seed}")  # noqa: S311 - documents, not secrets
        seeds = [random.getrandbits(48) for _ in range(_TRAIN + _DEV)]
        documents = [_document(Written(held.kind, Random(one)), held.fields) for one in seeds]  # noqa: S311
        one = scored(documents[:_TRAIN], documents[_TRAIN:], held.fields, parameters, seed)
        found[name] = share([answer for answer in one.answers if answer.reachable])
    return found


def _document(written: Written, fields: Sequence[DataField]) -> Document:
    example = written.example([(field.name, field) for field in fields])
    gold: dict[str, str | None] = {field.name: None for field in fields}
    types = {field.name: field.type for field in fields}
    for label in example.labels:
        if label.values:
            word = types[label.field] is FieldType.WORD
            gold[label.field] = bare(assemble(label.values)) if word else label.values[0].value
    told = frozenset(label.field for label in example.labels)
    return Document("", example.reading, gold, tuple(example.labels), told, "", seen=False)
