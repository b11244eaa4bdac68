"""Champion and challenger on the same dev documents, decision by decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from capforge_contracts.data_model import DataField
from capforge_contracts.model import sha256_hex
from capforge_contracts.run import Champion, Comparison, ModelCard
from capforge_contracts.store import NotFound, ObjectStore
from capforge_trainer.documents.judging import Answer, answers_of
from capforge_trainer.documents.manifests import contents
from capforge_trainer.documents.selection import AnnotatedDocument
from capforge_trainer.documents.served import ServedScorer, UnfitModelError
from capforge_trainer.errors import BadDataError


class NotComparableError(Exception):
    """There is nothing to compare with; the message says why. A warning of the card, no failure of the run."""


@dataclass(frozen=True)
class Judged:
    """A version that answers, as it can be asked here."""

    version: str
    model: ServedScorer
    card: ModelCard
    trained_on: frozenset[str]
    """Digests of the documents it was trained on."""


def load_champion(store: ObjectStore, namespace: str, champion: Champion) -> Judged:
    """Fetch the champion; raises NotComparableError, StoreError where the store cannot be asked."""
    try:
        card = ModelCard.from_json(store.get(champion.card_key))
        data = store.get(champion.model_key)
        trained_on = frozenset(contents(store, namespace, card.datasets.train))
    except NotFound as error:
        raise NotComparableError(f"version {champion.version}: {error} is not in the store") from error
    except (ValidationError, BadDataError) as error:
        raise NotComparableError(f"version {champion.version}: {error}") from error
    if sha256_hex(data) != champion.model_sha256:
        raise NotComparableError(f"version {champion.version}: its model's bytes do not have their digest")
    try:
        return Judged(champion.version, ServedScorer(data, card.fields), card, trained_on)
    except UnfitModelError as error:
        raise NotComparableError(f"version {champion.version}: {error}") from error


def compare(
    champion: Judged,
    challenger: Sequence[Answer],
    thresholds: dict[str, float],
    dev: Sequence[AnnotatedDocument],
    fields: Sequence[DataField],
) -> Comparison:
    """Return who got how many decisions right; `challenger` are the new model's answers on dev.

    Left out are documents that the champion was trained on, and fields that only one of the two knows or that mean
    something else to each. Raises NotComparableError where nothing is left.
    """
    documents = [one for one in dev if one.sha256 not in champion.trained_on]
    shared = [field for field in fields if any(_same(field, theirs) for theirs in champion.card.fields)]
    mine = {(one.document, one.field): one.right(thresholds.get(one.field, 0.0)) for one in challenger}
    theirs = _decisions(champion, documents, shared)
    decisions = sorted(set(mine) & set(theirs))
    if not decisions:
        known = f"{len(documents)} of {len(dev)} dev documents are new to it, {len(shared)} fields are shared"
        raise NotComparableError(f"version {champion.version}: there is nothing to compare on: {known}")
    return Comparison(
        version=champion.version,
        documents=len({document for document, _ in decisions}),
        decisions=len(decisions),
        champion_right=sum(theirs[one] for one in decisions),
        challenger_right=sum(mine[one] for one in decisions),
        wins=sum(mine[one] and not theirs[one] for one in decisions),
        losses=sum(theirs[one] and not mine[one] for one in decisions),
    )


def _decisions(
    champion: Judged, documents: Sequence[AnnotatedDocument], shared: Sequence[DataField]
) -> dict[tuple[str, str], bool]:
    limits = champion.card.field_thresholds
    try:
        answers = [
            answer
            for document in documents
            for answer in answers_of(document, champion.model.predictions(document.example.reading), shared)
        ]
    except Exception as error:  # a graph of another release may fail in any way; its figures are missed, not the run
        raise NotComparableError(f"version {champion.version} cannot be asked: {str(error)[:300]}") from error
    return {(one.document, one.field): one.right(limits.get(one.field, 0.0)) for one in answers}


def _same(mine: DataField, theirs: DataField) -> bool:
    return (mine.name, mine.type, mine.classes) == (theirs.name, theirs.type, theirs.classes)
