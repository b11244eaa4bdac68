"""From a request's body to one image and what is told about it: raw, form or JSON; bytes, base64 or an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from capforge_gateway.errors import bad_request, unsupported_media
from capforge_gateway.predict.inputs import (
    FIELDS,
    FORM,
    JSON,
    RAW,
    Image,
    ImageBytes,
    files_among,
    from_part,
    from_text,
    json_object,
    media_type,
    single,
    text_of,
)
from capforge_gateway.predict.multipart import parts_of
from capforge_gateway.vision.asked import FileFacts, FileInput
from capforge_gateway.vision.refusals import validated

_FACTS = ("name", "source", "metadata")
_MAX_TEXT_BYTES = 64 * 1024


@dataclass(frozen=True)
class Upload:
    """An image as it was sent."""

    image: Image
    facts: FileFacts

    @property
    def name(self) -> str:
        """What people call it: as they say, else the name of the file."""
        return self.image.name if self.facts.name is None else self.facts.name


def upload_of(content_type: bytes, body: bytes, query: Mapping[str, str], max_bytes: int) -> Upload:
    """Take a body apart; what is told beside the image may stand in the query as well. Raises 400, 413, 415."""
    media = media_type(content_type)
    told: dict[str, Any] = {name: value for name, value in query.items() if name in _FACTS}
    unknown = sorted(set(query) - set(_FACTS))
    if unknown:
        raise bad_request(f"the query has `{unknown[0][:40]}`; allowed: {', '.join(_FACTS)}", field=unknown[0][:40])
    if media in RAW:
        if not body:
            raise bad_request("the file is empty")
        image: Image = ImageBytes(body)
    elif media == FORM:
        parts = parts_of(content_type, body)
        image = from_part(single(files_among(parts)), max_bytes)
        told |= {part.name: text_of(part, _MAX_TEXT_BYTES) for part in parts if part.name not in FIELDS}
    elif media == JSON:
        fields = validated(FileInput, json_object(body)).model_dump(exclude_none=True)
        image = from_text(single([fields[name] for name in FIELDS if name in fields]), max_bytes)
        told |= {name: value for name, value in fields.items() if name in _FACTS}
    else:
        raise unsupported_media(media)
    return Upload(image, validated(FileFacts, _facts(told)))


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return them with metadata parsed; an empty text is nothing told."""
    facts = {name: value for name, value in told.items() if value not in ("", None)}
    if isinstance(facts.get("metadata"), str):
        try:
            facts["metadata"] = orjson.loads(facts["metadata"])
        except orjson.JSONDecodeError as error:
            message = f'`metadata` is no JSON: {error}; expected texts by name: {{"site": "north"}}'
            raise bad_request(message, field="metadata") from error
    return facts
