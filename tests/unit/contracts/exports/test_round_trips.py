"""What an export wrote a snapshot reads: the same dataset in our own format, the same objects in the others."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from capforge_contracts import layout
from capforge_contracts.dataset import (
    CocoSource,
    ManifestEntity,
    ManifestItem,
    SnapshotOutcome,
    SnapshotRequest,
    Split,
    read_manifest,
    write_manifest,
)
from capforge_contracts.exports import IMAGE_FORMATS, ExportFormat, LockedDataset, export
from capforge_contracts.exports.files import FetchedFile, TextFile
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.model import sha256_hex
from capforge_contracts.sources import ManifestSource, YoloSource
from capforge_snapshot.snapshot import take_snapshot

WIDTH, HEIGHT = 40, 30
NAMESPACE = "team-a"
CLASSES = ("a cat", "dög: big, 2")
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


def picture(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, "PNG")
    return target.getvalue()


PICTURES = {sha256_hex(data): data for data in (picture(seed) for seed in range(6))}
LETTERS = st.text("abc xyzäß-_0", min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def entities(draw: st.DrawFn, number: int) -> ManifestEntity:
    x0, y0 = draw(st.integers(0, 20)), draw(st.integers(0, 15))
    x1, y1 = x0 + draw(st.integers(2, 19)), y0 + draw(st.integers(2, 14))
    return ManifestEntity(
        class_name=draw(st.sampled_from(CLASSES)),
        box=[x0, y0, x1, y1],
        polygon=draw(st.sampled_from([None, [x0, y0, x1, y0, x1, y1, x0, y1], [x0, y0, x1, y1, x0, y1]])),
        id=draw(st.sampled_from([None, f"e-{number}"])),
        attributes=draw(st.dictionaries(LETTERS, LETTERS, max_size=2)),
    )


@st.composite
def datasets(draw: st.DrawFn) -> list[ManifestItem]:
    """Items with one split each at least, and names of every kind that a source may have."""
    names = draw(st.lists(LETTERS.map(lambda text: f"{text}.png"), min_size=6, max_size=6))
    return [
        ManifestItem(
            sha256=sha256,
            name=name,
            width=WIDTH,
            height=HEIGHT,
            split=[*Split, *Split][position],
            entities=[draw(entities(number)) for number in range(draw(st.integers(1, 3)))],
        )
        for position, (sha256, name) in enumerate(zip(sorted(PICTURES), names, strict=True))
    ]


def written(items: Sequence[ManifestItem], form: ExportFormat) -> MemoryObjectStore:
    """Return a store with the export under team-a/in/."""
    store = MemoryObjectStore("capforge")
    for file in export(LockedDataset(CLASSES, lambda: iter(items)), form):
        data = PICTURES[file.sha256] if isinstance(file, FetchedFile) else b"".join(file.chunks)
        store.put_new(f"{NAMESPACE}/in/{file.path}", data)
    return store


def read(store: MemoryObjectStore, **source: Any) -> tuple[list[str], list[ManifestItem]]:
    """Take a snapshot of what was written; return its classes and items."""
    spec_hash = sha256_hex(repr(source).encode())
    request = SnapshotRequest(
        namespace=NAMESPACE, dataset="back", spec_hash=spec_hash, as_of="2026-01-01T00:00:00Z", **source
    )
    with TemporaryDirectory() as folder:
        result = take_snapshot(request, store, Path(folder))
    assert result.outcome is SnapshotOutcome.LOCKED, result
    header, items = read_manifest(store.get(layout.manifest(NAMESPACE, result.digest or "")))
    return header.classes, list(items)


def uri(store: MemoryObjectStore, name: str) -> str:
    return f"{store.uri}/{NAMESPACE}/in/{name}"


@given(items=datasets())
@SLOW
def test_our_own_format_loses_nothing(items: list[ManifestItem]):
    store = written(items, ExportFormat.MANIFEST)
    classes, found = read(store, manifest=ManifestSource(manifest_uri=uri(store, "manifest.jsonl")))
    named = [item.model_copy(update={"name": other.name}) for item, other in zip(items, found, strict=True)]
    assert write_manifest(classes, found) == write_manifest(CLASSES, named)
    kept = [item.name for item in items if [one.name.casefold() for one in items].count(item.name.casefold()) == 1]
    assert set(kept) <= {item.name for item in found}, "a name of its own stays"


def shapes(items: Sequence[ManifestItem], decimals: int = 3) -> list[Any]:
    """What every format keeps: which objects lie where in which picture of which split."""
    return sorted(
        (item.sha256, item.split.value, one.class_name, np.round(one.box, decimals).tolist())
        for item in items
        for one in item.entities
    )


@given(items=datasets())
@SLOW
def test_yolo_keeps_pictures_splits_classes_and_places(items: list[ManifestItem]):
    store = written(items, ExportFormat.YOLO)
    classes, found = read(store, yolo=YoloSource(data_uri=uri(store, "data.yaml")))
    assert classes == list(CLASSES)
    assert shapes(found) == shapes(items)


@given(items=datasets())
@SLOW
def test_coco_keeps_polygons_and_attributes_too(items: list[ManifestItem]):
    store = written(items, ExportFormat.COCO)
    for split in Split:
        source = CocoSource(annotations_uri=uri(store, f"{split.lower()}.json"))
        classes, found = read(store, coco=source)
        assert classes == list(CLASSES)
        wanted = [item for item in items if item.split is split]
        told = [item.model_copy(update={"split": split}) for item in found]
        assert shapes(told) == shapes(wanted)
        assert [_more(item) for item in told] == [_more(item) for item in sorted(wanted, key=lambda one: one.sha256)]


def _more(item: ManifestItem) -> list[Any]:
    return sorted((one.class_name, one.box, one.polygon or [], sorted(one.attributes.items())) for one in item.entities)


def test_what_is_written_last_says_that_all_is_there():
    items = [ManifestItem(sha256=s, name="a.png", width=4, height=4, split=Split.TRAIN, entities=[]) for s in PICTURES]
    for form in IMAGE_FORMATS:
        *_, last = export(LockedDataset(CLASSES, lambda: iter(items)), form)
        assert isinstance(last, TextFile)


@pytest.mark.parametrize(
    "name", ["../a.png", "/etc/passwd", "a/../../b.png", "a\\b.png", "..", "", "a\x00.png", "con:1.png"]
)
def test_no_name_leads_out_of_the_folder(name: str):
    item = ManifestItem(sha256="a" * 64, name=name, width=4, height=4, split=Split.TRAIN, entities=[])
    for form in IMAGE_FORMATS:
        paths = [file.path for file in export(LockedDataset(CLASSES, lambda: iter([item])), form)]
        assert all(".." not in path.split("/") and not path.startswith("/") for path in paths)
        assert any("a" * 64 in path for path in paths)


def test_coco_is_what_others_expect():
    entity = ManifestEntity(class_name=CLASSES[0], box=[1, 2, 5, 10], polygon=[1, 2, 5, 2, 5, 10])
    item = ManifestItem(sha256="a" * 64, name="a.png", width=40, height=30, split=Split.DEV, entities=[entity])
    files = {file.path: file for file in export(LockedDataset(CLASSES, lambda: iter([item])), ExportFormat.COCO)}
    assert set(files) == {"images/a.png", "dev.json"}
    document = json.loads(b"".join(files["dev.json"].chunks))  # type: ignore[union-attr]
    assert document["categories"] == [{"id": 1, "name": CLASSES[0]}, {"id": 2, "name": CLASSES[1]}]
    [image] = document["images"]
    assert (image["id"], image["file_name"], image["width"], image["height"]) == (1, "images/a.png", 40, 30)
    [annotation] = document["annotations"]
    assert annotation["bbox"] == [1, 2, 4, 8]
    assert annotation["area"] == 16
    assert annotation["segmentation"] == [[1, 2, 5, 2, 5, 10]]
