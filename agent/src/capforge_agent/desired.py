"""The document that says what to serve: from bytes to entries that may be acted on. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from capforge_contracts.serving import DesiredModel, DesiredModels

MAX_MODELS = 500
MAX_DOCUMENT_BYTES = 1024 * 1024
_MAX_NAME_CHARS = 128
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?--[0-9a-f]{12}$")
"""The only names that ever reach Triton or a path: its model-control faults were all reached through odd names."""
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_BATCH_SIZES = range(1, 1025)


class DesiredError(ValueError):
    """The document as a whole cannot be used; the message says why."""


@dataclass(frozen=True)
class Desired:
    """An accepted document."""

    generation: int = 0
    models: Mapping[str, DesiredModel] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Entries that are not acted on, with what is wrong with each; the others are."""


NOTHING = Desired()


def parse_desired(data: bytes, pool: str) -> Desired:
    """Parse a DesiredModels document; raises DesiredError."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise DesiredError(f"the document has {len(data)} bytes; allowed: {MAX_DOCUMENT_BYTES}")
    try:
        document = DesiredModels.from_json(data)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}" for fault in error.errors()[:10]]
        raise DesiredError("; ".join(faults)) from error
    if document.pool != pool:
        raise DesiredError(f"pool is {document.pool!r}; this agent serves pool {pool!r}")
    if document.generation < 1:
        raise DesiredError(f"generation is {document.generation}; allowed: 1 and more")
    if len(document.models) > MAX_MODELS:
        raise DesiredError(f"models has {len(document.models)} entries; allowed: {MAX_MODELS}")
    return _sorted_out(document)


def _sorted_out(document: DesiredModels) -> Desired:
    times = Counter(model.model for model in document.models)
    accepted: dict[str, DesiredModel] = {}
    refused: dict[str, str] = {}
    for model in document.models:
        faults = _faults(model)
        if times[model.model] > 1:
            faults.append("the model is listed twice")
        if faults:
            refused[model.model[:_MAX_NAME_CHARS]] = "; ".join(faults)
        else:
            accepted[model.model] = model
    return Desired(document.generation, accepted, refused)


def _faults(model: DesiredModel) -> list[str]:
    found = []
    if not _NAME.fullmatch(model.model) or len(model.model) > _MAX_NAME_CHARS:
        found.append("model must be <capability>--<first 12 of the model's sha256>")
    for name, digest in (("modelSha256", model.model_sha256), ("goldenSha256", model.golden_sha256)):
        if not _SHA256.fullmatch(digest):
            found.append(f"{name} must be 64 lower-case hex digits")
    if not model.model.endswith(f"--{model.model_sha256[:12]}"):
        found.append("model does not end with the first 12 of modelSha256")
    for name, key in (("modelKey", model.model_key), ("goldenKey", model.golden_key)):
        if not key.startswith(f"{model.namespace}/") or not model.namespace or {"", ".", ".."} & set(key.split("/")):
            found.append(f"{name} must lie below the namespace {model.namespace!r}")
    if model.max_batch_size not in _BATCH_SIZES:
        found.append(f"maxBatchSize is {model.max_batch_size}; allowed: {_BATCH_SIZES[0]} to {_BATCH_SIZES[-1]}")
    return found
