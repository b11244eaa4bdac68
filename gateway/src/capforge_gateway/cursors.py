"""Cursors: where the next page of a list begins, as text that callers hand back. Each list has its own."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from capforge_gateway.errors import ApiError, bad_request


def cursor_of(place: Any) -> str:
    """Return a place as callers send it back."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def place_in(cursor: str) -> Any:
    """Return what a cursor says; raises 400. With or without `=` at its end: older ones had it."""
    try:
        bare = cursor.rstrip("=")
        return orjson.loads(base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True))
    except ValueError as error:  # no ASCII, no base64, no JSON
        raise no_cursor() from error


def no_cursor() -> ApiError:
    """What was sent is no cursor of this list."""
    return bad_request("`cursor` is not what the page before said as `next`", field="cursor")
