"""Links to a run's files that work without an API key for a while: who makes them signs, the gateway verifies.

Both derive the key from the internal token, which they share anyway. While a token is replaced, the gateway verifies
with every token it accepts, as for the token itself.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from capforge_contracts import layout
from capforge_contracts.internal_token import accepted_tokens, sent_token

RUNS_PATH = "/v1/runs"
RUN_FILES = (layout.REPORT, layout.MODEL, layout.CARD, layout.METRICS)
"""What people may look at or fetch; nothing else of a run has an address."""
NAMESPACE = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
RUN_DIGEST = r"[0-9a-f]{64}"
EXPIRES = "expires"
SIGNATURE = "signature"

_PURPOSE = b"capforge signed links v1"
"""Keeps a signature from meaning anything where the same token signs something else."""
_TIME = re.compile(r"[1-9][0-9]{0,11}")


class Verdict(StrEnum):
    """What a signature is worth."""

    VALID = "valid"
    EXPIRED = "expired"
    """Rightly signed, but its time is over."""
    WRONG = "wrong"
    """Not signed by us for this path and time."""


def run_file_path(namespace: str, run_digest: str, name: str) -> str:
    """Return the address of a run's file on the gateway; ValueError for what cannot be one."""
    fits = re.fullmatch(NAMESPACE, namespace) and re.fullmatch(RUN_DIGEST, run_digest) and name in RUN_FILES
    if not fits:
        raise ValueError(
            f"{namespace!r}, {run_digest!r}, {name!r}: expected a namespace, a run digest (64 hex digits) and one of "
            f"{', '.join(RUN_FILES)}"
        )
    return f"{RUNS_PATH}/{namespace}/{run_digest}/{name}"


def key_from(token: str) -> bytes:
    """Return the signing key of an internal token."""
    return hmac.digest(token.encode(), _PURPOSE, sha256)


def signing_key(token_file: Path) -> bytes:
    """Return the key to sign with; raises OSError, also where the file holds no token."""
    return key_from(sent_token(token_file))


def verifying_keys(token_file: Path) -> list[bytes]:
    """Return every key whose signatures count; raises OSError."""
    return [key_from(token) for token in accepted_tokens(token_file)]


def sign(path: str, expires: int, key: bytes) -> str:
    """Return the path with a signature that is good until `expires` (Unix time, seconds)."""
    return f"{path}?{urlencode({EXPIRES: expires, SIGNATURE: _signature(path, str(expires), key)})}"


def verify(path: str, expires: str, signature: str, keys: Iterable[bytes], now: float) -> Verdict:
    """Tell what a signature is worth for this path: in constant time, and expired only if it is ours."""
    ours = False
    for key in keys:
        ours |= hmac.compare_digest(_signature(path, expires, key).encode(), signature.encode(errors="replace"))
    if not (ours and _TIME.fullmatch(expires)):
        return Verdict.WRONG
    return Verdict.VALID if now < int(expires) else Verdict.EXPIRED


def _signature(path: str, expires: str, key: bytes) -> str:
    return hmac.new(key, f"{expires}\n{path}".encode(errors="replace"), sha256).hexdigest()
