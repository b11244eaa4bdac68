"""Folders in every format that a Dataset reads: what is sent of them, what a Dataset then calls them, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from capforge.data.finding import looked_through
from capforge.data.labelled import Format, Labelled
from capforge.errors import CliError
from tests.unit.snapshot.cocofolder import picture
from tests.unit.snapshot.formats import voc_object, voc_xml

YOLO = {
    "data.yaml": b"names: [cat]\ntrain: images/train\nval: lists/val.txt\n",
    "images/train/a.png": picture(1),
    "images/val/b.png": picture(2),
    "labels/train/a.txt": b"0 .5 .5 .1 .1\n",
    "lists/val.txt": b"images/val/b.png\n",
    "notes.txt": b"private",
    ".cache/c.png": picture(3),
    "__MACOSX/images/a.png": picture(3),
}
XML = voc_xml(1, voc_object()).replace(b"1.png", b"a.png")
VOC = {"Annotations/a.xml": XML, "JPEGImages/a.png": picture(1), "Segmentation/a.png": picture(2)}
FLAT_VOC = {"a.xml": XML, "a.png": picture(1), "readme.md": b""}
FOLDERS = {"cat/a.png": picture(1), "dog/deep/b.png": picture(2), "dog/list.csv": b""}
LINES = [{"format": "capforge.dataset/v1", "classes": ["cat"]}, {"name": "x/a.png", "entities": []}]
MANIFEST = {"own.jsonl": "\n".join(map(json.dumps, LINES)).encode(), "x/a.png": picture(1), "x/b.png": picture(2)}
SENT = {
    Format.YOLO: ["images/train/a.png", "images/val/b.png", "labels/train/a.txt", "lists/val.txt", "data.yaml"],
    Format.VOC: ["JPEGImages/a.png", "Annotations/a.xml"],
    Format.IMAGE_FOLDER: ["cat/a.png", "dog/deep/b.png"],
    Format.MANIFEST: ["x/a.png", "own.jsonl"],
}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def sent(folder: Path, found: Labelled) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in (*found.pictures, *found.labels, *found.named)]


@pytest.mark.parametrize(
    ("files", "form", "address"),
    [
        (YOLO, Format.YOLO, "data.yaml"),
        (VOC, Format.VOC, "Annotations/"),
        (FOLDERS, Format.IMAGE_FOLDER, ""),
        (MANIFEST, Format.MANIFEST, "own.jsonl"),
    ],
)
def test_a_format_is_told_by_its_files_and_only_they_are_sent(
    tmp_path: Path, files: dict[str, bytes], form: Format, address: str
):
    found = looked_through(written(tmp_path, files))
    assert (found.form, found.addresses, found.faults) == (form, [address], [])
    assert sent(tmp_path, found) == SENT[form]
    assert sent(tmp_path, looked_through(tmp_path, form)) == SENT[form]


def test_voc_files_beside_their_pictures(tmp_path: Path):
    found = looked_through(written(tmp_path, FLAT_VOC))
    assert (found.form, found.addresses) == (Format.VOC, [""])
    assert sent(tmp_path, found) == ["a.png", "a.xml"]


@pytest.mark.parametrize(
    ("files", "change", "says"),
    [
        (YOLO, {"images/train/a.png": b"no picture"}, "data.yaml: image images/train/a.png (Train): UnreadableImage"),
        (YOLO, {"labels/train/a.txt": None}, "data.yaml: labels: NotYolo: none of 2 images has a label file"),
        (
            YOLO,
            {"labels/train/a.txt": b"0 .5 .5 .1 .1\n3 .5 .5 .1 .1"},
            "labels/train/a.txt: line 2: UndeclaredCategory",
        ),
        (YOLO, {"lists/val.txt": None}, "data.yaml: dev: NotYolo: lists/val.txt: there is no picture"),
        (FOLDERS, {"top.png": picture(4)}, "image top.png: NoClass: it lies in no class's folder"),
        (MANIFEST, {"x/a.png": None}, "own.jsonl: line 2 (x/a.png): MissingImage: there is no file"),
        (MANIFEST, {"own.jsonl": b'{"format":"capforge.dataset/v1","classes":[]}\n{"name":"../a.png"}\n'}, "line 2"),
        (VOC, {"JPEGImages/a.png": picture(1)[:20]}, "a.xml: image a.png: UnreadableImage"),
        (VOC, {"Annotations/a.xml": b"<annotation>"}, "a.xml: line 1: InvalidXml"),
    ],
    ids=["no picture", "no labels", "a class", "no list", "no class", "no file", "leads out", "cut off", "no XML"],
)
def test_faults_name_file_and_record(
    tmp_path: Path, files: dict[str, bytes], change: dict[str, bytes | None], says: str
):
    whole = {**files, **change}
    folder = written(tmp_path, {name: data for name, data in whole.items() if data is not None})
    told = [f"{one.file}: {one.record}: {one.code}: {one.message}" for one in looked_through(folder).faults]
    assert any(says in one for one in told), told


def test_links_out_of_the_folder_are_named_and_not_sent(tmp_path: Path):
    secret = written(tmp_path / "secret", {"a.png": picture(9), "labels.txt": b"x"})
    folder = written(tmp_path / "data", YOLO)
    (folder / "images/train/c.png").symlink_to(secret / "a.png")
    (folder / "labels/val").mkdir()
    (folder / "labels/val/b.txt").symlink_to(secret / "labels.txt")
    (folder / "images/linked").symlink_to(secret)
    found = looked_through(folder)
    assert [fault.record for fault in found.faults] == ["image images/train/c.png"]
    assert sent(folder, found) == SENT[Format.YOLO]


def test_a_folder_of_nothing_and_a_folder_of_two_formats_are_refused_in_words(tmp_path: Path):
    with pytest.raises(CliError, match="no COCO file in") as nothing:
        looked_through(written(tmp_path, {"notes.txt": b""}))
    assert "data.yaml" in nothing.value.hint
    with pytest.raises(CliError, match="looks like yolo and manifest"):
        looked_through(written(tmp_path, YOLO | MANIFEST))
    assert looked_through(tmp_path, Format.YOLO).form is Format.YOLO
    with pytest.raises(CliError, match="several files say what there is"):
        looked_through(written(tmp_path, {"other.yaml": YOLO["data.yaml"]}), Format.YOLO)
    with pytest.raises(CliError, match="there is no COCO file"):
        looked_through(tmp_path, Format.COCO)


def test_yaml_that_grows_when_it_is_spelled_out_is_not(tmp_path: Path):
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    bomb = f"names: [cat]\na0: &a0 [x, x]\n{levels}\ntrain: *a29\n"
    found = looked_through(written(tmp_path, {"data.yaml": bomb.encode(), "images/a.png": picture(1)}))
    assert "an alias (*) is not allowed" in found.faults[0].message
