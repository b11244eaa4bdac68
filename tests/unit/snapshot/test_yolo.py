"""YOLO data sets: what becomes of labels, and what is named when something is wrong."""

from __future__ import annotations

import pytest

from capforge_contracts.dataset import OnFault, SnapshotOutcome, Split, SplitSpec
from capforge_snapshot.importers.yolo import label_name
from tests.unit.snapshot.cocofolder import picture
from tests.unit.snapshot.formats import YOLO, Files, take, yolo


def test_boxes_become_corners_in_pixels_and_classes_have_their_names():
    taken = take(yolo(), YOLO)
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    entities = {one.class_name: one.box for one in taken.items["images/train/1.png"].entities}
    assert entities == {"cat": [15.0, 9.0, 25.0, 21.0], "dog": [0.0, 7.5, 20.0, 22.5]}
    assert [one.name for one in taken.result.classes] == ["cat", "dog"]


def test_train_and_val_of_the_file_are_train_and_dev():
    taken = take(yolo(), YOLO)
    assert {name: item.split for name, item in taken.items.items()} == {
        "images/train/1.png": Split.TRAIN,
        "images/train/2.png": Split.TRAIN,
        "images/train/3.png": Split.TRAIN,
        "images/val/4.png": Split.DEV,
    }


def test_a_split_that_is_asked_for_divides_anew():
    taken = take(yolo(), YOLO, split=SplitSpec(test_percent=50))
    assert (taken.result.train_items, taken.result.dev_items, taken.result.test_items) == (2, 0, 2)


def test_a_line_of_corners_is_a_polygon_with_the_box_around_it():
    taken = take(yolo(**{"1": "1 0.25 0.2 0.75 0.2 0.5 0.8"}), YOLO)
    (entity,) = taken.items["images/train/1.png"].entities
    assert entity.polygon == [10.0, 6.0, 30.0, 6.0, 20.0, 24.0]
    assert entity.box == [10.0, 6.0, 30.0, 24.0]


def test_an_image_without_a_label_file_or_with_an_empty_one_shows_nothing():
    files = yolo(**{"1": "\n  \n"})
    del files["labels/train/2.txt"]
    taken = take(files, YOLO)
    assert [taken.items[f"images/train/{number}.png"].entities for number in (1, 2)] == [[], []]


def test_relative_labels_count_in_the_upright_picture():
    files = yolo()
    files["images/train/1.png"] = picture(1, orientation=6)
    taken = take(files, YOLO)
    item = taken.items["images/train/1.png"]
    assert (item.width, item.height) == (30, 40)
    assert item.entities[0].box == [11.25, 12.0, 18.75, 28.0]


@pytest.mark.parametrize(
    "config",
    [
        "names: {0: cat, 1: dog}\ntrain: images/train\nval: [images/val]",
        "names: [cat, dog]\nnc: 2\ntrain: ../images/train\nval: ../images/val/",
        "path: /home/me/data\nnames: [cat, dog]\ntrain: ./images/train\nval: images/val\ntest:",
        "path: ../elsewhere\nnames: [cat, dog]\ntrain: images/train\nval: images/val",
        "names: [cat, dog]\ntrain: train.txt\nvalid: images/val\nroboflow: {version: 1}",
    ],
)
def test_a_data_yaml_of_other_programs_is_understood(config: str):
    listed = {"train.txt": b"./images/train/1.png\nimages/train/2.png\r\n\nimages/train/3.png"}
    taken = take({**yolo(config), **listed}, YOLO)
    assert taken.result.outcome is SnapshotOutcome.LOCKED, taken.result.message
    assert (taken.result.train_items, taken.result.dev_items) == (3, 1)


def test_path_is_the_folder_of_all_others():
    files = {f"set/{name}": data for name, data in yolo().items()}
    files["data.yaml"] = b"path: set\nnames: [cat, dog]\ntrain: images/train\nval: images/val"
    assert take(files, YOLO).result.items == 4


@pytest.mark.parametrize(
    ("image", "label"),
    [
        ("images/train/a.b.jpg", "labels/train/a.b.txt"),
        ("train/images/a.jpg", "train/labels/a.txt"),
        ("images/images/a.jpg", "images/labels/a.txt"),
        ("pictures/a.jpg", "pictures/a.txt"),
        ("a.jpg", "a.txt"),
    ],
)
def test_the_label_file_of_an_image(image: str, label: str):
    assert label_name(image) == label


