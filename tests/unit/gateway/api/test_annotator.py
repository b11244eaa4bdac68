"""Names of people arrive as they are written, however a client must send them."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from capforge_gateway.api.annotator import annotator_of
from capforge_gateway.errors import ApiError


def named(*values: bytes) -> str:
    headers = [(b"x-annotator", value) for value in values]
    return annotator_of(Request({"type": "http", "headers": headers}), "the-key")


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"ada@example.org", "ada@example.org"),
        (b"Ada Lovelace", "Ada Lovelace"),
        ("Jörg Müller".encode(), "Jörg Müller"),
        ("山田 太郎".encode(), "山田 太郎"),
        (b"UTF-8''J%C3%B6rg%20M%C3%BCller", "Jörg Müller"),
        (b"utf-8'de'J%c3%b6rg", "Jörg"),
        ("Jo\u0308rg".encode(), "Jörg"),
        (b"100%", "100%"),
        (b"o'neil", "o'neil"),
        (b"J%C3%B6rg", "J%C3%B6rg"),
        ("ö".encode() * 128, "ö" * 128),
    ],
)
def test_a_name_is_kept_as_it_is_written(sent: bytes, name: str) -> None:
    assert named(sent) == name


@pytest.mark.parametrize("sent", [(), (b"",)])
def test_without_a_name_the_keys_counts(sent: tuple[bytes, ...]) -> None:
    assert named(*sent) == "the-key"


@pytest.mark.parametrize(
    "sent",
    [
        "Jörg".encode("latin-1"),
        b"UTF-8''J%F6rg",
        b"UTF-8''",
        b"UTF-8''%00",
        b"UTF-8''a%0Ab",
        b"UTF-8''%20ada",
        "evil\u202egnp".encode(),
        b"\t",
        b"a" * 129,
        b"UTF-8''" + b"%C3%B6" * 129,
    ],
)
def test_what_is_no_name_is_refused_with_the_ways_out(sent: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        named(sent)
    assert refused.value.status == 400
    assert "allowed: UTF-8, or percent-encoded as in UTF-8''J%C3%B6rg (RFC 8187)" in refused.value.message
