from __future__ import annotations

from pathlib import Path

import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import (
    CocoSource,
    SnapshotOutcome,
    SnapshotProgress,
    SnapshotResult,
    Split,
    SplitSpec,
)
from capforge_contracts.files import FileObjectStore
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from tests.unit.snapshot.cocofolder import HALF, NAMESPACE, SKIP, CocoFolder, Taken, broken, picture, take


@pytest.fixture
def store() -> MemoryObjectStore:
    return MemoryObjectStore("capforge")


def test_a_sound_source_is_locked_with_its_counts(store: MemoryObjectStore):
    taken = take(store, CocoFolder())
    assert taken.result.outcome is SnapshotOutcome.LOCKED
    assert (taken.result.items, taken.result.entities) == (3, 3)
    assert [(one.name, one.count) for one in taken.result.classes] == [("cat", 1), ("dog", 2)]
    assert taken.result.message == "3 images with 3 objects of 2 classes"
    assert taken.faults == []


def test_the_manifest_lies_under_its_own_digest_and_blobs_under_theirs(store: MemoryObjectStore):
    folder = CocoFolder()
    taken = take(store, folder)
    assert taken.result.digest is not None
    assert sha256_hex(store.get(layout.manifest(NAMESPACE, taken.result.digest))) == taken.result.digest
    for name, data in folder.files.items():
        assert taken.items[name].sha256 == sha256_hex(data)
        assert store.get(layout.blob(NAMESPACE, sha256_hex(data))) == data


def test_boxes_become_corners(store: MemoryObjectStore):
    assert take(store, CocoFolder()).items["1.png"].entities[0].box == [5.0, 6.0, 15.0, 18.0]


def test_a_class_without_objects_is_kept_as_declared(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["categories"].append({"id": 9, "name": "bird"})))
    assert [(one.name, one.count) for one in taken.result.classes] == [("bird", 0), ("cat", 1), ("dog", 2)]


def test_an_image_without_objects_is_kept(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["annotations"].clear()))
    assert (taken.result.items, taken.result.entities) == (3, 0)


def test_the_order_of_records_and_their_ids_do_not_change_the_digest(store: MemoryObjectStore):
    def renumbered(folder: CocoFolder) -> None:
        for image in folder.document["images"]:
            image["id"] += 100
        for annotation in folder.document["annotations"]:
            annotation["image_id"] += 100
            annotation["id"] += 1000
        folder.document["images"].reverse()
        folder.document = dict(reversed(folder.document.items()))

    digests = {
        take(MemoryObjectStore("capforge"), folder).result.digest for folder in (CocoFolder(), broken(renumbered))
    }
    assert len(digests) == 1


def test_another_box_gives_another_digest(store: MemoryObjectStore):
    other = broken(lambda f: f.document["annotations"][0].update(bbox=[5, 6, 10, 13]))
    assert take(store, CocoFolder()).result.digest != take(MemoryObjectStore("capforge"), other).result.digest


def test_crowd_regions_are_left_out_and_counted(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["annotations"][0].update(iscrowd=1)))
    assert taken.result.outcome is SnapshotOutcome.LOCKED
    assert taken.result.entities == 2
    assert "1 crowd regions left out" in taken.result.message


def test_a_box_less_than_a_pixel_over_the_edge_is_clipped(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["annotations"][0].update(bbox=[-0.5, -1, 41.4, 31.9])))
    assert taken.items["1.png"].entities[0].box == [0.0, 0.0, 40.0, 30.0]


def test_pictures_may_lie_in_another_folder(store: MemoryObjectStore):
    folder = CocoFolder()
    for name in list(folder.files):
        folder.files[f"pictures/deep/{name}"] = folder.files.pop(name)
    source = CocoSource(
        annotations_uri=f"s3://capforge/{folder.prefix}/train.json",
        images_uri=f"s3://capforge/{folder.prefix}/pictures/deep",
    )
    assert take(store, folder, coco=source).result.outcome is SnapshotOutcome.LOCKED


