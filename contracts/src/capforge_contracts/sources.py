"""Labelled images in other formats than COCO: what a snapshot is asked to read."""

from __future__ import annotations

from capforge_contracts.model import Stored
from capforge_contracts.vision import VisionQuestion


class YoloSource(Stored):
    """A data.yaml in an object store; its folder holds images and labels (detect or segment)."""

    data_uri: str
    """Of the data.yaml. Its train, val and test are Train, Dev and Test unless a split is asked for."""


class VocSource(Stored):
    """A folder of Pascal VOC XML files, one for each image."""

    annotations_uri: str
    images_uri: str | None = None
    """The folder that `filename` is relative to; if absent, JPEGImages beside a folder Annotations, else the same."""


class ImageFolderSource(Stored):
    """A folder with one folder of images for each class; one object is the whole image."""

    images_uri: str


class ManifestSource(Stored):
    """A manifest of format capforge.dataset/v1 and its images. Its splits stay unless a split is asked for."""

    manifest_uri: str
    images_uri: str | None = None
    """The folder that `name` is relative to; the manifest's own folder if absent."""


class VisionSource(VisionQuestion):
    """What searches find among the namespace's annotated images, as of one submission; chosen before the Job."""
