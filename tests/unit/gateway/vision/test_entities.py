"""Entities of requests: what is stored lies inside its image and says what was sent, or every fault is listed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from capforge_contracts.vision import VisionEntity
from capforge_gateway.storage.vision_submissions import searchable
from capforge_gateway.vision.entities import Canvas, EntityFaults, last_words, stored_entities

WIDTH, HEIGHT = 64, 48
NUMBERS = st.floats(-80, 120) | st.integers(-80, 120) | st.sampled_from([0, WIDTH, HEIGHT, 1e300])
SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "box": st.lists(NUMBERS, min_size=3, max_size=5),
        "polygon": st.lists(NUMBERS, min_size=4, max_size=9),
        "id": st.sampled_from(["a", "b", "e1", "e2"]),
        "class": st.sampled_from(["cat", "dog", "", "a\x00b", "\u202e"]),
        "track_id": st.just("t"),
        "clas": st.just("misspelled"),
    },
)


@settings(deadline=None)
@given(given=st.lists(SHAPES | st.none() | st.integers(), max_size=5), overhang=st.sampled_from([1.0, float("inf")]))
def test_what_is_stored_lies_inside_and_every_fault_names_its_entity(given: list[Any], overhang: float) -> None:
    try:
        stored = [VisionEntity.model_validate(one) for one in stored_entities(given, Canvas(WIDTH, HEIGHT, overhang))]
    except EntityFaults as error:
        named = [int(fault.path.split("[")[1].split("]")[0]) for fault in error.faults]
    else:
        named = None
    if named is not None:
        assert named
        assert all(0 <= index < len(given) for index in named)
        return
    assert len(stored) == len(given)
    assert len({one.id for one in stored}) == len(stored)
    for one, sent in zip(stored, given, strict=True):
        x0, y0, x1, y1 = one.box
        assert 0 <= x0 <= x1 <= WIDTH
        assert 0 <= y0 <= y1 <= HEIGHT
        assert (one.class_name, one.track_id) == (sent.get("class"), sent.get("track_id"))
        assert (one.polygon is None) == ("polygon" not in sent)


@settings(deadline=None)
@given(given=st.lists(SHAPES, max_size=4))
def test_the_same_request_is_the_same_submission(given: list[Any]) -> None:
    def tried() -> Any:
        try:
            return stored_entities(given, Canvas(WIDTH, HEIGHT))
        except EntityFaults as error:
            return error.faults

    assert tried() == tried()


def test_searches_see_values_counts_and_runs() -> None:
    seen = {"attribute": "class", "value": "cat", "provenance": {"trainingRun": "run-1"}}
    entities = [
        {"id": "a", "observations": [seen, {"attribute": "size", "value": "big"}]},
        {"id": "b", "observations": [{"attribute": "class", "value": "cat"}]},
        {"id": "c", "observations": []},
    ]
    assert searchable(entities) == {
        "observed": {"class": ["cat"], "size": ["big"]},
        "counts": {"cat": 2},
        "runs": ["run-1"],
    }
    assert searchable([]) == {"observed": {"class": []}, "counts": {}, "runs": []}


def test_the_last_word_of_each_attribute_counts() -> None:
    said = [
        {"attribute": "class", "value": "cat"},
        {"attribute": "a", "value": "x"},
        {"attribute": "class", "value": "b"},
    ]
    assert last_words([{"id": "1", "observations": said}]) == [{"id": "1", "observations": [said[2], said[1]]}]
    for odd in (None, 1, [1], [{}], [{"observations": 1}], [{"observations": [1]}]):
        assert last_words(odd) == odd
