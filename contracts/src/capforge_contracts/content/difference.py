"""What differs between two datasets of images: images by their content, objects as they are labelled. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from capforge_contracts.content.side_by_side import Change, Changes, Place, came_or_went, moved, pairs
from capforge_contracts.dataset import ManifestItem
from capforge_contracts.exports import LockedDataset


@dataclass(frozen=True)
class Difference:
    """Everything that differs."""

    same: int
    """Images that are the same in both."""
    changes: tuple[Change, ...] = ()
    """The first ones behind the place that was asked for, sorted by kind of change and name."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many images each kind of change has in all."""
    objects: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """By class: objects before and after."""

    def as_document(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "same": self.same,
            "counts": dict(self.counts),
            "objects": {name: {"before": before, "after": after} for name, (before, after) in self.objects.items()},
            "changes": [vars(one) for one in self.changes],
        }


def difference(before: LockedDataset, after: LockedDataset, limit: int, behind: Place | None = None) -> Difference:
    """Compare two contents; at most `limit` changes are named, those behind a place.

    An image is the same image where its bytes are, whatever it is called. Raises ValueError for a manifest whose images
    are not in the order of their digests.
    """
    counted, had, has = Changes(), Counter[str](), Counter[str]()

    def found() -> Iterator[Change | None]:
        for old, new in pairs(before.items(), after.items()):
            had.update(_classes(old))
            has.update(_classes(new))
            yield _change(old, new)

    changes = counted.first(found(), limit, behind)
    names = sorted({*before.classes, *after.classes, *had, *has})
    return Difference(counted.same, changes, dict(counted.counts), {name: (had[name], has[name]) for name in names})


def _change(old: Sequence[ManifestItem], new: Sequence[ManifestItem]) -> Change | None:
    """Return how one content differs; it may have several annotations (Selection.ALL)."""
    return came_or_went(old, new) or _relabelled(old, new) or moved(old, new)


def _relabelled(old: Sequence[ManifestItem], new: Sequence[ManifestItem]) -> Change | None:
    lost, gained = _exchanged(old, new)
    if not lost and not gained and len(old) == len(new):
        return None
    told = f"{lost.total()} objects out, {gained.total()} in{_more(old, new)}"
    return Change(new[0].name, new[0].sha256, "relabelled", told)


def _exchanged(old: Sequence[ManifestItem], new: Sequence[ManifestItem]) -> tuple[Counter[bytes], Counter[bytes]]:
    """Return the objects that went and those that came."""
    if [one.entities for one in old] == [one.entities for one in new]:  # of nearly all: no need to spell them out
        return Counter(), Counter()
    before, after = _labels(old), _labels(new)
    return before - after, after - before


def _more(old: Sequence[ManifestItem], new: Sequence[ManifestItem]) -> str:
    return "" if len(old) == len(new) else f"; {len(old)} annotations before, {len(new)} after"


def _labels(items: Sequence[ManifestItem]) -> Counter[bytes]:
    return Counter(one.to_json() for item in items for one in item.entities)


def _classes(items: Sequence[ManifestItem]) -> Iterator[str]:
    return (one.class_name for item in items for one in item.entities)
