"""Cursors of every list: what was handed out is understood, anything else is refused in words."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_gateway.cursors import cursor_of, place_in
from capforge_gateway.datasets.answer import change_in, folder_in, position_in
from capforge_gateway.errors import ApiError
from capforge_gateway.vision.answer import next_page, place_of
from capforge_gateway.vision.ports import Place

FILE = "8c6f3a52-5b0a-4f5e-9d2e-0d8f7a1b2c3d"
JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists, max_leaves=4)


@given(place=st.integers(0, 2**40) | st.text(max_size=20) | st.tuples(st.text(), st.text(), st.text()).map(list))
def test_what_was_handed_out_is_understood_also_in_its_older_spelling(place: Any):
    assert place_in(cursor_of(place)) == place
    assert "=" not in cursor_of(place)
    assert place_in(base64.urlsafe_b64encode(orjson.dumps(place)).decode()) == place


def test_each_list_reads_its_own():
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert place_of(next_page(now, FILE, 7)) == Place(now, FILE, 7)
    assert change_in(cursor_of(["added", "a.png", "0" * 64])) == ("added", "a.png", "0" * 64)
    assert position_in(cursor_of(12)) == 12
    assert folder_in(cursor_of("cells-0123456789ab")) == "cells-0123456789ab"
    assert (place_of(None), change_in(""), position_in(""), folder_in("")) == (None, None, 0, "")


@given(cursor=st.text(min_size=1, max_size=20) | JSON.map(cursor_of))
def test_anything_else_is_a_refusal_that_names_the_field(cursor: str):
    told = [_refusal(read, cursor) for read in (place_of, change_in, position_in, folder_in)]
    assert {(one.code, one.details["field"]) for one in told if one} <= {("BadRequest", "cursor")}


def _refusal(read: Callable[[str], Any], cursor: str) -> ApiError | None:
    try:
        read(cursor)
    except ApiError as error:
        return error
    return None


@pytest.mark.parametrize("place", [["a"], {"a": 1, "b": 2, "c": 3}, -1, True, [1, 2, 3], None])
def test_a_place_of_another_list_is_refused(place: Any):
    for read in (place_of, change_in, position_in, folder_in):
        with pytest.raises(ApiError, match="the page before"):
            read(cursor_of(place))
