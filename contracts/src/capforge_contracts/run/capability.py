"""What a capability does and says: the parts that runs, cards and routes have in common."""

from __future__ import annotations

from enum import StrEnum

from capforge_contracts.model import Stored


class CapabilityType(StrEnum):
    """What a capability does."""

    DETECTOR = "DetectorElement"
    BOX_CLASSIFIER = "BoxClassifierElement"
    BOX_EMBEDDER = "BoxEmbedderElement"
    FIELD_EXTRACTOR = "FieldExtractorElement"


class Output(Stored):
    """One output class; position = class index of the ONNX output."""

    position: int
    name: str


class CropForm(StrEnum):
    """How a region is cut out."""

    UPRIGHT = "Upright"
    """The axis-parallel box around the region."""
    ROTATED = "Rotated"
    """The smallest rectangle around the polygon, turned upright, longer side across; a box stays as it is."""


class CropSettings(Stored):
    """How a region becomes the model's input: the same in training and at prediction. What lies outside is zero."""

    width: int
    height: int
    """Of the model's input, pixels; the region is stretched to it."""
    scale: float = 1.0
    """The region's sides are multiplied by this around its centre, before the padding."""
    padding_pixels: int = 0
    """Then added on each side, in pixels of the image."""
    form: CropForm = CropForm.UPRIGHT