def test_a_folder_on_disk_is_a_source_where_the_store_is_a_folder(tmp_path: Path):
    folder = CocoFolder(prefix="cells")
    folder.upload(FileObjectStore(tmp_path / "data"))
    source = CocoSource(annotations_uri=(tmp_path / "data/cells/train.json").as_uri())
    taken = take(FileObjectStore(tmp_path / "store"), CocoFolder(), coco=source)
    assert taken.result.outcome is SnapshotOutcome.LOCKED


def test_numbers_written_as_floats_by_other_programs_are_ids_too(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["annotations"][0].update(image_id=1.0, category_id=2.0)))
    assert taken.result.outcome is SnapshotOutcome.LOCKED


# -- split


def test_without_a_split_all_items_are_for_training(store: MemoryObjectStore):
    taken = take(store, CocoFolder())
    assert (taken.result.train_items, taken.result.dev_items, taken.result.test_items) == (3, 0, 0)


def test_a_split_gives_each_part_its_share(store: MemoryObjectStore):
    taken = take(store, CocoFolder(), **HALF, **SKIP)
    assert (taken.result.train_items, taken.result.dev_items, taken.result.test_items) == (1, 1, 1)
    assert sorted(item.split for item in taken.items.values()) == [Split.DEV, Split.TEST, Split.TRAIN]
    assert "taken as it is in spite of 3 faults (ClassMissingFromSplit 3)" in taken.result.message


def test_a_class_that_cannot_be_in_every_part_is_named(store: MemoryObjectStore):
    taken = take(store, CocoFolder(), **HALF)
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert {(fault.code, fault.record) for fault in taken.faults} == {("ClassMissingFromSplit", "spec.split")}
    assert "class 'cat' is missing from" in taken.faults[0].message


def test_what_is_missing_from_a_part_is_looked_at_once_all_else_is_well(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.files.pop("1.png")), **HALF)
    assert taken.codes == ["MissingImage"]


def test_another_seed_is_another_dataset(store: MemoryObjectStore):
    seeds = [SplitSpec(dev_percent=34, seed=seed) for seed in range(4)]
    digests = {take(MemoryObjectStore("capforge"), CocoFolder(), split=split, **SKIP).result.digest for split in seeds}
    assert len(digests) > 1


# -- orientation


def turned(width: int, height: int, orientation: int) -> CocoFolder:
    def change(folder: CocoFolder) -> None:
        folder.files["1.png"] = picture(1, orientation=orientation)
        folder.document["images"][0].update(width=width, height=height)

    return broken(change)


def test_boxes_of_an_upright_size_count_in_upright_pixels(store: MemoryObjectStore):
    item = take(store, turned(30, 40, 6)).items["1.png"]
    assert (item.width, item.height) == (30, 40)
    assert item.entities[0].box == [5.0, 6.0, 15.0, 18.0]


def test_boxes_of_a_stored_size_are_turned_with_the_picture(store: MemoryObjectStore):
    item = take(store, turned(40, 30, 6)).items["1.png"]
    assert (item.width, item.height) == (30, 40)
    assert item.entities[0].box == [12.0, 5.0, 24.0, 15.0]


def test_where_the_size_cannot_tell_boxes_count_as_upright(store: MemoryObjectStore):
    assert take(store, turned(40, 30, 3)).items["1.png"].entities[0].box == [5.0, 6.0, 15.0, 18.0]


# -- skip


def test_skip_leaves_out_the_image_whose_label_is_wrong(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["annotations"][0].update(category_id=77)), **SKIP)
    assert taken.result.outcome is SnapshotOutcome.LOCKED
    assert sorted(taken.items) == ["2.png", "3.png"]
    assert taken.result.fault_count == 1
    assert "skipped because of 1 fault (UndeclaredCategory 1)" in taken.result.message


def test_skip_leaves_it_out_also_where_annotations_come_first_in_the_file(store: MemoryObjectStore):
    def annotations_first(folder: CocoFolder) -> None:
        folder.document["annotations"][0]["bbox"] = "big"
        folder.document = dict(reversed(folder.document.items()))

    assert sorted(take(store, broken(annotations_first), **SKIP).items) == ["2.png", "3.png"]


