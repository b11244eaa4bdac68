"""From a request's body to the one document in it, and what came along in the same form."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from capforge_contracts.model import wrong_fields
from capforge_contracts.reading import GivenPage
from capforge_gateway.documents.media import ALLOWED, media_type_of
from capforge_gateway.errors import bad_request, unsupported_media
from capforge_gateway.predict.inputs import (
    FIELDS,
    FORM,
    JSON,
    URLENCODED,
    ImageAddress,
    ImageBytes,
    files_among,
    from_part,
    from_text,
    json_object,
    media_type,
    single,
    text_of,
    urlencoded_pairs,
)
from capforge_gateway.predict.multipart import parts_of

RAW = frozenset({*ALLOWED, "image/jpg", "application/octet-stream"})
WORDS_FIELD = "words"
_MAX_JSON_PARTS = 200_000
"""A page has a few hundred words with a box each."""
_MAX_TEXT_BYTES = 4 * 1024 * 1024
_MAX_FAULTS = 5
_PAGES = TypeAdapter(list[GivenPage])


@dataclass(frozen=True)
class Upload:
    """One document as it was sent."""

    data: bytes
    name: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    """The other fields that are texts."""
    given: Sequence[GivenPage] | None = None
    """Words that the client read itself."""

    @cached_property
    def sha256(self) -> str:
        """Of the bytes."""
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def media(self) -> str:
        """What the bytes are; raises 415."""
        found = media_type_of(self.data)
        if found is None:
            raise unsupported_media("a file of another kind", ALLOWED)
        return found


@dataclass(frozen=True)
class Sent:
    """A body, taken apart."""

    source: ImageBytes | ImageAddress
    form: Mapping[str, str]
    given: Sequence[GivenPage] | None

    def upload(self, fetched: bytes | None = None) -> Upload:
        """Return the document; `fetched` where it was given by its address."""
        if isinstance(self.source, ImageBytes):
            return Upload(self.source.data, self.source.name, self.form, self.given)
        return Upload(fetched or b"", self.source.name, self.form, self.given)


def sent_of(content_type: bytes, body: bytes, max_bytes: int) -> Sent:
    """Take a body apart; raises 400, 413, 415."""
    media = media_type(content_type)
    if media in RAW:
        if not body:
            raise bad_request("the file is empty")
        return Sent(ImageBytes(body), {}, None)
    if media == FORM:
        parts = parts_of(content_type, body)
        texts = {part.name: text_of(part, _MAX_TEXT_BYTES) for part in parts if part.name not in FIELDS}
        return _sent(from_part(single(files_among(parts)), max_bytes), texts)
    if media == JSON:
        fields = json_object(body, _MAX_JSON_PARTS)
        source = from_text(single([fields[name] for name in FIELDS if fields.get(name) is not None]), max_bytes)
        given = fields.get(WORDS_FIELD)
        return Sent(
            source, {name: _plain(value) for name, value in fields.items() if name not in FIELDS}, _words(given)
        )
    if media == URLENCODED:
        pairs = urlencoded_pairs(body)
        source = from_text(single([value for name, value in pairs if name in FIELDS]), max_bytes)
        return _sent(source, {name: value for name, value in pairs if name not in FIELDS})
    raise unsupported_media(media, ALLOWED)


def _sent(source: ImageBytes | ImageAddress, texts: dict[str, str]) -> Sent:
    words = texts.pop(WORDS_FIELD, "")
    return Sent(source, texts, _words_in(words) if words else None)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else ""


def _words(value: Any) -> list[GivenPage] | None:
    if value is None:
        return None
    try:
        return _PAGES.validate_python(value)
    except ValidationError as error:
        raise _bad_words(error) from error


def _words_in(text: str) -> list[GivenPage]:
    try:
        return _PAGES.validate_json(text)
    except ValidationError as error:
        raise _bad_words(error) from error


def _bad_words(error: ValidationError) -> Exception:
    faults = wrong_fields(error)[:_MAX_FAULTS]
    return bad_request(
        'the words cannot be read; expected a JSON list of pages, each {"words": [{"text": "Total", "box": [x0, y0, x1,'
        f" y1]}}]}} with boxes as shares of the page (0-1): {'; '.join(faults)}",
        field=WORDS_FIELD,
    )
