"""What a person may set for the template `fcos-detector`, with ranges, units and defaults. Knows no torch."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from capforge_trainer.config import DetectorParameters, ModelParameters, OptimizerParameters

_COCO_NETWORK = {"backbone": "resnet50", "neckChannels": 256, "headConvs": 4, "finestStride": 8}
"""The one whose weights torchvision publishes as `fcos_resnet50_fpn`."""


class FcosModelParameters(ModelParameters):
    """What the network looks like."""

    backbone: Literal["resnet18", "resnet50"] = Field(
        "resnet18", description="torchvision network that sees the image."
    )
    neck_channels: int = Field(
        128,
        ge=32,
        le=512,
        multiple_of=32,
        description="Width of the feature pyramid and heads; published weights: 256.",
    )
    head_convs: int = Field(
        2, ge=1, le=4, description="Convolutions of the heads before each answer; published weights: 4."
    )
    finest_stride: Literal[4, 8] = Field(
        8, description="Input pixels per cell of the finest level; 4 for objects of a few pixels, at twice the time."
    )
    published_weights: Literal["None", "ImageNet", "COCO"] = Field(
        "None",
        description="Start from torchvision's own file in $TORCH_HOME/hub/checkpoints, which nothing is fetched to: "
        "the backbone's of ImageNet, or the whole detector's of COCO (for resnet50, neckChannels 256, headConvs 4). "
        "A TrainingRun's initialWeights come first.",
    )

    @model_validator(mode="after")
    def _published_for_this_network(self) -> Self:
        chosen = self.model_dump(by_alias=True)
        others = [f"{name} {value}" for name, value in _COCO_NETWORK.items() if chosen[name] != value]
        if self.published_weights == "COCO" and others:
            message = f"publishedWeights COCO: torchvision publishes them for {', '.join(others)} only; set that too"
            raise ValueError(message)
        return self


class FcosOptimizerParameters(OptimizerParameters):
    """How the weights follow the loss."""

    learning_rate: float = Field(
        1e-3, ge=1e-8, le=1, description="Highest rate (AdamW), after the warm-up; 0.0002 from given weights."
    )


class FcosParameters(DetectorParameters):
    """Parameters of the template `fcos-detector`."""

    model: FcosModelParameters = Field(FcosModelParameters(), description="What the network looks like.")
    optimizer: FcosOptimizerParameters = Field(
        FcosOptimizerParameters(), description="How the weights follow the loss."
    )
