"""Two contents read side by side in the order of their digests: one image or document of each at a time. Pure.

Neither is ever held in memory. What differs in an image, or in a document, says who asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import groupby
from typing import Protocol, TypeVar

from capforge_contracts.dataset import Split

Place = tuple[str, str, str]


class Item(Protocol):
    """What images and documents have in common."""

    @property
    def sha256(self) -> str:
        """Of its bytes: what it is known by, whatever it is called."""

    @property
    def name(self) -> str:
        """Of its file."""

    @property
    def split(self) -> Split:
        """The part that it belongs to."""


AnyItem = TypeVar("AnyItem", bound=Item)


@dataclass(frozen=True)
class Change:
    """One image or document that differs."""

    name: str
    sha256: str
    what: str
    """added, removed, moved, relabelled; of documents also reread."""
    detail: str = ""

    @property
    def place(self) -> Place:
        """Where it stands among all changes: sorted by kind of change and name."""
        return (self.what, self.name, self.sha256)


@dataclass
class Changes:
    """What is counted on the way."""

    same: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def first(self, found: Iterable[Change | None], limit: int, behind: Place | None) -> tuple[Change, ...]:
        """Count all (None: nothing differs), and return the first `limit` behind a place, in their order."""
        every = self._counted(found)
        named = (one for one in every if behind is None or one.place > behind)
        changes = tuple(nsmallest(limit, named, key=lambda one: one.place))
        for _ in every:  # none was taken where none is to be named
            pass
        return changes

    def _counted(self, found: Iterable[Change | None]) -> Iterator[Change]:
        for change in found:
            if change is None:
                self.same += 1
            else:
                self.counts[change.what] += 1
                yield change


def pairs(before: Iterable[AnyItem], after: Iterable[AnyItem]) -> Iterator[tuple[Sequence[AnyItem], Sequence[AnyItem]]]:
    """Yield what both have of each content; one of the two may have nothing.

    Raises ValueError where the items are not in the order of their digests.
    """
    olds, news = _by_content(before), _by_content(after)
    nothing: tuple[str, list[AnyItem]] = ("", [])
    (one, old), (other, new) = next(olds, nothing), next(news, nothing)
    while old or new:
        if not new or (old and one < other):
            yield old, ()
            one, old = next(olds, nothing)
        elif not old or other < one:
            yield (), new
            other, new = next(news, nothing)
        else:
            yield old, new
            (one, old), (other, new) = next(olds, nothing), next(news, nothing)


def came_or_went(old: Sequence[Item], new: Sequence[Item]) -> Change | None:
    """Return the change of a content that only one of both has."""
    if old and new:
        return None
    (first, *_), what = (new, "added") if new else (old, "removed")
    return Change(first.name, first.sha256, what)


def moved(old: Sequence[Item], new: Sequence[Item]) -> Change | None:
    """Return the change of a content that is in another part."""
    before, after = _splits(old), _splits(new)
    return None if before == after else Change(new[0].name, new[0].sha256, "moved", f"{before} to {after}")


def _by_content(items: Iterable[AnyItem]) -> Iterator[tuple[str, list[AnyItem]]]:
    last = ""
    for digest, found in groupby(items, key=lambda item: item.sha256):
        if digest <= last:
            raise ValueError(f"the items are not in the order of their digests: {digest} comes after {last}")
        last = digest
        yield digest, list(found)


def _splits(items: Sequence[Item]) -> str:
    return ", ".join(sorted(item.split.value for item in items))
