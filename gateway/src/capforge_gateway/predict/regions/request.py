"""From a request's body to its image and, where it brings them, its entities. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from capforge_gateway.errors import ApiError, bad_request, unsupported_media
from capforge_gateway.predict.inputs import (
    ENTITIES,
    FIELDS,
    FORM,
    JSON,
    RAW,
    URLENCODED,
    Image,
    files_among,
    from_part,
    from_text,
    image_of,
    json_object,
    media_type,
    single,
    urlencoded_pairs,
)
from capforge_gateway.predict.jsonsize import has_too_many_parts
from capforge_gateway.predict.multipart import Part, parts_of
from capforge_gateway.predict.regions.gallery import MAX_NUMBERS, Gallery, gallery_of

ENTITIES_BYTES = 2 * 1024 * 1024
"""Of the entities in a request, beside its image."""
GALLERY = "gallery"
GALLERY_BYTES = 24 * 1024 * 1024
_MAX_VALUES = 200_000


@dataclass(frozen=True)
class Names:
    """What a body may hold beside its image, and how much of it."""

    others: tuple[str, ...]
    max_bytes: int
    max_values: int


PREDICTION = Names((ENTITIES,), ENTITIES_BYTES, _MAX_VALUES)
SEARCH = Names((ENTITIES, GALLERY), GALLERY_BYTES, MAX_NUMBERS + _MAX_VALUES)


@dataclass(frozen=True)
class Sent:
    """The image, and the entities as JSON; None: the request brought none."""

    image: Image
    entities: Any | None = None
    gallery: Gallery | None = None
    """Of a search: checked already, so that no long lists are kept."""


def sent_of(content_type: bytes, body: bytes, max_image_bytes: int) -> Sent:
    """Return what the body of a prediction holds; raises 400, 413, 415. The entities are not checked yet."""
    return _read(content_type, body, max_image_bytes, PREDICTION)


def search_of(content_type: bytes, body: bytes, max_image_bytes: int) -> Sent:
    """Return what the body of a search holds; raises as sent_of does, and 400 for a wrong gallery or none."""
    if media_type(content_type) in RAW:
        raise _no_gallery()
    return _read(content_type, body, max_image_bytes, SEARCH)


def _read(content_type: bytes, body: bytes, max_image_bytes: int, names: Names) -> Sent:
    media = media_type(content_type)
    if media in RAW:
        return Sent(image_of(content_type, body, max_image_bytes))
    fields = _fields(media, content_type, body, names)
    image = single([value for name, value in fields if name in FIELDS])
    found = {name: _json(name, [value for one, value in fields if one == name], names) for name in names.others}
    gallery = found.get(GALLERY)
    if GALLERY in names.others and gallery is None:
        raise _no_gallery()
    return Sent(
        from_part(image, max_image_bytes) if isinstance(image, Part) else from_text(image, max_image_bytes),
        found[ENTITIES],
        gallery_of(gallery) if gallery is not None else None,
    )


def _fields(media: str, content_type: bytes, body: bytes, names: Names) -> list[tuple[str, Any]]:
    """Return name and value of each field; a value is a form's part, an image's text, bytes, or (of JSON) anything."""
    fields: list[tuple[str, Any]]
    if media == FORM:
        parts = parts_of(content_type, body)
        _check_names([part.name for part in parts], names)
        files = files_among(parts)
        return [(part.name, part) for part in parts if part in files or part.name not in FIELDS]
    if media == JSON:
        fields = [(name, value) for name, value in json_object(body, names.max_values).items() if value is not None]
    elif media == URLENCODED:
        fields = [(name, text if name in FIELDS else text.encode()) for name, text in urlencoded_pairs(body)]
    else:
        raise unsupported_media(media)
    _check_names([name for name, _ in fields], names)
    return fields


def _check_names(given: Sequence[str], names: Names) -> None:
    """A misspelled `entities` would let the detector run instead."""
    for name in given:
        if name not in (*FIELDS, *names.others):
            others = " and ".join(f"`{one}`" for one in names.others)
            allowed = f"allowed: one of {' and '.join(f'`{one}`' for one in FIELDS)}, and {others}"
            raise bad_request(f"there is no field {name[:60]!a}; {allowed}", field=name[:60])


def _json(name: str, found: Sequence[Any], names: Names) -> Any | None:
    """Return a field's JSON; of a JSON body it is parsed already. None: it is not there."""
    if not found:
        return None
    if len(found) > 1:
        raise bad_request(f"`{name}` is there {len(found)} times; allowed: once", field=name)
    text = bytes(found[0].data) if isinstance(found[0], Part) else found[0]
    if not isinstance(text, bytes):
        return text
    if len(text) > names.max_bytes or has_too_many_parts(text, len(text), names.max_values):
        message = f"`{name}` is too long; allowed: {names.max_bytes} bytes and {names.max_values} values"
        raise bad_request(message, field=name)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"`{name}` is no JSON: {error}", field=name) from error


def _no_gallery() -> ApiError:
    return bad_request(
        "a search needs a `gallery` beside the image, in a form or in JSON: a list of {id, vector}, or of the entities"
        " that `predict` answered",
        field=GALLERY,
    )
