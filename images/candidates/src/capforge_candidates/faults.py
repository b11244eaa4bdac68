"""Why a document has no reading. Each fault is fit for the person who sent the document: what is wrong, what to do."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus


class Code(StrEnum):
    """What callers tell faults apart by."""

    UNAUTHORIZED = "Unauthorized"
    FILE_TOO_LARGE = "FileTooLarge"
    UNSUPPORTED_MEDIA_TYPE = "UnsupportedMediaType"
    ENCRYPTED_DOCUMENT = "EncryptedDocument"
    BROKEN_DOCUMENT = "BrokenDocument"
    TOO_MANY_PAGES = "TooManyPages"
    TOO_MANY_WORDS = "TooManyWords"
    EMPTY_DOCUMENT = "EmptyDocument"
    BAD_WORDS = "BadWords"
    """The words that the client sent do not fit the document."""
    BUSY = "Busy"
    ENGINE_AWAY = "EngineAway"
    """Nothing is wrong with the document: send it again later."""
    READING_TIMEOUT = "ReadingTimeout"
    """The document takes too long to read; it may be made to."""
    READING_FAILED = "ReadingFailed"
    """Ours."""


STATUS = {
    Code.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    Code.FILE_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Code.ENCRYPTED_DOCUMENT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.BROKEN_DOCUMENT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.TOO_MANY_PAGES: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.TOO_MANY_WORDS: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.EMPTY_DOCUMENT: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.BAD_WORDS: HTTPStatus.UNPROCESSABLE_ENTITY,
    Code.BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Code.ENGINE_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.READING_TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    Code.READING_FAILED: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The HTTP status of each fault."""


class Fault(Exception):  # noqa: N818 - reads as the fact it states
    """There is no reading; the message says why."""

    def __init__(self, code: Code, message: str) -> None:
        """Take the code and words for people."""
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def status(self) -> HTTPStatus:
        """Return the HTTP status."""
        return STATUS[self.code]
