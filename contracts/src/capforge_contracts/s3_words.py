"""What S3 servers say, and what we write beside an object: the same for every client of ours."""

from __future__ import annotations

from capforge_contracts.store import StoreError

SKEWED = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
REFUSED = frozenset(
    {"AccessDenied", "NoSuchBucket", "InvalidBucketName", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
WRITER = "capforge-writer"
"""User metadata of what put_new wrote: a number drawn for that one write."""


def wrong_clock(where: str, code: str) -> StoreError:
    """Return the error for one of SKEWED."""
    return StoreError(f"{where}: {code}: this machine's clock and the object store's differ; set both by NTP")
