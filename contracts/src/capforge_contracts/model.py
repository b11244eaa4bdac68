"""The base of every stored document: frozen, strict about what it writes, canonical in bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel


class Stored(BaseModel):
    """A document in the object store or between two processes: camelCase JSON.

    Readers ignore unknown fields, so that a newer writer does not break an older reader.
    """

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore", allow_inf_nan=False
    )

    def to_json(self) -> bytes:
        """Return the canonical bytes of this document (sorted keys, no spaces, UTF-8)."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude_none=True))

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Parse the bytes of a document; raises pydantic.ValidationError naming each wrong field."""
        return cls.model_validate_json(data)


def wrong_fields(error: ValidationError, whole: str = "the document") -> list[str]:
    """Return each wrong field with what is wrong with it, never its value; `whole` names what has no field."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{'.'.join(map(str, fault['loc'])) or whole}: {fault['msg']}" for fault in faults]


def joined(path: str, steps: Iterable[int | str]) -> str:
    """Return a path with more steps: `a.b[3]`."""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def canonical_json(value: Any) -> bytes:
    """Return the one byte form of a JSON value that digests are taken over."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256_hex(data: bytes) -> str:
    """Return the lower-case hex sha256 of the bytes (64 characters)."""
    return hashlib.sha256(data).hexdigest()
