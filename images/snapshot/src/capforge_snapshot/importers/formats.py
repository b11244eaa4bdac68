"""Which importer reads a request. Each is loaded only when it is asked for: the trainer's image reads COCO alone."""

from __future__ import annotations

from collections.abc import Callable

from capforge_contracts.dataset import SnapshotRequest
from capforge_snapshot.importers.coco import read_coco
from capforge_snapshot.importers.vision import VisionImporter
from capforge_snapshot.index import Index
from capforge_snapshot.source import Source, SourceNotAllowed
from capforge_snapshot.submissions.stream import Gateway

NO_GATEWAY = "CAPFORGE_GATEWAY_URL is not set; submissions come from a gateway"

Importer = Callable[[Source, Index], bool]
"""Reads a source into the index; False where so little of it can be read that nothing may be skipped over.

Raises StoreError.
"""


def importer_of(request: SnapshotRequest, gateway: Gateway | None) -> Importer:
    """Return what reads the request's source; raises SourceNotAllowed where that takes a gateway and there is none."""
    # ruff: noqa: PLC0415 - the libraries of a format only where it is read
    if request.yolo is not None:
        from capforge_snapshot.importers.yolo import read_yolo

        return read_yolo
    if request.voc is not None:
        from capforge_snapshot.importers.voc import read_voc

        return read_voc
    if request.image_folder is not None:
        from capforge_snapshot.importers.image_folder import read_image_folder

        return read_image_folder
    if request.manifest is not None:
        from capforge_snapshot.importers.manifest import read_manifest

        return read_manifest
    if request.vision is not None:
        if gateway is None:
            raise SourceNotAllowed(NO_GATEWAY)
        return VisionImporter(request.namespace, request.vision, gateway).read
    return read_coco
