"""One signed S3 request, by AWS Signature Version 4, with the standard library."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from urllib.parse import urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_SIGNED = "host;x-amz-content-sha256;x-amz-date"


def signed_headers(
    method: str, url: str, body: bytes, key: tuple[str, str], now: datetime, region: str
) -> dict[str, str]:
    """Return the headers of a request; `key` is access key and secret, `now` is in UTC.

    The path holds no letters that need escapes, the query is one name without a value: enough for `?policy`.
    """
    parts = urlsplit(url)
    digest, day, second = hashlib.sha256(body).hexdigest(), f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    headers = f"host:{parts.netloc}\nx-amz-content-sha256:{digest}\nx-amz-date:{second}\n"
    canonical = "\n".join((method, parts.path, f"{parts.query}=", headers, _SIGNED, digest))
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join((_ALGORITHM, second, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    secret = f"AWS4{key[1]}".encode()
    for word in (day, region, "s3", "aws4_request"):
        secret = hmac.new(secret, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return {
        "x-amz-date": second,
        "x-amz-content-sha256": digest,
        "Authorization": f"{_ALGORITHM} Credential={key[0]}/{scope}, SignedHeaders={_SIGNED}, Signature={signature}",
    }
