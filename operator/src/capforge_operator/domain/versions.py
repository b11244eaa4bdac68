"""Version numbers: `1.0` is a capability without a model, each published model gets the next minor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

MAJOR = 1


@dataclass(frozen=True, order=True)
class VersionNumber:
    """`1.<minor>`; ordered as numbers, so that 1.10 comes after 1.9."""

    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `1.N`; raises ValueError."""
        major, _, minor = text.partition(".")
        if major != str(MAJOR) or not minor.isdecimal() or minor != str(int(minor)):
            raise ValueError(f"{text!r} is not a version; allowed: {MAJOR}.<number>")
        return cls(int(minor))

    def next(self) -> Self:
        """Return the number after this one."""
        return type(self)(self.minor + 1)

    def __str__(self) -> str:
        return f"{MAJOR}.{self.minor}"


NO_MODEL = VersionNumber(0)
