"""What a request about documents asks for beyond its address: flags in the query or in the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capforge_gateway.errors import bad_request
from capforge_gateway.predict.target import query_fields

_TRUE = frozenset({"true", "1", "yes", "on", ""})
_FALSE = frozenset({"false", "0", "no", "off", "none"})
_MAX_PAGE = 1_000_000


@dataclass(frozen=True)
class Choices:
    """Of a prediction."""

    training: bool = False
    """Keep the document, so that it can be annotated."""
    not_now: bool = False
    """Keep it and do nothing else (`async=true`)."""
    with_candidates: bool = False
    include_mvision: bool = False
    """Add all words."""


@dataclass(frozen=True)
class Listing:
    """Of the list of documents and of a single one."""

    page: int = 1
    include_annotations: bool = False
    include_candidates: bool = False


def choices_of(query: bytes, form: Mapping[str, str]) -> Choices:
    """Parse the flags (a form's field counts where the query has none); raises 400 naming the field."""
    given = {**form, **query_fields(query)}
    choices = Choices(
        training=_flag(given, "training"),
        not_now=_flag(given, "async"),
        with_candidates=_flag(given, "with_candidates"),
        include_mvision=_flag(given, "include_mvision"),
    )
    if choices.not_now and not choices.training:
        raise bad_request(
            "`async` keeps a document for training: add `training=true`; for an answer later, use predict_async",
            field="async",
        )
    return choices


def listing_of(query: bytes) -> Listing:
    """Parse a page number and what to include; raises 400 naming the field."""
    given = query_fields(query)
    return Listing(
        _page(given.get("page", "1")), _flag(given, "include_annotations"), _flag(given, "include_candidates")
    )


def _flag(given: Mapping[str, str], name: str) -> bool:
    """Clients write `true`, `True` or `1`, and some the bare name."""
    text = given.get(name, "false").strip().lower()
    if text not in _TRUE | _FALSE:
        raise bad_request(f"`{name}` is neither `true` nor `false`", field=name)
    return text in _TRUE


def _page(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 0 < int(text) <= _MAX_PAGE):  # noqa: PLR2004 - digits
        raise bad_request(f"`page` is not a whole number from 1 to {_MAX_PAGE}", field="page")
    return int(text)
