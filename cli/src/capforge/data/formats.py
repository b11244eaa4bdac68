"""Folders of each format: how they are told from one another, and which of their files belong to the data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from capforge.data.folder import files_below, is_within
from capforge.data.labelled import Format, Labelled
from capforge_contracts.coco.stream import ARRAYS
from capforge_contracts.dataset import MANIFEST_FORMAT
from capforge_snapshot.importers.files import is_picture
from capforge_snapshot.importers.yolo import label_name
from capforge_snapshot.importers.yolo_config import clean, read_config
from capforge_snapshot.source import VOC_LABELS, voc_pictures

_MAX_YAML_BYTES = 512 * 1024
_MAX_LINE_BYTES = 16 * 1024 * 1024


def take_yolo(folder: Path, data: Path) -> Labelled:
    """Take every picture of a YOLO folder, the label file of each, and the lists that data.yaml names."""
    found = Labelled(Format.YOLO, named=[data], addresses=[data.name])
    for path in _pictures(folder):
        found.take_picture(folder, path)
        label = folder / label_name(path.relative_to(folder).as_posix())
        if is_within(folder, label):
            found.labels.append(label)
    found.labels += _lists(folder, data)
    return found


def take_voc(folder: Path) -> Labelled:
    """Take the XML files of a Pascal VOC folder, and the pictures beside them or in JPEGImages."""
    address = f"{VOC_LABELS}/" if (folder / VOC_LABELS).is_dir() else ""
    found = Labelled(Format.VOC, addresses=[address])
    for path in _pictures(folder / voc_pictures(address)):
        found.take_picture(folder, path)
    found.labels = [path for path in files_below(folder / address) if _is_xml(path) and is_within(folder, path)]
    return found


def take_image_folder(folder: Path) -> Labelled:
    """Take every picture of a folder with one folder of pictures for each class."""
    found = Labelled(Format.IMAGE_FOLDER, addresses=[""])
    for path in _pictures(folder):
        found.take_picture(folder, path)
    return found


def looks_like_coco(path: Path) -> bool:
    """Tell a COCO detection file from other JSON by how it begins."""
    with path.open("rb") as file:
        start = file.read(1024 * 1024)
    return start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and any(f'"{key}"'.encode() in start for key in ARRAYS)


def is_manifest(path: Path) -> bool:
    """Tell our own format by its first line."""
    with path.open("rb") as file:
        header = _parsed(file.readline(_MAX_LINE_BYTES))
    return isinstance(header, dict) and header.get("format") == MANIFEST_FORMAT


def is_yolo(path: Path) -> bool:
    """Tell a data.yaml from other YAML by what it says."""
    document = _yaml(path)
    return isinstance(document, dict) and "names" in document and bool({"train", "val", "test"} & document.keys())


def has_voc(folder: Path) -> bool:
    """Tell whether there are XML files where Pascal VOC has them."""
    annotations = folder / VOC_LABELS
    return any(map(_is_xml, (annotations if annotations.is_dir() else folder).iterdir()))


def has_class_folders(folder: Path) -> bool:
    """Tell whether pictures lie in folders."""
    return any(path.parent != folder for path in _pictures(folder))


def _pictures(folder: Path) -> Iterator[Path]:
    return (path for path in files_below(folder) if is_picture(path.name))


def _is_xml(path: Path) -> bool:
    return path.suffix.lower() == ".xml"


def _yaml(path: Path) -> Any:
    if path.stat().st_size > _MAX_YAML_BYTES:
        return None
    try:
        return yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _lists(folder: Path, data: Path) -> Iterator[Path]:
    """Yield the lists of pictures (.txt) that data.yaml names and that are there."""
    config = read_config(data.read_bytes())
    entries = [entry for part in config.parts.values() for entry in part if entry.endswith(".txt")]
    for entry in dict.fromkeys(entries):
        for path in dict.fromkeys((folder / (clean(config.root) or "") / entry, folder / entry)):
            if is_within(folder, path):
                yield path


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
