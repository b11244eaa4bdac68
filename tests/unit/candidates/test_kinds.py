"""What a file is, is told by its first bytes; what it is called must be something that is read."""

from __future__ import annotations

import pytest

from capforge_candidates.faults import STATUS, Code, Fault
from capforge_candidates.files.kinds import kind_of
from capforge_candidates.files.mediatypes import Kind, check_media_type


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7", Kind.PDF),
        (b"\r\njunk before\n%PDF-1.4", Kind.PDF),
        (b"\xff\xd8\xff\xe0", Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n", Kind.PNG),
        (b"RIFF\x00\x00\x00\x00WEBP", Kind.WEBP),
        (b"II*\x00", Kind.TIFF),
        (b"MM\x00*", Kind.TIFF),
    ],
)
def test_the_first_bytes_tell_the_kind(start: bytes, kind: Kind) -> None:
    assert kind_of(start) is kind


@pytest.mark.parametrize("start", [b"GIF89a", b"PK\x03\x04", b"<html>", b"a" * 2000 + b"%PDF-1.7"])
def test_other_files_are_refused_with_what_is_allowed(start: bytes) -> None:
    with pytest.raises(Fault, match="application/pdf, image/jpeg") as refused:
        kind_of(start)
    assert refused.value.code is Code.UNSUPPORTED_MEDIA_TYPE


def test_no_bytes_are_an_empty_document() -> None:
    with pytest.raises(Fault) as refused:
        kind_of(b"")
    assert refused.value.code is Code.EMPTY_DOCUMENT


@pytest.mark.parametrize("sent", ["image/png", "IMAGE/PNG; q=1", "", "application/octet-stream", "image/jpg", *Kind])
def test_our_types_and_unspoken_ones_pass(sent: str) -> None:
    check_media_type(sent)


@pytest.mark.parametrize("sent", ["text/html", "application/json", "image/gif"])
def test_another_type_is_refused_by_its_name(sent: str) -> None:
    with pytest.raises(Fault, match=sent):
        check_media_type(sent)


def test_every_fault_has_a_status() -> None:
    assert set(STATUS) == set(Code)
