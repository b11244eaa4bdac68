"""The JSON around every answer: `api_request` says how it went, errors have `{"code", "message", "details"}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from capforge_gateway.errors import ApiError

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
REQUEST_ID = b"x-request-id"


def success(url: str, request_id: str, status: int, document: Mapping[str, Any]) -> bytes:
    """Return the body of an answer that holds a document."""
    return resources(url, request_id, status, {"document": document})


def resources(url: str, request_id: str, status: int, found: Mapping[str, Any]) -> bytes:
    """Return the body of an answer that holds these resources by name."""
    request = _api_request(url, request_id, status, "success", {}, list(found))
    return orjson.dumps({"api_request": request, **found})


def failed_job(url: str, request_id: str, job: Mapping[str, Any], fault: Mapping[str, Any], status: int) -> bytes:
    """Return the body about a job that failed: an answer (200) about a failure, whose words are in both places."""
    request = _api_request(url, request_id, status, "failure", fault, ["job"])
    return orjson.dumps({"api_request": request, "job": job})


def failure(url: str, request_id: str, error: ApiError) -> bytes:
    """Return the body of a refusal."""
    fault = {"code": error.code, "message": error.message, "details": error.details}
    return orjson.dumps({"api_request": _api_request(url, request_id, error.status, "failure", fault, [])})


def _api_request(
    url: str, request_id: str, status_code: int, status: str, error: Mapping[str, Any], resources: list[str]
) -> dict[str, Any]:
    return {
        "error": error,
        "request_id": request_id,
        "resources": resources,
        "status": status,
        "status_code": int(status_code),
        "url": url,
    }


def json_headers(body: bytes, request_id: str) -> Headers:
    """Return the headers of a JSON answer."""
    return [
        (b"content-type", JSON),
        (b"content-length", b"%d" % len(body)),
        (REQUEST_ID, request_id.encode("ascii")),
    ]


def failure_headers(body: bytes, request_id: str, error: ApiError) -> Headers:
    """Return the headers of a refusal: with Retry-After where waiting helps."""
    headers = json_headers(body, request_id)
    if error.retry_after_seconds is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after_seconds))
    if error.code == "Unauthorized":
        headers.append((b"www-authenticate", b"Token"))
    return headers


def texts_of(headers: Headers) -> dict[str, str]:
    """Return headers in the form that Starlette takes."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
