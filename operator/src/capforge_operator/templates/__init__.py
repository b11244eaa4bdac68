"""The built-in ModelTemplates: generated files beside this one (`make crds`), read once."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import yaml

from capforge_operator import labels
from capforge_operator.keys import Key, Kind


@cache
def builtin_templates() -> dict[str, dict[str, Any]]:
    """Return the manifests by name; callers do not change them."""
    files = sorted(resources.files(__name__).iterdir(), key=lambda file: file.name)
    found = [yaml.safe_load(file.read_text()) for file in files if file.name.endswith(".yaml")]
    return {manifest["metadata"]["name"]: _labelled(manifest) for manifest in found}


def builtin_keys() -> tuple[Key, ...]:
    """Return the keys to ring at start and on every resync: no object stands for a template that is missing."""
    return tuple(Key(Kind.MODEL_TEMPLATE, "", name) for name in builtin_templates())


def _labelled(manifest: dict[str, Any]) -> dict[str, Any]:
    ours = {labels.PART_OF: labels.PRODUCT, labels.MANAGED_BY: labels.FIELD_MANAGER}
    return {**manifest, "metadata": {**manifest["metadata"], "labels": ours}}
