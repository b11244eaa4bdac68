"""Objects nested deeper than any decision looks: what lies below is cut off, so that no object of one tenant stops all.

The API server admits thousands of levels in a field without a schema; the JSON library here reads 1024 and writes 254.
What was cut is a text that says so: as a parameter it is refused by its template like any other wrong value.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

MAX_LEVELS = 100
CUT = f"nested deeper than {MAX_LEVELS} levels"
_CUT_JSON = orjson.dumps(CUT)
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_OPENING = frozenset({b"[", b"{"})


def loads(content: bytes) -> Any:
    """Parse JSON of any depth; raises ValueError where it is no JSON."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return orjson.loads(_cut_bytes(content))


def dumps(document: Any) -> bytes:
    """Write JSON of any depth that `loads` returned."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return orjson.dumps(_cut(document, 1))


def _cut(value: Any, level: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if level > MAX_LEVELS:
        return CUT
    if isinstance(value, dict):
        return {name: _cut(one, level + 1) for name, one in value.items()}
    return [_cut(one, level + 1) for one in value]


def _cut_bytes(content: bytes) -> bytes:
    """Replace every list and object below the last allowed level by a text."""
    kept: list[bytes] = []
    level = taken = 0
    for token in _TOKEN.finditer(content):
        if token[0] in _OPENING:
            level += 1
            if level == MAX_LEVELS + 1:
                kept += [content[taken : token.start()], _CUT_JSON]
        elif token[0] in (b"]", b"}"):
            if level == MAX_LEVELS + 1:
                taken = token.end()
            level -= 1
    return b"".join([*kept, content[taken:]])
