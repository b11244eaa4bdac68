"""What may be set: template.yaml has the same as a schema, which the operator checks before any Job."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from capforge_contracts.exitcodes import ExitCode
from capforge_contracts.run import CapabilityType, CropSettings, RunSpec
from own_trainer.ending import EndError


class Settings(BaseModel):
    """The template's parameters."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    crop_side_pixels: Annotated[int, Field(ge=8, le=256)]
    crop_scale: Annotated[float, Field(ge=1, le=4)]
    grid_cells: Annotated[int, Field(ge=1, le=16)]
    steps: Annotated[int, Field(ge=1, le=10_000)]
    learning_rate: Annotated[float, Field(gt=0, le=100)]

    @property
    def crop(self) -> CropSettings:
        """How regions are cut out: the card tells the gateway to do the same."""
        return CropSettings(width=self.crop_side_pixels, height=self.crop_side_pixels, scale=self.crop_scale)


def checked(spec: RunSpec) -> Settings:
    """Return the parameters of a run that this program can do; raises EndError saying why it is none."""
    if spec.capability_type is not CapabilityType.BOX_CLASSIFIER:
        raise EndError(
            ExitCode.BAD_CONFIGURATION, f"this trainer makes BoxClassifierElement, not {spec.capability_type}"
        )
    if spec.initial_weights is not None:
        raise EndError(ExitCode.BAD_CONFIGURATION, "initialWeights: this trainer always starts from scratch")
    try:
        settings = Settings.model_validate(spec.parameters)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise EndError(ExitCode.BAD_CONFIGURATION, f"parameters: {faults}") from error
    if settings.crop_side_pixels % settings.grid_cells:
        raise EndError(ExitCode.BAD_CONFIGURATION, "parameters: cropSidePixels must be a multiple of gridCells")
    return settings
