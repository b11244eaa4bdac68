"""The annotations of an index against the pictures they lie in."""

from __future__ import annotations

import math
from collections.abc import Iterator

from capforge_contracts.coco.boxes import corners_of
from capforge_contracts.coco.faults import RecordFault
from capforge_contracts.coco.records import Annotation, Image
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split
from capforge_snapshot.frame import Frame, frame_of
from capforge_snapshot.index import Index
from capforge_snapshot.pictures import Picture
from capforge_transforms import upright_size

_PICTURE = "i.id, i.name, i.width, i.height, i.sha256, i.stored_width, i.stored_height, i.orientation"
_ANNOTATION = "a.id, a.image, a.category, a.x, a.y, a.width, a.height"
_BY_IMAGE = (
    f"SELECT {_ANNOTATION}, {_PICTURE} FROM annotations a"  # noqa: S608 - constants
    " JOIN images i ON i.row = (SELECT min(row) FROM images WHERE id = a.image) WHERE NOT a.crowd ORDER BY a.row"
)
_KEPT = f"SELECT {_PICTURE} FROM images i WHERE sha256 IS NOT NULL AND NOT dropped ORDER BY sha256"  # noqa: S608 - constants
_OF_IMAGE = (
    f"SELECT {_ANNOTATION}, c.name FROM annotations a JOIN categories c ON c.id = a.category AND NOT c.dropped"  # noqa: S608 - constants
    " WHERE a.image = ? AND NOT a.crowd"
)


def check_boxes(index: Index) -> None:
    """Find boxes that do not lie in their picture; where it could not be read, in the size the record declares."""
    for row in index.sql.execute(_BY_IMAGE):
        image, picture = _picture(row[7:])
        width, height = _grid(image, picture)
        corners = corners_of(_annotation(row[:7]), width, height)
        if isinstance(corners, RecordFault):
            index.fault(corners)


def kept_items(index: Index, splits: dict[str, Split]) -> Iterator[ManifestItem]:
    """Yield the images that stay, sorted by digest, each with its sound labels."""
    for row in index.sql.execute(_KEPT):
        image, picture = _picture(row)
        if picture is None:
            continue
        frame = frame_of(image, picture)
        if isinstance(frame, RecordFault):
            continue
        width, height = upright_size(picture.stored_width, picture.stored_height, picture.orientation)
        yield ManifestItem(
            sha256=picture.sha256,
            name=image.file_name,
            width=width,
            height=height,
            split=splits[picture.sha256],
            entities=list(_entities(index, image, frame)),
        )


def kept_digests(index: Index) -> list[str]:
    """Return the digests of the images that stay."""
    query = "SELECT sha256 FROM images WHERE sha256 IS NOT NULL AND NOT dropped"
    return [digest for (digest,) in index.sql.execute(query)]


def class_names(index: Index) -> list[str]:
    """Return the names of the declared classes, sorted."""
    return [name for (name,) in index.sql.execute("SELECT name FROM categories WHERE NOT dropped ORDER BY name")]


def crowd_count(index: Index) -> int:
    """Return how many crowd regions were left out."""
    (count,) = index.sql.execute("SELECT count(*) FROM annotations WHERE crowd").fetchone()
    return int(count)


def _entities(index: Index, image: Image, frame: Frame) -> Iterator[ManifestEntity]:
    for row in index.sql.execute(_OF_IMAGE, (image.id,)):
        corners = corners_of(_annotation(row[:7]), frame.width, frame.height)
        if not isinstance(corners, RecordFault):
            yield ManifestEntity(class_name=row[7], box=list(frame.upright(corners)))


def _grid(image: Image, picture: Picture | None) -> tuple[float, float]:
    frame = frame_of(image, picture) if picture else None
    if isinstance(frame, Frame):
        return frame.width, frame.height
    return image.width or math.inf, image.height or math.inf


def _annotation(row: tuple[str, str, str, float, float, float, float]) -> Annotation:
    identity, image, category, x, y, width, height = row
    return Annotation(identity, image, category, (x, y, width, height), crowd=False)


def _picture(
    row: tuple[str, str, int | None, int | None, str | None, int, int, int],
) -> tuple[Image, Picture | None]:
    identity, name, width, height, sha256, stored_width, stored_height, orientation = row
    picture = Picture(sha256, stored_width, stored_height, orientation) if sha256 else None
    return Image(identity, name, width, height), picture
