"""What an address and a query ask for."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from capforge_gateway.errors import bad_request

PRODUCTS = "/v1/products/"
LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
"""A DNS label, as namespaces and capabilities are named."""
_PREDICT = re.compile(rf"/v1/products/({LABEL})/({LABEL})/([^/]{{1,64}})/(predict|predict_async|search)")
_MAX_QUERY_FIELDS = 50
DEFAULT_NEIGHBOURS = 10
MAX_NEIGHBOURS = 100


@dataclass(frozen=True)
class Target:
    """A capability's version, as it was asked for."""

    namespace: str
    capability: str
    asked: str
    """`v1` or `v1.3`, not checked yet."""
    queued: bool = False
    """The answer is made later, and asked for by the job's id."""
    search: bool = False
    """What is like the regions, rather than what they are."""


@dataclass(frozen=True)
class Options:
    """What the query may change in one answer."""

    threshold: float | None = None
    """0-1, instead of every output's own threshold."""
    max_entities: int | None = None
    """The most confident ones; at least 1."""
    neighbours: int = DEFAULT_NEIGHBOURS
    """Of a search: how many for each region."""


def target_of(path: str) -> Target | None:
    """Return what a path asks to predict; None where it is no such path."""
    match = _PREDICT.fullmatch(path)
    return Target(match[1], match[2], match[3], match[4] == "predict_async", match[4] == "search") if match else None


def options_of(query: bytes) -> Options:
    """Parse the query; raises 400 naming the field. Unknown fields are left alone: other types have more."""
    if not query:
        return Options()
    given = query_fields(query)
    return Options(
        threshold=_threshold(given["threshold"]) if "threshold" in given else None,
        max_entities=_max_entities(given["max_entities"]) if "max_entities" in given else None,
        neighbours=_neighbours(given["k"]) if "k" in given else DEFAULT_NEIGHBOURS,
    )


def query_fields(query: bytes) -> dict[str, str]:
    """Return a query's fields, of several with one name the last; raises 400."""
    try:
        return dict(parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS))
    except ValueError as error:
        raise bad_request(f"the query cannot be read; allowed: ASCII, at most {_MAX_QUERY_FIELDS} fields") from error


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


def _neighbours(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= MAX_NEIGHBOURS):  # noqa: PLR2004 - no huge texts
        raise bad_request(f"`k` is not a whole number from 1 to {MAX_NEIGHBOURS}", field="k")
    return int(text)
