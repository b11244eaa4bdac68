"""What an address and a query ask for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from capforge_gateway.errors import bad_request

PRODUCTS = "/v1/products/"
_PREDICT = re.compile(
    r"/v1/products/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/([^/]{1,64})/predict"
)
_MAX_QUERY_FIELDS = 50


@dataclass(frozen=True)
class Target:
    """A capability's version, as it was asked for."""

    namespace: str
    capability: str
    asked: str
    """`v1` or `v1.3`, not checked yet."""


@dataclass(frozen=True)
class Options:
    """What the query may change in one answer."""

    threshold: float | None = None
    """0-1, instead of every output's own threshold."""
    max_entities: int | None = None
    """The most confident ones; at least 1."""


def target_of(path: str) -> Target | None:
    """Return what a path asks to predict; None where it is no such path."""
    match = _PREDICT.fullmatch(path)
    return Target(*match.groups()) if match else None


def options_of(query: bytes) -> Options:
    """Parse the query; raises 400 naming the field. Unknown fields are left alone: other types have more."""
    if not query:
        return Options()
    try:
        given = dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS))
    except ValueError as error:
        raise bad_request(f"the query cannot be read; allowed: ASCII, at most {_MAX_QUERY_FIELDS} fields") from error
    return Options(
        threshold=_threshold(given["threshold"]) if "threshold" in given else None,
        max_entities=_max_entities(given["max_entities"]) if "max_entities" in given else None,
    )


def _threshold(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise bad_request("`threshold` is not a number from 0 to 1", field="threshold")
    return value


def _max_entities(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) > 0):  # noqa: PLR2004 - a billion is enough
        raise bad_request("`max_entities` is not a whole number from 1", field="max_entities")
    return int(text)
