"""Which item is for training, which for dev, which for test. Pure.

Items are put in an order that depends only on their content and the seed; the first share is Dev, the next Test, the
rest Train. So the shares are exact, names and file order play no role, and when a dataset grows only items next to a
border change sides.

A class that would be missing from a part is brought there: the first image that has it, and that its own part can
spare, changes places with the first image that the other part can spare. What cannot be mended that way is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from capforge_contracts.dataset import Split, SplitSpec
from capforge_contracts.model import sha256_hex

_PERCENT = 100
_MOST_REPAIRS = 1000
"""Searches for an exchange: bounds the time for data where every other image is a class of its own."""
_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Missing:
    """A class that occurs in the data, but not in one part of it."""

    class_name: str
    part: Split
    images: int
    """How many images have the class."""


def assign(digests: Iterable[str], spec: SplitSpec | None) -> dict[str, Split]:
    """Return the part of each item, by the sha256 of its bytes.

    A share above 0 percent gets at least one item if there are two or more.
    """
    if spec is None:
        return dict.fromkeys(digests, Split.TRAIN)
    ordered = sorted(set(digests), key=lambda digest: (sha256_hex(f"{spec.seed}:{digest}".encode()), digest))
    dev = _share(len(ordered), spec.dev_percent)
    test = min(_share(len(ordered), spec.test_percent), len(ordered) - dev)
    return {
        digest: Split.DEV if rank < dev else Split.TEST if rank < dev + test else Split.TRAIN
        for rank, digest in enumerate(ordered)
    }


def parts_of(spec: SplitSpec) -> list[Split]:
    """Return the parts that are asked for."""
    train = _PERCENT - spec.dev_percent - spec.test_percent
    shares = {Split.TRAIN: train, Split.DEV: spec.dev_percent, Split.TEST: spec.test_percent}
    return [part for part, share in shares.items() if share > 0]


def cover(
    assigned: Mapping[str, Split], parts: Sequence[Split], classes: Mapping[str, frozenset[str]]
) -> tuple[dict[str, Split], list[Missing]]:
    """Return the parts with every class in each of them as far as exchanges can do that, and what is missing still.

    `assigned` is in the order of the draw, `classes` has the classes of each item.
    """
    exchange = _Exchange.of(assigned, classes)
    searches = 0
    for class_name, part in exchange.lacking(parts):
        if exchange.total(class_name) < len(parts) or searches >= _MOST_REPAIRS or exchange.has(class_name, part):
            continue
        searches += 1
        exchange.bring(class_name, part)
    missing = [Missing(name, part, exchange.total(name)) for name, part in exchange.lacking(parts)]
    return exchange.parts, sorted(missing, key=lambda one: (one.class_name, one.part))


@dataclass
class _Exchange:
    """The parts as they change, and how many images of each class each of them has."""

    parts: dict[str, Split]
    classes: Mapping[str, frozenset[str]]
    images: Counter[tuple[str, Split]]
    names: list[str] = field(default_factory=list)
    """Classes that occur, the rarest first."""

    @classmethod
    def of(cls, assigned: Mapping[str, Split], classes: Mapping[str, frozenset[str]]) -> _Exchange:
        images = Counter((name, part) for item, part in assigned.items() for name in classes.get(item, _NOTHING))
        totals = Counter(name for item in assigned for name in classes.get(item, _NOTHING))
        return cls(dict(assigned), classes, images, sorted(totals, key=lambda name: (totals[name], name)))

    def has(self, class_name: str, part: Split) -> bool:
        return self.images[class_name, part] > 0

    def total(self, class_name: str) -> int:
        return sum(self.images[class_name, part] for part in Split)

    def lacking(self, parts: Sequence[Split]) -> list[tuple[str, Split]]:
        return [(name, part) for name in self.names for part in parts if not self.has(name, part)]

    def bring(self, class_name: str, part: Split) -> None:
        """Exchange two images so that the part has the class, and no part loses one; nothing where there are none."""
        for giver in sorted(Split, key=lambda other: (-self.images[class_name, other], other)):
            coming = next(self._spared(giver, class_name), None) if giver is not part else None
            going = self._returned(part, coming) if coming else None
            if coming and going:
                self._move(coming, part)
                self._move(going, giver)
                return

    def _spared(self, part: Split, class_name: str) -> Iterator[str]:
        """Yield the images with the class that their part can spare."""
        for item, of_part in self.parts.items():
            mine = self.classes.get(item, _NOTHING)
            if of_part is part and class_name in mine and all(self.images[name, part] > 1 for name in mine):
                yield item

    def _returned(self, part: Split, coming: str) -> str | None:
        """Return the first image that the part can spare once another has come."""
        comes = self.classes.get(coming, _NOTHING)
        for item, of_part in self.parts.items():
            if of_part is not part:
                continue
            if all(self.images[name, part] > 1 or name in comes for name in self.classes.get(item, _NOTHING)):
                return item
        return None

    def _move(self, item: str, part: Split) -> None:
        for name in self.classes.get(item, _NOTHING):
            self.images[name, self.parts[item]] -= 1
            self.images[name, part] += 1
        self.parts[item] = part


def _share(items: int, percent: int) -> int:
    exact = (items * percent + _PERCENT // 2) // _PERCENT
    return max(exact, 1) if percent and items > 1 else exact
