"""What a large dataset takes of a gateway: memory, CPU time, and how long others wait meanwhile.

    PYTHONPATH=tools python -m benchmarks.datasets_over_http [images]

Locks a dataset of `images` (100,000) with eight objects each in a store that is a folder (a store's own time is not
ours) and asks a real gateway for everything that reads it. Prints for each call the gateway's CPU seconds, its resident
memory afterwards, the bytes that came, and the longest wait of a small call that was asked ten times a second.
The gateway must stay below 512 MiB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import psutil

from capforge_contracts import layout
from capforge_contracts.dataset import ManifestEntity, ManifestItem, Split, manifest_lines
from capforge_contracts.files import FileObjectStore
from capforge_contracts.model import sha256_hex
from tests.integration.gateway.process import GatewayProcess, capability, gateway_process, opened, version

NAMESPACE = "acme"
OBJECTS = 8
CLASSES = [f"class-{number}" for number in range(10)]
LIMIT_MIB = 512
_PICTURE_BYTES = 2048
_PAUSE_SECONDS = 0.1


def locked(store: FileObjectStore, folder: Path, images: int) -> str:
    """Write pictures (bytes that nobody decodes here) and a manifest; return its digest."""
    contents: list[tuple[str, int]] = []
    (folder / NAMESPACE / "blobs").mkdir(parents=True)
    for number in range(images):
        data = number.to_bytes(8, "big") * (_PICTURE_BYTES // 8)
        contents.append((sha256_hex(data), number))
        (folder / layout.blob(NAMESPACE, contents[-1][0])).write_bytes(data)
    data = b"".join(manifest_lines(CLASSES, (item(*one) for one in sorted(contents))))
    digest = sha256_hex(data)
    store.put(layout.manifest(NAMESPACE, digest), data)
    print(f"{images} images, {images * OBJECTS} objects, manifest of {len(data) / 2**20:.0f} MiB", flush=True)
    return digest


def item(sha256: str, number: int) -> ManifestItem:
    """Return one line."""
    entities = [
        ManifestEntity(class_name=CLASSES[(number + one) % 10], box=[one, one, one + 20.5, one + 10.25])
        for one in range(OBJECTS)
    ]
    split = list(Split)[number % 10 % 3]
    return ManifestItem(sha256=sha256, name=f"{number}.png", width=640, height=480, split=split, entities=entities)


def calls(digest: str) -> Iterator[str]:
    """Yield what is asked."""
    yield f"/{digest}/items?limit=1"
    yield f"/{digest}/items?limit=1000"
    yield f"/{digest}/items?class=nothing"
    yield f"/{digest}/stats"
    yield f"/{digest}/diff/{digest}"
    for query in ("format=coco&archive=zip", "format=yolo&archive=tar", "format=manifest&archive=tar"):
        yield f"/{digest}/export?{query}"


class Waiting:
    """Asks something small again and again, and remembers the longest wait."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._url = f"{gateway.url}/healthz"
        self._over = threading.Event()
        self.longest_seconds = 0.0
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not self._over.wait(_PAUSE_SECONDS):
                begun = time.perf_counter()
                client.get(self._url)
                self.longest_seconds = max(self.longest_seconds, time.perf_counter() - begun)


def measured(gateway: GatewayProcess, path: str) -> float:
    """Ask one call and print what it took; return the memory afterwards in MiB."""
    process = psutil.Process(gateway.process.pid)
    before, size, begun = process.cpu_times(), 0, time.perf_counter()
    url = f"{gateway.url}/v1/datasets/{NAMESPACE}{path}"
    with (
        Waiting(gateway) as others,
        gateway.http.stream("GET", url, headers=gateway.authorization(), timeout=600) as answer,
    ):
        answer.raise_for_status()
        for piece in answer.iter_raw():
            size += len(piece)
    after, memory = process.cpu_times(), process.memory_info().rss / 2**20
    spent = after.user + after.system - before.user - before.system
    named = path.partition("/")[2].partition("/")[2][:44]
    waited = others.longest_seconds * 1000
    seconds = time.perf_counter() - begun
    print(
        f"{named:<44} {spent:7.2f} s CPU {seconds:7.1f} s {memory:6.0f} MiB {size / 2**20:7.1f} MiB sent"
        f" {waited:6.0f} ms waited",
        flush=True,
    )
    return memory


def main() -> int:
    """Print one line for each call; 1 where the gateway took too much memory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=int, nargs="?", default=100_000)
    images: int = parser.parse_args().images
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        digest = locked(FileObjectStore(root), root, images)
        environment = {"CAPFORGE_STORE": root.as_uri()}
        with gateway_process(Path(folder) / "gateway", plain=environment) as gateway:
            opened(gateway, capability([version("1.1", "m", ["127.0.0.1:1"])], "1.1"))
            most = max(measured(gateway, path) for path in calls(digest))
    print(f"most memory {most:.0f} MiB (limit {LIMIT_MIB})")
    return int(most > LIMIT_MIB)


if __name__ == "__main__":
    sys.exit(main())
