"""A drawn set as a folder of COCO data: what a person would bring."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.vision_generality.canvas import Scene, grained
from benchmarks.vision_generality.kinds import Kind

_NOISE = 3.0
_FAINT_NOISE = 0.6
_HIGH_BYTE = 256


def write_folder(kind: Kind, folder: Path, seed: int) -> Path:
    """Write train.json, dev.json and the pictures; return the folder."""
    drawn = {
        role: _scenes(kind, count, (zlib.crc32(kind.about.encode()), seed, part))
        for part, (role, count) in enumerate(_counts(kind))
    }
    names = sorted({name for scene in drawn["train"] for name, _ in scene.objects})
    for role, scenes in drawn.items():
        _write(folder, role, scenes, names, grey=kind.sixteen_bit_grey)
    return folder


def _counts(kind: Kind) -> list[tuple[str, int]]:
    return [("train", kind.train), ("dev", kind.dev)]


def _scenes(kind: Kind, count: int, seed: tuple[int, ...]) -> list[Scene]:
    random = np.random.default_rng(seed)
    noise = _FAINT_NOISE if kind.sixteen_bit_grey else _NOISE
    return [grained(kind.draw(random), noise, random) for _ in range(count)]


def _write(folder: Path, role: str, scenes: list[Scene], names: list[str], *, grey: bool) -> None:
    (folder / role).mkdir(parents=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, scene in enumerate(scenes, start=1):
        name = f"{role}/{number:04d}.{'png' if grey else 'jpg'}"
        (folder / name).write_bytes(_encoded(scene, grey=grey))
        images.append({"id": number, "file_name": name, "width": scene.size[0], "height": scene.size[1]})
        for label, (left, top, right, bottom) in (one for one in scene.objects if one[0] in names):
            box = [left, top, right - left, bottom - top]
            about = {"id": len(annotations) + 1, "image_id": number, "category_id": names.index(label) + 1}
            annotations.append({**about, "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    categories = [{"id": position, "name": name} for position, name in enumerate(names, start=1)]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / f"{role}.json").write_text(json.dumps(document))


def _encoded(scene: Scene, *, grey: bool) -> bytes:
    pixels = scene.pixels.clip(0, 255)
    if grey:
        return cv2.imencode(".png", (pixels[..., 0] * _HIGH_BYTE).clip(0, 65535).astype(np.uint16))[1].tobytes()
    quality = [cv2.IMWRITE_JPEG_QUALITY, 93]
    return cv2.imencode(".jpg", np.round(pixels[..., ::-1]).astype(np.uint8), quality)[1].tobytes()
