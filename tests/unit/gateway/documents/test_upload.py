"""From a body to the document in it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_gateway.documents.upload import sent_of
from capforge_gateway.errors import ApiError
from capforge_gateway.predict.inputs import ImageAddress, ImageBytes

PDF = b"%PDF-1.4 whatever"
WORDS = [{"words": [{"text": "7.77", "box": [0.1, 0.1, 0.2, 0.2]}]}]
LIMIT = 1000


def form(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, bytes]:
    lines = []
    for name, filename, data in parts:
        file = f'; filename="{filename}"' if filename else ""
        lines.append(
            b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name.encode(), file.encode(), data)
        )
    return b"multipart/form-data; boundary=x", b"".join(lines) + b"--x--\r\n"


def test_a_form_brings_the_file_and_its_texts() -> None:
    sent = sent_of(*form(("document", "../a.pdf", PDF), ("include_mvision", None, b"true")), LIMIT)
    upload = sent.upload()
    assert (upload.data, upload.name, upload.form, upload.given) == (PDF, "a.pdf", {"include_mvision": "true"}, None)
    assert upload.media == "application/pdf"


def test_words_come_as_json_in_a_form_or_as_they_are_in_json() -> None:
    in_form = sent_of(*form(("document", "a.pdf", PDF), ("words", None, json.dumps(WORDS).encode())), LIMIT)
    body = json.dumps({"document": base64.b64encode(PDF).decode(), "words": WORDS, "include_mvision": True})
    in_json = sent_of(b"application/json", body.encode(), LIMIT)
    assert in_form.upload().given == in_json.upload().given
    assert in_json.upload().form["include_mvision"] == "true"


def test_an_address_keeps_its_last_part_as_the_name() -> None:
    sent = sent_of(b"application/x-www-form-urlencoded", b"document=https%3A%2F%2Fa.example%2Fb%2Fc.pdf%3Fd%3De", LIMIT)
    assert isinstance(sent.source, ImageAddress)
    assert sent.upload(PDF).name == "c.pdf"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("5", "list"),
        ('[{"words": [{"text": "", "box": [0, 0, 1, 1]}]}]', "text"),
        ('[{"words": [{"text": "a", "box": [0]}]}]', "box"),
    ],
)
def test_words_that_cannot_be_read_are_told_with_their_place(words: str, told: str) -> None:
    with pytest.raises(ApiError) as caught:
        sent_of(*form(("document", "a.pdf", PDF), ("words", None, words.encode())), LIMIT)
    assert (caught.value.status, caught.value.details) == (400, {"field": "words"})
    assert told in caught.value.message


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (b"application/pdf", b"", 400),
        (b"text/plain", b"x", 415),
        (b"application/json", b"{}", 400),
        (b"application/json", json.dumps({"document": base64.b64encode(b"x" * 2000).decode()}).encode(), 413),
        (b"application/x-www-form-urlencoded", b"document=\xff", 415),
        (b"multipart/form-data", b"x", 400),
    ],
    ids=str,
)
def test_what_holds_no_document_is_refused(content_type: bytes, body: bytes, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        sent_of(content_type, body, LIMIT)
    assert caught.value.status == status


def test_a_file_that_nobody_can_read_is_415() -> None:
    with pytest.raises(ApiError) as caught:
        _ = sent_of(b"application/pdf", b"just words", LIMIT).upload().media
    assert caught.value.status == 415


TYPES = [
    b"multipart/form-data; boundary=x",
    b"application/json",
    b"application/x-www-form-urlencoded",
    b"application/pdf",
]


@given(st.sampled_from(TYPES), st.binary(max_size=300))
def test_whatever_is_sent_is_a_document_or_a_refusal(content_type: bytes, body: bytes) -> None:
    assert 200 <= status_of(content_type, body) < 500


def status_of(content_type: bytes, body: bytes) -> int:
    try:
        source: Any = sent_of(content_type, body, LIMIT).source
    except ApiError as error:
        return error.status
    return 200 if isinstance(source, ImageBytes | ImageAddress) else 500
