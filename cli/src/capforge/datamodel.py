"""Data models: from the JSON config to a Capability and back. Pure but for reading the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from capforge.errors import CliError, Exit
from capforge_contracts.capability_resource import NAME_PATTERN, capability_of, fields_of
from capforge_contracts.data_model import DataField
from capforge_contracts.data_model_config import MAX_CONFIG_BYTES, ReadConfig, read_config, write_config
from capforge_contracts.data_model_faults import DataModelFaults

_SHOWN_FAULTS = 50
YAML_ENDINGS = {".yaml", ".yml", ".json"}


def read(path: Path) -> ReadConfig:
    """Return the data model of a config; raises CliError with every fault."""
    data = _bytes(path)
    try:
        return read_config(data)
    except DataModelFaults as error:
        raise _refused(path, error) from error


def capability_yaml(name: str, namespace: str | None, fields: Sequence[DataField]) -> str:
    """Return the Capability for `kubectl apply`; raises CliError for a name that the cluster would refuse."""
    if not NAME_PATTERN.fullmatch(name):
        allowed = "allowed: 1 to 40 of a-z, 0-9 and '-', a letter or digit at both ends"
        raise CliError(f"the name {name!r} cannot be a Capability's; {allowed}", "Give --name.", Exit.WRONG_USAGE)
    text: str = yaml.safe_dump(capability_of(name, namespace, fields), sort_keys=False, allow_unicode=True, width=120)
    return text


def name_from(path: Path) -> str:
    """Return the name that a file suggests."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")


def config_of(capability: Any, source: object) -> str:
    """Return the JSON config of a Capability; raises CliError with every fault."""
    try:
        return write_config(fields_of(capability)).decode()
    except DataModelFaults as error:
        raise _refused(source, error) from error


def capability_in(path: Path, name: str | None) -> Any:
    """Return the Capability in a YAML file: the one named, or the only one; raises CliError."""
    try:
        documents = list(yaml.safe_load_all(_bytes(path)))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise CliError(f"{path} is no YAML: {error}", code=Exit.FAULTY_DATA) from error
    found = [one for one in documents if isinstance(one, dict) and one.get("kind") == "Capability"]
    if name is not None:
        found = [one for one in found if (one.get("metadata") or {}).get("name") == name]
    if len(found) != 1:
        raise CliError(f"{path} holds {len(found)} such Capabilities; allowed: one", "Give --name.", Exit.FAULTY_DATA)
    return found[0]


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}", code=Exit.WRONG_USAGE) from error


def _refused(source: object, error: DataModelFaults) -> CliError:
    lines = [f"  {fault}" for fault in error.faults[:_SHOWN_FAULTS]]
    if len(error.faults) > _SHOWN_FAULTS:
        lines.append(f"  … and {len(error.faults) - _SHOWN_FAULTS} more")
    return CliError("\n".join([f"{source} is no data model:", *lines]), "Correct all of these.", Exit.FAULTY_DATA)
