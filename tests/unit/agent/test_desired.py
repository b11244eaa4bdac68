"""A desired document is believed only as far as it can be acted on safely."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capforge_agent.desired import DesiredError, parse_desired
from capforge_contracts.serving import DesiredModel, DesiredModels
from tests.unit.agent.test_plan import A, B, entry


def document(*models: DesiredModel, pool: str = "cpu", generation: int = 1) -> bytes:
    return DesiredModels(pool=pool, generation=generation, models=list(models)).to_json()


def test_good_entries_are_accepted() -> None:
    desired = parse_desired(document(entry(A), entry(B), generation=9), "cpu")
    assert (desired.generation, set(desired.models), desired.refused) == (9, {A, B}, {})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "../../etc--aaaaaaaaaaaa"}, "model must be"),
        ({"model": "Cells--aaaaaaaaaaaa"}, "model must be"),
        ({"model": "cells-aaaaaaaaaaaa"}, "model must be"),
        ({"model": "cells--aaaaaaaaaaaa\n"}, "model must be"),
        ({"model": "c" * 130 + "--aaaaaaaaaaaa"}, "model must be"),
        ({"model": "cells--bbbbbbbbbbbb"}, "does not end with the first 12"),
        ({"model_sha256": "aa"}, "modelSha256 must be 64"),
        ({"golden_sha256": "A" * 64}, "goldenSha256 must be 64"),
        ({"model_key": "other/runs/m"}, "modelKey must lie below the namespace 'lab'"),
        ({"golden_key": "lab/../other/g"}, "goldenKey must lie below"),
        ({"namespace": ""}, "modelKey must lie below"),
        ({"max_batch_size": 0}, "maxBatchSize is 0; allowed: 1 to 1024"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_entry_is_refused_alone(change: dict[str, object], message: str) -> None:
    wrong = entry(A).model_copy(update=change)
    desired = parse_desired(document(wrong, entry(B)), "cpu")
    assert set(desired.models) == {B}
    assert message in "".join(desired.refused.values())


def test_a_model_listed_twice_is_refused() -> None:
    desired = parse_desired(document(entry(A), entry(A), entry(B)), "cpu")
    assert (set(desired.models), desired.refused) == ({B}, {A: "the model is listed twice"})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (document(pool="gpu"), "pool is 'gpu'; this agent serves pool 'cpu'"),
        (document(generation=0), "generation is 0; allowed: 1 and more"),
        (document(*[entry(A)] * 501), "models has 501 entries; allowed: 500"),
        (b" " * (1024 * 1024 + 1), "allowed: 1048576"),
    ],
    ids=["empty", "list", "another-pool", "generation", "too-many", "too-large"],
)
def test_a_wrong_document_is_refused_as_a_whole(data: bytes, message: str) -> None:
    with pytest.raises(DesiredError, match=message):
        parse_desired(data, "cpu")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_parsed(data: bytes) -> None:
    try:
        parse_desired(data, "cpu")
    except DesiredError:
        return
