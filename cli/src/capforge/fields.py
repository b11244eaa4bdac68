"""What a document's answer says of each field, for people. Pure: the gateway's answer in, rows out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SHOWN_CANDIDATES = 5


@dataclass(frozen=True)
class FieldRow:
    """One value of a field; a field without any has one row without a value."""

    field: str
    value: str
    confidence: float | None
    """None: there is no value."""
    page: int | None
    """Counted from 1; None: a class of the whole document, or no value."""
    candidates: str
    """What could fill the field, where the answer says so: the first ones, and how many there are."""


def is_document(answer: Mapping[str, Any]) -> bool:
    """Tell an answer about a document from one about a picture."""
    return "entities" not in answer["document"]["inference"]["prediction"]


def rows_of(answer: Mapping[str, Any]) -> list[FieldRow]:
    """Return the fields in the data model's order."""
    inference = answer["document"]["inference"]
    found: Mapping[str, list[str]] = _candidates(inference["pages"])
    return [row for name, said in inference["prediction"].items() for row in _rows(name, said, _words(found.get(name)))]


def _rows(name: str, said: Mapping[str, Any], candidates: str) -> Iterator[FieldRow]:
    values = said.get("values")
    if values is None:
        value = said.get("value")
        yield FieldRow(name, value or "", said["confidence"] if value else None, None, candidates)
        return
    for one in values:
        yield FieldRow(name, str(one["content"]), one["confidence"], one["page_id"] + 1, candidates)
    if not values:
        yield FieldRow(name, "", None, None, candidates)


def _candidates(pages: list[Any]) -> dict[str, list[str]]:
    """Return the contents of each field's candidates over all pages, each text once."""
    found: dict[str, dict[str, None]] = {}
    for page in pages:
        for name, several in page["extras"].get("candidates", {}).get("extraction", {}).items():
            found.setdefault(name, {}).update(dict.fromkeys(str(one["content"]) for one in several))
    return {name: list(texts) for name, texts in found.items()}


def _words(texts: list[str] | None) -> str:
    if texts is None:
        return ""
    more = len(texts) - _SHOWN_CANDIDATES
    return ", ".join([*texts[:_SHOWN_CANDIDATES], *([f"… {more} more"] if more > 0 else [])]) or "none"
