"""From a request's body to the one image in it: raw, form, or JSON; bytes, base64 or an address."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from capforge_gateway.errors import bad_request, too_large, unsupported_media
from capforge_gateway.predict.jsonsize import has_too_many_parts
from capforge_gateway.predict.multipart import Part, parts_of

FIELDS = ("document", "image")
ENTITIES = "entities"
"""What a request to a classifier or embedder may bring beside the image."""
RAW = frozenset({"image/jpeg", "image/jpg", "image/png", "image/webp", "application/octet-stream"})
FORM = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"
_ADDRESS = re.compile(r"^https?://", re.IGNORECASE)
_DATA_URL = re.compile(r"^data:[^,]{0,100},")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_MAX_NAME_CHARS = 255
_MAX_FIELDS = 100
_MAX_JSON_PARTS = 1000
_MAX_ADDRESS_CHARS = 4096
_EXPECTED = "expected one field `document` or `image` with a file, base64 or an https address"


@dataclass(frozen=True)
class ImageBytes:
    """The image came with the request."""

    data: bytes
    name: str = ""


@dataclass(frozen=True)
class ImageAddress:
    """The image must be fetched."""

    url: str

    @property
    def name(self) -> str:
        """What people call the file there."""
        return _plain_name(self.url.split("?", 1)[0])


Image = ImageBytes | ImageAddress


def media_type(content_type: bytes) -> str:
    """Return the type without its parameters, in lower case."""
    return content_type.split(b";", 1)[0].strip().lower().decode("latin-1")


def image_of(content_type: bytes, body: bytes, max_image_bytes: int) -> Image:
    """Return the image in a body; raises 400, 413, 415."""
    media = media_type(content_type)
    if media in RAW:
        return ImageBytes(_not_empty(body))
    if media == FORM:
        return from_part(single(_form_parts(content_type, body)), max_image_bytes)
    if media == JSON:
        return from_text(single(_json_fields(body)), max_image_bytes)
    if media == URLENCODED:
        return from_text(single(_urlencoded_fields(body)), max_image_bytes)
    raise unsupported_media(media)


def _form_parts(content_type: bytes, body: bytes) -> list[Part]:
    parts = parts_of(content_type, body)
    _without_entities(part.name for part in parts)
    return files_among(parts)


def files_among(parts: list[Part]) -> list[Part]:
    """Return the fields that can hold the file."""
    found = [part for part in parts if part.name in FIELDS]
    return [part for part in found if part.data or part.filename]  # a browser sends an empty file for "none chosen"


def _json_fields(body: bytes) -> list[Any]:
    fields = json_object(body)
    _without_entities(fields)
    return [fields[name] for name in FIELDS if fields.get(name) is not None]


def json_object(body: bytes, max_parts: int = _MAX_JSON_PARTS) -> dict[str, Any]:
    """Return the JSON object that a body is; raises 400."""
    if has_too_many_parts(body, len(body), max_parts):
        raise bad_request(f"the JSON has more than {max_parts} values; {_EXPECTED}")
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is no JSON: {error}; {_EXPECTED}") from error
    if not isinstance(fields, dict):
        raise bad_request(f"the body is no JSON object; {_EXPECTED}")
    return fields


def _urlencoded_fields(body: bytes) -> list[Any]:
    pairs = urlencoded_pairs(body)
    _without_entities(name for name, _ in pairs)
    return [value for name, value in pairs if name in FIELDS]


def _without_entities(names: Iterable[str]) -> None:
    """Raise 400 where entities were sent to what finds them itself: they would be passed over without a word."""
    if ENTITIES in names:
        raise bad_request(
            "a DetectorElement takes no entities, it finds them; send them to a classifier or embedder", field=ENTITIES
        )


def urlencoded_pairs(body: bytes) -> list[tuple[str, str]]:
    """Return a form's names and values; raises 415 where it is none."""
    try:
        return parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # curl --data-binary says urlencoded unless it is told the type
        raise unsupported_media(URLENCODED) from error


def single(found: list[Any]) -> Any:
    """Return the one that was found; raises 400."""
    if len(found) != 1:
        count = "no image or document" if not found else f"{len(found)} images"
        raise bad_request(f"the request holds {count}; {_EXPECTED}", fields=list(FIELDS))
    return found[0]


def from_part(part: Part, max_image_bytes: int) -> Image:
    """Return the file of a form's field, or what its text names; raises 400, 413."""
    if part.filename is None:
        return from_text(part.data.decode("utf-8", "replace"), max_image_bytes)
    if len(part.data) > max_image_bytes:
        raise too_large(max_image_bytes)
    return ImageBytes(_not_empty(bytes(part.data)), _plain_name(part.filename))


def from_text(text: Any, max_image_bytes: int) -> Image:
    """Return what base64 or an address stands for; raises 400, 413."""
    if not isinstance(text, str):
        raise bad_request(f"the file is given as {type(text).__name__}; {_EXPECTED}", fields=list(FIELDS))
    text = text.strip()
    if _ADDRESS.match(text):
        if len(text) > _MAX_ADDRESS_CHARS:
            raise bad_request(f"the address is longer than {_MAX_ADDRESS_CHARS} characters")
        return ImageAddress(text)
    encoded = _DATA_URL.sub("", text, count=1)
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_request(f"the file is neither base64 nor an https address ({error})", fields=list(FIELDS)) from error
    if len(data) > max_image_bytes:
        raise too_large(max_image_bytes)
    return ImageBytes(_not_empty(data))


def text_of(part: Part, most_bytes: int) -> str:
    """Return the text of a form's field; raises 400."""
    if len(part.data) > most_bytes:
        raise bad_request(f"the form's field `{part.name[:40]}` is longer than {most_bytes} bytes")
    return part.data.decode("utf-8", "replace")


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise bad_request("the file is empty")
    return data


def _plain_name(filename: str) -> str:
    """Return the last part of a path, without control characters: it is only shown, never opened."""
    return _UNSAFE.sub("", filename.replace("\\", "/").rsplit("/", 1)[-1])[:_MAX_NAME_CHARS]
