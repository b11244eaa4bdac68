"""What a picture's file is called in an export: as in the source, where that is safe and nobody else is called so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import PurePosixPath

from capforge_contracts.dataset import ManifestItem

_SHORT = 12
_MAX_PART_BYTES = 200
"""Of a file name; most file systems take 255."""
_UNFIT = frozenset('<>:"|?*\\')
"""What some file systems do not take."""
_RESERVED = frozenset({"manifest", "data", "train", "dev", "test"})
"""Stems of the files that an export adds."""


@dataclass(frozen=True)
class PictureNames:
    """The names of one export. Two pictures never differ by ending or case alone: label files go by the stem."""

    _taken: Counter[bytes]
    """How many pictures share a stem: by a digest of it, so that a name takes the same few bytes however long it is."""

    @classmethod
    def of(cls, items: Iterable[ManifestItem]) -> PictureNames:
        """Look at all of them."""
        return cls(Counter(_short(_folded(safe_name(item))) for item in items))

    def of_item(self, item: ManifestItem, number: int = 1) -> str:
        """Return the path of a picture, relative, with slashes.

        `number` counts the annotations of one content; from the second on, the name has it.
        """
        name = safe_name(item)
        folded = _folded(name)
        if self._taken[_short(folded)] <= 1 and folded not in _RESERVED:
            return name
        path = PurePosixPath(name)
        more = f"-{number}" if number > 1 else ""
        return str(path.with_name(f"{path.stem}-{item.sha256[:_SHORT]}{more}{path.suffix}"))

    def stem(self, item: ManifestItem, number: int = 1) -> str:
        """Return the path without its ending."""
        return _stem(self.of_item(item, number))


def safe_name(item: ManifestItem) -> str:
    """Return the item's own name, or its digest where the name would leave the folder or cannot be a file's name."""
    parts = item.name.split("/")
    return item.name if all(_is_safe(part) for part in parts) else f"{item.sha256}{ending(item.name)}"


def _is_safe(part: str) -> bool:
    fits = part.isprintable() and not _UNFIT & set(part) and len(part.encode()) <= _MAX_PART_BYTES
    return fits and part == part.strip() and not part.startswith(".") and not part.endswith(".") and part != ""


def ending(name: str) -> str:
    """Return what a name ends with where every file system takes it, with its dot; else nothing."""
    found = PurePosixPath(name).suffix
    return found if found[1:].isalnum() and found.isascii() and len(found) <= _SHORT else ""


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return str(path.with_name(path.stem))


def _folded(name: str) -> str:
    return _stem(name).casefold()


def _short(folded: str) -> bytes:
    return blake2b(folded.encode(errors="surrogatepass"), digest_size=8).digest()
