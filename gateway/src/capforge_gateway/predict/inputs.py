"""From a request's body to the one image in it: raw, form, or JSON; bytes, base64 or an address."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson

from capforge_gateway.errors import bad_request, too_large, unsupported_media
from capforge_gateway.predict.multipart import Part, parts_of

FIELDS = ("document", "image")
RAW = frozenset({"image/jpeg", "image/jpg", "image/png", "image/webp", "application/octet-stream"})
FORM = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"
_ADDRESS = re.compile(r"^https?://", re.IGNORECASE)
_DATA_URL = re.compile(r"^data:[^,]{0,100},")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_MAX_NAME_CHARS = 255
_MAX_FIELDS = 100
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
        return _from_part(_single(_form_parts(content_type, body)), max_image_bytes)
    if media == JSON:
        return _from_text(_single(_json_fields(body)), max_image_bytes)
    if media == URLENCODED:
        return _from_text(_single(_urlencoded_fields(body)), max_image_bytes)
    raise unsupported_media(media)


def _form_parts(content_type: bytes, body: bytes) -> list[Part]:
    parts = [part for part in parts_of(content_type, body) if part.name in FIELDS]
    return [part for part in parts if part.data or part.filename]  # a browser sends an empty file for "none chosen"


def _json_fields(body: bytes) -> list[Any]:
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is no JSON: {error}; {_EXPECTED}") from error
    if not isinstance(fields, dict):
        raise bad_request(f"the body is no JSON object; {_EXPECTED}")
    return [fields[name] for name in FIELDS if fields.get(name) is not None]


def _urlencoded_fields(body: bytes) -> list[Any]:
    try:
        fields = parse_qsl(body.decode("ascii"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:  # curl --data-binary says urlencoded unless it is told the type
        raise unsupported_media(URLENCODED) from error
    return [value for name, value in fields if name in FIELDS]


def _single(found: list[Any]) -> Any:
    if len(found) != 1:
        count = "no image" if not found else f"{len(found)} images"
        raise bad_request(f"the request holds {count}; {_EXPECTED}", fields=list(FIELDS))
    return found[0]


def _from_part(part: Part, max_image_bytes: int) -> Image:
    if part.filename is None:
        return _from_text(part.data.decode("utf-8", "replace"), max_image_bytes)
    if len(part.data) > max_image_bytes:
        raise too_large(max_image_bytes)
    return ImageBytes(_not_empty(bytes(part.data)), _plain_name(part.filename))


def _from_text(text: Any, max_image_bytes: int) -> Image:
    if not isinstance(text, str):
        raise bad_request(f"the image is given as {type(text).__name__}; {_EXPECTED}", fields=list(FIELDS))
    text = text.strip()
    if _ADDRESS.match(text):
        if len(text) > _MAX_ADDRESS_CHARS:
            raise bad_request(f"the address is longer than {_MAX_ADDRESS_CHARS} characters")
        return ImageAddress(text)
    encoded = _DATA_URL.sub("", text, count=1)
    try:
        data = base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad_request(f"the image is neither base64 nor an https address ({error})", fields=list(FIELDS)) from error
    if len(data) > max_image_bytes:
        raise too_large(max_image_bytes)
    return ImageBytes(_not_empty(data))


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise bad_request("the image is empty; allowed: JPEG, PNG, WebP")
    return data


def _plain_name(filename: str) -> str:
    """Return the last part of a path, without control characters: it is only shown, never opened."""
    return _UNSAFE.sub("", filename.replace("\\", "/").rsplit("/", 1)[-1])[:_MAX_NAME_CHARS]
