"""Which versions of a capability are loaded, which one should answer, and which one does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from capforge_contracts.ledger import VersionPublished
from capforge_contracts.names import model_name
from capforge_contracts.run import CropSettings, ModelCard
from capforge_operator.domain.shape import Shape


@dataclass(frozen=True, slots=True)
class ServedCard:
    """What serving needs of a model card; a card as a whole is ten times that, and there are thousands."""

    capability: str
    shape: Shape
    golden_sha256: str
    max_batch_size: int
    input_width: int
    input_height: int
    transforms_version: str
    confidence_threshold: float
    field_thresholds: Mapping[str, float]
    """Of a field extractor, by field."""
    crop: CropSettings | None = None
    """Of a classifier or embedder."""
    embedding_size: int = 0
    """Of an embedder."""

    @classmethod
    def of(cls, card: ModelCard) -> Self:
        """Take it from a card."""
        return cls(
            sys.intern(card.capability),
            Shape(card.capability_type, tuple(card.outputs), tuple(card.fields)),
            card.golden_sha256,
            card.max_batch_size,
            card.input_width,
            card.input_height,
            sys.intern(card.transforms_version),
            card.confidence_threshold,
            dict(card.field_thresholds),
            card.crop,
            card.embedding_size,
        )


@dataclass(frozen=True)
class Release:
    """A published version with its model card."""

    published: VersionPublished
    card: ServedCard

    @property
    def version(self) -> str:
        """Return the version's number, `1.N`."""
        return self.published.version

    @property
    def model(self) -> str:
        """Triton's name for it."""
        return model_name(self.card.capability, self.published.model_sha256)


@dataclass(frozen=True)
class Wish:
    """What the spec says about serving."""

    pinned: str | None
    keep_loaded: int


@dataclass(frozen=True)
class Choice:
    """What follows from the wish and from what is loaded."""

    target: Release | None = None
    """Should answer: the pinned version or the newest."""
    current: Release | None = None
    """Answers."""
    loaded: tuple[Release, ...] = ()
    """Should be loaded, newest first."""


def choose(
    releases: Sequence[Release],
    wish: Wish,
    before: str | None,
    is_ready: Callable[[Release], bool],
    is_spread: Callable[[Release], bool],
) -> Choice:
    """Choose from the eligible releases (newest first); `before` is the version that answered until now.

    The target answers when it `is_spread`: no pod is still on its way with it, so one pod does not get what several
    had. Until then the version that answered goes on, and it stays loaded, so that there is no gap. Where that does not
    answer either, one pod that has proven the target is enough; without one, the newest that is ready stands in.
    """
    target = _of_version(releases, wish.pinned) if wish.pinned else next(iter(releases), None)
    champion = _of_version(releases, before)
    kept = [*releases[: wish.keep_loaded], target, champion]
    current = _current(target, champion, releases, is_ready, is_spread)
    names = {release.version for release in (*kept, current) if release}
    loaded = tuple(release for release in releases if release.version in names)
    return Choice(target, current, loaded)


def _current(
    target: Release | None,
    before: Release | None,
    releases: Sequence[Release],
    is_ready: Callable[[Release], bool],
    is_spread: Callable[[Release], bool],
) -> Release | None:
    if target is not None and is_ready(target) and (is_spread(target) or before is None or not is_ready(before)):
        return target
    if before is not None:
        return before
    return next((release for release in releases if is_ready(release)), None)


def _of_version(releases: Sequence[Release], version: str | None) -> Release | None:
    return next((release for release in releases if release.version == version), None)
