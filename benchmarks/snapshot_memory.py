"""What a snapshot of many images takes, for each format: memory, CPU time, time.

    PYTHONPATH=tools python -m benchmarks.snapshot_memory [images] [format …] [--kill-at PERCENT]

Puts `images` (100,000) small pictures with eight objects each, in every format, into a real S3 server on loopback and
runs the process of a snapshot Job on each; prints the process's largest resident memory, its CPU seconds and the
seconds on the clock. Every format must stay below 1 GiB. With `--kill-at` a first attempt is killed (SIGKILL) when so
much of the pictures is done, and what the next one takes is printed: it goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from capforge_contracts import layout
from capforge_contracts.dataset import (
    CocoSource,
    SnapshotOutcome,
    SnapshotProgress,
    SnapshotRequest,
    SnapshotResult,
    SplitSpec,
)
from capforge_contracts.model import canonical_json, sha256_hex
from capforge_contracts.preprocessing import Action, Operation, Where
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VisionSource, VocSource, YoloSource
from capforge_contracts.store import NotFound
from capforge_contracts.vision import Search
from tests.integration.snapshot.gateway_stand import gateway_stand
from tests.support.objectstore import S3Server, s3_server

NAMESPACE = "acme"
SIDE = 64
OBJECTS = 8
CLASSES = [f"class-{number}" for number in range(10)]
LIMIT_MIB = 1024
SUBMISSIONS = "submissions"
Boxes = list[tuple[int, tuple[int, int, int, int]]]


def picture(number: int) -> bytes:
    """Return a PNG of SIDE x SIDE grey pixels that no other number has."""
    rows = b"".join(b"\0" + (number * SIDE + row).to_bytes(8, "big") * (SIDE // 8) for row in range(SIDE))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def boxes(number: int) -> Boxes:
    """Return the class and the corners of each object."""
    return [((number + at) % len(CLASSES), (at, at, at + 20, at + 30)) for at in range(OBJECTS)]


def coco(images: int) -> Iterator[tuple[str, bytes]]:
    records = [{"id": n, "file_name": f"{n}.png"} for n in range(images)]
    labels = [
        {"id": OBJECTS * n + at, "image_id": n, "category_id": label, "bbox": [x0, y0, x1 - x0, y1 - y0]}
        for n in range(images)
        for at, (label, (x0, y0, x1, y1)) in enumerate(boxes(n))
    ]
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    yield "train.json", json.dumps({"images": records, "annotations": labels, "categories": categories}).encode()
    yield from ((f"{n}.png", picture(n)) for n in range(images))


def yolo(images: int) -> Iterator[tuple[str, bytes]]:
    yield "data.yaml", f"names: {json.dumps(CLASSES)}\ntrain: images\n".encode()
    for n in range(images):
        lines = [
            f"{label} {(x0 + x1) / 2 / SIDE} {(y0 + y1) / 2 / SIDE} {(x1 - x0) / SIDE} {(y1 - y0) / SIDE}"
            for label, (x0, y0, x1, y1) in boxes(n)
        ]
        yield f"labels/{n}.txt", "\n".join(lines).encode()
        yield f"images/{n}.png", picture(n)


def voc(images: int) -> Iterator[tuple[str, bytes]]:
    for n in range(images):
        objects = "".join(
            f"<object><name>{CLASSES[label]}</name><difficult>0</difficult><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
            f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
            for label, (x0, y0, x1, y1) in boxes(n)
        )
        yield f"Annotations/{n}.xml", f"<annotation><filename>{n}.png</filename>{objects}</annotation>".encode()
        yield f"JPEGImages/{n}.png", picture(n)


def image_folder(images: int) -> Iterator[tuple[str, bytes]]:
    yield from ((f"{CLASSES[n % len(CLASSES)]}/{n}.png", picture(n)) for n in range(images))


def manifest(images: int) -> Iterator[tuple[str, bytes]]:
    lines = [json.dumps({"format": "capforge.dataset/v1", "classes": CLASSES})]
    for n in range(images):
        entities = [{"className": CLASSES[label], "box": list(corners)} for label, corners in boxes(n)]
        lines.append(json.dumps({"name": f"{n}.png", "entities": entities}))
    yield "manifest.jsonl", "\n".join(lines).encode()
    yield from ((f"{n}.png", picture(n)) for n in range(images))


class Submitted(list[bytes]):
    """What the gateway streams, made line by line; the namespace has the bytes already."""

    def __init__(self, images: int) -> None:
        super().__init__()
        self._images = images

    def __len__(self) -> int:
        return self._images

    def __iter__(self) -> Iterator[bytes]:
        return map(_submitted, range(self._images))


def _submitted(n: int) -> bytes:
    entities = [
        {"id": f"e{at}", "box": list(corners), "observations": [{"attribute": "class", "value": CLASSES[label]}]}
        for at, (label, corners) in enumerate(boxes(n))
    ]
    file = {"sha256": sha256_hex(picture(n)), "file": f"file-{n}", "name": f"{n}.png", "contentType": "image/png"}
    about = {"width": SIDE, "height": SIDE, "source": "", "metadata": {}, "uploaded": "2026-01-01T00:00:00Z"}
    said = {"submission": f"submission-{n}", "sequence": n + 1, "annotator": "ann", "time": "2026-01-01T00:00:00Z"}
    return canonical_json({**file, **about, **said, "status": "Submitted", "entities": entities}) + b"\n"


def blobs(images: int) -> Iterator[tuple[str, bytes]]:
    yield from ((f"../blobs/{sha256_hex(picture(n))}", picture(n)) for n in range(images))


def _searched(images: int) -> dict[str, object]:
    return {"vision": VisionSource(searches=[Search()], as_of_sequence=images)}


Files = Callable[[int], Iterator[tuple[str, bytes]]]
FORMATS: dict[str, tuple[Files, Callable[[str, int], dict[str, object]]]] = {
    "coco": (coco, lambda uri, _: {"coco": CocoSource(annotations_uri=f"{uri}/train.json")}),
    "yolo": (yolo, lambda uri, _: {"yolo": YoloSource(data_uri=f"{uri}/data.yaml")}),
    "voc": (voc, lambda uri, _: {"voc": VocSource(annotations_uri=f"{uri}/Annotations")}),
    "imageFolder": (image_folder, lambda uri, _: {"image_folder": ImageFolderSource(images_uri=uri)}),
    "manifest": (manifest, lambda uri, _: {"manifest": ManifestSource(manifest_uri=f"{uri}/manifest.jsonl")}),
    SUBMISSIONS: (blobs, lambda _, images: _searched(images)),
}


def requested(name: str, images: int, s3: S3Server) -> SnapshotRequest:
    """Put the source and the request into the store."""
    files, source = FORMATS[name]
    folder = s3.folder / s3.bucket / NAMESPACE / name
    for path, data in files(images):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    request = SnapshotRequest.model_validate(
        {
            "namespace": NAMESPACE,
            "dataset": name.lower(),
            "spec_hash": "a" * 64,
            "as_of": "2026-01-01T00:00:00Z",
            "split": SplitSpec(dev_percent=10, seed=1),
            "preprocessing": [Operation(action=Action.DROP, where=Where(max_width=3))],
            **source(f"s3://{s3.bucket}/{NAMESPACE}/{name}", images),
        }
    )
    s3.store().put(layout.snapshot_request(NAMESPACE, request.dataset, request.spec_hash), request.to_json())
    return request


def killed(process: subprocess.Popen[bytes], key: str, s3: S3Server, percent: int) -> None:
    """Kill the process once it has done so much."""
    while process.poll() is None:
        time.sleep(0.2)
        try:
            told = SnapshotProgress.from_json(s3.store().get(key))
        except NotFound:
            continue
        if told.total > 0 and told.done * 100 >= percent * told.total:
            process.send_signal(signal.SIGKILL)
            print(f"  killed after {told.done} of {told.total} pictures")
            break
    process.wait()


def measure(name: str, images: int, s3: S3Server, kill_at: int | None) -> bool:
    """Print one row; True where the snapshot is locked within the limit."""
    request = requested(name, images, s3)
    identity = (NAMESPACE, request.dataset, request.spec_hash)
    command = [sys.executable, "-m", "capforge_snapshot", "--request", layout.snapshot_request(*identity)]
    with ExitStack() as stack:
        environment = {**os.environ, **s3.environment}
        if name == SUBMISSIONS:
            stand = stack.enter_context(gateway_stand())
            stand.lines = Submitted(images)
            environment["CAPFORGE_GATEWAY_URL"] = stand.url
            environment["CAPFORGE_GATEWAY_TOKEN_FILE"] = str(stand.token_file(s3.folder.parent))
        if kill_at is not None:
            first = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
            killed(first, layout.snapshot_progress(*identity), s3, kill_at)
        before = time.monotonic()
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - before
    result = SnapshotResult.from_json(s3.store().get(layout.snapshot_result(*identity)))
    memory_mib = usage.ru_maxrss / 1024
    cpu = usage.ru_utime + usage.ru_stime
    print(
        f"{name:<12} {result.outcome:<10} {result.items:>8} {memory_mib:>9.0f} {cpu:>8.1f} {seconds:>8.1f}", flush=True
    )
    if result.outcome is not SnapshotOutcome.LOCKED:
        print(f"  {result.message}")
    return result.outcome is SnapshotOutcome.LOCKED and memory_mib <= LIMIT_MIB


def main(arguments: list[str]) -> int:
    """Measure the formats that are named, all where none is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="?", type=int, default=100_000)
    parser.add_argument(
        "formats", nargs="*", metavar="format", help=f"of {', '.join(FORMATS)}; all where none is named"
    )
    parser.add_argument("--kill-at", type=int, metavar="PERCENT", help="kill a first attempt there, measure the next")
    asked = parser.parse_args(arguments)
    print(f"{'format':<12} {'outcome':<10} {'images':>8} {'peak MiB':>9} {'CPU s':>8} {'clock s':>8}")
    sound = []
    for name in asked.formats or FORMATS:
        with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder)) as s3:
            sound.append(measure(name, asked.images, s3, asked.kill_at))
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
