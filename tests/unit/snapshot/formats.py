"""Sources in other formats than COCO, built file by file, so that each test breaks exactly one thing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from capforge_contracts.dataset import SnapshotRequest
from capforge_contracts.memory import MemoryObjectStore
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VocSource, YoloSource
from capforge_contracts.store import ObjectStore
from capforge_snapshot.snapshot import take_snapshot
from tests.unit.snapshot.cocofolder import NAMESPACE, Taken, picture

Files = dict[str, bytes]
PREFIX = f"{NAMESPACE}/uploads/data"
BASE = f"s3://capforge/{PREFIX}"

YOLO = {"yolo": YoloSource(data_uri=f"{BASE}/data.yaml")}
VOC = {"voc": VocSource(annotations_uri=f"{BASE}/Annotations/")}
IMAGE_FOLDER = {"image_folder": ImageFolderSource(images_uri=BASE)}
MANIFEST = {"manifest": ManifestSource(manifest_uri=f"{BASE}/manifest.jsonl")}


def request(source: Mapping[str, Any], **changes: Any) -> SnapshotRequest:
    values: dict[str, Any] = {
        "namespace": NAMESPACE,
        "dataset": "cells",
        "spec_hash": "0123456789abcdef",
        "as_of": "2026-01-01T00:00:00Z",
        **source,
    }
    return SnapshotRequest(**{**values, **changes})


def put(store: ObjectStore, files: Mapping[str, bytes], prefix: str = PREFIX) -> None:
    for name, data in files.items():
        store.put(f"{prefix}/{name}", data)


def take(files: Mapping[str, bytes], source: Mapping[str, Any], **changes: Any) -> Taken:
    """Upload the files and take their snapshot."""
    store = MemoryObjectStore("capforge")
    put(store, files)
    asked = request(source, **changes)
    with TemporaryDirectory() as scratch:
        return Taken(take_snapshot(asked, store, Path(scratch)), store, asked)


def yolo(config: str = "names: [cat, dog]\ntrain: images/train\nval: images/val\n", **labels: str) -> Files:
    """Return three pictures of 40 x 30 in train and one in val; every one shows a cat and a dog."""
    files = {"data.yaml": config.encode()}
    for place in ("train/1", "train/2", "train/3", "val/4"):
        files[f"images/{place}.png"] = picture(int(place[-1]))
        files[f"labels/{place}.txt"] = b"0 0.5 0.5 0.25 0.4\n1 0.25 0.5 0.5 0.5\n"
    files.update({f"labels/train/{name}.txt": text.encode() for name, text in labels.items()})
    return files


def voc_xml(number: int, objects: str = "", size: str = "<size><width>40</width><height>30</height></size>") -> bytes:
    return f"<annotation><filename>{number}.png</filename>{size}{objects}</annotation>".encode()


def voc_object(name: str = "cat", box: tuple[float, ...] = (5, 6, 15, 18), more: str = "") -> str:
    sides = "".join(
        f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    )
    return f"<object><name>{name}</name>{more}<bndbox>{sides}</bndbox></object>"


def voc(**xml: bytes) -> Files:
    """Return two pictures of 40 x 30 pixels with a cat each, the second also with a dog."""
    files = {f"JPEGImages/{number}.png": picture(number) for number in (1, 2)}
    files["Annotations/1.xml"] = voc_xml(1, voc_object())
    files["Annotations/2.xml"] = voc_xml(2, voc_object() + voc_object("dog", (20, 6, 30, 18)))
    files.update({f"Annotations/{name}.xml": data for name, data in xml.items()})
    return files


def image_folder(**more: bytes) -> Files:
    """Return two pictures of cats and one of a dog."""
    files = {"cat/1.png": picture(1), "cat/old/2.png": picture(2), "dog/3.png": picture(3)}
    return {**files, **more}


def item(number: int, **changes: Any) -> dict[str, Any]:
    entity = {"className": "cat", "box": [5, 6, 15, 18]}
    return {"name": f"{number}.png", "entities": [entity], **changes}


def manifest(*items: Any, header: Any = None) -> Files:
    """Return pictures 1.png to 3.png and a manifest of these items."""
    header = header if header is not None else {"format": "capforge.dataset/v1", "classes": ["cat", "dog"]}
    lines = [header, *(items or (item(1), item(2), item(3)))]
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return {"manifest.jsonl": text.encode(), **{f"{number}.png": picture(number) for number in (1, 2, 3)}}
