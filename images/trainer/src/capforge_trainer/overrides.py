"""`--set group.name=value` on the command line."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from capforge_trainer.errors import BadConfigurationError


def merged(defaults: dict[str, Any], settings: list[str]) -> dict[str, Any]:
    """Return the defaults with settings like `optimizer.batchSize=16` in their places.

    Values are JSON, or text where they are not. Raises BadConfigurationError naming a setting of another form; whether
    name and value are allowed is for the parameter models to say.
    """
    parameters = deepcopy(defaults)
    for setting in settings:
        path, equals, value = setting.partition("=")
        names = path.split(".")
        if not equals or not all(names):
            raise BadConfigurationError(f"--set {setting}: allowed is group.name=value, as in optimizer.batchSize=16")
        _place(parameters, names, _parsed(value), setting)
    return parameters


def _place(parameters: dict[str, Any], names: list[str], value: Any, setting: str) -> None:
    group = parameters
    for name in names[:-1]:
        below = group.setdefault(name, {})
        if not isinstance(below, dict):
            raise BadConfigurationError(f"--set {setting}: {name} is no group")
        group = below
    group[names[-1]] = value


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
