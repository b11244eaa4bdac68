"""Which folders the demo takes, and what it makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capforge_demo.coco import CocoFolder, Picture, pictures
from capforge_demo.manifests import adapted, blood_cells
from capforge_demo.unseen import spread, typical
from capforge_tools.errors import ToolError

_DOCUMENT = {
    "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}, {"id": 9, "name": "never seen"}],
    "images": [{"id": 1, "file_name": "b.jpg"}, {"id": 2, "file_name": "a.jpg"}, {"id": 3, "file_name": "empty.jpg"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]},
        {"id": 2, "image_id": 2, "category_id": 3, "bbox": [0, 0, 10, 10]},
        {"id": 3, "image_id": 2, "category_id": 3, "bbox": [5, 5, 10, 10]},
    ],
}


def _folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).write_text(json.dumps(_DOCUMENT))
    return path


def test_a_file_per_role_is_taken_as_it_is(tmp_path: Path) -> None:
    data = CocoFolder.find(_folder(tmp_path, "train.json", "dev.json", "test.json"))
    assert data.is_divided
    example = adapted(data, "pets", "s3://capforge/demo/pets", 60)
    assert set(example.datasets) == {"train", "dev", "test"}
    assert example.datasets["dev"]["spec"]["source"]["coco"]["annotationsUri"] == "s3://capforge/demo/pets/dev.json"
    assert example.run["spec"]["datasets"]["test"] == [{"name": f"pets-test-{data.digest}"}]


def test_val_is_another_word_for_dev(tmp_path: Path) -> None:
    assert CocoFolder.find(_folder(tmp_path, "train.json", "val.json")).files["dev"].name == "val.json"


def test_one_file_is_divided_by_its_dataset(tmp_path: Path) -> None:
    data = CocoFolder.find(_folder(tmp_path, "everything.json"))
    example = adapted(data, "pets", "s3://capforge/demo/pets", 60)
    (dataset,) = example.datasets.values()
    assert dataset["spec"]["split"] == {"devPercent": 20}
    name = dataset["metadata"]["name"]
    assert example.run["spec"]["datasets"] == {
        "train": [{"name": name, "split": "Train"}],
        "dev": [{"name": name, "split": "Dev"}],
    }


@pytest.mark.parametrize("names", [(), ("train.json", "more.json"), ("a.json", "b.json")], ids=str)
def test_other_folders_are_refused_with_what_is_allowed(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(ToolError, match=r"allowed: train\.json and dev\.json"):
        CocoFolder.find(_folder(tmp_path, *names))


def test_outputs_are_the_classes_that_occur_in_the_order_of_their_ids(tmp_path: Path) -> None:
    data = CocoFolder.find(_folder(tmp_path, "train.json", "dev.json"))
    example = adapted(data, "pets", "s3://capforge/demo/pets", 60)
    outputs = example.capability["spec"]["modelParameters"]["outputs"]
    assert outputs == [{"position": 0, "name": "cat"}, {"position": 1, "name": "dog"}]


def test_other_annotations_get_other_names_since_datasets_are_locked(tmp_path: Path) -> None:
    first = CocoFolder.find(_folder(tmp_path, "train.json", "dev.json"))
    before = adapted(first, "pets", "s3://capforge/demo/pets", 60)
    (tmp_path / "dev.json").write_text(json.dumps({**_DOCUMENT, "annotations": _DOCUMENT["annotations"][:1]}))
    after = adapted(first, "pets", "s3://capforge/demo/pets", 60)
    assert before.capability == after.capability
    assert before.run["metadata"]["name"] != after.run["metadata"]["name"]
    assert before.datasets["dev"]["metadata"]["name"] != after.datasets["dev"]["metadata"]["name"]


def test_pictures_are_those_with_objects_and_boxes_become_corners(tmp_path: Path) -> None:
    found = pictures(_folder(tmp_path, "dev.json") / "dev.json")
    assert [one.path.name for one in found] == ["a.jpg", "b.jpg"]
    assert found[1].objects[0].box == (1, 2, 4, 6)
    assert typical(found).path.name == "a.jpg"


@pytest.mark.parametrize(("total", "expected"), [(3, 3), (20, 20), (21, 11), (87, 18)])
def test_a_sample_is_spread_over_all_images(total: int, expected: int) -> None:
    all_of_them = [Picture(Path(str(number)), ()) for number in range(total)]
    sample = spread(all_of_them, 20)
    assert len(sample) == expected
    assert sample[-1] in all_of_them[-(total // expected + 1) :]


def test_the_example_names_data_where_the_demo_puts_it() -> None:
    example = blood_cells()
    addresses = [one["spec"]["source"]["coco"]["annotationsUri"] for one in example.datasets.values()]
    assert addresses == ["s3://capforge/demo/cells/train.json", "s3://capforge/demo/cells/dev.json"]
    assert example.run["spec"]["timeBudgetSeconds"] == 180
