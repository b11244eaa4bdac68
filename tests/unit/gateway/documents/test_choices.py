"""Flags as clients spell them."""

from __future__ import annotations

import pytest

from capforge_gateway.documents.choices import Choices, Listing, choices_of, listing_of
from capforge_gateway.errors import ApiError


@pytest.mark.parametrize("spelled", [b"true", b"True", b"TRUE", b"1", b"yes", b""])
def test_a_flag_may_be_spelled_in_many_ways(spelled: bytes) -> None:
    assert choices_of(b"training=" + spelled, {}) == Choices(training=True)


@pytest.mark.parametrize("spelled", [b"false", b"False", b"0", b"no", b"None"])
def test_so_may_its_absence(spelled: bytes) -> None:
    assert choices_of(b"training=" + spelled, {}) == Choices()


def test_the_query_counts_before_the_form() -> None:
    assert choices_of(b"include_mvision=false", {"include_mvision": "true"}) == Choices()
    assert choices_of(b"", {"include_mvision": "true"}) == Choices(include_mvision=True)


def test_flags_of_others_are_left_alone() -> None:
    assert choices_of(b"cropper=true&global_orientation=True&x=%00", {"y": "z"}) == Choices()


@pytest.mark.parametrize("query", [b"training=perhaps", b"async=true", b"training=2"])
def test_what_is_neither_is_named(query: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        choices_of(query, {})
    assert caught.value.details["field"] == query.split(b"=")[0].decode()


def test_a_listing_has_a_page_and_what_to_include() -> None:
    assert listing_of(b"") == Listing()
    assert listing_of(b"page=3&include_annotations=True&include_candidates") == Listing(3, True, True)
    for page in (b"0", b"-1", b"1e3", b"\xc2\xb2", b"1000001"):
        with pytest.raises(ApiError):
            listing_of(b"page=" + page)
