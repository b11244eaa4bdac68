"""Which fields a data model may ask for, under which names, and what they are."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from capforge_contracts.data_model import DataField, FieldType
from capforge_pretrain import vocabulary

NAMES: dict[str, tuple[FieldType, tuple[str, ...]]] = {
    concept: (FieldType(kind), tuple(names))
    for kind, concepts in vocabulary.FIELDS.items()
    for concept, names in concepts.items()
}
"""By concept: its type, and what data models call it."""
WORD_SLOTS, AMOUNT_SLOTS, DATE_SLOTS, OTHER_SLOTS = 3, 2, 1, 1
"""Fields that are asked of each training document, so that documents of all kinds fit into one batch."""
_ABSENT_SHARE = 0.12


def field_of(concept: str, name: str) -> DataField:
    """Return a field that asks for a concept."""
    return DataField(name=name, type=NAMES[concept][0])


def slots(random: Random, written: set[str]) -> list[tuple[str, DataField]]:
    """Choose concepts to ask a document for: mostly such as it has; the order of types is always the same."""
    found: list[tuple[str, DataField]] = []
    others = random.choice((FieldType.PHONE, FieldType.EMAIL, FieldType.URL, FieldType.PHONE))
    for kind, count in (
        (FieldType.WORD, WORD_SLOTS),
        (FieldType.AMOUNT, AMOUNT_SLOTS),
        (FieldType.DATE, DATE_SLOTS),
        (others, OTHER_SLOTS),
    ):
        found += [(one, field_of(one, random.choice(NAMES[one][1]))) for one in _chosen(random, kind, written, count)]
    return found


def _chosen(random: Random, kind: FieldType, written: set[str], count: int) -> Sequence[str]:
    concepts = [one for one, (own, _) in NAMES.items() if own is kind]
    weights = {
        one: (3.0 if one in {"company", "address", "total", "date"} else 1.0)
        * (1.0 if one in written else _ABSENT_SHARE)
        for one in concepts
    }
    chosen: list[str] = []
    while len(chosen) < min(count, len(concepts)):
        rest = [one for one in concepts if one not in chosen]
        chosen += random.choices(rest, [weights[one] for one in rest])
    return chosen
