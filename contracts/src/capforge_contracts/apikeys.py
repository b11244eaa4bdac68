"""API keys: how they look, how they are stored, how they are compared."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Annotated

from pydantic import Field

from capforge_contracts.model import Stored, sha256_hex

_PREFIX = "cf_"
_RANDOM_BYTES = 32
NAME_PATTERN = re.compile(r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$")


class ApiKeyRecord(Stored):
    """The value of one entry in Secret `capforge-api-keys`; the entry's name is the key's name."""

    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """sha256 of the whole key: enough for 256 random bits, a slow hash would only cost latency."""
    created: str


def new_key() -> str:
    """Return a fresh key with 256 random bits; shown once, stored as a hash."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def hash_key(key: str) -> str:
    """Return the stored form of a key."""
    return sha256_hex(key.encode())


def matches(key: str, record: ApiKeyRecord) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(hash_key(key), record.hash)
