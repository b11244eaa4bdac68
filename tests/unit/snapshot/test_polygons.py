"""COCO's segmentation, attributes and text ids: what is kept, what is told, what is named."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts.dataset import SnapshotOutcome
from capforge_contracts.memory import MemoryObjectStore
from tests.unit.snapshot.cocofolder import SKIP, CocoFolder, Taken, broken, picture, take

TRIANGLE = [5, 6, 25, 6, 15, 20]


def with_(**change: Any) -> Taken:
    return take(MemoryObjectStore("capforge"), broken(lambda f: f.document["annotations"][0].update(change)))


def entity(taken: Taken) -> Any:
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    (one,) = taken.items["1.png"].entities
    return one


def test_one_polygon_is_kept_with_the_box_around_it():
    found = entity(with_(segmentation=[TRIANGLE], bbox=[5, 6, 19.9, 14.2]))
    assert (found.polygon, found.box) == ([5.0, 6.0, 25.0, 6.0, 15.0, 20.0], [5.0, 6.0, 25.0, 20.0])


def test_a_polygon_needs_no_bbox():
    assert entity(with_(segmentation=[TRIANGLE], bbox=None)).box == [5.0, 6.0, 25.0, 20.0]


@pytest.mark.parametrize("nothing", [None, [], [[]]])
def test_an_empty_segmentation_is_none(nothing: Any):
    found = entity(with_(segmentation=nothing))
    assert (found.polygon, found.box) == (None, [5.0, 6.0, 15.0, 18.0])


@pytest.mark.parametrize(
    "outline", [{"counts": "abc", "size": [30, 40]}, {"counts": [1, 2], "size": [30, 40]}, [TRIANGLE, TRIANGLE]]
)
def test_of_masks_and_several_parts_the_box_is_kept_and_that_is_told(outline: Any):
    taken = with_(segmentation=outline)
    assert (entity(taken).polygon, entity(taken).box) == (None, [5.0, 6.0, 15.0, 18.0])
    assert "of 1 masks or outlines of several parts the boxes were taken" in taken.result.message


def test_a_corner_less_than_a_pixel_over_the_edge_is_clipped():
    assert entity(with_(segmentation=[[-0.5, 6, 40.9, 6, 15, 20]])).polygon == [0.0, 6.0, 40.0, 6.0, 15.0, 20.0]


def test_polygons_of_a_stored_size_are_turned_with_the_picture():
    def turned(folder: CocoFolder) -> None:
        folder.files["1.png"] = picture(1, orientation=6)
        folder.document["annotations"][0]["segmentation"] = [TRIANGLE]

    found = entity(take(MemoryObjectStore("capforge"), broken(turned)))
    assert found.polygon == [24.0, 5.0, 24.0, 25.0, 10.0, 15.0]
    assert found.box == [10.0, 5.0, 24.0, 25.0]


def test_attributes_are_texts_whatever_they_were():
    found = entity(with_(attributes={"occluded": True, "n": 3, "angle": 0.5, "pose": " left ", "gone": None}))
    assert found.attributes == {"occluded": "true", "n": "3", "angle": "0.5", "pose": "left"}


def test_an_id_that_is_a_text_is_kept_and_a_number_is_only_a_row():
    assert entity(with_(id="b-7")).id == "b-7"
    assert entity(with_(id=77)).id is None


CASES = [
    ("BadPolygon", "it has 4 numbers", {"segmentation": [[1, 2, 3, 4]]}),
    ("BadPolygon", "it has 7 numbers", {"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}),
    ("BadPolygon", "no finite number", {"segmentation": [[1, 2, 3, 4, 5, float("nan")]]}),
    ("BadPolygon", "no finite number", {"segmentation": [[1, 2, 3, 4, 5, "6"]]}),
    ("BadPolygon", "no list of numbers", {"segmentation": [1, 2, 3, 4, 5, 6]}),
    ("BadPolygon", "it is no list", {"segmentation": "x"}),
    ("BadPolygon", "counts and size", {"segmentation": {"a": 1}}),
    ("BadPolygon", "more than 10000 corners", {"segmentation": [[1.0] * 20_002]}),
    ("ZeroAreaPolygon", "corners around an area", {"segmentation": [[1, 1, 5, 5, 9, 9]]}),
    ("PolygonOutside", "inside the image of 40 x 30", {"segmentation": [[1, 1, 45, 5, 9, 9]]}),
    ("BadRecord", "attributes is no object", {"attributes": [1]}),
    ("BadRecord", "a has a value that is not allowed", {"attributes": {"a": [1]}}),
    ("BadRecord", "a has a value that is not allowed", {"attributes": {"a": "x" * 1025}}),
    ("BadRecord", "a has a value that is not allowed", {"attributes": {"a": float("inf")}}),
    ("BadRecord", "a name that is not allowed", {"attributes": {"": 1}}),
    ("BadRecord", "has 65 entries", {"attributes": {str(n): n for n in range(65)}}),
]


@pytest.mark.parametrize(("code", "says", "change"), CASES, ids=[f"{code}: {says[:20]}" for code, says, _ in CASES])
def test_what_is_wrong_is_named(code: str, says: str, change: dict[str, Any]):
    taken = with_(**change)
    assert [(fault.code, fault.record) for fault in taken.faults] == [(code, "annotation 11")]
    assert says in taken.faults[0].message


def test_skip_leaves_out_a_polygon_without_area_alone():
    change = {"segmentation": [[1, 1, 5, 5, 9, 9]]}
    folder = broken(lambda f: f.document["annotations"][0].update(change))
    taken = take(MemoryObjectStore("capforge"), folder, **SKIP)
    assert taken.items["1.png"].entities == []
