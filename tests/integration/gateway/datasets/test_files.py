"""A dataset's files over HTTP: archives that other tools read and that lose nothing, pictures, the manifest."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from typing import Any

import httpx
import pytest

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestItem, Split, read_manifest
from capforge_contracts.model import sha256_hex
from tests.integration.gateway.datasets.world import CLASSES, Reader, Shelves, entity
from tests.integration.gateway.vision.world import picture
from tests.support.eventually import eventually


@pytest.fixture(scope="module")
def items(shelves: Shelves) -> list[ManifestItem]:
    """Polygons, attributes, an image without objects, two images of one name, a content with two annotations."""
    polygon = entity(polygon=[1, 2, 11, 2, 11, 12], id="tom", attributes={"pose": "left"})
    twice = shelves.item(104, Split.TRAIN, entity(), name="twice.png")
    return [
        shelves.item(100, Split.TRAIN, polygon, entity("dog", 20), name="deep/a.png"),
        shelves.item(101, Split.TRAIN, name="same.png"),
        shelves.item(102, Split.DEV, entity("dog"), name="same.png"),
        shelves.item(103, Split.TEST, entity(), name="../../outside.png"),
        twice,
        twice.model_copy(update={"entities": [entity("dog", 3)]}),
    ]


@pytest.fixture(scope="module")
def digest(shelves: Shelves, items: list[ManifestItem]) -> str:
    return shelves.lock("whole", items)


def unpacked(data: bytes, kind: str) -> dict[str, bytes]:
    """Return the files of an archive as Python's own readers see them."""
    if kind == "tar":
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            return {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        assert packed.testzip() is None
        return {name: packed.read(name) for name in packed.namelist()}


def exported(reader: Reader, dataset: str, **query: str) -> dict[str, bytes]:
    answer = reader.call(f"/{dataset}/export", params=query)
    assert answer.status_code == 200, answer.text
    return unpacked(answer.content, query.get("archive", "zip"))


@pytest.mark.parametrize("archive", ["zip", "tar"])
def test_our_own_format_is_the_manifest_and_every_picture(
    reader: Reader, items: list[ManifestItem], digest: str, archive: str
) -> None:
    files = exported(reader, digest, format="manifest", archive=archive)
    _, found = read_manifest(files["manifest.jsonl"])
    for item in found:
        assert sha256_hex(files[item.name]) == item.sha256
        assert ".." not in item.name.split("/")
    _, found = read_manifest(files["manifest.jsonl"])
    assert _without_names(found) == _without_names(items)
    assert len(files) == 6, "five pictures: one has two annotations"


def _without_names(items: Any) -> list[str]:
    return sorted(item.model_copy(update={"name": ""}).model_dump_json() for item in items)


def test_coco_names_every_picture_that_is_in_the_archive(reader: Reader, digest: str) -> None:
    files = exported(reader, digest, format="coco")
    train = json.loads(files["train.json"])
    assert [one["name"] for one in train["categories"]] == list(CLASSES)
    assert {one["file_name"] for one in train["images"]} <= set(files)
    (outlined,) = [one for one in train["annotations"] if one["segmentation"]]
    assert (outlined["bbox"], outlined["attributes"]) == ([1, 2, 10, 10], {"pose": "left"})


def test_yolo_has_a_label_file_for_every_annotation(reader: Reader, items: list[ManifestItem], digest: str) -> None:
    files = exported(reader, digest, format="yolo")
    pictures = [name for name in files if name.startswith("images/")]
    assert len(pictures) == len(items)
    for name in pictures:
        assert name.replace("images/", "labels/", 1).removesuffix(".png") + ".txt" in files
    twice = [data for name, data in files.items() if name.startswith("labels/train/twice")]
    assert sorted(data[:2] for data in twice) == [b"0 ", b"1 "]
    assert b'0: "cat"' in files["data.yaml"]


def test_one_split_alone(reader: Reader, shelves: Shelves, digest: str) -> None:
    files = exported(reader, digest, split="Dev")
    assert set(files) == {"images/same.png", "dev.json"}
    assert len(json.loads(files["dev.json"])["images"]) == 1
    shelves.lock("no-test", [shelves.item(110, Split.TRAIN)])
    refused = reader.refused("/no-test/export?split=Test", 409)
    assert (refused["code"], refused["details"]["split"]) == ("EmptySplit", "Test")


def test_an_archive_is_a_download_with_a_name(reader: Reader, digest: str) -> None:
    answer = reader.call("/whole/export", params={"format": "yolo", "split": "Train", "archive": "tar"})
    assert answer.headers["content-disposition"] == 'attachment; filename="whole-yolo-train.tar"'
    assert answer.headers["content-type"] == "application/x-tar"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = reader.call("/whole/export", params={"format": "yolo", "split": "Train", "archive": "tar"})
    assert again.content == answer.content, "the same content, the same bytes"
    head = reader.call(f"/{digest}/export", method="HEAD")
    assert (head.status_code, head.content) == (200, b"")


def test_the_manifest_as_it_is_stored(reader: Reader, digest: str) -> None:
    answer = reader.call("/whole/manifest.jsonl")
    assert sha256_hex(answer.content) == digest
    assert (answer.headers["etag"], answer.headers["content-length"]) == (f'"{digest}"', str(len(answer.content)))


def test_pictures_are_sent_together_by_digest(reader: Reader, items: list[ManifestItem], digest: str) -> None:
    wanted = [items[0].sha256, items[3].sha256, items[0].sha256]
    answer = reader.call(f"/{digest}/files", method="POST", json={"sha256": wanted})
    files = unpacked(answer.content, "tar")
    assert {name: sha256_hex(data) for name, data in files.items()} == {one: one for one in wanted}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sha256": []}, 400),
        ({"sha256": ["x"]}, 400),
        ({"sha256": ["0" * 64] * 257}, 400),
        ({"digests": ["0" * 64]}, 400),
        ({"sha256": ["0" * 64]}, 404),
        ({"sha256": ["0" * 64] * 5000}, 413),
    ],
    ids=["none", "no digest", "too many", "misspelled", "not of this dataset", "too large"],
)
def test_pictures_that_cannot_be_sent_are_refused(reader: Reader, digest: str, body: Any, status: int) -> None:
    reader.refused(f"/{digest}/files", status, method="POST", json=body)


