"""What a person may set for the anchor-free detector: one model per group, with ranges, units and defaults.

Knows no torch: the operator's built-in ModelTemplates and their schemas are generated from here.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

STRIDE = 32
"""Pixels: the coarsest step of every backbone; input sides are multiples of it."""

Share = Annotated[float, Field(ge=0, le=1)]


class Parameters(BaseModel):
    """A group of settings: unknown names are refused, values are not converted, nothing changes after parsing."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )


class ModelParameters(Parameters):
    """What the network looks like."""

    backbone: Literal["mobilenet_v3_large", "resnet10", "resnet18", "resnet50"] = Field(
        "resnet10", description="torchvision network that sees the image (resnet10: one block per stage)."
    )
    input_long_side_pixels: int = Field(
        320, ge=96, le=1536, multiple_of=STRIDE, description="Longer side of the model's input."
    )
    input_shape: Literal["Auto", "Square"] = Field(
        "Auto", description="Auto takes the shorter side from the training images' median shape; Square is square."
    )
    neck_channels: int = Field(64, ge=32, le=512, multiple_of=16, description="Width of the feature pyramid and heads.")
    max_detections: int = Field(100, ge=1, le=500, description="At most this many boxes per image.")
    nms_iou: float = Field(
        0.6, ge=0.1, le=0.95, description="Two boxes of one class that overlap more than this (IoU) are one object."
    )


class AugmentationParameters(Parameters):
    """How a training image is changed before it is seen again. Turn off what would change an object's class."""

    horizontal_flip: Share = Field(0.5, description="Probability of mirroring left and right.")
    vertical_flip: Share = Field(0.0, description="Probability of mirroring top and bottom.")
    scale_min: float = Field(0.6, ge=0.1, le=1, description="Smallest zoom of an image.")
    scale_max: float = Field(1.5, ge=1, le=4, description="Largest zoom of an image; what leaves the frame is cut.")
    colour: Share = Field(0.3, description="Strength of random brightness, contrast, saturation and hue.")
    mosaic: Share = Field(0.3, description="Probability of joining four images into one.")
    plain_share: Share = Field(0.2, description="Share of the schedule, at its end, without mosaic.")

    @model_validator(mode="after")
    def _scales_in_order(self) -> Self:
        if self.scale_min > self.scale_max:
            message = f"scaleMin {self.scale_min} is above scaleMax {self.scale_max}"
            raise ValueError(message)
        return self


class OptimizerParameters(Parameters):
    """How the weights follow the loss."""

    batch_size: int = Field(8, ge=1, le=512, description="Images per step and process.")
    learning_rate: float = Field(2e-3, ge=1e-8, le=1, description="Highest rate (AdamW), after the warm-up.")
    weight_decay: float = Field(0.05, ge=0, le=1, description="Decay of weights other than norms and biases.")
    warmup_steps: int = Field(30, ge=0, le=100_000, description="Steps in which the rate rises from nearly zero.")
    gradient_clip_norm: float = Field(
        10.0, ge=0, le=1000, description="Longest gradient that a step may take; 0 sets no limit."
    )
    ema_decay: float = Field(
        0.998,
        ge=0,
        le=0.99999,
        description="Weight of the past in the averaged weights, after a rise; 0 turns averaging off.",
    )
    precision: Literal["Auto", "Float32", "BFloat16"] = Field(
        "Auto", description="Number format of the forward pass; Auto takes BFloat16 where the hardware is built for it."
    )


class ScheduleParameters(Parameters):
    """How long training lasts. The run's time budget shortens it further."""

    max_epochs: int = Field(300, ge=1, le=100_000, description="Passes over the training images at most.")
    evaluations: int = Field(
        8, ge=1, le=1000, description="How often dev is evaluated at most; the best of these is the result."
    )
    patience: int = Field(
        4, ge=1, le=1000, description="Stop early after this many evaluations on dev without a better mAP50-95."
    )
    checkpoint_seconds: int = Field(
        300, ge=1, le=86_400, description="A checkpoint is written after each epoch, and after this time within one."
    )
    loader_threads: int = Field(2, ge=1, le=64, description="Threads that prepare batches; they share cached images.")


class DetectorParameters(Parameters):
    """Parameters of the template `anchor-free-detector`."""

    model: ModelParameters = Field(ModelParameters(), description="What the network looks like.")
    augmentation: AugmentationParameters = Field(
        AugmentationParameters(), description="How a training image is changed before it is seen again."
    )
    optimizer: OptimizerParameters = Field(OptimizerParameters(), description="How the weights follow the loss.")
    schedule: ScheduleParameters = Field(ScheduleParameters(), description="How long training lasts.")
