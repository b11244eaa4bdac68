"""Each fault of the document loop as the caller gets it."""

from __future__ import annotations

import pytest

from capforge_gateway.documents.ports import (
    AlreadyAnnotated,
    NotAnnotated,
    NotReadYet,
    ReaderAway,
    StorageAway,
    UnknownDocument,
    UnreadableDocument,
)
from capforge_gateway.documents.refusals import translated
from capforge_gateway.errors import ApiError
from capforge_transforms.documents import AnnotationFaults, LabelFault


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (StorageAway("gone"), 503, "StorageUnavailable"),
        (ReaderAway("gone"), 503, "ReaderUnavailable"),
        (NotReadYet("a"), 503, "ReaderUnavailable"),
        (UnknownDocument("a"), 404, "NotFound"),
        (AlreadyAnnotated("a"), 409, "AlreadyAnnotated"),
        (NotAnnotated("a"), 409, "NotAnnotated"),
        (AnnotationFaults([LabelFault("UnknownKey", "labels[0]", "no")]), 400, "BadRequest"),
        (UnreadableDocument("TooManyPages", "6 pages"), 400, "BadRequest"),
        (UnreadableDocument("EncryptedDocument", "locked"), 400, "BadRequest"),
        (UnreadableDocument("FileTooLarge", "large"), 413, "FileTooLarge"),
        (UnreadableDocument("UnsupportedMediaType", "what"), 415, "UnsupportedMediaType"),
        (UnreadableDocument("ReadingTimeout", "slow"), 504, "RequestTimeout"),
        (UnreadableDocument("ReadingFailed", "ours"), 500, "ServerError"),
    ],
    ids=lambda value: getattr(value, "code", None) or type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_fault_becomes_a_refusal(fault: Exception, status: int, code: str) -> None:
    with pytest.raises(ApiError) as caught, translated():
        raise fault
    assert (caught.value.status, caught.value.code) == (status, code)
    assert caught.value.message
    assert (caught.value.retry_after_seconds is not None) == (status == 503)


def test_the_reason_of_an_unreadable_file_is_for_programs_too() -> None:
    with pytest.raises(ApiError) as caught, translated():
        raise UnreadableDocument("TooManyPages", "6 pages; allowed: 5")
    assert (caught.value.message, caught.value.details) == ("6 pages; allowed: 5", {"reason": "TooManyPages"})
