"""Filters as a person types them (`class=cat`, `metadata.site=north`) to a search, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from capforge.errors import CliError, Exit
from capforge_contracts.vision import Search

_LISTS: Mapping[str, str] = {
    "class": "classes_present",
    "no-class": "classes_absent",
    "file": "files",
    "source": "sources",
    "type": "content_types",
    "user": "users",
    "status": "statuses",
    "run": "training_runs",
}
_PAIRS: Mapping[str, str] = {"metadata": "metadata", "attribute": "attributes"}
_TIMES: Mapping[str, str] = {
    name.replace("_", "-"): name for name in ("uploaded_from", "uploaded_until", "submitted_from", "submitted_until")
}
ALLOWED = ", ".join([*_LISTS, *(f"{name}.<key>" for name in _PAIRS), "capability", *_TIMES])


def search_of(filters: Sequence[str]) -> Search:
    """Return the search that all filters together are; raises CliError with every fault."""
    given: dict[str, Any] = {}
    faults = [fault for fault in (_take(given, one) for one in filters) if fault]
    if faults:
        raise CliError("; ".join(faults), f"Allowed: {ALLOWED}", Exit.WRONG_USAGE)
    try:
        return Search(**given)
    except ValidationError as error:
        wrong = [f"{_typed(one['loc'])}: {one['msg']}" for one in error.errors(include_url=False, include_input=False)]
        raise CliError("; ".join(wrong), f"Allowed: {ALLOWED}", Exit.WRONG_USAGE) from error


def words_of(search: Mapping[str, Any]) -> str:
    """Return a search as it would be typed; `search` has the names of Search."""
    words: list[str] = []
    for typed, name in _LISTS.items():
        words += [f"{typed}={value}" for value in search.get(name, ())]
    for typed, name in _PAIRS.items():
        words += [f"{typed}.{key}={value}" for key, value in search.get(name, {}).items()]
    words += [
        f"{typed}={search[name]}" for typed, name in [("capability", "capability"), *_TIMES.items()] if search.get(name)
    ]
    return " ".join(words) or "(everything that people submitted)"


def _take(given: dict[str, Any], typed: str) -> str:
    """Add one filter; return what is wrong with it."""
    name, equals, value = typed.partition("=")
    kind, dot, key = name.partition(".")
    if not equals or not value:
        return f"{typed!r} is no filter; expected <name>=<value>"
    if name in _LISTS:
        given.setdefault(_LISTS[name], []).append(value)
    elif dot and kind in _PAIRS:
        given.setdefault(_PAIRS[kind], {})[key] = value
    elif name in _TIMES:
        given[_TIMES[name]] = _moment(value)
    elif name == "capability":
        given["capability"] = value
    else:
        return f"{name!r} is no filter"
    return ""


def _moment(text: str) -> Any:
    """Return a time; a date alone, or a time without a zone, is UTC. What is none is left for the search to refuse."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _typed(place: Sequence[Any]) -> str:
    names = {name: typed for table in (_LISTS, _PAIRS, _TIMES) for typed, name in table.items()}
    first = str(place[0]) if place else ""
    camel = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in first)
    return names.get(camel, camel)
