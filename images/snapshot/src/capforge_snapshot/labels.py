"""The objects of an index against the pictures they lie in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from capforge_contracts.coco.boxes import Placed, place
from capforge_contracts.coco.faults import RecordFault
from capforge_contracts.dataset import ManifestEntity
from capforge_snapshot.frame import Frame, frame_of
from capforge_snapshot.index import ENTITY_COLUMNS, IMAGE_COLUMNS, Index, entity_of, image_of
from capforge_snapshot.pictures import Picture
from capforge_snapshot.records import EntityRecord, ImageRecord
from capforge_transforms import upright_size

_ENTITY = ", ".join(f"a.{column}" for column in ENTITY_COLUMNS)
_PICTURE = ", ".join(
    f"i.{column}" for column in (*IMAGE_COLUMNS, "sha256", "stored_width", "stored_height", "orientation")
)
_BY_IMAGE = (
    f"SELECT {_ENTITY}, {_PICTURE} FROM annotations a"  # noqa: S608 - constants
    " JOIN images i ON i.row = (SELECT min(row) FROM images WHERE id = a.image) WHERE NOT a.crowd ORDER BY a.row"
)
_KEPT = f"SELECT i.row, {_PICTURE} FROM images i WHERE sha256 IS NOT NULL AND NOT dropped ORDER BY sha256, name, i.id"  # noqa: S608 - constants
_OF_IMAGE = (
    f"SELECT c.name, {_ENTITY} FROM annotations a JOIN categories c ON c.id = a.category AND NOT c.dropped"  # noqa: S608 - constants
    " WHERE a.image = ? AND NOT a.crowd"
)


@dataclass(frozen=True)
class Labelled:
    """An image that stays, with its sound labels."""

    row: int
    image: ImageRecord
    sha256: str
    width: int
    height: int
    """Of the upright picture."""
    entities: list[ManifestEntity]


def check_boxes(index: Index) -> None:
    """Find objects that do not lie in their picture; where it could not be read, in the size the record declares."""
    for row in index.sql.execute(_BY_IMAGE):
        entity = entity_of(row[: len(ENTITY_COLUMNS)])
        width, height = _grid(*_picture(row[len(ENTITY_COLUMNS) :]))
        if entity.relative and not (math.isfinite(width) and math.isfinite(height)):
            continue  # the picture is a fault already
        placed = place(entity.shape(width, height), width, height)
        if isinstance(placed, RecordFault):
            index.fault(placed, entity.file)


def labelled_images(index: Index) -> Iterator[Labelled]:
    """Yield the images that stay, sorted by digest; rows may be changed meanwhile."""
    for row, *columns in index.sql.execute(_KEPT):
        image, picture = _picture(columns)
        if picture is None:
            continue
        frame = frame_of(image, picture)
        if isinstance(frame, RecordFault):
            continue
        width, height = upright_size(picture.stored_width, picture.stored_height, picture.orientation)
        yield Labelled(row, image, picture.sha256, width, height, list(_entities(index, image, frame)))


def class_names(index: Index) -> list[str]:
    """Return the names of the declared classes, sorted."""
    return [name for (name,) in index.sql.execute("SELECT name FROM categories WHERE NOT dropped ORDER BY name")]


def crowd_count(index: Index) -> int:
    """Return how many crowd regions were left out."""
    (count,) = index.sql.execute("SELECT count(*) FROM annotations WHERE crowd").fetchone()
    return int(count)


def reduced_count(index: Index) -> int:
    """Return how many objects have an outline that only their box is kept of."""
    (count,) = index.sql.execute("SELECT count(*) FROM annotations WHERE reduced AND NOT crowd").fetchone()
    return int(count)


def _entities(index: Index, image: ImageRecord, frame: Frame) -> Iterator[ManifestEntity]:
    for name, *columns in index.sql.execute(_OF_IMAGE, (image.id,)):
        entity = entity_of(columns)
        placed = place(entity.shape(frame.width, frame.height), frame.width, frame.height)
        if not isinstance(placed, RecordFault):
            yield _manifest_entity(name, entity, frame.upright(placed))


def _manifest_entity(class_name: str, entity: EntityRecord, placed: Placed) -> ManifestEntity:
    return ManifestEntity(
        class_name=class_name,
        box=list(placed.box),
        polygon=list(placed.polygon) if placed.polygon else None,
        id=entity.id,
        attributes=dict(entity.attributes),
    )


def _grid(image: ImageRecord, picture: Picture | None) -> tuple[float, float]:
    frame = frame_of(image, picture) if picture else None
    if isinstance(frame, Frame):
        return frame.width, frame.height
    return image.width or math.inf, image.height or math.inf


def _picture(columns: list[Any]) -> tuple[ImageRecord, Picture | None]:
    *of_image, sha256, stored_width, stored_height, orientation = columns
    picture = Picture(sha256, stored_width, stored_height, orientation) if sha256 else None
    return image_of(of_image), picture
