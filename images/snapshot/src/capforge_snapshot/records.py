"""One image and one labelled object of a source, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from capforge_contracts.coco.boxes import Shape
from capforge_contracts.dataset import Split

MAX_CLASSES = 10_000
"""Of a source that people label by hand: more are names of something else, such as files."""


@dataclass(frozen=True)
class ImageRecord:
    """A picture that a source names."""

    id: str
    """What objects point to."""
    name: str
    """What people call it: its path relative to the images folder."""
    label: str
    """How faults name it."""
    file: str | None = None
    """The file that names it; None: the source's one file."""
    width: int | None = None
    height: int | None = None
    """As the source claims."""
    split: Split | None = None
    """As the source says."""
    sha256: str | None = None
    """As the source claims."""
    key: str | None = None
    """Where its bytes lie below the images folder, if not under its name."""

    @property
    def path(self) -> str:
        """Where its bytes lie below the images folder."""
        return self.key or self.name


@dataclass(frozen=True)
class EntityRecord:
    """A labelled object."""

    image: str
    category: str
    label: str
    """How faults name it."""
    bbox: tuple[float, float, float, float]
    """x, y, width, height."""
    polygon: tuple[float, ...] | None = None
    """x0, y0, x1, y1, …; the box is then the one around it."""
    relative: bool = False
    """The location counts in widths and heights of the image instead of pixels."""
    file: str | None = None
    """The file that holds it; None: the source's one file."""
    key: str | None = None
    """What must be unique among all objects of the source; None where the format has no such thing."""
    id: str | None = None
    """As the source calls it, where that is more than a row number."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    crowd: bool = False
    """One box around many objects: left out and counted."""
    reduced: bool = False
    """Its outline is no single polygon, so that its box is all that is kept of it; counted."""

    def shape(self, width: float, height: float) -> Shape:
        """Return where it lies in pixels of an image of this size."""
        if not self.relative:
            return Shape(self.label, self.image, self.bbox, self.polygon)
        x, y, box_width, box_height = self.bbox
        polygon = None
        if self.polygon is not None:
            polygon = tuple(number * (height if at % 2 else width) for at, number in enumerate(self.polygon))
        return Shape(self.label, self.image, (x * width, y * height, box_width * width, box_height * height), polygon)
