"""The lines of a manifest, whatever its format: what is wrong with one is said with its number."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TypeVar

from pydantic import ValidationError

from capforge_contracts.model import Stored, wrong_fields

_Line = TypeVar("_Line", bound=Stored)


class Header(Stored):
    """The first line: what every format has in it."""

    format: str


_Header = TypeVar("_Header", bound=Header)


def parsed_lines(
    header_kind: type[_Header], item_kind: type[_Line], known_format: str, data: bytes
) -> tuple[_Header, Iterator[_Line]]:
    """Parse a manifest of one format; raises ValueError naming the line, for the items while iterating."""
    lines = (line.rstrip(b"\n") for line in io.BytesIO(data))  # no second copy of what may be a hundred megabytes
    header = parsed_line(header_kind, 1, next(lines, b"{}"))
    if header.format != known_format:
        message = f"manifest format {header.format!r} is not {known_format!r}"
        raise ValueError(message)
    return header, (parsed_line(item_kind, number, line) for number, line in enumerate(lines, start=2) if line)


def parsed_line(kind: type[_Line], number: int, line: bytes) -> _Line:
    """Return the line as a document; raises ValueError naming the line and its first wrong field."""
    try:
        return kind.from_json(line)
    except ValidationError as error:
        message = f"line {number} of the manifest: {wrong_fields(error, 'the line')[0]}"
        raise ValueError(message) from error
