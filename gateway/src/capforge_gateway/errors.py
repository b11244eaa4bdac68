"""What a request can be refused with: one class, one constructor for each kind, so that a code is spelled once.

Codes and envelope follow the document API that clients already speak: `{"code", "message", "details"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

RETRY_SECONDS = 1
STORAGE_RETRY_SECONDS = 5
READER_RETRY_SECONDS = 5


class ApiError(Exception):
    """A refusal that the caller gets to read; the message says what is wrong and what is allowed."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = dict(details or {})
        self.retry_after_seconds = retry_after_seconds


class ClientGone(Exception):  # noqa: N818 - reads as the fact it states
    """The caller hung up before its request was complete: nobody is there to be answered."""


def bad_request(message: str, **details: Any) -> ApiError:
    """The request itself is wrong."""
    return ApiError(HTTPStatus.BAD_REQUEST, "BadRequest", message, details)


def unauthorized() -> ApiError:
    """One answer for a missing key, a wrong key and an unknown namespace: it tells nothing about what exists."""
    return ApiError(
        HTTPStatus.UNAUTHORIZED,
        "Unauthorized",
        "no valid API key for this product; send it as `Authorization: Token <key>`",
    )


def not_found(message: str, **details: Any) -> ApiError:
    """There is no such thing."""
    return ApiError(HTTPStatus.NOT_FOUND, "NotFound", message, details)


def forbidden(message: str) -> ApiError:
    """The key is right, but this installation does not allow what was asked."""
    return ApiError(HTTPStatus.FORBIDDEN, "Forbidden", message)


def conflict(code: str, message: str, **details: Any) -> ApiError:
    """The request does not fit what is there; the message names the way out."""
    return ApiError(HTTPStatus.CONFLICT, code, message, details)


def no_model(message: str) -> ApiError:
    """The capability has no model yet; the message says why."""
    return ApiError(HTTPStatus.CONFLICT, "NoModel", message)


def version_gone(message: str, **details: Any) -> ApiError:
    """The version existed but is no longer loaded."""
    return ApiError(HTTPStatus.GONE, "VersionNotLoaded", message, details)


def upload_timeout(seconds: float) -> ApiError:
    """The caller sent too slowly."""
    return ApiError(
        HTTPStatus.REQUEST_TIMEOUT, "RequestTimeout", f"the request was not complete after {seconds:g} s; send it again"
    )


def too_large(limit_bytes: int) -> ApiError:
    """The body or the image in it is over the limit."""
    return ApiError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "FileTooLarge",
        f"the file is larger than {limit_bytes} bytes, the most that is allowed",
        {"max_bytes": limit_bytes},
    )


def body_too_large(limit_bytes: int) -> ApiError:
    """A request of the inference protocol is over the limit."""
    return ApiError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "FileTooLarge",
        f"the request is larger than {limit_bytes} bytes, the most that is allowed; send fewer images at once",
        {"max_bytes": limit_bytes},
    )


_IMAGES = ("image/jpeg", "image/png", "image/webp")
_FORMS = ("multipart/form-data", "application/json")


def unsupported_media(content_type: str, files: tuple[str, ...] = _IMAGES) -> ApiError:
    """The content type is none of those that can hold an image (or such a file)."""
    allowed = [*files, *_FORMS]
    sent = f"`{content_type[:100]}`" if content_type else "no content type"
    return ApiError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        f"{sent} was sent; allowed: {', '.join(allowed)} (curl: -H 'Content-Type: {files[0]}' --data-binary @file)",
        {"allowed": allowed},
    )


def too_many_requests(limit: int) -> ApiError:
    """The tenant has too much under way."""
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequests",
        f"more than {limit} predictions of this namespace are under way; send again in a moment",
        retry_after_seconds=RETRY_SECONDS,
    )


def too_often(per_minute: int, retry_after_seconds: int) -> ApiError:
    """The key has asked too often."""
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "TooManyRequests",
        f"this key has asked more than {per_minute} times in a minute; send again in {retry_after_seconds} s",
        {"requests_per_minute": per_minute},
        retry_after_seconds,
    )


def reader_away(message: str, **details: Any) -> ApiError:
    """Nobody reads documents now; what was kept is read later."""
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "ReaderUnavailable", message, details, READER_RETRY_SECONDS)


def storage_away(reason: str) -> ApiError:
    """The tables or the blobs do not answer; nothing was half-written."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "StorageUnavailable",
        "documents and annotations cannot be kept or looked up now, and nothing of this request was; send again in a"
        " moment (predictions without `training=true` go on)",
        {"reason": reason},
        retry_after_seconds=STORAGE_RETRY_SECONDS,
    )


def cannot_be_read(what: str, reason: str) -> ApiError:
    """What lies in the store cannot be had now."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "StorageUnavailable",
        f"{what} cannot be read now; send again in a moment (predictions go on)",
        {"reason": reason},
        retry_after_seconds=STORAGE_RETRY_SECONDS,
    )


def overloaded() -> ApiError:
    """The gateway has too much under way."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Overloaded",
        "the gateway is at its limit; send again in a moment",
        retry_after_seconds=RETRY_SECONDS,
    )


def serving_unavailable(message: str) -> ApiError:
    """No server that has the model answers."""
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "ServingUnavailable", message, retry_after_seconds=RETRY_SECONDS)


def model_failed() -> ApiError:
    """The model server answered with something that is no prediction; the log has its words."""
    return ApiError(
        HTTPStatus.BAD_GATEWAY,
        "ModelFailed",
        "the model server could not work on this image; the gateway's log says why",
    )


def predict_timeout(seconds: float) -> ApiError:
    """The model server took too long."""
    return ApiError(
        HTTPStatus.GATEWAY_TIMEOUT, "RequestTimeout", f"no prediction after {seconds:g} s; send again later"
    )


def not_served(element_type: str) -> ApiError:
    """The capability's type has no prediction here yet."""
    return ApiError(
        HTTPStatus.NOT_IMPLEMENTED,
        "NotImplemented",
        f"capabilities of type {element_type} are not served by this gateway",
    )


def internal() -> ApiError:
    """A fault of ours."""
    return ApiError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "ServerError",
        "the gateway failed on this request; its log has the details under the request id",
    )
