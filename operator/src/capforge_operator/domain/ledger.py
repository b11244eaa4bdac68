"""What the ledger of a capability says: a fold over its entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

from capforge_contracts.ledger import AnyEntry, AutomaticTraining, ChallengerHeld, RunFailed, VersionPublished
from capforge_operator.domain.versions import NO_MODEL, VersionNumber

Entry = AnyEntry


@dataclass(frozen=True)
class Ledger:
    """All entries of one capability, in their order."""

    entries: tuple[Entry, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Ledger:
        """Put entries into their order."""
        return cls(tuple(sorted(entries, key=lambda entry: entry.sequence)))

    @cached_property
    def published(self) -> tuple[VersionPublished, ...]:
        """The versions, newest first."""
        versions = [entry for entry in self.entries if isinstance(entry, VersionPublished)]
        return tuple(sorted(versions, key=lambda one: VersionNumber.parse(one.version), reverse=True))

    @property
    def newest(self) -> VersionPublished | None:
        """The version with the highest number."""
        return next(iter(self.published), None)

    @property
    def next_sequence(self) -> int:
        """The number of the entry that comes next; entries count from 1."""
        return self.entries[-1].sequence + 1 if self.entries else 1

    @property
    def next_version(self) -> VersionNumber:
        """The number that the next model gets."""
        return (VersionNumber.parse(self.newest.version) if self.newest else NO_MODEL).next()

    def version_of(self, run_digest: str) -> VersionPublished | None:
        """Return the version that this run's result became."""
        return next((one for one in self.published if one.run_digest == run_digest), None)

    def version(self, number: str) -> VersionPublished | None:
        """Return the version of this number."""
        return next((one for one in self.published if one.version == number), None)

    @property
    def failures_since_newest(self) -> tuple[RunFailed, ...]:
        """The runs that failed after the newest version was published, latest last."""
        since = self.newest.sequence if self.newest else 0
        return tuple(one for one in self.entries if isinstance(one, RunFailed) and one.sequence > since)

    @property
    def held_since_newest(self) -> ChallengerHeld | None:
        """The latest model that was kept back after the newest version was published."""
        since = self.newest.sequence if self.newest else 0
        return next((one for one in reversed(self.entries) if _is_held(one) and one.sequence > since), None)

    def held(self, run_digest: str) -> ChallengerHeld | None:
        """Return the word that this run's result was kept back."""
        return next((one for one in self.entries if _is_held(one) and one.run_digest == run_digest), None)

    @cached_property
    def automatic(self) -> tuple[AutomaticTraining, ...]:
        """The automatic runs that were made, latest last."""
        return tuple(one for one in self.entries if isinstance(one, AutomaticTraining))

    @property
    def watermark(self) -> int:
        """The highest count at which an automatic run was made: none is made at or below it again."""
        return max((one.threshold for one in self.automatic), default=0)

    def holds_failure(self, run: str, run_digest: str | None, reason: str) -> bool:
        """Tell whether this end of this run is written down already."""
        return any(
            isinstance(one, RunFailed) and (one.run, one.run_digest, one.reason) == (run, run_digest, reason)
            for one in self.entries
        )


def _is_held(entry: Entry) -> TypeGuard[ChallengerHeld]:
    return isinstance(entry, ChallengerHeld)
