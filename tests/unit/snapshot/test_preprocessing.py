"""Preprocessing: keep, drop, map objects and drop images, before the split."""

from __future__ import annotations

from typing import Any

import pytest

from capforge_contracts.dataset import OnFault, SnapshotOutcome, SplitSpec
from capforge_contracts.preprocessing import Action, AttributeValues, Operation, Where
from tests.unit.snapshot.cocofolder import Taken
from tests.unit.snapshot.formats import MANIFEST, item, manifest, take


def one(name: str, width: float = 4, **attributes: str) -> dict[str, Any]:
    return {"className": name, "box": [1, 1, 1 + width, 5], "attributes": attributes}


ITEMS = [
    item(1, entities=[one("cat", difficult="0"), one("dog", 20)]),
    item(2, entities=[one("cat", 20, difficult="1")]),
    item(3, entities=[]),
]


def taken(*operations: Operation, **changes: Any) -> Taken:
    return take(manifest(*ITEMS), MANIFEST, preprocessing=list(operations), **changes)


def left(of: Taken) -> dict[str, list[str]]:
    return {name: sorted(entity.class_name for entity in one.entities) for name, one in sorted(of.items.items())}


def step(action: Action, to_class: str | None = None, **where: Any) -> Operation:
    return Operation(action=action, where=Where(**where), to_class=to_class)


DIFFICULT = [AttributeValues(name="difficult", values=["1", "true"])]
STEPS = [
    ([step(Action.KEEP, classes=["dog"])], {"1.png": ["dog"], "3.png": []}, ["dog"]),
    ([step(Action.DROP, classes=["cat"])], {"1.png": ["dog"], "3.png": []}, ["dog"]),
    ([step(Action.MAP, "pet", classes=["cat", "dog"])], {"1.png": ["pet", "pet"], "2.png": ["pet"], "3.png": []}, ["pet"]),
    ([step(Action.MAP, "big", min_width=10)], {"1.png": ["big", "cat"], "2.png": ["big"], "3.png": []}, ["big", "cat", "dog"]),
    ([step(Action.DROP, attributes=DIFFICULT)], {"1.png": ["cat", "dog"], "3.png": []}, ["cat", "dog"]),
    ([step(Action.KEEP, attributes=DIFFICULT)], {"2.png": ["cat"], "3.png": []}, ["cat", "dog"]),
    ([step(Action.DROP, max_width=19)], {"1.png": ["dog"], "2.png": ["cat"], "3.png": []}, ["cat", "dog"]),
    ([step(Action.KEEP, min_height=4, max_height=4)], {"1.png": ["cat", "dog"], "2.png": ["cat"], "3.png": []}, ["cat", "dog"]),
    ([step(Action.DROP_IMAGES, classes=["dog"])], {"2.png": ["cat"], "3.png": []}, ["cat"]),
    ([step(Action.DROP, classes=["cat"], min_width=10)], {"1.png": ["cat", "dog"], "3.png": []}, ["cat", "dog"]),
    (
        [step(Action.MAP, "cat", classes=["dog"]), step(Action.KEEP, classes=["cat"], min_width=10)],
        {"1.png": ["cat"], "2.png": ["cat"], "3.png": []},
        ["cat"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("operations", "expected", "classes"), STEPS)
def test_objects_are_kept_dropped_and_mapped(
    operations: list[Operation], expected: dict[str, list[str]], classes: list[str]
):
    found = taken(*operations)
    assert left(found) == expected
    assert [each.name for each in found.result.classes] == classes


def test_an_image_that_is_left_without_objects_goes_and_one_that_never_had_any_stays():
    found = taken(step(Action.DROP, classes=["cat"]))
    assert sorted(found.items) == ["1.png", "3.png"]
    assert "preprocessing left out 2 objects and 1 images" in found.result.message


def test_it_comes_before_the_split():
    found = taken(step(Action.DROP_IMAGES, classes=["dog"]), split=SplitSpec(dev_percent=50), on_fault=OnFault.SKIP)
    assert (found.result.train_items, found.result.dev_items) == (1, 1)


def test_leaving_nothing_is_an_empty_selection():
    files = manifest(item(1), item(2))
    found = take(files, MANIFEST, preprocessing=[step(Action.DROP, classes=["cat"])])
    assert found.result.outcome is SnapshotOutcome.EMPTY_SELECTION
    assert found.result.message.startswith("preprocessing leaves no image: it left out all 2")


@pytest.mark.parametrize(
    ("operations", "record", "says"),
    [
        ([step(Action.DROP, classes=["kat"])], "preprocessing[0]", "'kat' is no class of the data at this point; allowed: cat, dog"),
        ([step(Action.DROP, classes=["cat"]), step(Action.KEEP, classes=["cat"])], "preprocessing[1]", "allowed: dog"),
        ([step(Action.MAP, "pet", classes=["cat"]), step(Action.KEEP, classes=["cat"])], "preprocessing[1]", "allowed: dog, pet"),
    ],
)  # fmt: skip
def test_a_class_that_is_none_is_named(operations: list[Operation], record: str, says: str):
    found = taken(*operations)
    assert [(fault.code, fault.record) for fault in found.faults] == [("UnknownClass", record)]
    assert says in found.faults[0].message
    assert taken(*operations, on_fault=OnFault.SKIP).result.outcome is not SnapshotOutcome.FAULTY_RECORDS
