"""Errors in the servers' own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus

from tests.support.faults.kinds import Answer

Words = Callable[[Answer], tuple[str, bytes]]
"""From an error to content type and body."""

_KUBE_REASONS = {
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.GONE: "Expired",
    HTTPStatus.TOO_MANY_REQUESTS: "TooManyRequests",
    HTTPStatus.INTERNAL_SERVER_ERROR: "InternalError",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
    HTTPStatus.GATEWAY_TIMEOUT: "Timeout",
}
_S3_CODES = {
    HTTPStatus.FORBIDDEN: "AccessDenied",
    HTTPStatus.CONFLICT: "ConditionalRequestConflict",
    HTTPStatus.TOO_MANY_REQUESTS: "SlowDown",
    HTTPStatus.INTERNAL_SERVER_ERROR: "InternalError",
    HTTPStatus.SERVICE_UNAVAILABLE: "SlowDown",
}


def kubernetes_words(answer: Answer) -> tuple[str, bytes]:
    """Return a metav1.Status."""
    return "application/json", json.dumps(kubernetes_status(answer)).encode()


def kubernetes_status(answer: Answer) -> dict[str, object]:
    status = HTTPStatus(answer.status)
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"{status.phrase} (on purpose)",
        "reason": answer.reason or _KUBE_REASONS.get(status, status.phrase.replace(" ", "")),
        "code": answer.status,
        **({"details": {"retryAfterSeconds": answer.retry_after_seconds}} if answer.retry_after_seconds else {}),
    }


def s3_words(answer: Answer) -> tuple[str, bytes]:
    """Return S3's XML."""
    code = answer.reason or _S3_CODES.get(HTTPStatus(answer.status), "InternalError")
    body = f"<Error><Code>{code}</Code><Message>on purpose</Message><Resource>/</Resource></Error>"
    return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode()
