"""Images of one static program each (pause, CoreDNS), written without any image builder."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge_tools.places import Places

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_TAG_LENGTH = 12
_UNPRIVILEGED = "65534:65534"


@dataclass(frozen=True)
class BundledImage:
    """An image whose only file is a program; its tag is the program's hash."""

    reference: str
    archive: Path


def bundled_image(program: str, places: Places) -> BundledImage:
    """Return the image of a built program, writing its archive first if there is none."""
    content = (places.binaries / program).read_bytes()
    tag = hashlib.sha256(content).hexdigest()[:_TAG_LENGTH]
    image = BundledImage(f"localhost/capforge/{program}:{tag}", places.cache / "images" / f"{program}-{tag}.tar")
    if not image.archive.is_file():
        image.archive.parent.mkdir(parents=True, exist_ok=True)
        partial = image.archive.with_suffix(".partial")
        partial.write_bytes(docker_archive(image.reference, program, content))
        partial.rename(image.archive)
    return image


def docker_archive(reference: str, program: str, content: bytes) -> bytes:
    """Return an image in the format of `docker save`: one layer with the program at `/<program>`."""
    layer = _tar({program: content}, mode=0o755)
    config: dict[str, Any] = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Entrypoint": [f"/{program}"], "User": _UNPRIVILEGED, "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    files = {
        "config.json": json.dumps(config).encode(),
        "layer.tar": layer,
        "manifest.json": json.dumps(manifest).encode(),
    }
    return _tar(files, mode=0o644)


def _tar(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
