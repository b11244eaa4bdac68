"""Whatever is sent, the answer says what is wrong and what is allowed, and the next document is read."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import httpx
import pytest
from PIL import Image

from tests.integration.candidates.conftest import TOKEN, Service
from tests.support.papers import coded, drawn
from tests.support.pdfs import Page, Text, written

WORDS = '[{"words": [{"text": "TOTAL 5.00", "box": [0.1, 0.1, 0.4, 0.2]}, {"text": "A", "box": [0.1, 0.3, 0.2, 0.4]}]}]'
TEXT = Page([Text("Total 5.00", 72, 700)])


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header announces a size that its few bytes do not have."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def deep(levels: int) -> bytes:
    """Content that nests states very deeply."""
    return b"q " * levels


BAD = {
    "nothing": (b"", 422, "EmptyDocument", "no bytes"),
    "another kind": (b"PK\x03\x04 an archive", 415, "UnsupportedMediaType", "application/pdf"),
    "six pages": (written([Page()] * 6), 422, "TooManyPages", "6 pages; allowed: at most 5"),
    "no pages": (written([]), 422, "EmptyDocument", "no pages"),
    "encrypted": (written([TEXT], encrypted=True), 422, "EncryptedDocument", "without a password"),
    "broken pdf": (b"%PDF-1.4\nnot really", 422, "BrokenDocument", "Save it anew"),
    "cut pdf": (written([TEXT])[:200], 422, "BrokenDocument", "cannot be read"),
    "a page of no size": (written([Page(size=(0.01, 0.01))]), 422, "BrokenDocument", "at least 1 x 1"),
    "cut jpeg": (coded(drawn(), "JPEG")[:5000], 422, "BrokenDocument", "cut off or damaged"),
    "png bomb": (png_that_says(60_000, 60_000), 413, "FileTooLarge", "60000 x 60000 pixels"),
    "png that lies": (png_that_says(3000, 3000), 422, "BrokenDocument", "cut off or damaged"),
    "broken tiff": (b"II*\x00\x08\x00\x00\x00\xff\xff", 422, "BrokenDocument", "TIFF"),
    "tiff of six pages": (
        coded(Image.new("L", (9, 9)), "TIFF", save_all=True, append_images=[Image.new("L", (9, 9))] * 5),
        422,
        "TooManyPages",
        "6 pages",
    ),
    "a page of very many words": (
        written([Page([Text("a " * 2000, 1, y, 0.3) for y in range(1, 5)])]),
        422,
        "TooManyWords",
        "at most 5000",
    ),
    "eleven megabytes": (b"%PDF" + bytes(11 * 1024 * 1024), 413, "FileTooLarge", "10485760 bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_refused_with_words_and_the_next_one_is_read(candidates: Service, name: str) -> None:
    data, status, code, message = BAD[name]
    answered = candidates.refused(data)
    assert answered[:2] == (status, code)
    assert message in answered[2]
    assert candidates.read(written([TEXT])).pages[0].words


@pytest.mark.parametrize("content", [deep(200_000), b"BT /F1 1e30 Tf (x) Tj ET", b"1e38 0 0 1e38 0 0 cm 0 0 1 1 re f"])
def test_strange_content_ends_nothing(candidates: Service, content: bytes) -> None:
    assert candidates.post(written([Page(drawing=content)])).status_code in {200, 422}
    assert candidates.read(written([TEXT])).pages[0].words


def test_a_document_that_comes_in_pieces_is_measured_as_it_comes(candidates: Service) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(200):
            yield bytes(100_000)

    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/pdf"}
    try:
        answer = httpx.post(f"{candidates.url}/readings", content=pieces(), headers=headers, timeout=120)
    except (httpx.WriteError, httpx.ReadError):
        return  # answered and closed before everything was sent
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "FileTooLarge")


@pytest.mark.parametrize("sent", ["text/plain", "image/gif"])
def test_a_content_type_that_is_not_read_is_named(candidates: Service, sent: str) -> None:
    status, code, message = candidates.refused(b"%PDF-1.4", media_type=sent)
    assert (status, code) == (415, "UnsupportedMediaType")
    assert sent in message


@pytest.mark.parametrize("token", ["-", "wrong", f"{TOKEN}x"])
@pytest.mark.parametrize("path", ["/engine", "/readings"])
def test_without_the_internal_token_nothing_is_read(candidates: Service, token: str, path: str) -> None:
    method = "POST" if path == "/readings" else "GET"
    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.request(method, f"{candidates.url}{path}", headers=headers, timeout=120)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "Unauthorized")


def test_given_words_are_taken_as_they_are(candidates: Service) -> None:
    answer = candidates.post_form(document=("a.png", coded(drawn()), "image/png"), words=WORDS)
    assert answer.status_code == 200, answer.text
    reading = answer.json()
    (page,) = reading["pages"]
    assert reading["engine"] == "given"
    assert reading["engineVersion"].startswith("given-")
    assert [word["text"] for word in page["words"]] == ["TOTAL 5.00", "A"]
    assert [span["value"] for span in page["spans"]] == ["5.00"]
    assert (page["width"], page["height"]) == (900, 1200)


def test_a_form_without_words_is_read_as_a_body_is(candidates: Service) -> None:
    answer = candidates.post_form(document=("a.png", coded(drawn()), "image/png"))
    assert answer.json() == candidates.post(coded(drawn())).json()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("[]", "BadWords", "words of 0 pages were sent for a document of 1"),
        ("nonsense", "BadWords", "not a JSON list"),
        ('[{"words": [{"text": "x", "box": [0.5, 0, 0.4, 1]}]}]', "BadWords", "x0 < x1"),
    ],
)
def test_words_that_do_not_fit_are_refused(candidates: Service, words: str, code: str, message: str) -> None:
    answer = candidates.post_form(document=("a.png", coded(drawn()), "image/png"), words=words)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, code)
    assert message in error["message"]


def test_a_form_without_a_document_says_so(candidates: Service) -> None:
    answer = candidates.post_form(words=WORDS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "EmptyDocument")
