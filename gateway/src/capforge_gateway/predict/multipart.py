"""multipart/form-data in memory: the body is already read and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from capforge_gateway.errors import bad_request

_MAX_PARTS = 32


@dataclass
class Part:
    """One field of the form."""

    headers: dict[str, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)
    name: str = ""
    filename: str | None = None
    """None: a text field."""


class _Collector:
    """Puts the parser's callbacks together."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._name = bytearray()
        self._value = bytearray()

    def callbacks(self) -> dict[str, Callable[..., None]]:
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        if len(self.parts) >= _MAX_PARTS:
            raise bad_request(f"the form has more than {_MAX_PARTS} fields; `image` or `document` is enough")
        self.parts.append(Part())

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = bytes(self._value)
        self._name.clear()
        self._value.clear()

    def _headers_finished(self) -> None:
        part = self.parts[-1]
        kind, options = parse_options_header(part.headers.get("content-disposition"))
        if kind != b"form-data" or b"name" not in options:
            raise bad_request('a form field has no name; expected: Content-Disposition: form-data; name="image"')
        part.name = _text(options[b"name"])
        part.filename = _text(options[b"filename"]) if b"filename" in options else None

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].data += memoryview(data)[start:end]

    def _end(self) -> None:
        self.ended = True


def parts_of(content_type: bytes, body: bytes) -> list[Part]:
    """Return the form's fields in order; raises 400 where it is no complete form."""
    _, options = parse_options_header(content_type)
    boundary: Any = options.get(b"boundary")
    if not boundary:
        raise bad_request(
            "multipart/form-data without a boundary; most clients add it themselves if told no Content-Type"
        )
    collector = _Collector()
    try:
        parser = MultipartParser(boundary, collector.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise bad_request(f"the form cannot be read: {error}") from error
    if not collector.ended:
        raise bad_request("the form ends before its closing boundary; was it sent whole?")
    return collector.parts


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
