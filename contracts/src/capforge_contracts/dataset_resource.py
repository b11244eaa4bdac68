"""A Dataset of searches, as plain values that read like its YAML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from capforge_contracts.names import API_GROUP, API_VERSION
from capforge_contracts.vision import AnnotationStatus, Search, Selection


@dataclass(frozen=True)
class Shares:
    """How the items are divided by content, percent; what is left is Train."""

    dev_percent: int = 0
    test_percent: int = 0
    seed: int = 0


def dataset_of(
    name: str,
    namespace: str | None,
    selection: Selection,
    searches: Sequence[Search],
    shares: Shares | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Return the Dataset of what any of the searches finds; a namespace of None leaves it to whoever applies it."""
    spec: dict[str, Any] = {"description": description} if description else {}
    found = [search_entry(one) for one in map(about_submissions, searches) if one is not None]
    spec["source"] = {"submissions": {"selection": selection.value, "searches": found}}
    if shares is not None:
        spec["split"] = {
            "devPercent": shares.dev_percent,
            "testPercent": shares.test_percent,
            "seed": shares.seed,
        }
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": "Dataset",
        "metadata": metadata,
        "spec": spec,
    }


def about_submissions(search: Search) -> Search | None:
    """Return what of a search can be in a dataset: nothing that nobody said anything about. None: nothing of it."""
    said = [one for one in search.statuses if one is not AnnotationStatus.UNANNOTATED]
    return search.model_copy(update={"statuses": said}) if said else None


def search_entry(search: Search) -> dict[str, Any]:
    """Return a search as it stands in a Dataset: the filters that are set."""
    entry: dict[str, Any] = search.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return entry