def test_a_class_missing_from_the_given_parts_is_told_but_no_fault():
    taken = take(yolo(**{"1": "0 0.5 0.5 0.2 0.2", "2": "", "3": ""}), YOLO)
    assert taken.result.outcome is SnapshotOutcome.LOCKED
    assert taken.result.message.endswith("classes without an object: dog in Train")


LABELS = [
    ("BadRecord", "line 1", "allowed: a class number from 0", "cat 0.5 0.5 0.2 0.2"),
    ("BadRecord", "line 1", "allowed: a class number from 0", "-1 0.5 0.5 0.2 0.2"),
    ("UndeclaredCategory", "line 2", "allowed: 0 (cat), 1 (dog)", "0 0.5 0.5 0.2 0.2\n7 0.5 0.5 0.2 0.2"),
    ("BadBox", "line 1", "there are 3 numbers", "0 0.5 0.5 0.2"),
    ("BadBox", "line 1", "no confidence", "0 0.5 0.5 0.2 0.2 0.97"),
    ("BadPolygon", "line 1", "there are 7 numbers", "0 0.1 0.1 0.2 0.1 0.2 0.2 0.1"),
    ("BadBox", "line 1", "'nan' is no finite number", "0 nan 0.5 0.2 0.2"),
    ("BadBox", "line 1", "'1e999' is no finite number", "0 1e999 0.5 0.2 0.2"),
    ("BadBox", "line 1", "'1_0' is no finite number", "0 1_0 0.5 0.2 0.2"),
    ("BadBox", "line 1", "no finite number", "0 \u0660 0.5 0.2 0.2"),
    ("BadPolygon", "line 1", "'x' is no finite number", "0 0.1 0.1 0.2 0.1 0.2 x"),
    ("ZeroAreaBox", "line 1", "width and height above 0", "0 0.5 0.5 0 0.2"),
    ("ZeroAreaPolygon", "line 1", "corners around an area", "0 0.1 0.1 0.2 0.2 0.3 0.3"),
    ("BoxOutside", "line 1", "inside the image of 40 x 30", "0 0.95 0.5 0.2 0.2"),
    ("BoxOutside", "line 1", "inside the image of 40 x 30", "0 200 150 20 20"),
    ("PolygonOutside", "line 1", "inside the image of 40 x 30", "0 0.1 0.1 1.2 0.1 0.2 0.2"),
]


@pytest.mark.parametrize(("code", "record", "says", "text"), LABELS, ids=[f"{one[0]}: {one[3][:20]}" for one in LABELS])
def test_a_wrong_line_is_named_by_file_and_line(code: str, record: str, says: str, text: str):
    taken = take(yolo(**{"1": text}), YOLO)
    assert [(fault.code, fault.file, fault.record) for fault in taken.faults] == [(code, "labels/train/1.txt", record)]
    assert says in taken.faults[0].message


FOLDERS = [
    ("UnknownImage", "labels/train/9.txt", "such as images/train/9.jpg", {"labels/train/9.txt": b""}),
    ("UnreadableImage", "data.yaml", "allowed: JPEG, PNG, WebP", {"images/train/1.png": b"hello"}),
    ("DuplicateContent", "data.yaml", "same bytes as images/train/4.png", {"images/train/4.png": picture(4)}),
    ("TooLarge", "labels/train/1.txt", "allowed: at most that", {"labels/train/1.txt": b"0" * (16 * 2**20 + 1)}),
    ("BadRecord", "labels/train/1.txt", "not UTF-8", {"labels/train/1.txt": b"0 0.5 0.5 0.1 0.1\n\xff"}),
]


@pytest.mark.parametrize(("code", "file", "says", "files"), FOLDERS, ids=[one[0] for one in FOLDERS])
def test_a_wrong_file_is_named(code: str, file: str, says: str, files: Files):
    taken = take({**yolo(), **files}, YOLO)
    assert [(fault.code, fault.file) for fault in taken.faults] == [(code, file)]
    assert says in taken.faults[0].message


def test_labelling_programs_leave_files_that_are_no_labels():
    extra = {"labels/train/classes.txt": b"cat\n", "labels/train.cache": b"x", "images/train/.DS_Store": b"x"}
    assert take({**yolo(), **extra}, YOLO).result.outcome is SnapshotOutcome.LOCKED


