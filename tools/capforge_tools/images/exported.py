"""An image exported to a folder, and archives of just what a node lacks of it.

A node that has an older build of an image has most of its layers: leaving those out makes an import of a
two-gigabyte image take the time of its changed layer.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_IMPORTED_NAME = "io.containerd.image.name"


@dataclass(frozen=True)
class ExportedImage:
    """A folder as the `dir:` transport writes it: manifest.json, and each blob under the bare digest."""

    folder: Path

    def digests(self) -> list[str]:
        """Return the digests of the image's configuration and layers (`sha256:…`)."""
        manifest = self._manifest()
        return [manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]

    def write_archive(self, reference: str, target: IO[bytes], present: AbstractSet[str]) -> None:
        """Write an OCI archive that imports under the reference, without the blobs that are present there already."""
        content = self._manifest_path.read_bytes()
        digest = _digest(content)
        descriptor = {
            "mediaType": self._manifest()["mediaType"],
            "digest": digest,
            "size": len(content),
            "annotations": {_IMPORTED_NAME: reference},
        }
        # A stream, so that nothing of gigabytes is written once more.
        with tarfile.open(fileobj=target, mode="w|") as archive:
            _add(archive, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
            _add(archive, "index.json", json.dumps({"schemaVersion": 2, "manifests": [descriptor]}).encode())
            _add(archive, _blob_path(digest), content)
            for blob in sorted(set(self.digests()) - set(present)):
                archive.add(self.folder / blob.partition(":")[2], _blob_path(blob))

    @property
    def _manifest_path(self) -> Path:
        return self.folder / "manifest.json"

    def _manifest(self) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self._manifest_path.read_bytes())
        return manifest


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
