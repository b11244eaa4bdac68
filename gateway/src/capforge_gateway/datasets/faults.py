"""What can be wrong with a dataset that is asked for; calls answer each in its own words."""

from __future__ import annotations


class UnknownDataset(Exception):  # noqa: N818 - reads as the fact it states
    """There is no snapshot of this name and no manifest of this digest in the namespace."""


class NotLocked(Exception):  # noqa: N818 - reads as the fact it states
    """The dataset has no content yet, or its records are faulty."""

    def __init__(self, state: str, message: str) -> None:
        """Take how far it is, and in words why."""
        super().__init__(message)
        self.state = state
        self.message = message


class AmbiguousName(Exception):  # noqa: N818 - reads as the fact it states
    """Datasets of this name were locked with several contents: made, deleted, made anew of another spec."""

    def __init__(self, digests: list[str]) -> None:
        """Take the digests, the newest snapshot first."""
        super().__init__(", ".join(digests))
        self.digests = digests


class DifferentKinds(Exception):  # noqa: N818 - reads as the fact it states
    """One of two datasets holds images, the other one annotated documents."""


class TooLargeDataset(Exception):  # noqa: N818 - reads as the fact it states
    """The dataset has more than is read here; the message says how much is."""


class DamagedDataset(Exception):  # noqa: N818 - reads as the fact it states
    """What lies in the store is not what was locked; the message says what."""


class PurgedFiles(Exception):  # noqa: N818 - reads as the fact it states
    """The bytes of some images are gone for ever."""

    def __init__(self, digests: list[str]) -> None:
        """Take their digests."""
        super().__init__(", ".join(digests))
        self.digests = digests
