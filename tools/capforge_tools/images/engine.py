"""What building needs from an engine: Docker where one answers, else buildah."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from capforge_tools.images.table import Root


@dataclass(frozen=True)
class Build:
    """One build to run."""

    reference: str
    dockerfile: Path
    context: Path
    programs: Path
    """Build context `binaries`: the folder with the upstream programs."""
    base_reference: str
    arguments: tuple[tuple[str, str], ...] = ()

    def argument_words(self) -> tuple[str, ...]:
        """Return the build arguments as both engines take them."""
        pairs = (("BASE_IMAGE", self.base_reference), *self.arguments)
        return tuple(word for name, value in pairs for word in ("--build-arg", f"{name}={value}"))


class Engine(Protocol):
    """Something that builds images and keeps them."""

    @property
    def name(self) -> str:
        """The engine's name, for people."""
        ...

    def references(self) -> set[str]:
        """Return the references of the images that it keeps."""
        ...

    def root_reference(self, root: Root, log: IO[bytes]) -> str:
        """Return the reference of a bare system, making or fetching it first where needed."""
        ...

    def build(self, build: Build, log: IO[bytes]) -> None:
        """Build an image; raises CommandFailedError."""
        ...

    def remove(self, references: list[str]) -> None:
        """Forget images; layers that others have stay."""
        ...

    def push(self, reference: str, target: str) -> None:
        """Push an image under another reference to its registry; raises CommandFailedError."""
        ...
