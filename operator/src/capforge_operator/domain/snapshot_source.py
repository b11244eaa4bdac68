"""What a Dataset's source and preprocessing are called in the request to a snapshot Job."""

from __future__ import annotations

from typing import Any

from capforge_contracts import preprocessing as asked
from capforge_contracts.dataset import CocoSource, SubmissionsSource
from capforge_contracts.sources import ImageFolderSource, ManifestSource, VisionSource, VocSource, YoloSource
from capforge_contracts.vision import Search, Selection
from capforge_operator.api.dataset_source import Source
from capforge_operator.api.dataset_source import SubmissionsSource as Submissions
from capforge_operator.api.preprocessing import Operation


def requested_source(source: Source, annotated: SubmissionsSource | VisionSource | None) -> dict[str, Any]:
    """Return the one source of the request by the name of its field; raises ValueError where there is not one."""
    found: dict[str, Any] = {}
    if source.coco:
        coco = source.coco
        found["coco"] = CocoSource(annotations_uri=coco.annotations_uri, images_uri=coco.images_uri)
    if source.yolo:
        found["yolo"] = YoloSource(data_uri=source.yolo.data_uri)
    if source.voc:
        found["voc"] = VocSource(annotations_uri=source.voc.annotations_uri, images_uri=source.voc.images_uri)
    if source.image_folder:
        found["image_folder"] = ImageFolderSource(images_uri=source.image_folder.images_uri)
    if source.manifest:
        manifest = source.manifest
        found["manifest"] = ManifestSource(manifest_uri=manifest.manifest_uri, images_uri=manifest.images_uri)
    if annotated is not None:
        found["vision" if isinstance(annotated, VisionSource) else "submissions"] = annotated
    if len(found) != 1:
        raise ValueError("source: exactly one is allowed of: coco, imageFolder, manifest, submissions, voc, yolo")
    return found


def vision_source(source: Submissions, as_of_sequence: int) -> VisionSource:
    """Return what searches ask for, as of one submission."""
    return VisionSource(
        selection=Selection(source.selection.value) if source.selection else Selection.LATEST,
        searches=[Search.model_validate(one.to_document()) for one in source.searches or ()],
        as_of_sequence=as_of_sequence,
    )


def requested_operation(one: Operation) -> asked.Operation:
    """Return one step of the preprocessing."""
    where = one.where
    return asked.Operation(
        action=asked.Action(one.action.value),
        where=asked.Where(
            classes=where.classes or [],
            attributes=[asked.AttributeValues(name=each.name, values=each.values) for each in where.attributes or ()],
            min_width=where.min_width_pixels,
            max_width=where.max_width_pixels,
            min_height=where.min_height_pixels,
            max_height=where.max_height_pixels,
        ),
        to_class=one.to_class,
    )
