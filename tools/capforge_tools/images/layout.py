"""A folder of images in OCI layout, and archives of just what a node lacks of one.

A node that has an older build of an image has most of its layers: leaving those out makes an import of a
two-gigabyte image take the time of its changed layer.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge_tools.errors import ToolError

_NAME = "org.opencontainers.image.ref.name"
_IMPORTED_NAME = "io.containerd.image.name"


@dataclass(frozen=True)
class OciLayout:
    """The folder: index.json, and every blob once under its digest."""

    folder: Path

    def manifest_descriptor(self, name: str) -> dict[str, Any]:
        """Return the index's entry of the image exported under a name; raises ToolError if there is none."""
        for entry in self._index()["manifests"]:
            if entry.get("annotations", {}).get(_NAME) == name:
                return dict(entry)
        raise ToolError(f"the image {name} is not in {self.folder}")

    def digests(self, name: str) -> list[str]:
        """Return the digests of the image's manifest, configuration and layers."""
        descriptor = self.manifest_descriptor(name)
        manifest = json.loads(self._blob(descriptor["digest"]).read_bytes())
        return [descriptor["digest"], manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]

    def write_archive(self, name: str, reference: str, target: Path, present: AbstractSet[str]) -> None:
        """Write an archive of the image without the blobs that are present where it goes."""
        descriptor = self.manifest_descriptor(name) | {"annotations": {_IMPORTED_NAME: reference}}
        index = {"schemaVersion": 2, "manifests": [descriptor]}
        with tarfile.open(target, "w") as archive:
            _add(archive, "oci-layout", json.dumps({"imageLayoutVersion": "1.0.0"}).encode())
            _add(archive, "index.json", json.dumps(index).encode())
            for digest in sorted(set(self.digests(name)) - set(present)):
                blob = self._blob(digest)
                archive.add(blob, str(blob.relative_to(self.folder)))

    def keep_only(self, names: AbstractSet[str]) -> None:
        """Forget every other image, and delete the blobs that no image has any more."""
        if not (self.folder / "index.json").is_file():
            return
        index = self._index()
        index["manifests"] = [entry for entry in index["manifests"] if entry.get("annotations", {}).get(_NAME) in names]
        (self.folder / "index.json").write_text(json.dumps(index))
        needed = {digest for entry in index["manifests"] for digest in self.digests(entry["annotations"][_NAME])}
        for blob in self._blobs():
            if f"sha256:{blob.name}" not in needed:
                blob.unlink()

    def _index(self) -> dict[str, Any]:
        path = self.folder / "index.json"
        document: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {"manifests": []}
        return document

    def _blobs(self) -> Iterator[Path]:
        yield from (self.folder / "blobs" / "sha256").iterdir()

    def _blob(self, digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return self.folder / "blobs" / algorithm / value


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))
