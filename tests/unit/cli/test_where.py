"""Filters as they are typed."""

from __future__ import annotations

import pytest

from capforge.errors import CliError
from capforge.vision.where import search_of, words_of
from capforge_contracts.vision import Search

TYPED = {
    "files": "file=" + "0" * 64,
    "sources": "source=camera",
    "content_types": "type=image/png",
    "metadata": "metadata.site.part=north=east",
    "classes_present": "class=cat",
    "classes_absent": "no-class=dog",
    "attributes": "attribute.colour=black",
    "users": "user=ann",
    "statuses": "status=PreAnnotation",
    "capability": "capability=cells",
    "training_runs": "run=run-1",
    "uploaded_from": "uploaded-from=2026-01-01T00:00:00Z",
    "uploaded_until": "uploaded-until=2026-01-01T00:00:00Z",
    "submitted_from": "submitted-from=2026-01-01T00:00:00Z",
    "submitted_until": "submitted-until=2026-01-01T00:00:00Z",
}


def test_every_filter_can_be_typed_and_is_shown_as_it_was() -> None:
    assert set(TYPED) == set(Search.model_fields)
    for name, typed in TYPED.items():
        shown = search_of([typed]).model_dump(mode="json", exclude_defaults=True)
        assert list(shown) == [name]
        assert words_of(shown) == typed
    assert search_of(["class=cat", "class=dog"]).classes_present == ["cat", "dog"]
    assert words_of({}) == "(everything that people submitted)"


@pytest.mark.parametrize("typed", ["class", "class=", "=cat", "clas=cat", "metadata=x", "uploaded-from=x", "file=1"])
def test_what_is_no_filter_is_refused(typed: str) -> None:
    with pytest.raises(CliError) as refused:
        search_of([typed])
    assert "Allowed: class, no-class" in refused.value.hint
