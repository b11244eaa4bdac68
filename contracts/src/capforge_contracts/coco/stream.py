"""A COCO file as a stream of records, in one pass and in constant memory.

The standard library's JSON scanner reads one record at a time from a sliding buffer. It is about four times as fast
here as an incremental parser, takes the NaN that Python programs write (so that the one wrong record can be named
instead of the whole file refused), and tells where a file is cut off.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from capforge_contracts.coco.faults import FaultCode

ARRAYS = ("categories", "images", "annotations")
MAX_RECORD_CHARS = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True)
class Record:
    """One item of one of the three arrays."""

    array: str
    position: int
    raw: Any


class BrokenFile(Exception):  # noqa: N818 - reads as the fact it states
    """The file cannot be read any further; what was read before stands."""

    def __init__(self, code: FaultCode, message: str) -> None:
        """Carry the fault's code and its message."""
        super().__init__(message)
        self.code = code


def read_records(stream: IO[bytes]) -> Iterator[Record]:
    """Yield the records of `categories`, `images` and `annotations` in the file's order; raises BrokenFile."""
    text = _Text(stream)
    if text.peek() != "{":
        raise BrokenFile(FaultCode.NOT_COCO, "the file does not start with '{'; allowed: a JSON object")
    seen: set[str] = set()
    for key in text.keys_here():
        if key in seen:
            raise BrokenFile(FaultCode.NOT_COCO, f"'{key}' occurs twice; allowed: once")
        seen |= {key} & set(ARRAYS)
        if text.peek() != "[":
            text.value()
            if key in ARRAYS:
                raise BrokenFile(FaultCode.NOT_COCO, f"'{key}' is no list; allowed: a list of objects")
            continue
        for position, raw in enumerate(text.items_here()):
            if key in ARRAYS:
                yield Record(key, position, raw)
    missing = [key for key in ARRAYS if key not in seen]
    if missing:
        raise BrokenFile(FaultCode.NOT_COCO, f"the file has no {missing}; allowed: an object with {list(ARRAYS)}")


class _Text:
    """A sliding window on the decoded file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")()
        self._scanner = json.JSONDecoder()
        self._buffer = ""
        self._at = 0
        self._bytes_before = 0
        """How many bytes of the file lie before the buffer."""
        self._bytes_read = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is not space, without taking it; raises BrokenFile at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                raise self._cut_off()

    def keys_here(self) -> Iterator[str]:
        """Yield the keys of the object here; the caller takes each value before it asks for the next key."""
        for _ in self._members("{", "}"):
            if self.peek() != '"':
                raise self._invalid(self._at, "a key in double quotes is expected")
            key = self.value()
            self._take(":")
            yield str(key)

    def items_here(self) -> Iterator[Any]:
        """Yield the items of the list here."""
        for _ in self._members("[", "]"):
            yield self.value()

    def value(self) -> Any:
        """Take one JSON value."""
        self.peek()
        while True:
            try:
                value, end = self._scanner.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise self._broken(error) from error
                continue
            except ValueError as error:  # Python reads no numbers of thousands of digits
                raise self._invalid(self._at, "a number has too many digits") from error
            except RecursionError as error:
                raise self._invalid(self._at, "the value is nested too deeply") from error
            if end == len(self._buffer) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _members(self, opening: str, closing: str) -> Iterator[None]:
        self._take(opening)
        if self.peek() == closing:
            self._take(closing)
            return
        while True:
            yield
            if self.peek() == closing:
                self._take(closing)
                return
            self._take(",")

    def _take(self, character: str) -> None:
        if self.peek() != character:
            raise self._invalid(self._at, f"{character!r} is expected, found {self._buffer[self._at]!r}")
        self._at += 1

    def _more(self) -> bool:
        """Drop what was taken and read on, doubling the window while one value does not fit; False at the end."""
        if self._ended:
            return False
        if len(self._buffer) - self._at > MAX_RECORD_CHARS:
            raise self._invalid(self._at, f"a value is invalid or longer than {MAX_RECORD_CHARS} characters")
        self._bytes_before += len(self._buffer[: self._at].encode())
        self._buffer, self._at = self._buffer[self._at :], 0
        data = self._stream.read(max(_CHUNK_BYTES, len(self._buffer)))
        self._ended = not data
        try:
            self._buffer += self._decode.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            if self._ended:
                raise self._cut_off() from error
            message = f"the file is not UTF-8 near byte {self._bytes_read + error.start}; allowed: UTF-8"
            raise BrokenFile(FaultCode.INVALID_JSON, message) from error
        self._bytes_read += len(data)
        return True

    def _broken(self, error: json.JSONDecodeError) -> BrokenFile:
        """Tell a file that ends too early from one that is wrong: JSON that is cut off fails where it ends."""
        rest = self._buffer[error.pos :].rstrip()
        cut = any(literal.startswith(rest) for literal in _LITERALS) or error.msg.startswith("Unterminated string")
        return self._cut_off() if cut else self._invalid(error.pos, error.msg)

    def _cut_off(self) -> BrokenFile:
        message = f"the JSON is cut off at byte {self._bytes_read}; allowed: a complete JSON object"
        return BrokenFile(FaultCode.TRUNCATED_FILE, message)

    def _invalid(self, at: int, why: str) -> BrokenFile:
        byte = self._bytes_before + len(self._buffer[:at].encode())
        return BrokenFile(FaultCode.INVALID_JSON, f"no valid JSON at byte {byte}: {why}")
