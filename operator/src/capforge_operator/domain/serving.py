"""Which versions of a capability are loaded, which one should answer, and which one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from capforge_contracts.ledger import VersionPublished
from capforge_contracts.names import model_name
from capforge_contracts.run import ModelCard


@dataclass(frozen=True)
class Release:
    """A published version with its model card."""

    published: VersionPublished
    card: ModelCard

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


def choose(releases: Sequence[Release], wish: Wish, before: str | None, is_ready: Callable[[Release], bool]) -> Choice:
    """Choose from the eligible releases (newest first); `before` is the version that answered until now.

    The target answers as soon as one pod has proven it. Until then the version that answered goes on, and it stays
    loaded, so that there is no gap; without one, the newest that is ready stands in.
    """
    target = _of_version(releases, wish.pinned) if wish.pinned else next(iter(releases), None)
    kept = [*releases[: wish.keep_loaded], target, _of_version(releases, before)]
    current = _current(target, _of_version(releases, before), releases, is_ready)
    names = {release.version for release in (*kept, current) if release}
    loaded = tuple(release for release in releases if release.version in names)
    return Choice(target, current, loaded)


def _current(
    target: Release | None,
    before: Release | None,
    releases: Sequence[Release],
    is_ready: Callable[[Release], bool],
) -> Release | None:
    if target is not None and is_ready(target):
        return target
    if before is not None:
        return before
    return next((release for release in releases if is_ready(release)), None)


def _of_version(releases: Sequence[Release], version: str | None) -> Release | None:
    return next((release for release in releases if release.version == version), None)
