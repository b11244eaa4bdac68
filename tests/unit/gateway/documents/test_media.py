"""Kinds of files by how they begin."""

from __future__ import annotations

import pytest

from capforge_gateway.documents.media import media_type_of


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", "application/pdf"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"II*\x00\x08", "image/tiff"),
        (b"MM\x00*\x00", "image/tiff"),
        (b"RIFF\x10\x00\x00\x00WAVE", None),
        (b"PK\x03\x04", None),
        (b"<html>", None),
        (b"", None),
        (b" " * 2000 + b"%PDF-1.7", None),
    ],
    ids=lambda value: str(value)[:24],
)
def test_a_file_is_told_by_its_first_bytes(data: bytes, media: str | None) -> None:
    assert media_type_of(data) == media
