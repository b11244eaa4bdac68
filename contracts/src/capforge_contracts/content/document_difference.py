"""What differs between two datasets of documents: documents by their content, labels field by field. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts.content.document_figures import FieldFigures, empty_figures
from capforge_contracts.content.side_by_side import Change, Changes, Place, came_or_went, moved, pairs
from capforge_contracts.exports.documents import LockedDocuments
from capforge_contracts.said import labels_by_field
from capforge_contracts.submissions import Submission


@dataclass(frozen=True)
class FieldChange:
    """What was said about one field before and after; None: that data model does not have it."""

    name: str
    before: FieldFigures | None
    after: FieldFigures | None


@dataclass(frozen=True)
class DocumentDifference:
    """Everything that differs."""

    same: int
    """Documents of which the same is said in both, by whomever and whenever."""
    changes: tuple[Change, ...] = ()
    """The first ones behind the place that was asked for, sorted by kind of change and name."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many documents each kind of change has in all."""
    fields: tuple[FieldChange, ...] = ()
    """Of every field that one of both has: those of the later data model, then those that are gone."""

    def as_document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "same": self.same,
            "counts": dict(self.counts),
            "fields": {one.name: {"before": _told(one.before), "after": _told(one.after)} for one in self.fields},
            "changes": [vars(one) for one in self.changes],
        }


def document_difference(
    before: LockedDocuments, after: LockedDocuments, limit: int, behind: Place | None = None
) -> DocumentDifference:
    """Compare two contents; at most `limit` changes are named, those behind a place.

    A document is the same document where its bytes are, whatever it is called and however often it was sent. Raises
    ValueError for a manifest whose documents are not in the order of their digests.
    """
    counted, had, has = Changes(), empty_figures(before.fields), empty_figures(after.fields)

    def found() -> Iterator[Change | None]:
        for old, new in pairs(before.items(), after.items()):
            for one in old:
                had.add(one)
            for one in new:
                has.add(one)
            yield _change(old, new)

    changes = counted.first(found(), limit, behind)
    names = dict.fromkeys([*has.fields, *had.fields])
    fields = tuple(FieldChange(name, had.fields.get(name), has.fields.get(name)) for name in names)
    return DocumentDifference(counted.same, changes, dict(counted.counts), fields)


def _change(old: Sequence[Submission], new: Sequence[Submission]) -> Change | None:
    return came_or_went(old, new) or _relabelled(old, new) or _reread(old, new) or moved(old, new)


def _relabelled(old: Sequence[Submission], new: Sequence[Submission]) -> Change | None:
    before, after = _labels(old), _labels(new)
    if before == after:
        return None
    fields = sorted({name for name, _ in ((before - after) + (after - before))})
    return Change(new[0].name, new[0].sha256, "relabelled", ", ".join(fields))


def _reread(old: Sequence[Submission], new: Sequence[Submission]) -> Change | None:
    """Return the change of a document whose words were read anew: a model sees something else."""
    if {one.reading_sha256 for one in old} == {one.reading_sha256 for one in new}:
        return None
    return Change(new[0].name, new[0].sha256, "reread", "its words are those of another reading")


def _labels(items: Sequence[Submission]) -> Counter[tuple[str, bytes]]:
    """Return what was said: values with their places, so that another place of the same value is another label."""
    return Counter((name, label.to_json()) for item in items for name, label in labels_by_field(item).items())


def _told(figures: FieldFigures | None) -> dict[str, int] | None:
    return None if figures is None else figures.as_document()
