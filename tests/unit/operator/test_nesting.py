from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_operator.runtime import nesting

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def levels_of(value: Any) -> int:
    level, rest = 0, [value]
    while rest:
        level += 1
        rest = [
            inner
            for one in rest
            for inner in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
    return level


@given(VALUES)
def test_what_is_not_deep_stays_as_it_is(value: Any):
    assert nesting.loads(json.dumps(value).encode()) == value
    assert orjson.loads(nesting.dumps(value)) == value


@pytest.mark.parametrize("levels", [101, 250, 300, 1000, 1100, 20_000])
def test_what_is_too_deep_is_cut_and_says_so(levels: int):
    tricky = r"]}\"{["
    deep = ('{"a": [1, ' * levels) + "{}" + (f', "{tricky}"]}}' * levels)
    text = f'{{"before": [{{}}], "deep": {deep}, "after": "{tricky}"}}'.encode()
    read = nesting.loads(text)
    assert (read["before"], read["after"]) == ([{}], json.loads(f'"{tricky}"'))
    packed = nesting.dumps(read)
    assert levels_of(orjson.loads(packed)) <= max(nesting.MAX_LEVELS + 1, 254)
    if levels > 300:
        assert nesting.CUT.encode() in packed


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 5000, b'{"a": ' * 2000 + b"}" * 5, b'"', b"[]]"])
def test_what_is_no_json_is_refused(text: bytes):
    with pytest.raises(ValueError, match=r"\w"):
        nesting.loads(text)
