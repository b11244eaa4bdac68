"""The table of images (tools/images.toml) and the tag that each of them has now."""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from capforge_tools import binaries
from capforge_tools.errors import ToolError

_TAG_LENGTH = 12
_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*( [A-Za-z0-9][A-Za-z0-9_-]*)*")
_ROOT_RECIPE = "1"
"""Raise it when roots.py makes roots differently, so that they are made again."""


@dataclass(frozen=True)
class Root:
    """A bare system that base images stand on; its name is the Debian suite."""

    name: str
    docker: str

    @property
    def tag(self) -> str:
        """Changes with the recipe only: a root is not made again for each package update."""
        return f"{self.name}-{_ROOT_RECIPE}"


@dataclass(frozen=True)
class Image:
    """One image: its Dockerfile, the paths that it copies, the programs from outside, and what it stands on."""

    name: str
    base: str
    inputs: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    chart: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    """Build arguments besides the base."""
    folder: str = ""
    """Where its Dockerfile lies; empty: images/<name>."""
    example: bool = False
    """It is no part of Capforge: built only where it is named."""


@dataclass(frozen=True)
class Table:
    """All images of a repository."""

    repository: Path
    roots: dict[str, Root]
    images: dict[str, Image]

    @classmethod
    def load(cls, repository: Path, env: Mapping[str, str] = os.environ) -> Table:
        """Read tools/images.toml; raises ToolError naming the entry, or the variable of a choice, that is wrong."""
        document = tomllib.loads((repository / "tools" / "images.toml").read_text())
        roots = {name: Root(name, **entry) for name, entry in document["roots"].items()}
        images = {name: _image(name, entry, env) for name, entry in document["images"].items()}
        for image in images.values():
            if image.base not in roots and image.base not in images:
                raise ToolError(
                    f"tools/images.toml: the base {image.base!r} of image {image.name!r} is not in the table"
                )
        return cls(repository, roots, images)

    def in_build_order(self, names: tuple[str, ...]) -> list[Image]:
        """Return the named images (all of Capforge where none is named), each after the one it stands on."""
        unknown = [name for name in names if name not in self.images]
        if unknown:
            raise ToolError(f"there is no image {', '.join(unknown)}; there are {', '.join(self.images)}")
        ordered: dict[str, Image] = {}
        for name in names or tuple(name for name, image in self.images.items() if not image.example):
            for each in reversed([*self._chain(name)]):
                ordered.setdefault(each.name, each)
        return list(ordered.values())

    def dockerfile(self, image: Image) -> Path:
        """Return the image's Dockerfile."""
        return self.repository / (image.folder or f"images/{image.name}") / "Dockerfile"

    def tag(self, name: str) -> str:
        """Return the tag of an image as its inputs are now; raises ToolError naming an input that is missing."""
        return self._tags.setdefault(name, self._computed_tag(name))

    def input_files(self, image: Image) -> Iterator[Path]:
        """Yield every file that the build may see, in a fixed order."""
        for entry in image.inputs:
            path = self.repository / entry
            if not path.exists():
                raise ToolError(f"tools/images.toml: the input {entry} of image {image.name!r} does not exist")
            yield from _files(path)

    @cached_property
    def _tags(self) -> dict[str, str]:
        return {}

    def _computed_tag(self, name: str) -> str:
        if name in self.roots:
            return self.roots[name].tag
        image = self.images[name]
        if not self.dockerfile(image).is_file():
            missing = self.dockerfile(image).relative_to(self.repository)
            raise ToolError(f"image {name!r} has no Dockerfile ({missing})")
        digest = hashlib.sha256(repr((self.tag(image.base), image.arguments)).encode())
        for path in (self.dockerfile(image), *self.input_files(image)):
            executable = path.stat().st_mode & 0o111 != 0
            digest.update(f"\0{path.relative_to(self.repository)}\0{executable}\0".encode() + path.read_bytes())
        for program in image.programs:
            digest.update(binaries.inputs_digest(binaries.MODULES[program]).encode())
        return digest.hexdigest()[:_TAG_LENGTH]

    def _chain(self, name: str) -> Iterator[Image]:
        """Yield the image, what it stands on, and so on down to the root."""
        while name in self.images:
            yield self.images[name]
            name = self.images[name].base


def _image(name: str, entry: dict[str, Any], env: Mapping[str, str]) -> Image:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    if choice := fields.pop("choice", None):
        argument, bases = choice["argument"], choice["bases"]
        chosen = env.get(argument) or next(iter(bases))
        if chosen not in bases:
            raise ToolError(f"{argument} is {chosen!r}; allowed for image {name!r} are {', '.join(bases)}")
        fields |= {"base": bases[chosen], "arguments": ((argument, chosen),)}
    words = tuple((setting, _words(setting, env[setting])) for setting in fields.pop("words", ()) if env.get(setting))
    fields["arguments"] = (*fields.get("arguments", ()), *words)
    try:
        return Image(name, **fields)
    except TypeError as error:
        raise ToolError(f"tools/images.toml: image {name!r}: {error}") from error


def _words(setting: str, value: str) -> str:
    """Return words for a build argument; raises ToolError for what a shell would read otherwise."""
    if not _WORDS.fullmatch(value):
        raise ToolError(f"{setting} is {value!r}; allowed: words of letters, digits, '-' and '_', with spaces between")
    return value


def _files(path: Path) -> Iterator[Path]:
    """Yield the files below a path, without what Python and editors leave there."""
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.name in {"__pycache__", ".DS_Store"} or child.suffix in {".pyc", ".egg-info", ".swp"}:
            continue
        yield from _files(child)
