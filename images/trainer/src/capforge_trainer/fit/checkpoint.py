"""Checkpoints in the store: a run goes on where the newest complete one stands, whichever attempt wrote it.

- The data is written first, under a name of its own, then a small manifest with its digest: what is listed is whole.
- A checkpoint whose bytes do not fit its manifest is passed over for the one before.
- The last two of an attempt are kept.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog
import torch
from pydantic import ValidationError

from capforge_contracts import layout
from capforge_contracts.model import Stored, sha256_hex
from capforge_contracts.store import NotFound, ObjectStore, Refused, StoreError

_KEPT = 2
_LOG = structlog.get_logger(__name__)


class CheckpointManifest(Stored):
    """`checkpoints/<step>.json`: makes the data it names a checkpoint."""

    run_digest: str
    attempt: int
    epoch: int
    step: int
    """Steps done in all, over all attempts."""
    data_key: str
    data_sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Restored:
    """A checkpoint that was read back."""

    manifest: CheckpointManifest
    state: dict[str, Any]


class Checkpoints:
    """The checkpoints of one run, written by one attempt."""

    def __init__(
        self, store: ObjectStore, namespace: str, run_digest: str, attempt: int, patient: ObjectStore | None = None
    ) -> None:
        """Write under this attempt, read those of all attempts: from `patient`, since all that was learnt is there."""
        self._store, self._namespace, self._digest, self._attempt = store, namespace, run_digest, attempt
        self._patient = patient or store

    def save_or_tell(self, state: dict[str, Any], epoch: int, step: int) -> bool:
        """Write a checkpoint; False where the store does not take it: training goes on, the next one may be taken."""
        try:
            self.save(state, epoch, step)
        except Refused:
            raise
        except StoreError as error:
            _LOG.warning("checkpoint not written", step=step, error=str(error))
            return False
        return True

    def save(self, state: dict[str, Any], epoch: int, step: int) -> None:
        """Write a checkpoint; raises StoreError."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        data = buffer.getvalue()
        key = self._key(f"{step:010d}-{uuid4().hex}.pt")
        self._store.put(key, data)
        manifest = CheckpointManifest(
            run_digest=self._digest,
            attempt=self._attempt,
            epoch=epoch,
            step=step,
            data_key=key,
            data_sha256=sha256_hex(data),
            size_bytes=len(data),
        )
        self._store.put(self._key(f"{step:010d}.json"), manifest.to_json())
        self._prune()

    def newest(self) -> Restored | None:
        """Return the newest whole checkpoint of any attempt of the same run; None if there is none."""
        for manifest in sorted(self._manifests(), key=lambda one: (one.step, one.attempt), reverse=True):
            state = self._read(manifest)
            if state is not None:
                return Restored(manifest, state)
        return None

    def clear(self) -> None:
        """Delete the checkpoints of all attempts: a finished run needs none."""
        for key in self._keys(layout.attempts_prefix(self._namespace, self._digest)):
            self._patient.delete(key)

    def _read(self, manifest: CheckpointManifest) -> dict[str, Any] | None:
        try:
            data = self._patient.get(manifest.data_key)
        except NotFound:
            data = b""
        if sha256_hex(data) != manifest.data_sha256:
            _LOG.warning("damaged checkpoint passed over", key=manifest.data_key)
            return None
        state: dict[str, Any] = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return state

    def _manifests(self) -> list[CheckpointManifest]:
        keys = self._keys(layout.attempts_prefix(self._namespace, self._digest))
        found = [self._manifest(key) for key in keys if key.endswith(".json")]
        return [one for one in found if one is not None and one.run_digest == self._digest]

    def _manifest(self, key: str) -> CheckpointManifest | None:
        try:
            return CheckpointManifest.from_json(self._patient.get(key))
        except (NotFound, ValidationError):
            _LOG.warning("unreadable checkpoint manifest passed over", key=key)
            return None

    def _prune(self) -> None:
        mine = sorted(self._keys(self._key("")))
        kept_steps = sorted({key.rpartition("/")[2][:10] for key in mine if key.endswith(".json")})[-_KEPT:]
        old = [key for key in mine if key.rpartition("/")[2][:10] not in kept_steps]
        for key in sorted(old, key=lambda name: not name.endswith(".json")):  # manifests first: never one without data
            self._store.delete(key)

    def _keys(self, prefix: str) -> list[str]:
        return [one.key for one in self._patient.list(prefix) if f"/{layout.CHECKPOINTS}" in one.key]

    def _key(self, name: str) -> str:
        return layout.attempt_file(self._namespace, self._digest, self._attempt, layout.CHECKPOINTS + name)
