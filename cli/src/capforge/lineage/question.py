"""Whose lineage is asked for: an answer in a file, or a version by name. Pure but for reading the file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from capforge.errors import CliError, Exit

_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_NAME = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_VERSION = re.compile(rf"(?:({_NAME})/)?({_NAME})(?:[/@: ]v?(1(?:\.[0-9]+)?))?")
_ALLOWED = "allowed: a file with an answer, or [namespace/]capability[/version], such as acme/receipts/1.2"


@dataclass(frozen=True)
class Asked:
    """A version, and what an answer says about where it comes from."""

    namespace: str | None
    """None: the kubeconfig's own."""
    capability: str
    version: str | None
    """None: the newest."""
    document: str | None = None
    """Of an answer."""
    run_digest: str | None = None
    dataset_digests: tuple[str, ...] = ()


def asked(text: str) -> Asked:
    """Parse the argument; raises CliError that says what is allowed."""
    path = Path(text)
    if path.is_file():
        return _of_answer(path)
    found = _VERSION.fullmatch(text)
    if found is None:
        raise CliError(f"{text!r} is no answer and no version; {_ALLOWED}", code=Exit.WRONG_USAGE)
    namespace, capability, version = found.groups()
    return Asked(namespace, capability, None if version == "1" else version)


def _of_answer(path: Path) -> Asked:
    try:
        with path.open("rb") as file:
            answer = json.loads(file.read(_MAX_ANSWER_BYTES))
        return _from(answer)
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        hint = "An answer is what POST …/predict sent, the whole JSON: `document.inference.model` names the model."
        raise CliError(f"{path} is no answer ({type(error).__name__}: {error})", hint, Exit.FAULTY_DATA) from error


def _from(answer: Any) -> Asked:
    document: Mapping[str, Any] = answer["document"]
    inference = document["inference"]
    namespace, _, capability = inference["product"]["name"].partition("/")
    model = inference.get("model")
    if model is None:
        version = inference["product"].get("version")
        raise CliError(
            f"no model made this answer (version {version}): it holds candidates only", code=Exit.FAULTY_DATA
        )
    return Asked(
        namespace=str(namespace),
        capability=str(capability),
        version=str(model["version"]),
        document=str(document.get("id") or document.get("name") or "") or None,
        run_digest=str(model["run_digest"]),
        dataset_digests=tuple(map(str, model["dataset_digests"])),
    )
