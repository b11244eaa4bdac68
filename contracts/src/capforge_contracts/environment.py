"""Settings from environment variables: `<PREFIX><FIELD>` for each field of a pydantic model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

SettingsModel = TypeVar("SettingsModel", bound=BaseModel)


def parse_environment(
    model: type[SettingsModel], prefix: str, environment: Mapping[str, str], error_type: type[Exception]
) -> SettingsModel:
    """Return the model's settings; raises `error_type` naming each wrong variable. Empty counts as not set."""
    given = {
        name: environment[prefix + name.upper()]
        for name in model.model_fields
        if environment.get(prefix + name.upper(), "") != ""
    }
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = [f"{prefix}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        raise error_type("; ".join(faults)) from error
