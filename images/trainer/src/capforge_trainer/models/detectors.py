"""Which network belongs to which template of detectors."""

from __future__ import annotations

from capforge_trainer.config import DetectorParameters
from capforge_trainer.fcos import FcosParameters
from capforge_trainer.models.dense import DenseDetector, Shape
from capforge_trainer.models.detector import Detector
from capforge_trainer.models.fcos import Fcos, FcosSize


def detector_of(parameters: DetectorParameters, shape: Shape) -> DenseDetector:
    """Return the template's network with random weights."""
    match parameters:
        case FcosParameters(model=fcos):
            return Fcos(FcosSize(fcos.backbone, fcos.neck_channels, fcos.head_convs, fcos.finest_stride), shape)
        case DetectorParameters(model=light):
            return Detector(light.backbone, light.neck_channels, shape)
