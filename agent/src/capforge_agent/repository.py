"""Triton's model repository on the pod's own volume: folders appear complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from capforge_agent.download import Room, download
from capforge_agent.failures import ModelFailedError, Reason
from capforge_agent.model_config import Serving, config_text
from capforge_agent.onnx_interface import Interface, read_interface
from capforge_contracts.model import canonical_json, sha256_hex
from capforge_contracts.serving import DesiredModel
from capforge_contracts.store import ObjectStore

_GOLDEN = "golden.npz"
_RECORD = "pulled.json"
"""Written last within a folder: what it was made from."""


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes."""

    model_bytes: int
    golden_bytes: int
    repository_bytes: int


class ModelRepository:
    """`<data>/models/<model>/{config.pbtxt, golden.npz, pulled.json, 1/model.onnx}`.

    - A folder is built in `<data>/incoming` and renamed: Triton never sees half a model.
    - A folder is never changed; another model, golden file or configuration is another fingerprint, and a new folder.
    - What an earlier process left behind half done is swept away at start.
    """

    def __init__(self, data: Path, limits: Limits, serving: Serving) -> None:
        self._models = data / "models"
        self._incoming = data / "incoming"
        self._limits = limits
        self._serving = serving

    def sweep(self) -> None:
        """Make the folders and remove what is half done; call once, before anything else."""
        self._models.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(parents=True)

    def fingerprint(self, model: DesiredModel) -> str:
        """Return what distinguishes the folder that this entry asks for."""
        made_from = [model.model_sha256, model.golden_sha256, model.max_batch_size, vars(self._serving)]
        return sha256_hex(canonical_json(made_from))

    def local(self) -> dict[str, str]:
        """Return the fingerprint of each folder; empty for a folder that is not ours."""
        return {path.name: _recorded(path) for path in self._models.iterdir() if path.is_dir()}

    def golden(self, model: str) -> Path:
        """Return the path of a model's golden request."""
        return self._models / model / _GOLDEN

    def pull(self, model: DesiredModel, store: ObjectStore) -> None:
        """Fetch, verify and place a model; raises ModelFailedError."""
        partial = Path(tempfile.mkdtemp(dir=self._incoming, prefix=f"{model.model}."))
        try:
            self._fill(partial, model, store)
            partial.chmod(0o755)
            self._place(partial, model.model)
        finally:
            shutil.rmtree(partial, ignore_errors=True)

    def delete(self, model: str) -> None:
        """Remove a model's folder: out of Triton's sight first, then its bytes."""
        doomed = Path(tempfile.mkdtemp(dir=self._incoming, prefix="deleted."))
        (self._models / model).rename(doomed / model)
        shutil.rmtree(doomed)

    def _fill(self, folder: Path, model: DesiredModel, store: ObjectStore) -> None:
        room = Room(self._limits.repository_bytes - _size_bytes(self._models) - _size_bytes(self._incoming))
        file = folder / "1" / "model.onnx"
        file.parent.mkdir()
        golden = folder / _GOLDEN
        download(store, model.golden_key, model.golden_sha256, golden, self._limits.golden_bytes, room)
        download(store, model.model_key, model.model_sha256, file, self._limits.model_bytes, room)
        interface: Interface = read_interface(file)
        (folder / "config.pbtxt").write_text(config_text(interface, model.max_batch_size, self._serving))
        (folder / _RECORD).write_text(json.dumps({"fingerprint": self.fingerprint(model)}))

    def _place(self, partial: Path, model: str) -> None:
        try:
            partial.rename(self._models / model)
        except OSError as error:
            raise ModelFailedError(Reason.PULL_FAILED, f"the folder cannot be placed: {error}") from error


def _recorded(folder: Path) -> str:
    try:
        return str(json.loads((folder / _RECORD).read_text())["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _size_bytes(folder: Path) -> int:
    # os.walk passes over a folder that another thread deletes meanwhile; Path.rglob raises.
    return sum(_file_bytes(Path(parent, name)) for parent, _, names in os.walk(folder) for name in names)


def _file_bytes(path: Path) -> int:
    """Another thread may delete it between the listing and here."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