def test_labels_that_are_nowhere_are_a_fault_not_backgrounds():
    files = {name: data for name, data in yolo().items() if not name.startswith("labels/")}
    taken = take(files, YOLO, on_fault=OnFault.SKIP)
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    assert "none of 4 images has a label file; allowed: labels/train/a.txt" in taken.faults[0].message


CONFIGS = [
    (
        "InvalidYaml",
        "line 2",
        "an alias (*) is not allowed",
        "a: &a [x, x]\nb: [*a, *a]\nnames: [cat]\ntrain: images/train",
    ),
    ("InvalidYaml", "line 2", "no valid YAML", "names: [cat\ntrain: : x"),
    ("InvalidYaml", "line 1", "no valid YAML", "names: !!python/object/apply:os.system ['true']"),
    ("InvalidYaml", "line 2", "'names' occurs twice", "names: [cat]\nnames: [dog]"),
    ("InvalidYaml", "line 1", "nested too deeply", "names: " + "[" * 100_000),
    ("NotYolo", "the file", "it is no mapping", "- a\n- b"),
    ("NotYolo", "names", "there are no class names", "train: images/train"),
    ("NotYolo", "names", "there are 10001 classes", f"names: {list(map(str, range(10001)))}\ntrain: images/train"),
    ("NotYolo", "names[0]", "the name is True", "names: [yes, cat]\ntrain: images/train"),
    ("NotYolo", "names", "class number 'a'", "names: {a: cat}\ntrain: images/train"),
    ("NotYolo", "nc", "nc is 3, there are 2 names", "names: [cat, dog]\nnc: 3\ntrain: images/train"),
    ("NotYolo", "train", "there is no part", "names: [cat, dog]"),
    ("NotYolo", "train", "below the folder of data.yaml", "names: [cat, dog]\ntrain: images/nothing"),
    ("NotYolo", "train", "within it", "names: [cat, dog]\ntrain: images/../../x"),
    ("NotYolo", "train", "within it", "names: [cat, dog]\ntrain: https://example.org/images"),
    ("NotYolo", "train", "within it", "names: [cat, dog]\ntrain: /etc"),
    ("NotYolo", "train", "a dict", "names: [cat, dog]\ntrain: {a: b}"),
    ("NotYolo", "kpt_shape", "detect and segment", "names: [cat, dog]\ntrain: images/train\nkpt_shape: [17, 3]"),
]


@pytest.mark.parametrize(
    ("code", "record", "says", "text"), CONFIGS, ids=[f"{one[1]}: {one[2][:20]}" for one in CONFIGS]
)
def test_a_wrong_data_yaml_is_named_and_never_skipped_over(code: str, record: str, says: str, text: str):
    taken = take(yolo(text), YOLO, on_fault=OnFault.SKIP)
    assert taken.result.outcome is SnapshotOutcome.FAULTY_RECORDS
    found = [(fault.code, fault.file, fault.record) for fault in taken.faults if fault.code == code]
    assert found[:1] == [(code, "data.yaml", record)], taken.faults
    assert says in taken.faults[0].message


def test_a_list_of_images_may_not_lead_out_of_the_folder():
    listed = {"train.txt": b"images/train/1.png\n/etc/passwd\nimages/../../team-b/x.png\n"}
    taken = take({**yolo("names: [cat, dog]\ntrain: train.txt"), **listed}, YOLO)
    assert [(fault.code, fault.file, fault.record) for fault in taken.faults] == [
        ("BadFileName", "train.txt", "line 2"),
        ("BadFileName", "train.txt", "line 3"),
    ]


def test_an_image_in_two_parts_is_named():
    listed = {"val.txt": b"images/train/1.png\n"}
    taken = take({**yolo("names: [cat, dog]\ntrain: images/train\nval: val.txt"), **listed}, YOLO)
    assert [fault.code for fault in taken.faults] == ["DuplicateFileName"]
    assert "already image images/train/1.png (Train)" in taken.faults[0].message


def test_skip_leaves_out_the_image_of_a_wrong_line():
    taken = take(yolo(**{"1": "7 0.5 0.5 0.2 0.2"}), YOLO, on_fault=OnFault.SKIP)
    assert sorted(taken.items) == ["images/train/2.png", "images/train/3.png", "images/val/4.png"]


def test_a_missing_data_yaml_is_an_unavailable_source():
    taken = take({}, YOLO)
    assert taken.result.outcome is SnapshotOutcome.SOURCE_UNAVAILABLE
    assert "data.yaml" in taken.result.message