def test_skip_leaves_out_a_box_without_area_alone(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["annotations"][0].update(bbox=[1, 1, 0, 5])), **SKIP)
    assert sorted(taken.items) == ["1.png", "2.png", "3.png"]
    assert taken.items["1.png"].entities == []


def test_skip_keeps_the_first_name_of_a_picture_that_occurs_twice(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.files.update({"2.png": f.files["1.png"]})), **SKIP)
    assert sorted(taken.items) == ["1.png", "3.png"]


def test_skip_never_guesses_between_two_categories_of_one_id(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.document["categories"][1].update(id=1)), **SKIP)
    assert taken.result.outcome is SnapshotOutcome.EMPTY_SELECTION


def test_skip_does_not_skip_half_a_file(store: MemoryObjectStore):
    taken = take(store, CocoFolder(text=b'{"images": [{"id": 1'), **SKIP)
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS


def test_skipping_everything_is_an_empty_selection(store: MemoryObjectStore):
    taken = take(store, broken(lambda f: f.files.clear()), **SKIP)
    assert taken.result.outcome is SnapshotOutcome.EMPTY_SELECTION
    assert taken.result.message.startswith("no image is left after skipping because of 3 faults (MissingImage 3)")


# -- results


def test_a_file_without_images_is_an_empty_selection(store: MemoryObjectStore):
    document = {"images": [], "annotations": [], "categories": []}
    assert take(store, CocoFolder(document=document)).result.outcome is SnapshotOutcome.EMPTY_SELECTION


def test_a_missing_annotation_file_is_an_unavailable_source(store: MemoryObjectStore):
    source = CocoSource(annotations_uri=f"s3://capforge/{NAMESPACE}/nothing.json")
    taken = take(store, CocoFolder(), coco=source)
    assert taken.result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert "nothing.json" in taken.result.message
    assert "send the file there" in taken.result.message


def test_a_locked_result_is_never_replaced(store: MemoryObjectStore):
    first = take(store, CocoFolder())
    again = take(store, broken(lambda f: f.document["annotations"][0].update(bbox=[1, 1, 0, 5])))
    assert again.result == first.result


def test_a_faulty_result_is_replaced_when_the_source_is_repaired(store: MemoryObjectStore):
    assert take(store, broken(lambda f: f.document["images"].pop())).result.outcome is SnapshotOutcome.FAULTY_RECORDS
    taken = take(store, CocoFolder())
    assert taken.result.outcome is SnapshotOutcome.LOCKED
    assert taken.faults == []
    stored = store.get(layout.snapshot_result(NAMESPACE, "cells", taken.request.spec_hash))
    assert SnapshotResult.from_json(stored) == taken.result


def test_progress_ends_at_all_of_all(store: MemoryObjectStore):
    taken = take(store, CocoFolder())
    progress = store.get(layout.snapshot_progress(NAMESPACE, "cells", taken.request.spec_hash))
    assert SnapshotProgress.from_json(progress) == SnapshotProgress(done=3, total=3)


@pytest.mark.parametrize(
    "uri",
    [
        "s3://capforge/team-b/train.json",
        "s3://capforge/team-ab/train.json",
        "s3://capforge/train.json",
        "s3://capforge/team-a/../team-b/train.json",
        "https://example.com/train.json",
        "file:///etc/passwd",
        "s3://capforge/team-a/",
    ],
)
def test_another_tenants_data_cannot_be_a_source(store: MemoryObjectStore, uri: str):
    taken: Taken = take(store, CocoFolder(), coco=CocoSource(annotations_uri=uri))
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert taken.codes == ["SourceNotAllowed"]
    assert "allowed: " in taken.faults[0].message


def test_pictures_of_another_tenant_cannot_be_a_source(store: MemoryObjectStore):
    source = CocoSource(
        annotations_uri="s3://capforge/team-a/uploads/cells/train.json", images_uri="s3://capforge/team-b"
    )
    assert take(store, CocoFolder(), coco=source).codes == ["SourceNotAllowed"]
