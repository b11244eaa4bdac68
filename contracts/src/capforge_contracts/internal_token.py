"""The bearer token between operator, model agents and gateways: a file with one token per line.

The first is sent, all are accepted; so a token is replaced without a moment in which one process refuses another: put
the new one second, wait until every pod has the file, put it first, wait again, take the old one away. The file is read
for every call, since the kubelet replaces it.
"""

from __future__ import annotations

import hmac
from pathlib import Path


def sent_token(file: Path) -> str:
    """Return the token to send; raises OSError, also where the file holds none."""
    found = _tokens(file)
    if not found:
        raise OSError(f"{file} holds no token")
    return found[0].decode("ascii", "replace")


def is_accepted(given: str, file: Path) -> bool:
    """Tell in constant time whether this is one of the tokens; raises OSError. An empty file accepts nothing."""
    accepted = False
    for token in _tokens(file):
        accepted |= hmac.compare_digest(given.encode(), token)
    return accepted


def accepted_tokens(file: Path) -> list[str]:
    """Return every token that is accepted, the one to send first; raises OSError."""
    return [token.decode("ascii", "replace") for token in _tokens(file)]


def _tokens(file: Path) -> list[bytes]:
    return [line.strip() for line in file.read_bytes().splitlines() if line.strip()]