def test_purged_images_are_told_before_anything_is_sent(shelves: Shelves, reader: Reader) -> None:
    gone, kept = shelves.item(120, Split.TRAIN, entity()), shelves.item(121, Split.DEV, entity())
    digest = shelves.lock("purged", [gone, kept])
    shelves.purge(digest, gone)
    refused = reader.refused("/purged/export", 410)
    assert (refused["code"], refused["details"]) == ("Purged", {"sha256": [gone.sha256], "count": 1})
    assert reader.refused(f"/purged/items/{gone.sha256}/content", 410)["code"] == "Purged"
    reader.refused("/purged/files", 410, method="POST", json={"sha256": [gone.sha256]})
    assert set(exported(reader, "purged", split="Dev")) == {"images/121.png", "dev.json"}
    assert reader.found("/purged/stats")["stats"]["splits"][0]["images"] == 1, "the labels are still there"


def test_a_damaged_picture_never_goes_out_whole(shelves: Shelves, reader: Reader) -> None:
    items = [shelves.item(130 + number, Split.TRAIN) for number in range(3)]
    digest = shelves.lock("hurt", items)
    shelves.store.put(layout.blob("acme", items[1].sha256), picture(999))
    assert "other bytes" in reader.refused(f"/hurt/items/{items[1].sha256}/content", 503)["details"]["reason"]
    with pytest.raises((httpx.RemoteProtocolError, AssertionError)):
        exported(reader, digest)
    assert [line["code"] for line in reader.process.lines("a dataset's files broke off")] in (
        [],
        ["StorageUnavailable"],
    )


def test_who_hangs_up_takes_nothing_away_from_others(reader: Reader, digest: str) -> None:
    for _ in range(20):
        with reader.process.http.stream(
            "GET", f"{reader.process.url}/v1/datasets/acme/{digest}/export", headers=reader.process.authorization()
        ) as answer:
            assert answer.status_code in {200, 429}
    assert eventually(lambda: exported(reader, digest, format="manifest"))  # once the gateway has noticed
